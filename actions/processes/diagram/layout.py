"""Where boxes, arrows and labels of a picture lie: a layered layout, from top to bottom, in plain Python.

The same boxes and links always get the same places. Time is about linear in boxes, links and the rows they cross.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .layering import Box, Layers, Link, Size, layers
from .ordering import order
from .placing import columns, spread

__all__ = ["Box", "Layout", "Link", "Place", "Route", "Size", "layout"]

LEAST_GAP = 30.0
MOST_GAP = 72.0
STEEPNESS = 0.05
BETWEEN_PORTS = 12.0
STUB = 12.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box lies."""

    x: float
    """Its middle."""
    y: float
    """Its top."""
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Route:
    """Where an arrow lies."""

    points: tuple[Point, ...]
    """Straight down or up through the rows, and a bend between each two rows."""
    label: Point | None
    """The middle of its label."""
    is_back: bool
    meets: bool = False
    """Whether it ends where it meets another one of its colour, which goes on to the same box."""
    is_cut: bool = False
    """Whether it is only the beginning of an arrow, since a picture with all of it would be too large."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything lies; the top left corner is (0, 0)."""

    places: tuple[Place, ...]
    routes: tuple[Route, ...]
    width: float
    height: float


def layout(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    """Place boxes and links.

    Args:
        boxes: In the order of their declaration, the start first.
        links: Between different boxes.
    """
    rows = layers(boxes, links)
    order(rows)
    return _Drawing(rows, columns(rows)).layout()


class _Drawing:
    """From columns to coordinates."""

    def __init__(self, layers: Layers, x: list[float]) -> None:
        self.layers = layers
        self.x = x
        self.widths = list(layers.widths)
        for vertex, box in enumerate(layers.boxes):
            if box.is_bar:
                self.stretch(vertex)
        self.tops, self.bottoms = self.heights()
        self.ports: dict[tuple[int, int], float] = {}
        self.drawn: set[tuple[int, str]] = set()
        for vertex in range(len(layers.boxes)):
            self.assign(vertex, layers.above[vertex])
            self.assign(vertex, layers.below[vertex])

    def layout(self) -> Layout:
        places = [self.place(vertex) for vertex in range(len(self.layers.boxes))]
        routes = [self.route(number) for number in range(len(self.layers.links))]
        left, right = self.extent(places, routes)
        moved = [replace(place, x=place.x - left) for place in places]
        height = max((place.y + place.height for place in places), default=0.0)
        cut = 2 * STUB if any(route.is_cut for route in routes) else 0.0
        return Layout(tuple(moved), tuple(_moved(route, -left) for route in routes), right - left, height + cut)

    def extent(self, places: list[Place], routes: list[Route]) -> tuple[float, float]:
        edges = [side for place in places for side in (place.x - place.width / 2, place.x + place.width / 2)]
        edges += [x for route in routes for x, _ in route.points]
        for number, vertex in enumerate(self.layers.label):
            if vertex is not None and self.layers.chains[number]:
                half = self.layers.widths[vertex] / 2
                edges += [self.x[vertex] - half, self.x[vertex] + half]
        return min(edges, default=0.0), max(edges, default=0.0)

    def stretch(self, vertex: int) -> None:
        """Let a bar reach over all that it is joined to, as far as its row has room."""
        layers = self.layers
        reached = [self.x[each] for each in (*layers.above[vertex], *layers.below[vertex])]
        row = layers.rows[layers.row[vertex]]
        at = row.index(vertex)
        half = self.widths[vertex] / 2
        left = min([self.x[vertex] - half, *(each - half / 4 for each in reached)])
        right = max([self.x[vertex] + half, *(each + half / 4 for each in reached)])
        if at:
            left = max(left, self.x[row[at - 1]] + self.widths[row[at - 1]] / 2 + BETWEEN_PORTS)
        if at + 1 < len(row):
            right = min(right, self.x[row[at + 1]] - self.widths[row[at + 1]] / 2 - BETWEEN_PORTS)
        self.x[vertex], self.widths[vertex] = (left + right) / 2, right - left

    def heights(self) -> tuple[list[float], list[float]]:
        """The top and the bottom of each row; a gap is the higher, the further lines have to go across in it."""
        tops, bottoms = [], []
        at = 0.0
        for row in self.layers.rows:
            tops.append(at)
            at += max((self.layers.heights[vertex] for vertex in row), default=0.0)
            bottoms.append(at)
            at += self.gap(row)
        return tops, bottoms

    def gap(self, row: list[int]) -> float:
        across = max(
            (self.across(upper, lower) for upper in row for lower in self.layers.below[upper]),
            default=0.0,
        )
        is_open = all(self.layers.is_point(vertex) for vertex in row)
        least = LEAST_GAP * (0.8 if is_open else 1)
        return min(least + across * STEEPNESS, MOST_GAP)

    def across(self, upper: int, lower: int) -> float:
        """How far a line goes to the side, at least."""
        reach = sum(self.widths[each] / 2 for each in (upper, lower) if self.layers.is_bar(each))
        return max(0.0, abs(self.x[upper] - self.x[lower]) - reach)

    def assign(self, vertex: int, neighbours: list[int]) -> None:
        """Give each line that reaches a box on one side a place of its own there."""
        if not neighbours:
            return
        ordered = sorted(neighbours, key=lambda each: self.x[each])
        low, high = self.reach(vertex, len(ordered))
        wanted = [self.wanted(vertex, each, low, high) for each in ordered]
        reach = high - low
        apart = min(BETWEEN_PORTS, reach / max(1, len(ordered) - 1))
        found = spread(wanted, [1.0] * len(ordered), [apart] * (len(ordered) - 1))
        slip = max(0.0, low - found[0]) - max(0.0, found[-1] - high)
        for each, place in zip(ordered, found, strict=True):
            self.ports[vertex, each] = place + slip

    def reach(self, vertex: int, lines: int) -> tuple[float, float]:
        """From where to where lines may begin on one side of a vertex."""
        if self.layers.is_point(vertex):
            return self.x[vertex], self.x[vertex]
        box = self.layers.boxes[vertex]
        wide = self.widths[vertex] - 2 * BETWEEN_PORTS if box.is_bar else box.ports
        half = 0.0 if box.slope and lines == 1 else wide / 2
        return self.x[vertex] - half, self.x[vertex] + half

    def wanted(self, vertex: int, neighbour: int, low: float, high: float) -> float:
        """Where the line between two would best begin: straight above or below the narrower one."""
        from_, to = self.reach(neighbour, 2)
        goal = self.x[neighbour] if to - from_ <= high - low else min(max(self.x[vertex], from_), to)
        return min(max(goal, low), high)

    def place(self, vertex: int) -> Place:
        height = self.layers.heights[vertex]
        row = self.layers.row[vertex]
        return Place(self.x[vertex], (self.tops[row] + self.bottoms[row] - height) / 2, self.widths[vertex], height)

    def route(self, number: int) -> Route:
        chain, is_back = self.layers.chains[number], self.layers.back[number]
        if chain is None:
            return self.stub(number)
        colour = self.layers.links[number].colour
        points = [self.port(chain[0], chain[1], is_top=is_back)]
        before, vertex = chain[0], chain[1]
        while self.layers.is_point(vertex):
            through = (self.tops[self.layers.row[vertex]], self.bottoms[self.layers.row[vertex]])
            points += [(self.x[vertex], y) for y in (reversed(through) if is_back else through)]
            if (vertex, colour) in self.drawn:
                return Route(tuple(points[:-1]), self.label(number), is_back, meets=True)
            self.drawn.add((vertex, colour))
            before, vertex = vertex, self.layers.onward[vertex]
        points.append(self.port(vertex, before, is_top=not is_back))
        return Route(tuple(points), self.label(number), is_back)

    def label(self, number: int) -> Point | None:
        vertex = self.layers.label[number]
        if vertex is None:
            return None
        row = self.layers.row[vertex]
        return self.x[vertex], (self.tops[row] + self.bottoms[row]) / 2

    def port(self, vertex: int, neighbour: int, *, is_top: bool) -> Point:
        place = self.place(vertex)
        x = self.ports[vertex, neighbour]
        fall = abs(x - place.x) * self.layers.boxes[vertex].slope
        return x, place.y + fall if is_top else place.y + place.height - fall

    def stub(self, number: int) -> Route:
        place = self.place(self.layers.links[number].source)
        bottom = place.y + place.height
        x = place.x + self.layers.boxes[self.layers.links[number].source].ports / 2
        return Route(((x, bottom), (x, bottom + STUB)), None, self.layers.back[number], is_cut=True)


def _moved(route: Route, by: float) -> Route:
    label = (route.label[0] + by, route.label[1]) if route.label else None
    return replace(route, points=tuple((x + by, y) for x, y in route.points), label=label)
