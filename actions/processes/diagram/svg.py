"""A graph as an SVG picture: no scripts, no styles, no fonts or files from elsewhere, no ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from actions.processes.graph import Graph, Kind
from actions.processes.states import Status

from .elements import FONT, element, label, number, rectangle, titled, words
from .layout import Box, Layout, Link, Place, Point, Route, layout
from .legend import draw_legend, legend_size
from .lines import draw_label, draw_line, draw_loop, label_size, loop_width
from .marks import mark
from .outline import Arrow, NodeState, Outline, Role, heading, outline, summary
from .palette import AHEAD, AHEAD_BAR, FRAME, INK, KINDS, MISSING, PAPER, STATUSES, Look
from .shapes import BARS, RADIUS, Figure, draw, draw_halo, figure
from .texts import TIMES, full, short_count, shorten, text_width

MARGIN = 24.0
MOST_BESIDE = 48.0
"""How wide a number of passes can be."""
OUTSIDE = (Kind.DECISION, Kind.END)
"""Kinds beside which the number of passes stands, since there is no room in their corner."""
MOST_SEPARATE = 24
"""Arrows that reach a bar each on a way of its own."""
MOST_DESCRIBED = 100
"""Nodes that the description for screen readers lists."""
NAMESPACE = "http://www.w3.org/2000/svg"


def svg(graph: Graph, done: Mapping[str, NodeState] | None = None) -> str:
    """A graph as an SVG picture.

    Args:
        graph: What to draw.
        done: How far a run is, by name of node: what has been done is coloured and marked, with a legend below.
    """
    return _Picture(graph, done).drawn()


class _Picture:
    def __init__(self, graph: Graph, done: Mapping[str, NodeState] | None) -> None:
        self.graph = graph
        self.done = done
        self.outline: Outline = outline(graph, done)
        self.figures = [figure(spot) for spot in self.outline.spots]
        self.arrows = [arrow for arrow in self.outline.arrows if arrow.source != arrow.target]
        self.loops = _merged(arrow for arrow in self.outline.arrows if arrow.source == arrow.target)
        self.layout: Layout = layout(self.boxes(), self.links())
        self.is_coloured = done is not None

    def boxes(self) -> list[Box]:
        """As the figures say, with room for arrows from a box to itself."""
        beside = dict.fromkeys(range(len(self.figures)), 0.0)
        for arrow in self.loops:
            beside[arrow.source] = max(beside[arrow.source], loop_width(arrow))
        return [
            Box(each.box.width + 2 * beside[number], each.box.height, each.box.ports, each.box.slope, each.box.is_bar)
            for number, each in enumerate(self.figures)
        ]

    def links(self) -> list[Link]:
        arriving = Counter(arrow.target for arrow in self.arrows)
        return [self.link(arrow, arriving[arrow.target]) for arrow in self.arrows]

    def link(self, arrow: Arrow, arriving: int) -> Link:
        """Arrows to the same box share their way, but those that a bar has room for."""
        group = "error" if arrow.is_error else ""
        if self.figures[arrow.target].box.is_bar and arriving <= MOST_SEPARATE:
            group += str(arrow.source)
        return Link(arrow.source, arrow.target, label_size(arrow), group, "taken" if arrow.is_taken else "")

    def drawn(self) -> str:
        legend = legend_size(self.statuses(), self.layout.width) if self.is_coloured else (0.0, 0.0)
        width = max(self.layout.width + 2 * self.beside(), legend[0]) + 2 * MARGIN
        height = self.layout.height + 2 * MARGIN + legend[1]
        left = (width - self.layout.width) / 2
        moved = f"translate({number(left)} {number(MARGIN)})"
        content = [
            titled(heading(self.graph)),
            element("desc", [self.description()]),
            rectangle(0.5, 0.5, width - 1, height - 1, rx=6, fill=PAPER, stroke=FRAME),
            element("g", self.content(), transform=moved),
        ]
        if self.is_coloured:
            content += draw_legend(self.statuses(), MARGIN, height - legend[1] - MARGIN / 2, width - 2 * MARGIN)
        return element(
            "svg",
            content,
            xmlns=NAMESPACE,
            role="img",
            aria_label=heading(self.graph),
            viewBox=f"0 0 {number(width)} {number(height)}",
            width=width,
            height=height,
            font_family=FONT,
        )

    def beside(self) -> float:
        """How far a number of passes stands out of the layout."""
        pairs = zip(self.figures, self.layout.places, strict=True)
        ends = [_inner(each, place) for each, place in pairs if each.kind in OUTSIDE and self.state(each)]
        outmost = max((place.x + place.width / 2 for place in ends), default=0.0)
        return max(0.0, outmost + MOST_BESIDE - self.layout.width - MARGIN)

    def content(self) -> Iterator[str]:
        for each, place in zip(self.figures, self.layout.places, strict=True):
            yield from draw_halo(each, _inner(each, place), self.look(each))
        pairs = list(zip(self.arrows, self.layout.routes, strict=True))
        for arrow, route in sorted(pairs, key=lambda pair: pair[0].is_taken):
            yield draw_line(arrow, route, is_coloured=self.is_coloured)
        for each, place in zip(self.figures, self.layout.places, strict=True):
            yield element("g", [titled(self.tooltip(each)), *self.node(each, place)])
        for arrow in self.loops:
            place = self.layout.places[arrow.source]
            right = place.x + self.figures[arrow.source].box.width / 2
            yield from draw_loop(arrow, right, place.y + place.height / 2, is_coloured=self.is_coloured)
        for arrow, route in pairs:
            if route.label:
                yield from draw_label(arrow, route.label, is_coloured=self.is_coloured)
        yield from self.stubs([(arrow, route) for arrow, route in pairs if route.is_cut])

    def stubs(self, pairs: list[tuple[Arrow, Route]]) -> Iterator[str]:
        """Where the arrows that are cut lead to."""
        names: dict[Point, list[str]] = {}
        for arrow, route in pairs:
            names.setdefault(route.points[-1], []).append(self.figures[arrow.target].spot.name)
        for (x, y), targets in names.items():
            yield label(shorten(f"to {', '.join(targets)}"), x, y + 9, font_size=9)

    def node(self, each: Figure, place: Place) -> Iterator[str]:
        inner = _inner(each, place)
        yield from draw(each, inner, self.look(each))
        state = self.state(each)
        if state is not None:
            yield from _passes(state, *_corner(each, inner), is_outside=each.kind in OUTSIDE)

    def look(self, each: Figure) -> Look:
        state = self.state(each)
        if each.spot.role is Role.MISSING:
            return MISSING
        if each.kind is None:
            return Look(PAPER, INK, 2)
        if state is not None:
            return STATUSES[state.status]
        if self.is_coloured:
            return AHEAD_BAR if each.kind in BARS else AHEAD
        return KINDS[each.kind]

    def state(self, each: Figure) -> NodeState | None:
        return self.done.get(each.spot.name) if self.done and each.spot.role is Role.NODE else None

    def statuses(self) -> list[Status]:
        """Those that appear in the picture."""
        found = {state.status for state in (self.state(each) for each in self.figures) if state is not None}
        return [status for status in Status if status in found]

    def tooltip(self, each: Figure) -> str:
        state = self.state(each)
        return f"{each.tooltip}\n{summary(state)}" if state else each.tooltip

    def description(self) -> str:
        """The picture in words."""
        ways: dict[int, list[Arrow]] = {}
        for arrow in self.outline.arrows:
            ways.setdefault(arrow.source, []).append(arrow)
        sentences = [f"{len(self.graph.nodes)} nodes, beginning with {self.graph.start}."]
        nodes = [(at, each) for at, each in enumerate(self.figures) if each.spot.role is Role.NODE]
        for at, each in nodes[:MOST_DESCRIBED]:
            sentences.append(self.sentence(each, ways.get(at, [])))
        if len(nodes) > MOST_DESCRIBED:
            sentences.append(f"And {len(nodes) - MOST_DESCRIBED} more.")
        return words(" ".join(sentences))

    def sentence(self, each: Figure, ways: list[Arrow]) -> str:
        state = self.state(each)
        said = f"{full(each.spot.name)} ({each.kind}{', ' + summary(state) if state else ''})"
        spots = self.outline.spots
        targets = [
            f"{arrow.full + ': ' if arrow.full else ''}{full(spots[arrow.target].name)}"
            for arrow in ways
            if spots[arrow.target].role is not Role.STOP
        ]
        return f"{said} leads to {'; '.join(targets)}." if targets else f"{said}."


def _merged(loops: Iterable[Arrow]) -> list[Arrow]:
    """One arrow for all that lead from a box to itself."""
    merged: dict[int, Arrow] = {}
    for arrow in loops:
        first = merged.get(arrow.source)
        merged[arrow.source] = arrow if first is None else _both(first, arrow)
    return list(merged.values())


def _both(one: Arrow, other: Arrow) -> Arrow:
    return replace(
        one,
        label=(*one.label, *other.label),
        full=", ".join(each for each in (one.full, other.full) if each),
        is_error=one.is_error and other.is_error,
        is_taken=one.is_taken or other.is_taken,
    )


def _inner(each: Figure, place: Place) -> Place:
    """Without the room for arrows from a box to itself."""
    return place if each.box.is_bar else Place(place.x, place.y, each.box.width, each.box.height)


def _corner(each: Figure, place: Place) -> tuple[float, float]:
    """Where a node's mark goes."""
    if each.kind is Kind.DECISION:
        return place.x + place.width / 2 - 3, place.y + place.height / 2
    if each.kind is Kind.END:
        return place.x + RADIUS, place.y + 2
    return place.x + place.width / 2 - 2, place.y + 1


def _passes(state: NodeState, x: float, y: float, *, is_outside: bool) -> Iterator[str]:
    """The mark at a node's corner, and how often it was passed."""
    if state.count > 1:
        text = f"{TIMES}{short_count(state.count)}"
        line = STATUSES[state.status].line
        width = text_width(text, 10) + 16
        left = x if is_outside else x - width
        yield rectangle(left, y - 7, width, 14, rx=7, fill=PAPER, stroke=line)
        yield label(text, left + width / 2 + (4 if is_outside else -4), y + 3.5, font_size=10, fill=line)
    yield mark(state.status, x, y)
