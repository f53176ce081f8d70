"""What a run that fails or is cancelled takes back: with what its steps had, and of the processes that they started."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from actions.archive import archive
from actions.models import EventAction
from actions.processes import services
from actions.processes.archive import archive_runs
from actions.processes.expressions import literal, path
from actions.processes.graph import BODY, Edge, Kind
from actions.processes.models import ArchivedSteps, Run, StepRun
from actions.processes.policies import Policy
from actions.processes.process import Process
from example_app.models import Todo
from tests.processes import make_due, make_process, node, registered, run_due, task
from tests.records import OLD

pytestmark = pytest.mark.django_db

IBAN = "DE02120300000000202051"
TAKEN_BACK = Policy(compensate="back")


def boom(context: Any, **_arguments: Any) -> None:
    raise ValueError("It fails.")


def nothing(context: Any, **_arguments: Any) -> None:
    """Is done."""


class Book:
    """What was done and taken back, in this order."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def do(self, context: Any, x: Any = None) -> Any:
        self.lines.append(f"+{x or context.item}")
        return x

    def back(self, context: Any, x: Any = None) -> None:
        self.lines.append(f"-{x or context.item}")


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


def texts() -> str:
    """All that is in the rows of steps, in one text."""
    return json.dumps(list(StepRun.objects.values()), default=str)


# --- what a compensation gets -----------------------------------------------------------------------------------------


def charging(last: Callable[..., Any], back: Callable[..., Any], **options: Any) -> Process:
    """Charges an account, for a user, and then does something else."""
    return make_process(
        task("find", "charge", register="user"),
        task("charge", "last", args={"iban": path("payload.iban"), "user": path("state.user")}, policy=TAKEN_BACK),
        task("last"),
        bodies={
            "find": lambda context: User.objects.get(),
            "charge": lambda context, iban, user: {"token": "tok_123", "of": user},
            "last": last,
            "back": back,
        },
        sensitive=("iban",),
        **options,
    )


def test_a_compensation_gets_what_the_step_got_and_answered(ada: User) -> None:
    got: list[Any] = []

    def back(context: Any, **arguments: Any) -> Any:
        got.append((arguments, context.result))
        return arguments

    with registered(charging(boom, back, compensates=True)):
        run = services.start("made", {"iban": IBAN})
    assert (run.status, got) == ("failed", [({"iban": IBAN, "user": ada}, {"token": "tok_123", "of": ada})])
    assert IBAN not in texts()
    assert "tok_123" not in texts()


@pytest.mark.parametrize("ends", ["succeeded", "cancelled"])
def test_what_a_compensation_would_get_is_forgotten_when_it_cannot_come_any_more(ada: User, ends: str) -> None:
    process = make_process(
        task("charge", "ask", args={"iban": path("payload.iban")}, policy=TAKEN_BACK),
        node("ask", Kind.INPUT),
        bodies={"charge": lambda context, iban: iban, "back": nothing},
        sensitive=("iban",),
    )
    with registered(process):
        run = services.start("made", {"iban": IBAN})
        assert IBAN in StepRun.objects.get().original
        run = services.cancel(run) if ends == "cancelled" else services.provide_input(run, {}, actor=ada)
    assert (run.status, list(StepRun.objects.exclude(original=""))) == (ends, [])


def test_a_run_that_is_tried_again_and_then_cancelled_takes_back_what_it_had_done_before(book: Book) -> None:
    fails = [True]
    process = make_process(
        task("do", "last", args={"x": path("payload.password")}, policy=TAKEN_BACK),
        task("last", "ask"),
        node("ask", Kind.INPUT),
        bodies={"do": book.do, "back": book.back, "last": lambda context: boom(context) if fails else None},
    )
    with registered(process):
        run = services.start("made", {"password": "hunter2"})
        assert run.status == "failed"
        fails.clear()
        run = services.cancel(services.retry(run), compensate=True)
    assert (run.status, book.lines) == ("cancelled", ["+hunter2", "-hunter2"])


@pytest.mark.parametrize("archive", ["table", "files"])
def test_no_archive_has_what_a_compensation_would_get(ada: User, archive: str, settings: Any, tmp_path: Path) -> None:
    settings.DJACTION_ARCHIVE, settings.DJACTION_ARCHIVE_STORAGE = archive, "archive"
    settings.STORAGES = {
        **settings.STORAGES,
        "archive": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }
    with registered(charging(boom, nothing)):
        services.start("made", {"iban": IBAN})
    assert "tok_123" in StepRun.objects.get(node="charge").original
    assert archive_runs(now=timezone.now() + timedelta(days=9)) == 1
    files = [gzip.decompress(each.read_bytes()).decode() for each in tmp_path.rglob("*.gz")]
    kept = json.dumps([each.steps for each in ArchivedSteps.objects.all()]) if archive == "table" else "".join(files)
    assert '"node": "charge"' in kept
    assert "tok_123" not in kept
    assert "original" not in kept


