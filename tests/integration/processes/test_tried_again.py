"""Runs of which a part has failed, or has come too late, and that are tried again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.utils import timezone

from actions.exceptions import RefusedError
from actions.processes import services
from actions.processes.executor import waits
from actions.processes.expressions import literal, path
from actions.processes.graph import Edge, Kind
from actions.processes.models import Run
from actions.processes.policies import Policy
from actions.processes.services import control, starting
from tests.processes import make_due, make_process, node, registered, run_due, task

pytestmark = pytest.mark.django_db

HOUR = Policy(timeout_seconds=3600)


class Failing:
    """A body that fails for the values that it is told to."""

    def __init__(self, *values: Any) -> None:
        self.values = set(values)
        self.called: list[Any] = []

    def __call__(self, context: Any, n: Any = None) -> Any:
        self.called.append(n)
        if n in self.values:
            raise ValueError(f"not {n}")
        return n


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def child() -> Iterator[Failing]:
    body = Failing("b")
    process = make_process(
        task("one", "end", args={"n": path("payload.n")}, register="r"),
        node("end", Kind.END, args={"result": path("state.r")}),
        bodies={"one": body},
        name="child",
    )
    with registered(process):
        yield body


def call(**options: Any) -> Any:
    return node("call", Kind.PROCESS, options.pop("target", "end"), run="child", register="got", **options)


def end() -> Any:
    return node("end", Kind.END, args={"result": path("state.got")})


def refreshed(run: Run) -> Run:
    run.refresh_from_db()
    return run


def too_late(run: Run) -> None:
    """As if it had come to its node long ago."""
    Run.objects.filter(pk=run.pk).update(entered_at=timezone.now() - timedelta(days=1))
    make_due(run)


@pytest.mark.parametrize("at_once", [None, 1, 2])
def test_a_loop_over_a_process_goes_on_with_what_is_left_of_it(child: Failing, at_once: int | None) -> None:
    outer = make_process(
        node("each", Kind.EACH, Edge("call", "body"), target=literal(list("abcd")), join="join", at_once=at_once),
        call(args={"n": path("item")}, target="join"),
        node("join", Kind.JOIN, "end"),
        node("end", Kind.END),
    )
    with registered(outer):
        run = services.start("made")
        assert refreshed(run).status == "failed"
        child.values.clear()
        services.retry(run)
        run_due()
    assert (refreshed(run).status, run.error) == ("succeeded", None)
    assert sorted(child.called, key=str) == ["a", "b", "b", "c", "d"]


def test_a_run_takes_what_its_process_has_come_to_since(child: Failing) -> None:
    with registered(make_process(call(args={"n": literal("b")}), end())):
        run = services.start("made")
        assert refreshed(run).status == "failed"
        child.values.clear()
        assert services.retry(Run.objects.get(parent_id=run.pk)).status == "succeeded"
        services.retry(run)
        run_due()
    assert (refreshed(run).status, run.result, child.called) == ("succeeded", "b", ["b", "b"])


def test_a_run_waits_for_its_process_that_goes_on_by_now(ada: User) -> None:
    body = Failing(None)
    inner = make_process(
        task("one", "ask"),
        node("ask", Kind.INPUT, "end"),
        node("end", Kind.END),
        bodies={"one": body},
        name="child",
    )
    with registered(inner, make_process(call(), end())):
        run = services.start("made")
        assert refreshed(run).status == "failed"
        body.values.clear()
        asked = services.retry(Run.objects.get(parent_id=run.pk))
        assert services.retry(run).waiting_for == "process"
        services.provide_input(asked, {}, actor=ada)
        run_due()
    assert (refreshed(run).status, len(body.called)) == ("succeeded", 2)


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_process_that_takes_too_long_is_ended_with_the_step_that_waits_for_it(goes_on: bool) -> None:
    inner = make_process(node("ask", Kind.INPUT, "end"), node("end", Kind.END), name="child")
    policy = Policy(timeout_seconds=3600, on_error="end" if goes_on else "")
    with registered(inner, make_process(call(policy=policy), node("end", Kind.END))):
        run = services.start("made")
        too_late(run)
        run_due()
    assert refreshed(run).status == ("succeeded" if goes_on else "failed")
    assert Run.objects.get(parent_id=run.pk).status == "cancelled"


def test_a_process_that_took_too_long_has_all_of_its_time_again(ada: User) -> None:
    inner = make_process(node("ask", Kind.INPUT, "end"), node("end", Kind.END), name="child")
    with registered(inner, make_process(call(policy=HOUR), end())):
        run = services.start("made")
        too_late(run)
        run_due()
        services.retry(run)
        run_due()
        assert refreshed(run).waiting_for == "process"
        assert run.due_at is not None
        assert run.due_at > timezone.now()
        services.provide_input(Run.objects.get(parent_id=run.pk), {}, actor=ada)
        run_due()
    assert refreshed(run).status == "succeeded"


@pytest.mark.parametrize("kind", [Kind.INPUT, Kind.RECEIVE])
def test_somebody_who_came_too_late_has_all_of_his_time_again(kind: Kind) -> None:
    with registered(make_process(node("ask", kind, "end", run="paid", policy=HOUR), node("end", Kind.END))):
        run = services.start("made")
        too_late(run)
        run_due()
        assert refreshed(run).status == "failed"
        services.retry(run)
        run_due()
    assert refreshed(run).status == "waiting"


def test_a_deadlock_while_a_process_is_waited_for_begins_it_no_second_time(child: Failing) -> None:
    with registered(make_process(call(args={"n": literal("a")}), end())):
        with mock.patch.object(waits, "_look_at_process", side_effect=OperationalError("deadlock")):
            run = services.start("made")
        assert (refreshed(run).status, run.waiting_for) == ("waiting", "process")
        make_due(run)
        run_due()
    assert (refreshed(run).status, child.called) == ("succeeded", ["a"])


# --- one at the most --------------------------------------------------------------------------------------------------


def test_a_run_that_is_tried_again_has_its_unique_key_again() -> None:
    body = Failing(None)
    process = make_process(
        task("one", "ask"), node("ask", Kind.INPUT, "end"), node("end", Kind.END), bodies={"one": body}
    )
    with registered(process):
        first = services.start("made", unique_key="order-7")
        assert first.status == "failed"
        body.values.clear()
        second = services.start("made", unique_key="order-7")
        with pytest.raises(RefusedError, match=f"Run {second.pk} of made is not over yet"):
            services.retry(first)
        assert refreshed(first).status == "failed"
        services.cancel(second)
        assert services.retry(first).status == "waiting"
        with pytest.raises(RefusedError, match=f"Run {first.pk} of made is not over yet"):
            services.start("made", unique_key="order-7")


def test_a_run_that_is_tried_again_beside_one_that_was_just_started_is_refused() -> None:
    body = Failing(None)
    process = make_process(
        task("one", "ask"), node("ask", Kind.INPUT, "end"), node("end", Kind.END), bodies={"one": body}
    )
    with registered(process):
        first = services.start("made", unique_key="order-7")
        body.values.clear()
        second = services.start("made", unique_key="order-7")
        # The first look comes before the other one is there.
        looks = [starting.refuse_second, lambda *_: None]

        def look(*given: Any) -> None:
            looks.pop()(*given)

        with (
            mock.patch.object(control, "refuse_second", side_effect=look),
            pytest.raises(RefusedError, match=f"Run {second.pk} of made is not over yet"),
        ):
            services.retry(first)


def test_long_unique_keys_are_told_apart() -> None:
    with registered(make_process(node("ask", Kind.INPUT, "end"), node("end", Kind.END))):
        runs = {services.start("made", unique_key="k" * 300 + end).pk for end in "ab"}
    assert len(runs) == 2


# --- taken back -------------------------------------------------------------------------------------------------------


def test_a_paused_run_that_is_cancelled_is_taken_back() -> None:
    undone: list[str] = []
    process = make_process(
        task("one", "ask", policy=Policy(compensate="undo_one")),
        node("ask", Kind.INPUT, "end"),
        node("end", Kind.END),
        bodies={"one": lambda context: None, "undo_one": lambda context: undone.append("one")},
        compensates=True,
    )
    with registered(process):
        run = services.start("made")
        services.pause(run)
        assert services.cancel(run).status == "cancelled"
    assert (undone, refreshed(run).paused_at) == (["one"], None)
