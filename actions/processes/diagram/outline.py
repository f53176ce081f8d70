"""What there is to draw: the nodes of a graph with a mark for its start and its ends, and the arrows between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from actions.processes.graph import NEXT, Edge, Graph, Kind, Node
from actions.processes.states import Status

from .texts import label_lines, plain

ON_ERROR = "on error"
"""Names the way to a policy's `on_error` among the edges of a `NodeState`."""
PASSED = (Status.SUCCEEDED, Status.SKIPPED)


@dataclass(frozen=True, slots=True)
class NodeState:
    """How far a run is with one node."""

    status: Status
    """Of the latest pass."""
    count: int = 1
    """How often the run has come to it."""
    edges: tuple[str, ...] = ()
    """Names of the ways on that were taken, in any pass; "" as "next".

    None: a node that succeeded or was skipped has gone the only way there is, a split all of its ways.
    """


class Role(Enum):
    """What a spot stands for."""

    START = auto()
    NODE = auto()
    STOP = auto()
    """Where the run ends because a node has no edge."""
    MISSING = auto()
    """A node that an edge names and the graph does not have."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Something that arrows lead to and from."""

    role: Role
    name: str
    node: Node | None = None


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way from one spot to another; spots by their position."""

    source: int
    target: int
    name: str = NEXT
    label: tuple[str, ...] = ()
    full: str = ""
    """The label, not shortened."""
    is_error: bool = False
    is_taken: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """All of a picture but for its coordinates."""

    spots: tuple[Spot, ...]
    arrows: tuple[Arrow, ...]


class _Draft:
    """An outline under way."""

    def __init__(self, graph: Graph, done: Mapping[str, NodeState]) -> None:
        self.done = done
        self.spots = [Spot(Role.START, "")]
        self.spots += [Spot(Role.NODE, name, node) for name, node in graph.nodes.items()]
        self.index = {spot.name: number for number, spot in enumerate(self.spots) if spot.role is Role.NODE}
        self.arrows: list[Arrow] = []

    def place(self, name: str) -> int:
        """The position of a node, also of one that the graph does not have."""
        if name not in self.index:
            self.index[name] = self.add(Spot(Role.MISSING, name))
        return self.index[name]

    def add(self, spot: Spot) -> int:
        self.spots.append(spot)
        return len(self.spots) - 1

    def ways_on(self, node: Node) -> None:
        state = self.done.get(node.name)
        here = self.index[node.name]
        for edge in node.edges:
            label, full = label_lines(node, edge)
            there = self.place(edge.target)
            self.arrows.append(Arrow(here, there, edge.name, label, full, is_taken=_takes(node, edge, state)))
        if node.policy.on_error:
            there = self.place(node.policy.on_error)
            taken = state is not None and ON_ERROR in state.edges
            self.arrows.append(Arrow(here, there, ON_ERROR, (ON_ERROR,), ON_ERROR, is_error=True, is_taken=taken))
        if not node.edges and node.kind is not Kind.END:
            stop = self.add(Spot(Role.STOP, node.name))
            taken = state is not None and state.status in PASSED and ON_ERROR not in state.edges
            self.arrows.append(Arrow(here, stop, is_taken=taken))


def outline(graph: Graph, done: Mapping[str, NodeState] | None = None) -> Outline:
    """What there is to draw of a graph; the start's mark is the first spot."""
    draft = _Draft(graph, done or {})
    if graph.start:
        start = draft.place(graph.start)
        draft.arrows.append(Arrow(0, start, is_taken=graph.start in draft.done))
    for node in graph.nodes.values():
        draft.ways_on(node)
    return Outline(tuple(draft.spots), tuple(draft.arrows))


def heading(graph: Graph) -> str:
    """What the picture is called."""
    return plain(f"Process {graph.name}")


def summary(state: NodeState) -> str:
    """A node's state in words."""
    return str(state.status) if state.count == 1 else f"{state.status}, {state.count} passes"


def _takes(node: Node, edge: Edge, state: NodeState | None) -> bool:
    if state is None:
        return False
    if state.edges:
        return edge.name in state.edges or (edge.name == NEXT and "" in state.edges)
    return state.status in PASSED and (len(node.edges) == 1 or node.kind is Kind.SPLIT)