def test_a_step_whose_arguments_cannot_be_kept_for_its_compensation_is_not_begun(book: Book) -> None:
    process = make_process(
        task("do", args={"x": {"call": "make"}}, policy=TAKEN_BACK),
        bodies={"do": book.do, "back": book.back, "make": lambda context: object()},
    )
    with registered(process):
        run = services.start("made")
    assert (run.status, book.lines) == ("failed", [])
    assert 'The argument "x" is object, which cannot be kept for what takes the step back.' in run.error["detail"]


def test_what_was_not_kept_is_not_taken_back_with_masks_in_the_place_of_secrets(ada: User, book: Book) -> None:
    with registered(charging(nothing, book.back)):
        run = services.start("made", {"iban": IBAN})
    before = {"node": "ask", "status": "waiting", "waiting_for": "input"}
    Run.objects.filter(pk=run.pk).update(**before, ended_at=None)
    process = charging(nothing, book.back)
    graph_nodes = (*process.graph.nodes.values(), node("ask", Kind.INPUT))
    with registered(make_process(*graph_nodes, bodies=dict(process.bodies), sensitive=("iban",))):
        run = services.cancel(run, compensate=True)
        for _again in range(5):
            make_due(run)
            run_due()
    run.refresh_from_db()
    assert (run.status, run.error["not_taken_back"], book.lines) == ("cancelled", ["charge"], [])
    last = StepRun.objects.filter(is_undoing=True).last()
    assert last is not None
    assert last.error["detail"].startswith("What charge got is not kept: secrets are masked in it.")


def test_a_compensation_of_an_item_gets_the_item(book: Book) -> None:
    process = make_process(
        node("each", Kind.EACH, Edge("do", BODY), join="join", target=literal(["x", "y"])),
        task("do", "join", policy=TAKEN_BACK),
        node("join", Kind.JOIN, "last"),
        task("last"),
        bodies={"do": book.do, "back": book.back, "last": boom},
        compensates=True,
    )
    with registered(process):
        run = services.start("made")
    assert run.status == "failed"
    assert sorted(book.lines) == ["+x", "+y", "-x", "-y"]


# --- processes that steps have started --------------------------------------------------------------------------------


def child(book: Book, *, name: str = "child", **options: Any) -> Process:
    """A process of two steps, that asks for something in the end where `asks` says so."""
    asks = options.pop("asks", False)
    nodes = [
        task("one", "two", args={"x": path("payload.x")}, policy=TAKEN_BACK),
        task("two", *(["ask"] if asks else []), args={"x": literal("two")}, policy=TAKEN_BACK),
        *([node("ask", Kind.INPUT)] if asks else []),
    ]
    bodies = {"one": book.do, "two": book.do, "back": book.back}
    return make_process(*nodes, bodies=bodies, name=name, **{"compensates": True, **options})


def parent(book: Book, *, policy: Policy | None = None, **options: Any) -> Process:
    """A process whose second step is the child, and whose last one fails."""
    return make_process(
        task("first", "kid", args={"x": literal("first")}, policy=TAKEN_BACK),
        node("kid", Kind.PROCESS, "last", run="child", args={"x": path("payload.password")}, policy=policy or Policy()),
        task("last"),
        bodies={"first": book.do, "last": boom, "back": book.back},
        **{"compensates": True, **options},
    )


def test_a_process_that_a_step_has_started_is_taken_back_with_that_step(book: Book) -> None:
    with registered(child(book), parent(book)):
        run = services.start("made", {"password": "hunter2"})
    assert (run.status, book.lines) == ("failed", ["+first", "+hunter2", "+two", "-two", "-hunter2", "-first"])
    started = Run.objects.get(process="child")
    undone = StepRun.objects.filter(is_undoing=True, status="succeeded").order_by("pk")
    assert list(undone.values_list("run_id", "node")) == [(started.pk, "two"), (started.pk, "one"), (run.pk, "first")]
    assert (started.status, list(StepRun.objects.exclude(original=""))) == ("succeeded", [])


def test_a_process_that_says_that_it_takes_nothing_back_is_left_as_it_is(book: Book) -> None:
    with registered(child(book, compensates=False), parent(book)):
        services.start("made", {"password": "hunter2"})
    assert book.lines == ["+first", "+hunter2", "+two", "-first"]


def test_what_takes_back_a_process_as_a_whole_is_called_in_the_place_of_its_steps(book: Book) -> None:
    with registered(child(book), parent(book, policy=TAKEN_BACK)):
        services.start("made", {"x": "kid", "password": "hunter2"})
    assert book.lines == ["+first", "+hunter2", "+two", "-hunter2", "-first"]


def test_a_process_that_is_not_over_is_taken_back_as_far_as_it_has_come(book: Book) -> None:
    with registered(child(book, asks=True), parent(book)):
        run = services.start("made", {"password": "hunter2"})
        assert run.status == "waiting"
        run = services.cancel(run)
    assert (run.status, book.lines[3:]) == ("cancelled", ["-two", "-hunter2", "-first"])
    assert list(StepRun.objects.exclude(original="")) == []


