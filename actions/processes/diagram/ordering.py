"""The order of the vertices within their rows: few crossings, by sweeps that put each at the mean of its neighbours."""

from __future__ import annotations

from bisect import bisect_left, insort

from .layering import Layers

MOST_SWEEPS = 12
WORK = 200_000
"""About how many vertices are looked at in all sweeps together, so that a large graph takes no longer than it may."""


def order(layers: Layers) -> None:
    """Put each row in order; the same graph always comes out the same."""
    _as_found(layers)
    sweeps = max(2, min(MOST_SWEEPS, WORK // max(1, len(layers.row))))
    best, fewest = [list(row) for row in layers.rows], crossings(layers)
    for sweep in range(sweeps):
        if not fewest:
            break
        _sweep(layers, is_down=sweep % 2 == 0)
        count = crossings(layers)
        if count < fewest:
            best, fewest = [list(row) for row in layers.rows], count
    layers.rows = best


def crossings(layers: Layers) -> int:
    """How many pairs of lines between neighbouring rows cross."""
    position = _positions(layers)
    return sum(_inversions(layers, row, position) for row in layers.rows)


def _inversions(layers: Layers, row: list[int], position: list[int]) -> int:
    seen: list[int] = []
    count = 0
    for vertex in row:
        ends = sorted(position[each] for each in layers.below[vertex])
        count += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
        for end in ends:
            insort(seen, end)
    return count


def _positions(layers: Layers) -> list[int]:
    position = [0] * len(layers.row)
    for row in layers.rows:
        for at, vertex in enumerate(row):
            position[vertex] = at
    return position


def _as_found(layers: Layers) -> None:
    """Order the rows as a depth-first search comes along: a tree has no crossings then, and keeps its order."""
    rows: list[list[int]] = [[] for _ in layers.rows]
    seen = [False] * len(layers.row)
    for root in range(len(layers.row)):
        stack = [root]
        while stack:
            vertex = stack.pop()
            if seen[vertex]:
                continue
            seen[vertex] = True
            rows[layers.row[vertex]].append(vertex)
            stack.extend(reversed(layers.below[vertex]))
    layers.rows = rows


def _sweep(layers: Layers, *, is_down: bool) -> None:
    position = _positions(layers)
    neighbours = layers.above if is_down else layers.below
    for row in layers.rows if is_down else reversed(layers.rows):
        row.sort(key=lambda vertex: _mean(neighbours[vertex], position, position[vertex]))
        for at, vertex in enumerate(row):
            position[vertex] = at


def _mean(neighbours: list[int], position: list[int], default: int) -> float:
    return sum(position[each] for each in neighbours) / len(neighbours) if neighbours else default
