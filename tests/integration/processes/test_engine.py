"""Runs from their start to their end: order, state, waits, branches, failures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from actions.processes import services
from actions.processes.expressions import literal, path, text
from actions.processes.graph import Edge, Kind, Mode
from actions.processes.models import Run, StepRun
from actions.processes.policies import Policy, Retry
from tests.processes import make_due, make_process, node, registered, rows_of, run_due, task

pytestmark = pytest.mark.django_db
MODES = [None, Mode.LOCAL, Mode.PURE, Mode.EXTERNAL]


def count(context: Any, **arguments: Any) -> int:
    context.state["n"] = context.state.get("n", 0) + 1
    return int(context.state["n"])


def boom(context: Any, **arguments: Any) -> None:
    raise ValueError("no")


@pytest.mark.parametrize("mode", MODES)
def test_steps_run_in_order_and_hand_on_what_they_register(mode: Mode | None) -> None:
    process = make_process(
        task("a", "b", mode=mode, register="first"),
        task("b", mode=mode, register="second", args={"given": path("state.first")}),
        bodies={"a": lambda context: {"x": 1}, "b": lambda context, given: given["x"] + context.payload["y"]},
    )
    with registered(process):
        run = services.start("made", {"y": 2})
    assert (run.status, run.state) == ("succeeded", {"first": {"x": 1}, "second": 3})
    assert rows_of(run) == [("a", "succeeded"), ("b", "succeeded")]
    run.refresh_from_db()
    assert (run.status, run.state) == ("succeeded", {"first": {"x": 1}, "second": 3})


@pytest.mark.parametrize("mode", MODES)
def test_a_failing_step_fails_the_run_and_leaves_what_was_done_before(mode: Mode | None) -> None:
    process = make_process(
        task("a", "b", mode=mode),
        task("b", "c", mode=mode),
        task("c", mode=mode),
        bodies={"a": count, "b": boom, "c": count},
    )
    with registered(process):
        run = services.start("made")
    run.refresh_from_db()
    assert (run.status, run.node, run.state) == ("failed", "b", {"n": 1})
    assert run.error is not None
    assert (run.error["type"], run.error["detail"], run.error["node"]) == ("ValueError", "no", "b")
    assert rows_of(run) == [("a", "succeeded"), ("b", "failed")]


@pytest.mark.parametrize("mode", MODES)
def test_what_a_failing_step_has_put_into_the_state_is_gone(mode: Mode | None) -> None:
    def half(context: Any) -> None:
        context.state["half"] = True
        raise ValueError("no")

    process = make_process(
        task("a", "b", mode=mode, policy=Policy(ignore_errors=True)),
        task("b", mode=mode),
        bodies={"a": half, "b": count},
    )
    with registered(process):
        run = services.start("made")
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert set(run.state) == {"n"}


def test_a_step_s_writes_are_rolled_back_when_it_fails() -> None:
    def write(context: Any) -> None:
        User.objects.create_user("ada")
        raise ValueError("no")

    with registered(make_process(task("a"), bodies={"a": write})):
        run = services.start("made")
    assert run.status == "failed"
    assert not User.objects.filter(username="ada").exists()


@pytest.mark.parametrize("mode", MODES)
def test_a_failing_step_is_tried_again_as_its_policy_says(mode: Mode | None) -> None:
    tries: list[int] = []

    def third(context: Any) -> int:
        tries.append(context.attempt)
        if context.attempt < 3:
            raise ConnectionError("not yet")
        return context.attempt

    policy = Policy(retry=Retry(attempts=3, delay_seconds=60, on=("OSError",)))
    with registered(make_process(task("a", mode=mode, policy=policy, register="x"), bodies={"a": third})):
        run = services.start("made")
        assert (run.status, run.waiting_for, run.tries) == ("waiting", "retry", 1)
        assert run.due_at is not None
        assert timedelta(seconds=29) < run.due_at - timezone.now() <= timedelta(seconds=60)
        for _turn in range(2):
            make_due(run)
            run_due()
    run.refresh_from_db()
    assert (run.status, run.state) == ("succeeded", {"x": 3})
    # What shares a transaction is done again by itself where that fails.
    assert tries == ([1, 1, 2, 2, 3] if mode is Mode.LOCAL else [1, 2, 3])
    assert rows_of(run) == [("a", "failed"), ("a", "failed"), ("a", "succeeded")]


def test_a_step_skips_waits_and_looks_as_its_policy_says() -> None:
    seen = {"open": False}
    process = make_process(
        task("skipped", "waits", policy=Policy(skip_if=(literal(True),))),
        task("waits", "looks", policy=Policy(wait_for=literal(3600))),
        task("looks", policy=Policy(as_soon_as=({"call": "is_open"},), poll_seconds=10)),
        bodies={"skipped": boom, "waits": count, "looks": count, "is_open": lambda context: seen["open"]},
    )
    with registered(process):
        run = services.start("made")
        assert (run.status, run.waiting_for, run.node) == ("waiting", "time", "waits")
        make_due(run)
        run_due()
        run.refresh_from_db()
        assert run.node == "waits"
        Run.objects.update(entered_at=timezone.now() - timedelta(hours=1))
        make_due(run)
        run_due()
        run.refresh_from_db()
        assert (run.waiting_for, run.node) == ("condition", "looks")
        seen["open"] = True
        make_due(run)
        run_due()
    run.refresh_from_db()
    assert (run.status, run.state) == ("succeeded", {"n": 2})
    assert rows_of(run)[0] == ("skipped", "skipped")


def test_a_split_s_branches_all_run_before_the_join() -> None:
    process = make_process(
        node("split", Kind.SPLIT, Edge("a", "one"), Edge("b", "two"), join="join"),
        task("a", "a2"),
        task("a2", "join"),
        task("b", "join", register="b"),
        node("join", Kind.JOIN, "after"),
        task("after"),
        bodies={"a": count, "a2": count, "b": lambda context: 7, "after": count},
    )
    with registered(process):
        run = services.start("made")
    run.refresh_from_db()
    assert (run.status, run.state) == ("succeeded", {"n": 3, "b": 7})
    assert [name for name, _status in rows_of(run)] == ["a", "a2", "b", "split", "after"] or [
        name for name, _status in rows_of(run)
    ] == ["a", "b", "a2", "split", "after"]
    assert Run.objects.filter(root_id=run.pk, status="succeeded").count() == 2


def test_a_nested_split_in_a_loop_joins_each_round() -> None:
    process = make_process(
        task("begin", "outer"),
        node("outer", Kind.SPLIT, Edge("inner", "one"), Edge("c", "two"), join="outer_join"),
        node("inner", Kind.SPLIT, Edge("a", "one"), Edge("b", "two"), join="inner_join"),
        task("a", "inner_join"),
        task("b", "inner_join"),
        node("inner_join", Kind.JOIN, "outer_join"),
        task("c", "outer_join"),
        node("outer_join", Kind.JOIN, "again"),
        node("again", Kind.DECISION, Edge("begin", "more", {"test": "state.rounds < 3"}), Edge("end", "enough")),
        node("end", Kind.END, args={"result": path("state.rounds")}),
        bodies={
            "begin": lambda context: context.state.update(rounds=context.state.get("rounds", 0) + 1),
            **dict.fromkeys("abc", count),
        },
    )
    with registered(process):
        run = services.start("made")
    run.refresh_from_db()
    assert (run.status, run.result, run.state["n"]) == ("succeeded", 3, 9)
    assert Run.objects.filter(root_id=run.pk).count() == 12


def test_an_each_goes_over_a_list_a_few_at_once() -> None:
    process = make_process(
        node(
            "each", Kind.EACH, Edge("one", "body"), target=path("payload.items"), join="join", at_once=2, register="all"
        ),
        task("one", "join", args={"item": path("item")}),
        node("join", Kind.JOIN, "end"),
        node("end", Kind.END),
        bodies={"one": lambda context, item: item * 10},
    )
    with registered(process):
        run = services.start("made", {"items": [1, 2, 3, 4, 5]})
        run.refresh_from_db()
        empty = services.start("made", {"items": []})
    assert (run.status, run.state) == ("succeeded", {"all": [10, 20, 30, 40, 50]})
    assert (empty.status, empty.state) == ("succeeded", {"all": []})


def test_a_branch_that_fails_fails_the_run_and_ends_the_others() -> None:
    process = make_process(
        node("split", Kind.SPLIT, Edge("a", "one"), Edge("b", "two"), join="join"),
        task("a", "join"),
        task("b", "join", policy=Policy(wait_for=literal(3600))),
        node("join", Kind.JOIN),
        bodies={"a": boom, "b": count},
    )
    with registered(process):
        run = services.start("made")
        run.refresh_from_db()
        assert (run.status, run.node) == ("failed", "split")
        assert run.error is not None
        assert "ValueError: no" in run.error["detail"]
        assert sorted(Run.objects.filter(root_id=run.pk).values_list("status", flat=True)) == ["cancelled", "failed"]


def test_a_process_starts_another_one_and_gets_its_result() -> None:
    inner = make_process(
        task("double", "end", register="x"),
        node("end", Kind.END, args={"result": path("state.x")}),
        bodies={"double": lambda context: context.payload["n"] * 2},
        name="inner",
    )
    outer = make_process(
        node("call", Kind.PROCESS, "end", run="inner", args={"n": literal(4)}, register="got"), node("end", Kind.END)
    )
    with registered(inner, outer):
        run = services.start("made")
    run.refresh_from_db()
    assert (run.status, run.state) == ("succeeded", {"got": 8})


def test_an_input_waits_until_somebody_answers(django_user_model: Any) -> None:
    ada = django_user_model.objects.create_user("ada")
    process = make_process(
        node("ask", Kind.INPUT, "end", run="", register="answer"),
        node("end", Kind.END, args={"result": path("state.answer")}),
    )
    with registered(process):
        run = services.start("made")
        assert (run.status, run.waiting_for, run.due_at) == ("waiting", "input", None)
        run = services.provide_input(run, {"yes": True}, actor=ada)
    assert (run.status, run.result) == ("succeeded", {"yes": True})
    assert not hasattr(Run.objects.get(pk=run.pk), "open_task")


@pytest.mark.parametrize("is_early", [False, True])
def test_a_message_reaches_the_run_that_waits_or_will_wait_for_it(is_early: bool) -> None:
    process = make_process(
        node("listen", Kind.RECEIVE, "end", run="paid", target=path("payload.order"), register="payment"),
        node("end", Kind.END),
    )
    with registered(process):
        if is_early:
            services.send_message("paid", key=7, data={"amount": 5})
            other = services.start("made", {"order": 8})
            run = services.start("made", {"order": 7})
        else:
            other = services.start("made", {"order": 8})
            run = services.start("made", {"order": 7})
            assert (run.status, run.due_at) == ("waiting", None)
            message = services.send_message("paid", key=7, data={"amount": 5})
            from actions.processes.services.messaging import deliver

            deliver(message, "default")
    run.refresh_from_db()
    other.refresh_from_db()
    assert (run.status, run.state) == ("succeeded", {"payment": {"amount": 5}})
    assert other.status == "waiting"


def test_a_failed_run_is_taken_back_in_reverse_order() -> None:
    undone: list[Any] = []
    process = make_process(
        task("a", "b", policy=Policy(compensate="undo_it")),
        task("b", "c", policy=Policy(compensate="undo_it")),
        task("c"),
        bodies={
            "a": lambda context: "A",
            "b": lambda context: "B",
            "c": boom,
            "undo_it": lambda context: undone.append(context.result),
        },
        compensates=True,
    )
    with registered(process):
        run = services.start("made")
    run.refresh_from_db()
    assert (run.status, undone) == ("failed", ["B", "A"])
    assert list(StepRun.objects.filter(is_undoing=True).values_list("node", flat=True)) == ["b", "a"]


def test_texts_and_loops_of_many_steps() -> None:
    process = make_process(
        task("a", "more", mode=Mode.PURE),
        node("more", Kind.DECISION, Edge("a", "more", {"test": "state.n < 1500"}), Edge("end", "enough")),
        node("end", Kind.END, args={"result": text("{{ state.n }} times")}),
        bodies={"a": count},
    )
    with registered(process):
        run = services.start("made")
    assert (run.status, run.result) == ("succeeded", "1500 times")
    assert len(rows_of(run)) == 3000


def test_what_comes_after_a_join_is_in_the_state_that_the_caller_gets() -> None:
    process = make_process(
        node("split", Kind.SPLIT, Edge("a", "one"), join="join"),
        task("a", "join", mode=Mode.PURE),
        node("join", Kind.JOIN, "b"),
        task("b", register="b"),
        bodies={"a": lambda context: 1, "b": lambda context: 2},
    )
    with registered(process):
        run = services.start("made")
    assert (run.status, run.state) == ("succeeded", {"b": 2})
