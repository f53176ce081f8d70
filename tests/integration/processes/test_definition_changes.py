"""Definitions that change under runs which wait, and callers whose transaction is taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from actions.processes import services
from actions.processes.expressions import literal, path
from actions.processes.graph import Edge, Kind, Mode, OnChange
from actions.processes.models import Run
from actions.processes.policies import Policy
from tests.app.models import Article
from tests.processes import make_due, make_process, node, registered, rows_of, run_due, task
from tests.storm.invariants import strandings

pytestmark = pytest.mark.django_db(transaction=True)


def ledger(context: Any, **arguments: Any) -> str:
    Article.objects.create(title=f"{context.run_id} {context.node} {context.place}")
    return str(context.node)


# --- callers with a transaction of their own --------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [None, Mode.LOCAL, Mode.PURE, Mode.EXTERNAL])
def test_a_run_shares_the_fate_of_the_transaction_that_it_was_started_in(mode: Mode | None) -> None:
    done: list[str] = []
    process = make_process(task("a", mode=mode), bodies={"a": lambda context: done.append("a")})
    with registered(process):
        with transaction.atomic():
            services.start("made")
            transaction.set_rollback(True)
        assert not Run.objects.exists()
        assert mode is not Mode.EXTERNAL or not done
        run_due()
        run = services.start("made")
    assert rows_of(run) == [("a", "succeeded")]


def test_a_step_that_acts_outside_waits_for_the_commit_of_all_that_is_around_it() -> None:
    seen: list[bool] = []
    process = make_process(
        task("a", "b"),
        task("b", "c", mode=Mode.EXTERNAL),
        task("c"),
        bodies={"a": ledger, "b": lambda context: seen.append(connection.in_atomic_block), "c": ledger},
    )
    with registered(process):
        with transaction.atomic():
            with transaction.atomic():
                run = services.start("made")
            assert (seen, run.node) == ([], "b")
        assert seen == [False]
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert rows_of(run) == [("a", "succeeded"), ("b", "succeeded"), ("c", "succeeded")]


def test_an_answer_that_is_taken_back_leaves_the_run_waiting() -> None:
    alice = User.objects.create_user("alice")
    done: list[str] = []
    process = make_process(
        node("ask", Kind.INPUT, "b"),
        task("b", mode=Mode.EXTERNAL),
        bodies={"b": lambda context: done.append("b")},
    )
    with registered(process):
        run = services.start("made")
        with transaction.atomic():
            services.provide_input(run, {"yes": True}, actor=alice)
            transaction.set_rollback(True)
        run_due()
        assert (done, strandings()) == ([], [])
        run = services.provide_input(Run.objects.get(pk=run.pk), {"yes": True}, actor=alice)
    assert (run.status, done) == ("succeeded", ["b"])


# --- definitions that change under a run ------------------------------------------------------------------------------


def version(names: str, on_change: OnChange = OnChange.AUTO, **bodies: Any) -> Any:
    """A process of tasks in a row; the second one waits for an hour."""
    nodes = []
    for place, name in enumerate(names):
        policy = Policy(wait_for=literal(3600)) if place == 1 else Policy()
        nodes.append(task(name, names[place + 1] if place + 1 < len(names) else "", policy=policy))
    functions = dict.fromkeys(names, ledger) | bodies
    return make_process(*nodes, bodies=functions, on_change=on_change)


def later(run: Run) -> Run:
    """When its time has come."""
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
        make_due(run)
        run_due()
    run.refresh_from_db()
    return run


@pytest.mark.parametrize(("on_change", "last"), [(OnChange.AUTO, "abx"), (OnChange.PIN, "abc")])
def test_a_waiting_run_goes_on_by_the_definition_that_the_policy_says(on_change: OnChange, last: str) -> None:
    with registered(version("abc", on_change)):
        run = services.start("made")
    assert run.waiting_for == "time"
    with registered(version("abx", on_change, c=ledger)):
        run = later(run)
    assert (run.status, "".join(name for name, _status in rows_of(run))) == ("succeeded", last)


def test_a_run_that_is_to_be_asked_about_stops_and_goes_on_when_it_is_moved_or_the_former_is_back() -> None:
    with registered(version("abc", OnChange.ASK)):
        first, second = services.start("made"), services.start("made")
    with registered(version("abx", OnChange.ASK)):
        first, second = later(first), later(second)
        assert (first.status, first.stopped_at is not None, first.due_at) == ("waiting", True, None)
        assert "move" in first.error["detail"]
        assert strandings() == []
        services.move(first)
        assert later(first).status == "succeeded"
    with registered(version("abc", OnChange.ASK)):
        services.resume(second)
        assert later(second).status == "succeeded"
    assert [name for name, _ in rows_of(first)] == ["a", "b", "x"]
    assert [name for name, _ in rows_of(second)] == ["a", "b", "c"]


def test_a_run_whose_node_is_gone_stops_with_a_reason_and_can_be_moved_or_resumed() -> None:
    with registered(version("abc")):
        first, second = services.start("made"), services.start("made")
    with registered(version("ayc")):
        first, second = later(first), later(second)
        for run in (first, second):
            assert (run.status, run.stopped_at is not None, run.node) == ("waiting", True, "b")
            assert run.error is not None
            assert '"b"' in run.error["detail"]
        assert len(services.stranded()) == 2
        services.move(first, {"b": "y"})
        assert later(first).status == "succeeded"
    with registered(version("abc")):
        assert services.stranded() == []
        services.resume(second)
        assert later(second).status == "succeeded"
    assert [name for name, _ in rows_of(first)] == ["a", "y", "c"]
    assert [name for name, _ in rows_of(second)] == ["a", "b", "c"]


@pytest.mark.parametrize("mode", [None, Mode.LOCAL, Mode.PURE, Mode.EXTERNAL])
def test_a_run_whose_function_or_process_is_gone_waits_for_it(mode: Mode | None) -> None:
    def make(**bodies: Any) -> Any:
        return make_process(task("a", policy=Policy(wait_for=literal(3600)), mode=mode, register="x"), bodies=bodies)

    with registered(make(a=ledger)):
        run = services.start("made")
    later(run)
    assert (run.stopped_at is not None, run.status, run.due_at) == (True, "waiting", None)
    with registered(make()):
        services.resume(run)
        later(run)
        assert (run.stopped_at is not None, run.status, run.due_at) == (True, "waiting", None)
        assert run.error is not None
        assert '"a"' in run.error["detail"]
    with registered(make(a=ledger)):
        services.resume(run)
        assert later(run).status == "succeeded"
    assert (run.error, run.stopped_at) == (None, None)
    assert rows_of(run) == [("a", "succeeded")]


def test_a_branch_goes_on_by_the_new_definition_too() -> None:
    def make(after: str) -> Any:
        return make_process(
            node("split", Kind.SPLIT, Edge("a", "one"), Edge("b", "two"), join="join"),
            task("a", "join", policy=Policy(wait_for=literal(3600)), args={"given": path("payload.given")}),
            task("b", "join"),
            node("join", Kind.JOIN, after),
            task(after),
            bodies={"a": ledger, "b": ledger, after: ledger},
        )

    with registered(make("old")):
        run = services.start("made", {"given": 1})
    with registered(make("new")), time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
        run_due()
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert [name for name, _ in rows_of(run)] == ["b", "a", "split", "new"]
