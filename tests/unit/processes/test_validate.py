"""What is found wrong with a graph, whichever way it was written."""

from __future__ import annotations

from typing import Any

import pytest

from actions.processes.expressions import literal
from actions.processes.graph import Edge, Graph, Kind, Node, Schedule
from actions.processes.policies import Policy, Retry
from actions.processes.validate import problems, reachable

pytestmark = pytest.mark.once


def _task(name: str, *targets: str, **fields: Any) -> Node:
    return Node(name, Kind.TASK, tuple(Edge(target) for target in targets), run="x", **fields)


def _split(name: str, join: str, **ways: str) -> Node:
    return Node(name, Kind.SPLIT, tuple(Edge(target, way) for way, target in ways.items()), join=join)


def _each(name: str, join: str, body: str) -> Node:
    return Node(name, Kind.EACH, (Edge(body, "body"),), join=join, target=literal([1]))


def _decides(name: str, *targets: str) -> Node:
    return Node(name, Kind.DECISION, tuple(Edge(target, target) for target in targets), run="x")


def _join(name: str, *targets: str) -> Node:
    return Node(name, Kind.JOIN, tuple(Edge(target) for target in targets))


def _graph(*nodes: Node, start: str = "") -> Graph:
    return Graph("test", start or nodes[0].name, {node.name: node for node in nodes})


END = Node("end", Kind.END)


def _found(*nodes: Node, start: str = "") -> list[str]:
    return [str(problem) for problem in problems(_graph(*nodes, start=start))]


def test_a_graph_that_is_right_has_no_problems() -> None:
    assert not _found(_split("s", "j", a="a", b="b"), _task("a", "j"), _task("b", "j"), _join("j", "end"), END)


def test_a_graph_needs_a_start() -> None:
    assert _found(_task("a"), start="b") == ['It starts with "b", which is no step. There are: a.']
    assert [str(each) for each in problems(Graph("test", "a", {}))] == ["There are no steps. Add one."]


def test_an_edge_leads_to_a_node() -> None:
    assert _found(_task("a", "ennd"), END) == ['a: goes on to "ennd", which is no step. Did you mean "end"?']


def test_what_follows_an_error_is_a_node() -> None:
    (problem,) = _found(_task("a", policy=Policy(on_error="b")))
    assert 'goes on after an error to "b", which is no step.' in problem


def test_errors_are_ignored_or_handled() -> None:
    (problem,) = _found(_task("a", "end", policy=Policy(on_error="end", ignore_errors=True)), END)
    assert "both ignores errors and handles them" in problem


def test_edges_of_one_node_have_names_of_their_own() -> None:
    node = Node("d", Kind.DECISION, (Edge("end", "a"), Edge("end", "a")), run="x")
    assert _found(node, END) == ['d: has 2 ways on called "a". Give each a name of its own.']


def test_only_decisions_and_splits_have_several_ways() -> None:
    (problem,) = _found(Node("a", Kind.TASK, (Edge("end"), Edge("end", "b")), run="x"), END)
    assert "has 2 ways on: next, b." in problem


def test_the_one_way_on_is_called_next() -> None:
    (problem,) = _found(Node("a", Kind.TASK, (Edge("end", "b"),), run="x"), END)
    assert 'its way on is called "b".' in problem


def test_an_end_does_not_go_on() -> None:
    (problem,) = _found(Node("a", Kind.END, (Edge("end"),)), END)
    assert "is an end and goes on nevertheless." in problem


def test_a_decision_has_a_way_on() -> None:
    assert "is a decision without a way on." in _found(Node("d", Kind.DECISION, run="x"))[0]


def test_nothing_follows_the_way_that_is_taken_in_any_case() -> None:
    node = Node("d", Kind.DECISION, (Edge("end", "a"), Edge("end", "b")))
    (problem,) = _found(node, END)
    assert 'never takes its way "b": "a" before it has no condition.' in problem


def test_conditions_stand_at_the_edges_of_decisions() -> None:
    (problem,) = _found(Node("a", Kind.TASK, (Edge("end", when=literal(True)),), run="x"), END)
    assert "has a condition at an edge that nothing asks for." in problem


@pytest.mark.parametrize("kind", [Kind.TASK, Kind.ACTION, Kind.INPUT, Kind.SEND, Kind.RECEIVE, Kind.PROCESS])
def test_a_node_says_what_it_runs(kind: Kind) -> None:
    (problem,) = _found(Node("a", kind))
    assert problem.startswith("a: names not ")


def test_a_split_has_a_join() -> None:
    assert "is a split without a join." in _found(_split("s", "", a="end"), END)[0]
    assert 's: is joined by "j", which is no step. There are: s, end.' in _found(_split("s", "j", a="end"), END)
    assert 'is joined by "end", which is no join.' in _found(_split("s", "end", a="end"), END)[0]


def test_a_join_belongs_to_one_split() -> None:
    assert "joins the ways of no split." in _found(_task("a", "j"), _join("j"))[0]
    found = _found(_split("s", "j", a="t"), _split("t", "j", a="j"), _join("j"))
    assert "j: is the join of 2 splits. Give each a join of its own." in found


def test_only_splits_and_loops_have_a_join() -> None:
    assert "a: is a task and has a join." in _found(_task("a", "j", join="j"), _join("j"))[0]


def test_a_loop_has_a_body_and_a_list() -> None:
    found = _found(Node("e", Kind.EACH, (Edge("j"),), join="j"), _join("j"))
    assert [problem.partition(".")[0] for problem in found] == [
        'e: needs one edge, "body", to what is done for each item',
        "e: says not of which list it takes the items",
    ]


