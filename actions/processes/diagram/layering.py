"""The first half of a layered layout: each box in a row, each arrow a chain of points from row to row.

Source of the method: K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System
Structures", IEEE Transactions on Systems, Man, and Cybernetics 11 (2), 1981. Arrows to the same box share their points
from the row where they meet, so that a thousand arrows to one box are a thousand points and not half a million.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Size = tuple[float, float]
MOST_POINTS = 40_000
"""Between the rows. The longest arrows of a graph that needs more are cut: they become stubs that name their target."""


@dataclass(frozen=True, slots=True)
class Box:
    """Something to be placed."""

    width: float
    height: float
    ports: float = 0
    """Over which width, about its middle, arrows may begin and end; 0: in the middle."""
    slope: float = 0
    """How much its border falls away per unit from the middle: 0 for a rectangle."""
    is_bar: bool = False
    """Whether it grows over what it is joined to."""


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow to be placed between two different boxes."""

    source: int
    target: int
    label: Size | None = None
    group: str = ""
    """Arrows to the same box share their way where their groups are the same."""
    colour: str = ""
    """A way that is shared is drawn once for each colour."""


@dataclass(slots=True)
class Layers:
    """Vertices in rows: the boxes first, by their numbers, then labels and points."""

    boxes: Sequence[Box]
    links: Sequence[Link]
    back: list[bool]
    """Of each link: whether it leads up."""
    row: list[int]
    """Of each vertex."""
    widths: list[float]
    heights: list[float]
    chains: list[list[int] | None]
    """Of each link, from source to target, or to where it meets an arrow before it; None where it is cut."""
    onward: dict[int, int]
    """Of each point between rows: what follows on the way to its target."""
    label: list[int | None]
    """Of each link: the vertex that holds its label."""
    rows: list[list[int]] = field(default_factory=list)
    below: list[list[int]] = field(default_factory=list)
    above: list[list[int]] = field(default_factory=list)

    def is_point(self, vertex: int) -> bool:
        """Whether an arrow only passes through."""
        return vertex >= len(self.boxes)

    def is_bar(self, vertex: int) -> bool:
        """Whether it grows over what it is joined to."""
        return vertex < len(self.boxes) and self.boxes[vertex].is_bar


def layers(boxes: Sequence[Box], links: Sequence[Link]) -> Layers:
    """Every box in a row below those that lead to it, except for arrows that close a loop."""
    ways = _ways(len(boxes), links)
    order, back = _search(ways, links)
    rank = _ranks(order, ways, links, back)
    return _Chains(boxes, links, back, rank).layers()


def _ways(count: int, links: Sequence[Link]) -> list[list[int]]:
    ways: list[list[int]] = [[] for _ in range(count)]
    for number, link in enumerate(links):
        ways[link.source].append(number)
    return ways


def _search(ways: list[list[int]], links: Sequence[Link]) -> tuple[list[int], list[bool]]:
    """A depth-first search: the boxes, each before all that it leads to, and which links lead back."""
    new, open_, closed = 0, 1, 2
    state = [new] * len(ways)
    back = [False] * len(links)
    finished: list[int] = []
    for root in range(len(ways)):
        stack = [(root, iter(ways[root]))] if state[root] == new else []
        state[root] = open_ if stack else state[root]
        while stack:
            box, rest = stack[-1]
            number = next(rest, None)
            if number is None:
                stack.pop()
                state[box] = closed
                finished.append(box)
                continue
            target = links[number].target
            back[number] = state[target] == open_
            if state[target] == new:
                state[target] = open_
                stack.append((target, iter(ways[target])))
    return finished[::-1], back


def _ranks(order: Iterable[int], ways: list[list[int]], links: Sequence[Link], back: list[bool]) -> list[int]:
    """The longest way to each box."""
    rank = [0] * len(ways)
    for box in order:
        for number in ways[box]:
            if not back[number]:
                target = links[number].target
                rank[target] = max(rank[target], rank[box] + 1)
    return rank


class _Chains:
    """Makes the vertices between the boxes."""

    def __init__(self, boxes: Sequence[Box], links: Sequence[Link], back: list[bool], rank: list[int]) -> None:
        self.links = links
        self.number_rows(rank, back)
        count = len(boxes)
        self.made = Layers(
            boxes,
            links,
            back,
            row=[self.row_of[each] for each in rank],
            widths=[box.width for box in boxes],
            heights=[box.height for box in boxes],
            chains=[None] * len(links),
            onward={},
            label=[None] * len(links),
            above=[[] for _ in range(count)],
            below=[[] for _ in range(count)],
        )
        self.shared: dict[tuple[int, bool, str, int], int] = {}
        self.joined: set[tuple[int, int]] = set()

    def number_rows(self, rank: list[int], back: list[bool]) -> None:
        """A row for each rank, and one for labels behind each rank that has some."""
        labelled = set()
        for link, is_back in zip(self.links, back, strict=True):
            if link.label is not None:
                labelled.add(rank[link.source] - 1 if is_back else rank[link.source])
        self.row_of = []
        at = 0
        for each in range(max(rank, default=0) + 1):
            self.row_of.append(at)
            at += 2 if each in labelled else 1

    def layers(self) -> Layers:
        made = self.made
        for number in sorted(range(len(self.links)), key=self.span):
            if len(made.row) - len(made.boxes) + self.span(number) <= MOST_POINTS:
                self.chain(number)
        made.rows = [[] for _ in range(max(made.row, default=-1) + 1)]
        for vertex, row in enumerate(made.row):
            made.rows[row].append(vertex)
        return made

    def span(self, number: int) -> int:
        link = self.links[number]
        return abs(self.made.row[link.source] - self.made.row[link.target])

    def chain(self, number: int) -> None:
        link, made = self.links[number], self.made
        is_back = made.back[number]
        step = -1 if is_back else 1
        between = range(made.row[link.source] + step, made.row[link.target], step)
        chain = [link.source]
        if link.label is not None:
            made.label[number] = self.vertex(between[0], link.label)
            chain.append(len(made.row) - 1)
        for row in between[len(chain) - 1 :]:
            key = (link.target, is_back, link.group, row)
            chain.append(self.shared.get(key) or self.vertex(row, (0, 0)))
            if key in self.shared:
                break
            self.shared[key] = chain[-1]
        else:
            chain.append(link.target)
        made.chains[number] = chain
        for one, other in pairwise(chain):
            made.onward.setdefault(one, other)
            self.join(*((other, one) if is_back else (one, other)))

    def vertex(self, row: int, size: Size) -> int:
        made = self.made
        made.row.append(row)
        made.widths.append(size[0])
        made.heights.append(size[1])
        made.above.append([])
        made.below.append([])
        return len(made.row) - 1

    def join(self, upper: int, lower: int) -> None:
        if (upper, lower) not in self.joined:
            self.joined.add((upper, lower))
            self.made.below[upper].append(lower)
            self.made.above[lower].append(upper)
