"""What is known of a run while it is worked on: what has changed in it, what was logged, and that it may be lost."""

from __future__ import annotations

import logging
import logging.config
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.db.utils import InterfaceError
from django.utils import timezone

from actions.processes import services
from actions.processes.exceptions import AgainError
from actions.processes.graph import Edge, Kind, Mode
from actions.processes.models import Run, StepRun
from actions.processes.policies import Policy, Retry
from actions.processes.states import UNFINISHED
from actions.work.notifying import connect
from tests.processes import make_due, make_process, node, registered, rows_of, run_due, task

pytestmark = pytest.mark.django_db

MODES = [None, Mode.LOCAL, Mode.PURE, Mode.EXTERNAL]


def fetched(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


# --- the state --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_list_that_a_step_changes_in_place_is_kept(mode: Mode | None) -> None:
    process = make_process(
        task("a", "b", mode=mode, register="names"),
        task("b", "c", mode=mode),
        task("c", mode=mode, register="seen"),
        bodies={
            "a": lambda context: ["ada"],
            "b": lambda context: context.state["names"].append("bob"),
            "c": lambda context: len(context.state["names"]),
        },
    )
    with registered(process):
        run = fetched(services.start("made"))
    assert run.state == {"names": ["ada", "bob"], "seen": 2}


@pytest.mark.parametrize("mode", MODES)
def test_a_step_that_fails_leaves_nothing_in_the_state(mode: Mode | None) -> None:
    tries: list[Any] = []

    def change(context: Any) -> None:
        tries.append({key: list(value) for key, value in context.state.items()})
        context.state["names"].append("bob")
        del context.state["gone"]
        context.state["new"] = [1]
        context.state["new"].append(2)
        if len(tries) == 1:
            raise ValueError("no")

    process = make_process(
        task("a", "b", mode=mode, register="names"),
        task("b", "c", mode=mode, register="gone"),
        task("c", mode=mode, policy=Policy(retry=Retry(attempts=2, delay_seconds=0))),
        bodies={"a": lambda context: ["ada"], "b": lambda context: [], "c": change},
    )
    with registered(process):
        run = services.start("made")
        if run.status == "waiting":
            make_due(run)
            run_due()
    assert tries == [{"names": ["ada"], "gone": []}] * 2
    assert fetched(run).state == {"names": ["ada", "bob"], "new": [1, 2]}


def test_a_branch_that_changes_a_list_in_place_hands_it_on() -> None:
    process = make_process(
        task("a", "split", register="names"),
        node("split", Kind.SPLIT, Edge("b", "one"), Edge("c", "two"), join="join"),
        task("b", "join"),
        task("c", "join", register="two"),
        node("join", Kind.JOIN),
        bodies={
            "a": lambda context: ["ada"],
            "b": lambda context: context.state["names"].append("bob"),
            "c": lambda context: 2,
        },
    )
    with registered(process):
        run = services.start("made")
    assert fetched(run).state == {"names": ["ada", "bob"], "two": 2}


@pytest.mark.parametrize("mode", MODES)
def test_what_is_no_json_in_a_list_is_the_failure_of_the_step_that_put_it_there(mode: Mode | None) -> None:
    process = make_process(
        task("a", "b", mode=mode, register="names"),
        task("b", mode=mode),
        bodies={"a": lambda context: ["ada"], "b": lambda context: context.state["names"].append(object())},
    )
    with registered(process):
        run = fetched(services.start("made"))
    assert (run.status, run.error["node"], run.state) == ("failed", "b", {"names": ["ada"]})


def test_a_note_that_a_step_changes_in_place_is_kept() -> None:
    def count(context: Any) -> int:
        note = context.note or {"n": 0}
        note["n"] += 1
        if note["n"] < 3:
            raise AgainError(timedelta(0), note=note)
        return int(note["n"])

    with registered(make_process(task("a"), bodies={"a": count})):
        run = services.start("made")
        run_due()
    assert StepRun.objects.get(run_id=run.pk).result == 3


@pytest.mark.parametrize("count", [1, 2])
def test_a_run_is_read_as_it_was_written(count: int, django_user_model: Any) -> None:
    """By a worker, with its own statements, as by the ORM: the same values of the same types."""
    seen: list[tuple[Any, ...]] = []

    def look(context: Any) -> None:
        run = Run.objects.get(pk=context.run_id)
        seen.append((context.run_uid, context.entered_at, context.payload, dict(context.state), context.correlation_id))
        assert seen[-1] == (run.uid, run.entered_at, run.payload, run.state, run.correlation_id)

    actor = django_user_model.objects.create_user("ada")
    with registered(make_process(task("a"), bodies={"a": look})):
        for _number in range(count):
            services.start("made", {"ä": [1.5, None, "\N{SNOWMAN}"]}, actor=actor, in_background=True, priority=3)
        run_due()
    assert len(seen) == count
    assert set(Run.objects.values_list("status", "actor_id", "priority")) == {("succeeded", str(actor.pk), 3)}


# --- a run that is paused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_run_that_is_paused_while_it_splits_begins_its_branches_when_it_is_resumed(mode: Mode | None) -> None:
    process = make_process(
        task("a", "split", mode=mode),
        node("split", Kind.SPLIT, Edge("b", "one"), Edge("c", "two"), join="join"),
        task("b", "join", mode=mode),
        task("c", "join", mode=mode),
        node("join", Kind.JOIN),
        bodies={
            "a": lambda context: services.pause(context.run_id) and None,
            "b": lambda context: None,
            "c": lambda context: None,
        },
    )
    with registered(process):
        run = fetched(services.start("made"))
        assert run.status in {"pending", "waiting"}
        assert run_due() == 0
        services.resume(run.pk)
        run_due()
    assert fetched(run).status == "succeeded"
    assert rows_of(run)[0] == ("a", "succeeded")
    assert sorted(rows_of(run)) == [(name, "succeeded") for name in ("a", "b", "c", "split")]


# --- the log ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def kept_logging() -> Iterator[None]:
    before = list(logging.root.handlers), logging.root.level
    yield
    logging.root.handlers[:], logging.root.level = before


@pytest.mark.usefixtures("kept_logging")
def test_a_step_s_log_survives_that_logging_is_configured_anew() -> None:
    def log(context: Any) -> None:
        logging.getLogger("shop").warning("Sold out.")

    with registered(make_process(task("a"), bodies={"a": log})):
        services.start("made")
        config = {"version": 1, "disable_existing_loggers": False, "root": {"handlers": [], "level": "INFO"}}
        logging.config.dictConfig(config)
        logging.root.handlers.clear()
        services.start("made")
    assert list(StepRun.objects.values_list("log", flat=True)) == ["WARNING shop: Sold out."] * 2


@pytest.mark.usefixtures("kept_logging")
def test_a_project_without_logging_sees_its_warnings_as_before(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    last = logging.StreamHandler(sys.stderr)
    last.setLevel(logging.WARNING)
    monkeypatch.setattr(logging, "lastResort", last)
    logging.root.handlers.clear()
    with registered(
        make_process(task("a"), bodies={"a": lambda context: logging.getLogger("shop").warning("Inside.")})
    ):
        services.start("made")
    logging.getLogger("shop").warning("After it.")
    logging.getLogger("shop").info("Not this.")
    assert capsys.readouterr().err == "Inside.\nAfter it.\n"
    logging.root.addHandler(logging.NullHandler())
    logging.getLogger("shop").warning("It has a handler.")
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("kept_logging")
def test_a_log_line_that_is_wrong_is_told_of_and_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    logging.root.handlers[:] = [logging.NullHandler()]

    def log(context: Any) -> None:
        logging.getLogger("shop").warning("%d things", "x")

    with registered(make_process(task("a"), bodies={"a": log})):
        assert services.start("made").status == "succeeded"
    assert "Logging error" in capsys.readouterr().err


# --- a connection that is ended ---------------------------------------------------------------------------------------


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="Backends are PostgreSQL's.")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", [None, Mode.LOCAL, Mode.EXTERNAL])
@pytest.mark.parametrize("when", ["before its statement", "after its statement"])
def test_a_step_whose_backend_is_terminated_is_done_again_and_once(mode: Mode | None, when: str) -> None:
    tries: list[str] = []

    def write(context: Any) -> None:
        tries.append(context.idempotency_key)
        if when == "after its statement":
            User.objects.create(username=f"ada{User.objects.count()}")
        if len(tries) == 1:
            terminate()
        if when == "before its statement":
            User.objects.create(username=f"ada{User.objects.count()}")

    with registered(make_process(task("a", "b", mode=mode), task("b"), bodies={"a": write, "b": lambda context: None})):
        run = services.start("made", in_background=True)
        try:
            run_due()
        except (OperationalError, InterfaceError):
            connection.close()
        Run.objects.filter(status__in=UNFINISHED).update(due_at=timezone.now())
        run_due()
    assert (fetched(run).status, len(set(tries))) == ("succeeded", 1)
    assert rows_of(run) == [("a", "succeeded"), ("b", "succeeded")]
    # What acts outside of a transaction may be done more than once.
    assert User.objects.count() == (2 if mode is Mode.EXTERNAL and when == "after its statement" else 1)


def terminate() -> None:
    """End the backend of this thread's connection, as an administrator or a failover does."""
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    with connect("default") as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