def test_processes_of_items_are_taken_back_and_those_within_them(book: Book) -> None:
    middle = make_process(
        node("kid", Kind.PROCESS, "after", run="child", args={"x": path("payload.x")}),
        task("after"),
        bodies={"after": nothing},
        name="middle",
        compensates=True,
    )
    process = make_process(
        node("each", Kind.EACH, Edge("kid", BODY), join="join", target=literal(["x", "y"])),
        node("kid", Kind.PROCESS, "join", run="middle", args={"x": path("item")}),
        node("join", Kind.JOIN, "last"),
        task("last"),
        bodies={"last": boom},
        compensates=True,
    )
    with registered(child(book), middle, process):
        run = services.start("made")
        run_due()
        run.refresh_from_db()
    assert run.status == "failed"
    assert sorted(book.lines) == ["+two", "+two", "+x", "+y", "-two", "-two", "-x", "-y"]


def test_what_is_kept_of_a_process_is_forgotten_when_the_one_that_started_it_is_over(book: Book, ada: User) -> None:
    process = make_process(
        node("kid", Kind.PROCESS, "ask", run="child", args={"x": literal("x")}), node("ask", Kind.INPUT)
    )
    with registered(child(book), process):
        run = services.start("made")
        assert StepRun.objects.exclude(original="").count() == 2
        services.provide_input(run, {}, actor=ada)
    assert list(StepRun.objects.exclude(original="")) == []


def test_a_step_of_a_started_process_that_cannot_be_taken_back_is_passed_by(book: Book) -> None:
    def refuses(context: Any, x: Any = None) -> None:
        if x == "two":
            raise ValueError("It is too late.")
        book.back(context, x)

    kid = child(book)
    kid = make_process(
        *kid.graph.nodes.values(),
        bodies={"one": book.do, "two": book.do, "back": refuses},
        name="child",
        compensates=True,
    )
    with registered(kid, parent(book)):
        run = services.start("made", {"password": "hunter2"})
        for _again in range(5):
            make_due(run)
            run_due()
    run.refresh_from_db()
    assert (run.status, run.error["not_taken_back"]) == ("failed", ["child: two"])
    assert book.lines[3:] == ["-hunter2", "-first"]


# --- by the undo of an action -----------------------------------------------------------------------------------------


def marking(*after: Any, policy: Policy | None = None, name: str = "made", **options: Any) -> Process:
    """Marks a todo as done, and then does something else."""
    mark = node(
        "mark",
        Kind.ACTION,
        *[each.name for each in after[:1]],
        run="todo:mark_done",
        target=path("payload.todo"),
        policy=Policy(compensate="undo") if policy is None else policy,
    )
    return make_process(mark, *after, name=name, **options)


@pytest.mark.parametrize("ends", ["cancelled", "failed"])
def test_an_action_is_undone_by_a_run_that_has_waited_longer_than_records_stay(
    todo: Todo, alice: User, ends: str
) -> None:
    last = task("last", "ask", policy=Policy(wait_for=literal(60)))
    process = marking(last, node("ask", Kind.INPUT), bodies={"last": boom}, compensates=True)
    with registered(process):
        run = services.start("made", {"todo": todo.pk}, actor=alice)
        EventAction.objects.update(created_at=timezone.now() - OLD)
        assert (archive().count, run.status) == (0, "waiting")
        if ends == "cancelled":
            run = services.cancel(run)
        else:
            with time_machine.travel(timezone.now() + timedelta(minutes=2)):
                run_due()
    run.refresh_from_db()
    todo.refresh_from_db()
    assert (run.status, todo.is_done, "not_taken_back" in run.error) == (ends, False, False)
    assert archive().count == 1


def test_the_record_of_what_a_started_process_has_done_stays_as_long_as_it_can_be_undone(
    todo: Todo, alice: User
) -> None:
    args = {"todo": path("payload.todo")}
    process = make_process(
        node("kid", Kind.PROCESS, "ask", run="kid", args=args), node("ask", Kind.INPUT), compensates=True
    )
    with registered(marking(name="kid", compensates=True), process):
        run = services.start("made", {"todo": todo.pk}, actor=alice)
        EventAction.objects.update(created_at=timezone.now() - OLD)
        assert (archive().count, run.status) == (0, "waiting")
        run = services.cancel(run)
    todo.refresh_from_db()
    assert (run.status, todo.is_done) == ("cancelled", False)


def test_a_run_that_has_failed_keeps_its_records_as_long_as_it_may_be_tried_again(todo: Todo, alice: User) -> None:
    with registered(marking(task("last"), bodies={"last": boom})):
        run = services.start("made", {"todo": todo.pk}, actor=alice)
    EventAction.objects.update(created_at=timezone.now() - OLD)
    assert (run.status, archive().count) == ("failed", 0)
    services.remove(run)
    assert archive().count == 1


def test_records_are_archived_of_runs_that_undo_nothing_and_of_those_that_have_succeeded(
    todo: Todo, alice: User
) -> None:
    waits = marking(node("ask", Kind.INPUT), policy=Policy(), name="waits")
    with registered(marking(), waits):
        runs = [services.start(each, {"todo": todo.pk}, actor=alice).status for each in ("made", "waits")]
    EventAction.objects.update(created_at=timezone.now() - OLD)
    assert (runs, archive().count) == (["succeeded", "waiting"], 2)
