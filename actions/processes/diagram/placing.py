"""Coordinates across: each row is drawn to the row before it as far as the distances within it allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from .layering import Layers

BETWEEN_BOXES = 30.0
BETWEEN_POINTS = 16.0
MOST_ROUNDS = 30
WORK = 250_000
STRAIGHTENINGS = 4
STRAIGHT = 8.0
"""How much more than a box's a point's place counts: long lines are to be straight."""


def spread(wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Places as near as possible to the wanted ones, with at least the gaps between neighbours.

    The least sum of weighted squares, by merging neighbours that push each other ("pool adjacent violators"): M. Ayer
    and others, "An Empirical Distribution Function for Sampling with Incomplete Information", 1955.

    Args:
        wanted: In the order that is kept.
        weights: How much each counts.
        gaps: One less than places.
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[tuple[float, float, int]] = []
    for place, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, total, count = place - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            before, heft, number = blocks.pop()
            mean = (before * heft + mean * total) / (heft + total)
            total, count = total + heft, count + number
        blocks.append((mean, total, count))
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def columns(layers: Layers) -> list[float]:
    """The middle of each vertex across."""
    return _Columns(layers).placed()


class _Columns:
    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self.gaps = [[self.distance(one, other) for one, other in pairwise(row)] for row in layers.rows]
        self.position = {vertex: at for row in layers.rows for at, vertex in enumerate(row)}
        self.x = [0.0] * len(layers.row)
        for row, gaps in zip(layers.rows, self.gaps, strict=True):
            for vertex, place in zip(row, spread([0.0] * len(row), [1.0] * len(row), gaps), strict=True):
                self.x[vertex] = place

    def distance(self, one: int, other: int) -> float:
        """From middle to middle."""
        thin = self.layers.is_point(one) or self.layers.is_point(other)
        apart = BETWEEN_POINTS if thin else BETWEEN_BOXES
        return (self.layers.widths[one] + self.layers.widths[other]) / 2 + apart

    def placed(self) -> list[float]:
        layers = self.layers
        rounds = max(4, min(MOST_ROUNDS, WORK // max(1, len(layers.row))))
        above = [self.drawing(each) for each in layers.above]
        below = [self.drawing(each) for each in layers.below]
        both = [self.drawing([*up, *down]) for up, down in zip(layers.above, layers.below, strict=True)]
        for number in range(rounds):
            neighbours = both if number > rounds // 2 else below if number % 2 else above
            self.draw(neighbours, is_down=number % 2 == 0)
        for _ in range(min(STRAIGHTENINGS, rounds // 3)):
            self.straighten()
        return self.x

    def drawing(self, neighbours: list[int]) -> list[int]:
        """Those that a vertex is drawn to; not bars, which come to where their neighbours are."""
        return [each for each in neighbours if not self.layers.is_bar(each)] or neighbours

    def draw(self, neighbours: list[list[int]], *, is_down: bool) -> None:
        rows = list(zip(self.layers.rows, self.gaps, strict=True))
        for row, gaps in rows if is_down else reversed(rows):
            wanted = [self.wanted(vertex, neighbours[vertex]) for vertex in row]
            weights = [self.weight(vertex, neighbours[vertex]) for vertex in row]
            for vertex, place in zip(row, spread(wanted, weights, gaps), strict=True):
                self.x[vertex] = place

    def wanted(self, vertex: int, neighbours: list[int]) -> float:
        x = self.x
        return sum([x[each] for each in neighbours]) / len(neighbours) if neighbours else x[vertex]

    def weight(self, vertex: int, neighbours: list[int]) -> float:
        if not neighbours:
            return 0.1
        return STRAIGHT if self.layers.is_point(vertex) else float(len(neighbours))

    def straighten(self) -> None:
        """Let lines and boxes that simply follow each other stand below each other, as far as there is room."""
        followed = [below[0] if len(below) == 1 else None for below in self.layers.below]
        for vertex, above in enumerate(self.layers.above):
            if len(above) != 1 or followed[above[0]] is None:
                self.align(self.following(vertex, followed))

    def following(self, vertex: int, followed: list[int | None]) -> Iterator[int]:
        """A vertex and those below it that have no other above them."""
        at: int | None = vertex
        while at is not None:
            yield at
            at = followed[at]
            if at is not None and len(self.layers.above[at]) != 1:
                return

    def align(self, vertices: Iterable[int]) -> None:
        run: list[int] = []
        low, high = float("-inf"), float("inf")
        for vertex in vertices:
            least, most = self.room(vertex)
            if max(low, least) > min(high, most):
                self.settle(run, low, high)
                run, low, high = [], float("-inf"), float("inf")
            run.append(vertex)
            low, high = max(low, least), min(high, most)
        self.settle(run, low, high)

    def settle(self, run: list[int], low: float, high: float) -> None:
        if run:
            mean = sum(self.x[vertex] for vertex in run) / len(run)
            for vertex in run:
                self.x[vertex] = min(max(mean, low), high)

    def room(self, vertex: int) -> tuple[float, float]:
        """Between which places a vertex may be without touching its neighbours."""
        row = self.layers.row[vertex]
        at = self.position[vertex]
        neighbours, gaps = self.layers.rows[row], self.gaps[row]
        low = self.x[neighbours[at - 1]] + gaps[at - 1] if at else float("-inf")
        high = self.x[neighbours[at + 1]] - gaps[at] if at < len(gaps) else float("inf")
        return min(low, self.x[vertex]), max(high, self.x[vertex])
