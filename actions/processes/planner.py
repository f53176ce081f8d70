"""Says what is next: a function of the graph, the node and what came of it, with no clock and no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from .graph import NEXT, Edge, Graph, Kind, Node


class Done(Enum):
    """Where there is no next node."""

    RUN = "run"
    """The run is over."""
    BRANCH = "branch"
    """The branch has come to its join."""


@dataclass(frozen=True, slots=True)
class Fail:
    """The run fails."""


Next: TypeAlias = str | Done
FAIL = Fail()


def following(graph: Graph, node: Node, edge: str = NEXT) -> Next:
    """Where an edge of a node leads; the end, where it has none.

    Raises:
        KeyError: It leads to a node that is not there.
    """
    way = node.edge(edge)
    return Done.RUN if way is None else arriving(graph, way.target)


def arriving(graph: Graph, name: str) -> Next:
    """What coming to a node over an edge means: a branch ends at a join, which only its split goes on from."""
    node = graph.nodes[name]
    if node.kind is Kind.JOIN:
        return Done.BRANCH
    return Done.RUN if node.kind is Kind.END and not node.args and not node.policy.has_gates else name


def after_error(graph: Graph, node: Node) -> Next | Fail:
    """Where a run goes on whose node has failed for good."""
    if node.policy.on_error:
        return arriving(graph, node.policy.on_error)
    if node.policy.ignore_errors:
        return following(graph, node, _first(node))
    return FAIL


def _first(node: Node) -> str:
    return node.edges[0].name if node.edges and node.edge() is None else NEXT


def after_join(graph: Graph, node: Node) -> Next:
    """Where a split or each goes on when all that it has begun is over: at its join, or after one without gates.

    Raises:
        KeyError: Its join is not there.
    """
    join = graph.nodes[node.join]
    return join.name if join.policy.has_gates else following(graph, join)


def chosen(node: Node, answer: Any) -> Edge:
    """The edge that a decision's function has chosen, by its name or its number from 0.

    Raises:
        ValueError: There is no such edge.
    """
    names = [edge.name for edge in node.edges]
    if type(answer) is int and 0 <= answer < len(node.edges):
        return node.edges[answer]
    if isinstance(answer, str) and answer in names:
        return node.edges[names.index(answer)]
    expected = f"a number from 0 to {len(names) - 1}, or one of {', '.join(names)}"
    raise ValueError(f"{node.name} decided for {answer!r}. Expected was {expected}.")


def compensable(graph: Graph) -> Mapping[str, Node]:
    """The nodes that have something that takes them back, and those that are processes, whose steps may have."""
    return {name: node for name, node in graph.nodes.items() if node.policy.compensate or node.is_waited_for}
