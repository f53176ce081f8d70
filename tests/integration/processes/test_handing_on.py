"""Processes that hand the result of each step to the next one: `Graph.hands_on`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from actions.processes import services
from actions.processes.context import Decided
from actions.processes.exceptions import AgainError, WrongStateError
from actions.processes.expressions import literal
from actions.processes.graph import BODY, Edge, Graph, Kind, Mode
from actions.processes.models import Run, StepRun
from actions.processes.policies import Policy, Retry
from tests.processes import make_due, make_process, node, registered, run_due, task

pytestmark = pytest.mark.django_db


def got(context: Any) -> Any:
    return {"got": context.previous}


def handing(*nodes: Any, **bodies: Any) -> Any:
    return make_process(*nodes, bodies=bodies, hands_on=True)


def results(run: Run) -> dict[str, Any]:
    return dict(StepRun.objects.filter(root_id=run.pk, status="succeeded").values_list("node", "result"))


@pytest.mark.parametrize("mode", [None, Mode.LOCAL, Mode.PURE, Mode.EXTERNAL])
def test_a_step_gets_the_result_of_the_one_before(mode: Mode | None) -> None:
    process = handing(
        task("a", "b", mode=mode), task("b", "c", mode=mode), task("c", mode=mode), a=lambda context: 1, b=got, c=got
    )
    with registered(process):
        run = services.start("made")
    assert results(run) == {"a": 1, "b": {"got": 1}, "c": {"got": {"got": 1}}}


def test_the_first_step_gets_nothing_and_nothing_is_kept_where_nobody_asks() -> None:
    with registered(handing(task("a"), a=got)):
        assert results(services.start("made")) == {"a": {"got": None}}
    with registered(make_process(task("a", "b"), task("b"), bodies={"a": lambda context: 1, "b": got})):
        run = services.start("made")
    assert (results(run)["b"], run.note) == ({"got": None}, None)


def test_a_decision_hands_on_what_it_got_or_a_result_of_its_own() -> None:
    def nodes() -> list[Any]:
        ways = (Edge("b", "left"), Edge("c", "right"))
        return [task("a", "d"), node("d", Kind.DECISION, *ways, run="d"), task("b"), task("c", run="b")]

    plain = handing(*nodes(), a=lambda context: 1, b=got, d=lambda context: "left")
    with registered(plain):
        assert results(services.start("made"))["b"] == {"got": 1}
    chooses = handing(*nodes(), a=lambda context: 1, b=got, d=lambda context: Decided(1, has_result=False))
    with registered(chooses):
        assert results(services.start("made")) == {"a": 1, "d": None, "c": {"got": 1}}
    decides = handing(*nodes(), a=lambda context: 1, b=got, d=lambda context: Decided("right", "own"))
    with registered(decides):
        assert results(services.start("made")) == {"a": 1, "d": "own", "c": {"got": "own"}}


def test_it_survives_waits_tries_and_calls_again() -> None:
    seen: list[Any] = []

    def late(context: Any) -> Any:
        seen.append((context.previous, context.note))
        if len(seen) == 1:
            raise AgainError(timedelta(minutes=1), {"seen": 1})
        if len(seen) == 2:
            raise ValueError("once more")
        return context.previous

    process = handing(
        task("a", "w"),
        node("w", Kind.WAIT, "b", policy=Policy(wait_for=literal(60))),
        task("b", "c", run="late", policy=Policy(retry=Retry(attempts=2))),
        task("c"),
        a=lambda context: [1],
        late=late,
        c=got,
    )
    with registered(process):
        run = services.start("made")
        for _turn in range(3):
            Run.objects.filter(pk=run.pk).update(entered_at="2020-01-01T00:00:00Z")
            make_due(run)
            run_due()
    assert [previous for previous, _note in seen] == [[1], [1], [1]]
    assert [note for _previous, note in seen][:2] == [None, {"seen": 1}]
    assert results(run)["c"] == {"got": [1]}


def test_an_answer_is_handed_on_or_is_for_the_next_step_alone() -> None:
    def both(context: Any) -> Any:
        return [context.previous, context.input]

    user = User.objects.create_user("ada")
    for is_prelude in (False, True):
        process = handing(
            task("a", "i"),
            node("i", Kind.INPUT, "b", run="form", is_prelude=is_prelude),
            task("b", "c"),
            task("c"),
            a=lambda context: 1,
            b=both,
            c=both,
        )
        with registered(process):
            run = services.start("made")
            services.provide_input(run, {"x": 2}, actor=user)
        expected = [1, {"x": 2}] if is_prelude else [{"x": 2}, None]
        assert results(run) == {"a": 1, "i": {"x": 2}, "b": expected, "c": [expected, None]}


def test_the_project_s_own_code_answers_without_being_asked_who_it_is() -> None:
    process = handing(node("i", Kind.INPUT, "b", run="form"), task("b"), b=got)
    with registered(process):
        run = services.provide_input(services.start("made"), {"x": 2}, actor=None)
    assert run.status == "succeeded"
    assert StepRun.objects.get(root_id=run.pk, node="i").input == {"by": None}


def test_branches_get_what_the_split_got_and_the_join_hands_on_their_results() -> None:
    process = handing(
        task("a", "s"),
        node("s", Kind.SPLIT, Edge("x", "x"), Edge("y", "y"), join="j"),
        task("x", "j", run="got"),
        task("y", "w", run="got"),
        node("w", Kind.WAIT, "j", policy=Policy(wait_for=literal(60))),
        node("j", Kind.JOIN, "b"),
        task("b"),
        a=lambda context: 1,
        got=got,
        b=got,
    )
    with registered(process):
        run = services.start("made")
        Run.objects.filter(root_id=run.pk).update(entered_at="2020-01-01T00:00:00Z")
        make_due(Run.objects.get(root_id=run.pk, place=1))
        run_due()
    assert results(run)["b"] == {"got": [{"got": 1}, {"got": 1}]}


def test_items_get_what_the_loop_got() -> None:
    process = handing(
        node("e", Kind.EACH, Edge("x", BODY), join="j", target=literal([1, 2])),
        task("x", "j"),
        node("j", Kind.JOIN, "b"),
        task("b"),
        x=lambda context: context.item * 10,
        b=got,
    )
    with registered(process):
        run = services.start("made")
    assert results(run)["b"] == {"got": [10, 20]}


def test_a_retry_and_a_fork_go_on_with_what_the_step_had_got() -> None:
    broken = [True]

    def breaks(context: Any) -> Any:
        if broken[0]:
            raise ValueError("no")
        return [context.previous, context.input]

    process = handing(
        task("a", "i"), node("i", Kind.INPUT, "b", run="form", is_prelude=True), task("b"), a=lambda c: 1, b=breaks
    )
    with registered(process):
        run = services.provide_input(services.start("made"), {"x": 2}, actor=None)
        assert run.status == "failed"
        broken[0] = False
        assert results(services.retry(run))["b"] == [1, {"x": 2}]
        assert results(services.fork(run, node="b"))["b"] == [1, {"x": 2}]


def test_a_fork_behind_a_join_gets_the_branches_results_and_secrets_are_not_kept() -> None:
    seen: list[Any] = []

    def b(context: Any) -> Any:
        seen.append(context.previous)
        return {"password": "hidden"}

    process = handing(
        node("s", Kind.SPLIT, Edge("x", "x"), Edge("y", "y"), join="j"),
        task("x", "j"),
        task("y", "j"),
        node("j", Kind.JOIN, "b"),
        task("b", "c"),
        task("c"),
        x=lambda c: 1,
        y=lambda c: 2,
        b=b,
        c=lambda c: None,
    )
    with registered(process):
        run = services.start("made")
        services.fork(run, node="b")
        assert seen == [[1, 2], [1, 2]]
        with pytest.raises(WrongStateError, match="secrets"):
            services.fork(run, node="c")


def test_it_is_part_of_the_fingerprint_and_of_the_json_only_where_it_is_asked_for() -> None:
    plain = make_process(task("a")).graph
    handed = handing(task("a")).graph
    assert "hands_on" not in plain.as_json()
    assert Graph.from_json(handed.as_json()) == handed
    assert plain.fingerprint != handed.fingerprint