def test_a_repeat_says_when_and_where_to() -> None:
    assert len(_found(Node("r", Kind.REPEAT))) == 2
    assert not _found(_task("a", "r"), Node("r", Kind.REPEAT, (Edge("a"),), schedule=Schedule(60)))


def test_at_least_one_item_is_worked_on() -> None:
    node = Node("e", Kind.EACH, (Edge("j", "body"),), join="j", target=literal([]), at_once=0)
    assert "works on 0 items at once." in _found(node, _join("j"))[0]


def test_every_node_is_reached() -> None:
    assert _found(_task("a", "end"), _task("b", "end"), END) == [
        "b: is never reached. Have a step go on to it, or remove it."
    ]


def test_what_follows_an_error_is_reached() -> None:
    assert not _found(_task("a", "end", policy=Policy(on_error="b")), _task("b", "end"), END)


def test_every_node_has_a_way_to_an_end() -> None:
    (problem,) = _found(_task("a", "b"), _task("b", "a"), END)
    assert problem.startswith("a: there is no way from here to an end. Nor is there one from b.")


def test_a_node_without_an_edge_ends_the_run() -> None:
    assert not _found(_task("a", "b"), _task("b"))


def test_a_branch_ends_at_its_join() -> None:
    (problem,) = _found(_split("s", "j", a="a", b="b"), _task("a", "j"), _task("b"), _join("j", "end"), END)
    assert problem.startswith('b: ends the run in the middle of "s"')


def test_a_branch_is_not_left() -> None:
    (problem,) = _found(_split("s", "j", a="a", b="b"), _task("a", "j"), _task("b", "c"), _join("j", "c"), _task("c"))
    assert problem.startswith('b: goes on to "c", and so leaves "s" other than by its join.')


def test_a_branch_is_not_entered_from_outside() -> None:
    outer = Node("d", Kind.DECISION, (Edge("s", "x"), Edge("a", "y")), run="x")
    found = _found(outer, _split("s", "j", a="a"), _task("a", "j"), _join("j", "end"), END)
    assert any("leaves" in problem or "which is a step of" in problem for problem in found)


def test_splits_stand_inside_one_another_and_in_loops() -> None:
    assert not _found(
        _each("e", "ej", "s"),
        _split("s", "sj", a="a", b="t"),
        _task("a", "sj"),
        _split("t", "tj", c="c", d="tj"),
        _task("c", "tj"),
        _join("tj", "sj"),
        _join("sj", "ej"),
        _join("ej", "end"),
        END,
    )


def test_an_inner_branch_does_not_go_to_the_outer_join() -> None:
    (problem,) = _found(
        _split("s", "sj", a="t"), _split("t", "tj", b="b", c="tj"), _task("b", "sj"), _join("tj", "sj"), _join("sj")
    )
    assert problem.startswith('b: goes on to "sj", and so leaves "t" other than by its join.')


def test_a_loop_within_a_branch_stays_there() -> None:
    assert not _found(
        _split("s", "j", a="a"),
        _task("a", "d"),
        Node("d", Kind.DECISION, (Edge("a", "again"), Edge("j", "on")), run="x"),
        _join("j", "end"),
        END,
    )


def test_a_deep_graph_is_looked_at_without_recursion() -> None:
    chain = [_task(f"t{number}", f"t{number + 1}") for number in range(5000)]
    assert not _found(*chain, _task("t5000"))


def test_what_can_be_reached_is_told() -> None:
    assert reachable(_graph(_task("a", "end"), _task("b"), END)) == {"a", "end"}


def _failing(name: str, back: str, *targets: str, **policy: Any) -> Node:
    return _task(name, *targets, policy=Policy(on_error=back, **policy))


@pytest.mark.parametrize(
    "nodes",
    [
        [_failing("a", "a", "end")],
        [_task("first", "a"), _failing("a", "first", "end")],
        [_failing("a", "b", "end"), _failing("b", "a", "end")],
        [_split("s", "j", x="b"), _task("b", "j"), _join("j", "a"), _failing("a", "s", "end")],
        [Node("a", Kind.DECISION, (Edge("end", "x"),), run="x", policy=Policy(on_error="a"))],
        [Node("a", Kind.PROCESS, (Edge("end"),), run="x", policy=Policy(on_error="a"))],
    ],
)
def test_an_error_leads_back_to_no_step_without_a_wait(nodes: list[Node]) -> None:
    found = [each for each in _found(*nodes, END) if "without a wait" in each]
    assert found[0].startswith("a: goes on after an error to ")
    assert found[0].endswith("Let it be tried again by retry, or wait on the way.")


@pytest.mark.parametrize(
    "nodes",
    [
        [_failing("a", "w", "end"), Node("w", Kind.WAIT, (Edge("a"),))],
        [_failing("a", "a", "end", wait_for=literal(60))],
        [_failing("a", "a", "end", retry=Retry())],
        [_failing("a", "count", "end"), _task("count", "many"), _decides("many", "a", "end")],
        [Node("ask", Kind.INPUT, (Edge("a"),), run="ask"), _failing("a", "ask", "end")],
        [_failing("a", "b", "end"), _task("b", "end")],
    ],
)
def test_it_may_with_a_wait_or_a_decision_on_the_way(nodes: list[Node]) -> None:
    assert not _found(*nodes, END)
