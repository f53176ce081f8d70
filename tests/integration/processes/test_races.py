"""Several at the same run: workers that race, messages that come twice or late, long steps, clocks that jump."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from actions.processes import services
from actions.processes.executor import drive, take_next, work_on
from actions.processes.executor.keeper import Keeper
from actions.processes.expressions import literal
from actions.processes.graph import Edge, Kind, Mode
from actions.processes.models import Message, Run
from actions.processes.policies import Policy
from actions.processes.store import claim
from actions.processes.worker import deliver_next_message
from tests.app.models import Article
from tests.processes import make_due, make_process, node, registered, rows_of, run_due, task
from tests.storm.invariants import strandings
from tests.threads import Call, Gate, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def project(settings: Any) -> None:
    settings.DJACTION_HOOKS = {}


def ledger(context: Any, **arguments: Any) -> str:
    Article.objects.create(title=f"{context.run_id} {context.node} {context.place}")
    return str(context.node)


def each_once() -> bool:
    return set(Counter(Article.objects.values_list("title", flat=True)).values()) <= {1}


# --- racing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [None, Mode.LOCAL, Mode.EXTERNAL])
def test_workers_that_race_do_each_step_once(mode: Mode | None) -> None:
    process = make_process(
        task("a", "split", mode=mode),
        node("split", Kind.SPLIT, Edge("b", "one"), Edge("c", "two"), join="join"),
        task("b", "join", mode=mode),
        task("c", "join", mode=mode),
        node("join", Kind.JOIN, "d"),
        task("d", mode=mode),
        bodies=dict.fromkeys("abcd", ledger),
    )
    with registered(process):
        runs = [services.start("made", in_background=True) for _ in range(12)]

        def work() -> None:
            while Run.objects.unfinished().exists():  # type: ignore[attr-defined]
                take_next("default", limit=3)

        assert together(3, work) == [None] * 3
    assert set(Run.objects.values_list("status", flat=True)) == {"succeeded"}
    assert Article.objects.count() == 4 * len(runs)
    assert each_once()
    assert strandings() == []


def test_of_two_that_get_the_same_message_one_has_the_run() -> None:
    with registered(make_process(task("a", "b"), task("b"), bodies={"a": ledger, "b": ledger})):
        run = services.start("made", in_background=True)
        (track,) = claim("default")
        answers = together(2, lambda: work_on(run.pk, track.run.fence, using="default"))
    assert sorted(answers) == [False, True]
    assert each_once()
    run.refresh_from_db()
    assert run.status == "succeeded"


def test_a_message_that_is_late_or_comes_again_does_nothing() -> None:
    with registered(make_process(task("a"), bodies={"a": ledger})):
        run = services.start("made", in_background=True)
        (track,) = claim("default")
        assert not work_on(run.pk, track.run.fence - 1, using="default")
        assert work_on(run.pk, track.run.fence, using="default")
        assert not work_on(run.pk, track.run.fence, using="default")
        assert not work_on(run.pk + 1, 0, using="default")
    assert rows_of(run) == [("a", "succeeded")]


def test_a_message_that_is_lost_costs_no_more_than_the_lease() -> None:
    with registered(make_process(task("a"), bodies={"a": ledger})):
        run = services.start("made", in_background=True)
        claim("default")
        with time_machine.travel(timezone.now() + timedelta(seconds=59), tick=False):
            assert run_due() == 0
        with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
            assert run_due() == 1
    assert rows_of(run) == [("a", "succeeded")]


def test_one_answer_of_two_is_taken() -> None:
    alice = User.objects.create_user("alice")
    with registered(make_process(node("ask", Kind.INPUT, "b"), task("b"), bodies={"b": ledger})):
        run = services.start("made")
        answers = together(2, lambda: services.provide_input(run.pk, {"yes": True}, actor=alice))
    assert sorted(type(each).__name__ for each in answers) == ["Run", "WrongStateError"]
    assert rows_of(run) == [("ask", "succeeded"), ("b", "succeeded")]


def test_each_of_many_messages_reaches_one_run_whoever_comes_first() -> None:
    process = make_process(node("listen", Kind.RECEIVE, "b", run="paid", register="n"), task("b"), bodies={"b": ledger})
    count = 12
    with registered(process):
        turns = iter(range(count))

        def begin_and_tell() -> None:
            for turn in turns_of_mine():
                if turn % 2:
                    services.start("made")
                    services.send_message("paid", data=turn)
                else:
                    services.send_message("paid", data=turn)
                    services.start("made")

        lock = threading.Lock()

        def turns_of_mine() -> Iterator[int]:
            while True:
                with lock:
                    turn = next(turns, None)
                if turn is None:
                    return
                yield turn

        assert together(3, begin_and_tell) == [None] * 3
        # Two that have passed each other by look again soon.
        with time_machine.travel(timezone.now() + timedelta(seconds=2)):
            while deliver_next_message("default") or run_due():
                pass
    assert strandings() == []
    assert list(Run.objects.unfinished().values("pk", "status", "waiting_for", "due_at", "fence")) == []  # type: ignore[attr-defined]
    assert sorted(run.state["n"] for run in Run.objects.filter(status="succeeded")) == list(range(count))
    assert not Message.objects.filter(taken_at__isnull=True).exists()
    assert each_once()


@pytest.mark.parametrize("mode", [None, Mode.LOCAL, Mode.EXTERNAL])
def test_a_step_whose_run_is_cancelled_meanwhile_leaves_nothing_in_the_database(mode: Mode | None) -> None:
    def body(context: Any) -> None:
        if mode is not Mode.EXTERNAL:
            ledger(context)
        if connection.vendor == "sqlite" and connection.in_atomic_block:
            # Nobody else can write; in the same transaction it is the same.
            services.cancel(context.run_id)
        else:
            assert not isinstance(Call(lambda: services.cancel(context.run_id)).answer(), BaseException)

    with registered(make_process(task("a", "b", mode=mode), task("b"), bodies={"a": body, "b": ledger})):
        run = services.start("made", in_background=True)
        run_due()
        run_due()
    run.refresh_from_db()
    if connection.vendor == "sqlite" and mode is not Mode.EXTERNAL:
        # The cancellation was the step's own, and went with it.
        return
    assert (run.status, rows_of(run), Article.objects.count()) == ("cancelled", [], 0)


@pytest.mark.parametrize("mode", [None, Mode.LOCAL, Mode.EXTERNAL])
def test_who_has_lost_a_run_writes_nothing_though_the_new_one_is_not_done_yet(mode: Mode | None) -> None:
    if connection.vendor == "sqlite" and mode is not Mode.EXTERNAL:
        pytest.skip("Nobody can take a run while the transaction of its step has the only lock.")
    gates = [Gate(), Gate()]
    left = iter([0, 1])

    def body(context: Any) -> int:
        turn = next(left)
        gates[turn]()
        return turn

    with registered(make_process(task("a", mode=mode, register="turn"), bodies={"a": body})):
        run = services.start("made", in_background=True)
        first = Call(lambda: take_next("default"))
        gates[0].wait()
        make_due(run)
        second = Call(lambda: take_next("default"))
        gates[1].wait()
        gates[0].open()
        assert first.answer() == 1
        assert rows_of(run) == []
        gates[1].open()
        assert second.answer() == 1
    run.refresh_from_db()
    assert (run.status, run.state, rows_of(run)) == ("succeeded", {"turn": 1}, [("a", "succeeded")])


# --- long steps -------------------------------------------------------------------------------------------------------


def test_a_long_step_keeps_its_run(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DJACTION_LEASE_SECONDS = 1
    # The one of this process may have been begun with a longer lease.
    monkeypatch.setattr(drive, "keeper", Keeper())
    gate, begun = Gate(), []

    def long(context: Any) -> None:
        begun.append(threading.get_ident())
        gate()

    with registered(make_process(task("a", mode=Mode.EXTERNAL), bodies={"a": long})):
        run = services.start("made", in_background=True)
        working = Call(lambda: take_next("default"))
        gate.wait()
        ends_at, taken = time.monotonic() + 2, 0
        while time.monotonic() < ends_at:
            taken += take_next("default")
            time.sleep(0.05)
        gate.open()
        assert working.answer() == 1
    assert (taken, len(begun)) == (0, 1)
    assert rows_of(run) == [("a", "succeeded")]


# --- clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_clock_that_jumps_within_a_step_loses_and_doubles_nothing(hours: int) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:

        def jump(context: Any) -> str:
            clock.shift(timedelta(hours=hours))
            return ledger(context)

        process = make_process(
            task("a", "split"),
            node("split", Kind.SPLIT, Edge("b", "one"), Edge("c", "two"), join="join"),
            task("b", "join", mode=Mode.EXTERNAL),
            task("c", "join", mode=Mode.LOCAL),
            node("join", Kind.JOIN),
            bodies={"a": jump, "b": jump, "c": jump},
        )
        with registered(process):
            run = services.start("made", in_background=True)
            run_due()
            clock.shift(timedelta(hours=100))
            run_due()
    run.refresh_from_db()
    assert (run.status, strandings()) == ("succeeded", [])
    assert each_once()


def test_a_clock_that_is_put_back_delays_a_timer_by_no_more_than_that() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        process = make_process(task("a", policy=Policy(wait_for=literal(600))), bodies={"a": ledger})
        with registered(process):
            run = services.start("made")
            clock.shift(-timedelta(hours=1))
            assert run_due() == 0
            clock.shift(timedelta(hours=1, minutes=11))
            assert run_due() == 1
    run.refresh_from_db()
    assert run.status == "succeeded"
