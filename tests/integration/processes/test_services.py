"""What can be done to runs: started once, cancelled, paused, tried again, forked, moved, limited, scheduled."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.utils import timezone

from actions.exceptions import IdempotencyError, InvalidPayloadError, InvalidTermError, RefusedError
from actions.processes import services
from actions.processes.archive import archive_runs
from actions.processes.exceptions import AgainError, UnknownProcessError, WrongStateError
from actions.processes.expressions import literal, path
from actions.processes.graph import Edge, Graph, Kind, Mode, OnChange, Schedule, Who
from actions.processes.models import ArchivedRun, ArchivedSteps, OpenTask, Run, RunSchedule, StepRun
from actions.processes.policies import Policy, Retry
from actions.processes.process import Process
from actions.processes.services.messaging import deliver
from actions.processes.services.scheduling import start_next
from tests.processes import make_due, make_process, node, registered, rows_of, run_due, task

pytestmark = pytest.mark.django_db

WAITS = make_process(
    task("a", "ask", register="a"),
    node("ask", Kind.INPUT, "b", register="answer"),
    task("b", "end"),
    node("end", Kind.END),
    bodies={"a": lambda context: 1, "b": lambda context: 2},
    name="waits",
)


@pytest.fixture(autouse=True)
def _waits() -> Any:
    with registered(WAITS):
        yield


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


# --- start ------------------------------------------------------------------------------------------------------------


def test_an_unknown_process_is_refused_with_what_is_near() -> None:
    with pytest.raises(UnknownProcessError, match="Did you mean waits"):
        services.start("wait")
    assert not Run.objects.exists()


def test_a_key_gives_the_same_run_again(ada: User) -> None:
    first = services.start("waits", {"x": 1}, actor=ada, key="k")
    assert services.start("waits", {"x": 1}, actor=ada, key="k").pk == first.pk
    with pytest.raises(IdempotencyError):
        services.start("waits", {"x": 2}, actor=ada, key="k")
    assert services.start("waits", {"x": 1}, key="k").pk != first.pk


def test_of_unfinished_runs_with_a_unique_key_there_is_one(ada: User) -> None:
    run = services.start("waits", unique_key="order-7")
    with pytest.raises(RefusedError, match=f"Run {run.pk} of waits is not over yet"):
        services.start("waits", unique_key="order-7")
    services.provide_input(run, {}, actor=ada)
    assert services.start("waits", unique_key="order-7").pk != run.pk


def test_a_run_knows_who_started_it_and_when_it_is_to_begin(ada: User) -> None:
    at = timezone.now() + timedelta(hours=1)
    run = services.start("waits", actor=ada, at=at, correlation_id="c", event_uid=uuid4())
    assert (run.status, run.actor_id, run.actor_name, run.correlation_id) == ("pending", str(ada.pk), "ada", "c")
    assert run_due() == 0
    with time_machine.travel(at + timedelta(seconds=1)):
        assert run_due() == 1
    run.refresh_from_db()
    assert run.waiting_for == "input"


def test_in_the_background_nothing_is_done_at_once() -> None:
    run = services.start("waits", in_background=True)
    assert (run.status, rows_of(run)) == ("pending", [])
    run_due()
    assert rows_of(run) == [("a", "succeeded")]


def test_a_run_with_a_head_start_is_taken_first() -> None:
    order: list[int] = []
    process = make_process(task("a"), bodies={"a": lambda context: order.append(context.run_id)})
    with registered(process):
        runs = [services.start("made", priority=priority, in_background=True) for priority in (1, 0, 5)]
        while run_due(limit=1):
            pass
    assert order == [runs[2].pk, runs[0].pk, runs[1].pk]
    with pytest.raises(InvalidTermError):
        services.start("waits", priority=-1)


def test_over_its_limit_a_process_waits_for_its_turn(ada: User) -> None:
    process = make_process(node("ask", Kind.INPUT, "end"), node("end", Kind.END), max_running=1)
    with registered(process):
        first, second, third = (services.start("made") for _ in range(3))
        assert [each.waiting_for for each in (first, second, third)] == ["input", "limit", "limit"]
        assert run_due() == 0
        services.provide_input(first, {}, actor=ada)
        run_due()
        second.refresh_from_db()
        assert second.waiting_for == "input"
        services.cancel(second)
        run_due()
        third.refresh_from_db()
        assert third.waiting_for == "input"
        services.provide_input(third, {}, actor=ada)
        assert services.start("made").waiting_for == "input"


# --- cancel, pause, resume, retry -------------------------------------------------------------------------------------


def test_a_cancelled_run_is_over_with_all_its_branches_and_tasks(ada: User) -> None:
    process = make_process(
        node("split", Kind.SPLIT, Edge("ask", "one"), Edge("call", "two"), join="join"),
        node("ask", Kind.INPUT, "join"),
        node("call", Kind.PROCESS, "join", run="waits"),
        node("join", Kind.JOIN),
    )
    with registered(process):
        run = services.start("made", unique_key="x")
        assert OpenTask.objects.count() == 2
        run = services.cancel(run)
    assert (run.status, run.unique_key, run.due_at) == ("cancelled", None, None)
    assert set(Run.objects.values_list("status", flat=True)) == {"cancelled"}
    assert not OpenTask.objects.exists()
    with pytest.raises(WrongStateError, match="is cancelled"):
        services.cancel(run)


def test_a_cancelled_run_is_taken_back_where_that_is_asked() -> None:
    undone: list[Any] = []
    process = make_process(
        task("a", "ask", policy=Policy(compensate="back"), args={"x": literal(3)}),
        node("ask", Kind.INPUT),
        bodies={"a": lambda context, x: "A", "back": lambda context, x: undone.append((x, context.result))},
    )
    with registered(process):
        run = services.cancel(services.start("made"), compensate=True)
        kept = services.cancel(services.start("made"))
    assert (run.status, kept.status, undone) == ("cancelled", "cancelled", [(3, "A")])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"priority": True}, "A priority is a number of minutes from 0 to"),
        ({"priority": 1.5}, "A priority is a number of minutes from 0 to"),
        ({"priority": "1"}, "A priority is a number of minutes from 0 to"),
        ({"correlation_id": "x" * 129}, "A correlation id is 1 to 128 letters"),
        ({"correlation_id": "two words"}, "A correlation id is 1 to 128 letters"),
        ({"correlation_id": 5}, "A correlation id is 1 to 128 letters"),
        ({"at": datetime.max.replace(tzinfo=UTC)}, "is no moment at which a run can begin"),
        ({"at": datetime.min.replace(tzinfo=UTC)}, "is no moment at which a run can begin"),
        ({"at": "tomorrow"}, "'tomorrow' is no moment at which a run can begin"),
        ({"at": date(2027, 1, 1)}, "is no moment at which a run can begin"),
        ({"unique_key": "\ud800"}, "unique_key is '.ud800'. Expected was a text"),
        ({"unique_key": "a\x00"}, "unique_key is 'a.x00'. Expected was a text"),
        ({"unique_key": 5}, "unique_key is 5. Expected was a text"),
        ({"key": b"a"}, "key is b'a'. Expected was a text"),
    ],
)
def test_what_cannot_be_said_of_a_start_is_refused_before_anything_is_done(said: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidTermError, match=why):
        services.start("waits", **said)
    assert not Run.objects.exists()


def test_a_paused_run_goes_on_where_it_was_when_it_is_resumed(ada: User) -> None:
    process = make_process(
        task("a", "wait"),
        node("wait", Kind.WAIT, "b", policy=Policy(wait_for=literal(60))),
        task("b"),
        bodies={"a": lambda context: 1, "b": lambda context: 2},
    )
    with registered(process):
        run = services.pause(services.start("made"))
        with pytest.raises(WrongStateError, match="paused already"):
            services.pause(run)
        with time_machine.travel(timezone.now() + timedelta(minutes=2)):
            assert run_due() == 0
            run = services.resume(run)
            assert (run.status, run.paused_at) == ("succeeded", None)
            with pytest.raises(WrongStateError):
                services.resume(run)


def test_a_paused_input_can_be_answered_when_it_is_resumed(ada: User) -> None:
    run = services.pause(services.start("waits"))
    with pytest.raises(WrongStateError):
        services.provide_input(run, {}, actor=ada)
    run = services.resume(run)
    assert (run.waiting_for, OpenTask.objects.count()) == ("input", 1)
    assert services.provide_input(run, {}, actor=ada).status == "succeeded"


def test_a_pause_in_the_middle_of_a_step_lets_it_end() -> None:
    def pauses(context: Any) -> int:
        services.pause(context.run_id)
        return 1

    process = make_process(task("a", "b", mode=Mode.EXTERNAL), task("b"), bodies={"a": pauses, "b": lambda context: 2})
    with registered(process):
        run = services.start("made")
        run.refresh_from_db()
        assert (rows_of(run), run.node, run.due_at) == ([("a", "succeeded")], "b", None)
        assert run_due() == 0
        assert services.resume(run).status == "succeeded"


def test_a_failed_run_goes_on_from_the_step_that_failed() -> None:
    mood = {"bad": True}

    def moody(context: Any) -> int:
        if mood["bad"]:
            raise ValueError("bad")
        return 5

    process = make_process(task("a", "b"), task("b", register="b"), bodies={"a": lambda context: 1, "b": moody})
    with registered(process):
        run = services.start("made")
        mood["bad"] = False
        run = services.retry(run)
        assert (run.status, run.state, run.error) == ("succeeded", {"b": 5}, None)
        assert rows_of(run) == [("a", "succeeded"), ("b", "failed"), ("b", "succeeded")]
        with pytest.raises(WrongStateError):
            services.retry(run)


def test_branches_that_are_done_stay_done_when_a_run_is_tried_again() -> None:
    mood = {"bad": True}
    done: list[str] = []

    def moody(context: Any) -> None:
        if mood["bad"]:
            raise ValueError("bad")

    process = make_process(
        node("split", Kind.SPLIT, Edge("a", "one"), Edge("inner", "two"), join="join"),
        task("a", "join"),
        node("inner", Kind.SPLIT, Edge("b", "one"), join="inner_join"),
        task("b", "inner_join"),
        node("inner_join", Kind.JOIN, "join"),
        node("join", Kind.JOIN, "c"),
        task("c"),
        bodies={"a": lambda context: done.append("a"), "b": moody, "c": lambda context: done.append("c")},
    )
    with registered(process):
        run = services.start("made")
        run.refresh_from_db()
        assert run.status == "failed"
        mood["bad"] = False
        run = services.retry(run)
        run_due()
        run.refresh_from_db()
    assert (run.status, done) == ("succeeded", ["a", "c"])


def test_a_fork_begins_at_a_step_with_another_payload() -> None:
    process = make_process(
        task("a", "b", register="a"),
        task("b", "c", register="b", args={"n": path("payload.n")}),
        task("c", register="c"),
        bodies={"a": lambda context: "A", "b": lambda context, n: n, "c": lambda context: "C"},
    )
    with registered(process):
        run = services.start("made", {"n": 1})
        fork = services.fork(run, node="b", payload={"n": 2})
        with pytest.raises(WrongStateError, match="no node nowhere"):
            services.fork(run, node="nowhere")
    assert (fork.state, fork.forked_from) == ({"a": "A", "b": 2, "c": "C"}, run.pk)
    assert [name for name, _status in rows_of(fork)] == ["b", "c"]


# --- people -----------------------------------------------------------------------------------------------------------


def test_who_may_answer_is_asked_each_time(ada: User) -> None:
    editors = Group.objects.create(name="editors")
    process = make_process(node("ask", Kind.INPUT, who=Who(groups=(literal("editors"),), users=(literal("ada"),))))
    with registered(process):
        run = services.start("made")
        with pytest.raises(RefusedError) as refused:
            services.provide_input(run, {}, actor=ada)
        assert refused.value.status == 403
        ada.groups.add(editors)
        assert services.provide_input(run, {}, actor=User.objects.get(pk=ada.pk)).status == "succeeded"
        with pytest.raises(WrongStateError):
            services.provide_input(run, {}, actor=ada)


def test_an_answer_that_does_not_fit_leaves_everything_as_it_was(ada: User) -> None:
    from actions.payloads import SchemaPayload

    form = SchemaPayload({"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]})
    process = make_process(node("ask", Kind.INPUT, run="form", register="x"), forms={"form": form.json_schema()})
    process = replace(process, forms={"form": form})
    with registered(process):
        run = services.start("made")
        with pytest.raises(InvalidPayloadError):
            services.provide_input(run, {"ok": "perhaps"}, actor=ada)
        assert OpenTask.objects.count() == 1
        assert services.provide_input(run, {"ok": True}, actor=ada).state == {"x": {"ok": True}}


def test_an_input_that_nobody_gives_in_time_is_an_error_with_a_way_on() -> None:
    process = make_process(
        node("ask", Kind.INPUT, "end", policy=Policy(timeout_seconds=60, on_error="late")),
        task("late", "end"),
        node("end", Kind.END),
        bodies={"late": lambda context: context.state["error"]["type"]},
    )
    with registered(process):
        run = services.start("made")
        with time_machine.travel(timezone.now() + timedelta(minutes=2)):
            run_due()
    run.refresh_from_db()
    assert (run.status, rows_of(run)) == ("succeeded", [("ask", "failed"), ("late", "succeeded")])
    assert not OpenTask.objects.exists()


# --- time -------------------------------------------------------------------------------------------------------------


def test_a_body_may_ask_to_be_called_again() -> None:
    def looks(context: Any) -> int:
        if (context.note or 0) < 2:
            raise AgainError(timedelta(seconds=10), (context.note or 0) + 1)
        return int(context.note)

    with registered(make_process(task("a", mode=Mode.EXTERNAL, register="a"), bodies={"a": looks})):
        run = services.start("made")
        for _turn in range(2):
            assert run_due() == 0
            make_due(run)
            run_due()
    run.refresh_from_db()
    assert (run.status, run.state, rows_of(run)) == ("succeeded", {"a": 2}, [("a", "succeeded")])


@pytest.mark.parametrize("hands_on", [False, True])
def test_a_body_is_called_again_as_long_as_its_step_may_take(*, hands_on: bool) -> None:
    seen: list[Any] = []

    def looks(context: Any) -> None:
        seen.append(context.note)
        raise AgainError(timedelta(minutes=2), len(seen))

    policy = Policy(timeout_seconds=300, retry=Retry(attempts=2, delay_seconds=1))
    process = make_process(task("a", policy=policy), bodies={"a": looks}, hands_on=hands_on)
    with registered(process), time_machine.travel(timezone.now(), tick=False) as clock:
        run = services.start("made")
        for _turn in range(3):
            assert run.due_at is not None
            clock.move_to(run.due_at)
            run_due()
            run.refresh_from_db()
        assert (run.status, run.tries, seen) == ("waiting", 1, [None, 1, 2, 3])
        for _turn in range(4):
            assert run.due_at is not None
            clock.move_to(run.due_at)
            run_due()
            run.refresh_from_db()
    assert run.error is not None
    assert (run.status, run.error["type"], len(seen)) == ("failed", "StepTimeoutError", 8)


def test_a_queue_that_nobody_serves_is_refused(settings: Any) -> None:
    settings.DJACTION_QUEUES = ["default", "slow"]
    for queue in ("nope", "q" * 500):
        with pytest.raises(InvalidTermError, match="DJACTION_QUEUES has default, slow"):
            services.start("waits", queue=queue)
    assert services.start("waits", queue="slow").queue == "slow"


def test_a_run_that_is_over_is_not_due() -> None:
    with registered(make_process(task("a"), bodies={"a": lambda context: None})):
        run = services.start("made")
    assert (run.status, run.due_at) == ("succeeded", None)


def test_a_step_that_takes_too_long_has_failed() -> None:
    def slow(context: Any) -> None:
        User.objects.create_user("slow")
        ends = time.monotonic() + 5
        while time.monotonic() < ends:
            pass

    with registered(make_process(task("a", policy=Policy(timeout_seconds=0.05)), bodies={"a": slow})):
        began = time.monotonic()
        run = services.start("made")
    assert time.monotonic() - began < 4
    assert run.error is not None
    assert (run.status, run.error["type"]) == ("failed", "StepTimeoutError")
    assert not User.objects.exists()


def test_a_repeat_comes_back_at_its_intervals() -> None:
    process = make_process(
        task("a", "again"),
        node("again", Kind.REPEAT, "a", schedule=Schedule(3600)),
        bodies={"a": lambda context: context.state.update(n=context.state.get("n", 0) + 1)},
    )
    begin = timezone.now()
    with registered(process), time_machine.travel(begin, tick=False) as clock:
        run = services.start("made")
        for turn in range(1, 4):
            run.refresh_from_db()
            assert (run.status, run.state["n"]) == ("waiting", turn)
            assert run.due_at is not None
            # Late by ten minutes: the next turn is not put off by that.
            assert abs(run.due_at - (begin + timedelta(hours=turn))) < timedelta(seconds=1)
            clock.move_to(begin + timedelta(hours=turn, minutes=10))
            run_due()


def test_a_schedule_starts_runs_and_says_what_went_wrong(ada: User) -> None:
    row = services.schedule("waits", "0 8 * * *", {"x": 1}, actor=ada)
    assert row.due_at is not None
    assert not start_next("default")
    with time_machine.travel(row.due_at + timedelta(seconds=1)):
        assert start_next("default")
        assert not start_next("default")
    run = Run.objects.get()
    assert (run.payload, run.actor_id) == ({"x": 1}, str(ada.pk))
    row = RunSchedule.objects.get()
    assert (row.last_run_id, row.error) == (run.pk, "")
    RunSchedule.objects.update(due_at=timezone.now(), process="gone")
    assert start_next("default")
    assert "no process" in RunSchedule.objects.get().error


# --- definitions ------------------------------------------------------------------------------------------------------


def changed(**options: Any) -> Process:
    """`waits` without its first node, which a waiting run does not need any more."""
    return make_process(
        node("ask", Kind.INPUT, "c", register="answer"),
        task("c"),
        bodies={"c": lambda context: "C"},
        name="waits",
        **options,
    )


def test_a_waiting_run_moves_on_to_the_new_definition(ada: User) -> None:
    run = services.start("waits")
    with registered(changed()):
        run = services.provide_input(run, {}, actor=ada)
    assert (run.status, [name for name, _ in rows_of(run)]) == ("succeeded", ["a", "ask", "c"])


def test_a_pinned_run_ends_by_the_definition_it_began_with(ada: User) -> None:
    run = services.start("waits")
    pinned = changed(on_change=OnChange.PIN)
    pinned = Process(
        graph=pinned.graph, payload=pinned.payload, bodies={**WAITS.bodies, **pinned.bodies}, source=pinned.source
    )
    with registered(pinned):
        run = services.provide_input(run, {}, actor=ada)
    assert [name for name, _ in rows_of(run)] == ["a", "ask", "b"]


@pytest.mark.parametrize("kind", ["node", "function", "process", "ask"])
def test_a_run_whose_definition_is_gone_stops_with_a_reason_and_goes_on_when_it_is_back(ada: User, kind: str) -> None:
    process = make_process(
        node("wait", Kind.WAIT, "b", policy=Policy(wait_for=literal(60))), task("b"), bodies={"b": lambda context: 2}
    )
    without_node = make_process(task("b"), bodies={"b": lambda context: 2})
    without_function = make_process(*process.graph.nodes.values())
    asks = make_process(
        *process.graph.nodes.values(), task("more"), bodies={"b": lambda context: 2}, on_change=OnChange.ASK
    )
    with registered(process):
        run = services.start("made")
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        if kind == "process":
            run_due()
        else:
            with registered({"node": without_node, "function": without_function, "ask": asks}[kind]):
                run_due()
        run.refresh_from_db()
        assert (run.status, run.waits_for, run.due_at) == ("waiting", "definition", None)
        assert run.error is not None
        assert {"node": '"wait"', "function": '"b"', "process": '"made"', "ask": "move the run"}[kind] in run.error[
            "detail"
        ]
        with registered(process):
            run = services.resume(run)
    assert (run.status, run.error) == ("succeeded", None)


def test_a_run_is_moved_by_a_mapping_of_nodes(ada: User) -> None:
    run = services.start("waits")
    renamed = make_process(node("question", Kind.INPUT, "c"), task("c"), bodies={"c": lambda context: 1}, name="waits")
    with registered(renamed):
        with pytest.raises(WrongStateError, match="no node ask"):
            services.move(run)
        run = services.move(run, {"ask": "question"})
        assert run.node == "question"
        assert services.stranded() == []
    assert [each.pk for each, _reason in services.stranded()] == [run.pk]


# --- after the end ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("destination", ["table", "nowhere"])
def test_runs_that_are_over_are_archived_after_their_time(ada: User, settings: Any, destination: str) -> None:
    settings.DJACTION_ARCHIVE = destination
    process = make_process(
        node("split", Kind.SPLIT, Edge("a", "one"), join="join"),
        task("a", "join"),
        node("join", Kind.JOIN),
        bodies={"a": lambda context: 1},
    )
    with registered(process):
        over, open_run = services.start("made"), services.start("waits")
        held = services.start("made")
    Run.objects.filter(pk=held.pk).update(is_held=True)
    assert archive_runs() == 0
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert archive_runs() == 1
    assert set(Run.objects.roots().values_list("pk", flat=True)) == {open_run.pk, held.pk}
    assert not StepRun.objects.filter(root_id=over.pk).exists()
    if destination == "table":
        archived = ArchivedRun.objects.get()
        assert (archived.pk, archived.status, len(archived.document["branches"])) == (over.pk, "succeeded", 1)
        assert [step["node"] for step in ArchivedSteps.objects.get().steps] == ["a", "split"]


def test_an_archived_run_is_one_file_with_all_that_belongs_to_it(settings: Any, tmp_path: Path) -> None:
    settings.DJACTION_ARCHIVE, settings.DJACTION_ARCHIVE_STORAGE = "files", "archive"
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "archive": backend}
    process = make_process(
        node("split", Kind.SPLIT, Edge("a", "one"), join="join"),
        task("a", "join"),
        node("join", Kind.JOIN),
        bodies={"a": lambda context: 1},
    )
    with registered(process):
        run = services.start("made", {"x": 1})
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert archive_runs() == 1
        assert archive_runs() == 0
    assert not Run.objects.exists()
    (file,) = tmp_path.rglob("*.jsonl.gz")
    assert file.name == f"{run.pk}-{run.uid}.jsonl.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    assert [record["record"] for record in records] == ["run", "branch", "step", "step"]
    assert records[0]["payload"] == {"x": 1}


def test_a_message_is_given_once_and_a_broadcast_to_all(ada: User) -> None:
    process = make_process(node("listen", Kind.RECEIVE, "end", run="go", register="m"), node("end", Kind.END))
    with registered(process):
        runs = [services.start("made") for _ in range(3)]
        uid = uuid4()
        for _again in range(2):
            deliver(services.send_message("go", data=1, uid=uid), "default")
        assert Run.objects.filter(status="succeeded").count() == 1
        for message in services.broadcast_message("go", data=2):
            deliver(message, "default")
        assert [Run.objects.get(pk=run.pk).state for run in runs] == [{"m": 1}, {"m": 2}, {"m": 2}]


def test_a_graph_is_the_same_after_json() -> None:
    assert Graph.from_json(WAITS.graph.as_json()) == WAITS.graph
    assert Graph.from_json(WAITS.graph.as_json()).fingerprint == WAITS.graph.fingerprint
