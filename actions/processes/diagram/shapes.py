"""How each kind of node looks, and how much room it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from actions.processes.graph import Kind, Node

from .elements import Attribute, circle, label, number, path, polygon, rectangle
from .layout import Box, Place
from .marks import ICON, icon
from .outline import Role, Spot
from .palette import INK, Look
from .texts import ELLIPSIS, badges, full, shorten, subtitle, text_width, wrap

TITLE, SMALL = 13.0, 10.5
LINE_HEIGHT, SMALL_LINE = 16.0, 14.0
LINE_LENGTH = 26
LEAST_WIDTH = 96.0
PAD = 12.0
RADIUS = 13.0
"""Of a mark for the start or an end."""
STACK = 8.0
"""How far the boxes of an `each` stand out behind each other."""
BARS = (Kind.SPLIT, Kind.JOIN)
SEPARATOR = " · "
MOST_BADGES = 3
"""Lines of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """Of the text on a node."""

    text: str
    size: float
    is_quiet: bool = False

    @property
    def height(self) -> float:
        """With what is between it and the next one."""
        return SMALL_LINE if self.size == SMALL else LINE_HEIGHT

    @property
    def width(self) -> float:
        """About."""
        return text_width(self.text, self.size)


@dataclass(frozen=True, slots=True)
class Figure:
    """A spot that knows its size."""

    spot: Spot
    lines: tuple[Line, ...]
    box: Box

    @property
    def kind(self) -> Kind | None:
        """None for marks and for nodes that are missing."""
        return self.spot.node.kind if self.spot.node else None

    @property
    def tooltip(self) -> str:
        """All that is known of it, not shortened."""
        node = self.spot.node
        if node is None:
            return {Role.START: "start", Role.STOP: "end"}.get(self.spot.role, f"{full(self.spot.name)}: no such node")
        texts = [full(node.title or node.name), f"{node.kind} {full(node.name)}", full(subtitle(node))]
        texts += [*(full(each) for each in badges(node)), full(node.description)]
        return "\n".join(each for each in texts if each)


def figure(spot: Spot) -> Figure:
    """A spot with its texts and its size."""
    node = spot.node
    if node is None:
        return _unlisted(spot)
    lines = tuple(_lines(node))
    if node.kind is Kind.DECISION:
        return Figure(spot, lines, _diamond_box(lines))
    if node.kind in BARS:
        return Figure(spot, lines, Box(max(_widest(lines) + 2 * PAD, LEAST_WIDTH), 8 + _height(lines), is_bar=True))
    if node.kind is Kind.END:
        return Figure(spot, lines, Box(max(_widest(lines), 2 * RADIUS), 2 * RADIUS + 6 + _height(lines)))
    box = _plain_box(lines, extra=ICON + 8 if icon(node.kind, 0, 0, INK) else 0)
    if node.kind is Kind.EACH:
        box = replace(box, width=box.width + STACK, height=box.height + STACK)
    return Figure(spot, lines, box)


def _unlisted(spot: Spot) -> Figure:
    """A mark, or a node that the graph does not have."""
    if spot.role is not Role.MISSING:
        return Figure(spot, (), Box(2 * RADIUS, 2 * RADIUS))
    lines = (Line(shorten(spot.name), TITLE), Line("no such node", SMALL))
    return Figure(spot, lines, _plain_box(lines))


def draw_halo(figure: Figure, place: Place, look: Look) -> Iterator[str]:
    """What lies around a figure, and below all lines."""
    if look.halo:
        yield from _outline(figure, place, Look("none", look.halo, look.width + 6))


def draw(figure: Figure, place: Place, look: Look) -> Iterator[str]:
    """The elements of a figure."""
    yield from _outline(figure, place, look)
    yield from _texts(figure, place, look)


def _lines(node: Node) -> Iterator[Line]:
    length = 18 if node.kind is Kind.DECISION else 44 if node.kind in BARS else LINE_LENGTH
    is_small = node.kind in BARS
    for each in wrap(node.title or node.name, length, 1 if is_small else 2):
        yield Line(each, 11 if is_small else TITLE)
    if detail := subtitle(node):
        yield Line(shorten(detail, length + 4), SMALL, is_quiet=True)
    for each in _packed(badges(node), length + 8):
        yield Line(each, SMALL, is_quiet=True)


def _packed(texts: Iterable[str], length: int) -> Iterator[str]:
    """Short texts beside each other on a few lines."""
    lines: list[str] = []
    for text in texts:
        short = shorten(text, length)
        if lines and len(lines[-1]) + len(SEPARATOR) + len(short) <= length:
            lines[-1] += SEPARATOR + short
        else:
            lines.append(short)
    yield from lines[:MOST_BADGES]
    if lines[MOST_BADGES:]:
        yield ELLIPSIS


def _widest(lines: Sequence[Line]) -> float:
    return max((line.width for line in lines), default=0.0)


def _height(lines: Sequence[Line]) -> float:
    return sum(line.height for line in lines)


def _plain_box(lines: Sequence[Line], extra: float = 0) -> Box:
    titles = tuple(line for line in lines if line.size != SMALL)
    width = max(_widest(titles) + extra, _widest(lines), LEAST_WIDTH - 2 * PAD) + 2 * PAD
    return Box(width, _height(lines) + 18, ports=max(width / 2, width - 72))


def _diamond_box(lines: tuple[Line, ...]) -> Box:
    """Around the texts, whose corners have to be inside of it: `w / width + h / height <= 1`."""
    inner_width, inner_height = _widest(lines) + 6, _height(lines)
    height = max(2.4 * inner_height, 46.0)
    width = max(inner_width / (1 - inner_height / height), LEAST_WIDTH)
    return Box(width, height, ports=width / 2, slope=height / width)


def _outline(figure: Figure, place: Place, look: Look) -> Iterator[str]:
    left, top = place.x - place.width / 2, place.y
    drawn: dict[str, Attribute] = {
        "fill": look.fill,
        "stroke": look.line,
        "stroke_width": look.width,
        "stroke_dasharray": look.dashes,
    }
    kind = figure.kind
    if figure.spot.role in {Role.START, Role.STOP} or kind is Kind.END:
        yield from _round(figure, place, drawn)
    elif kind is Kind.DECISION:
        middle = top + place.height / 2
        corners = ((place.x, top), (left + place.width, middle), (place.x, top + place.height), (left, middle))
        yield polygon(corners, stroke_linejoin="round", **drawn)
    elif kind in {Kind.RECEIVE, Kind.SEND}:
        yield _flag(left, place, drawn, is_sent=kind is Kind.SEND)
    else:
        yield from _boxed(kind, left, place, drawn)


def _round(figure: Figure, place: Place, drawn: dict[str, Attribute]) -> Iterator[str]:
    y = place.y + RADIUS
    if figure.spot.role is Role.START:
        yield circle(place.x, y, RADIUS - 4, **{**drawn, "fill": drawn["stroke"]})
        return
    yield circle(place.x, y, RADIUS - 1, **drawn)
    if drawn["fill"] != "none":
        yield circle(place.x, y, RADIUS - 6, fill=drawn["stroke"])


def _flag(left: float, place: Place, drawn: dict[str, Attribute], *, is_sent: bool) -> str:
    """A box with a point where it leaves, or a notch where it arrives."""
    top, bottom, right = place.y, place.y + place.height, left + place.width
    middle, depth = place.y + place.height / 2, 10.0
    corners = (
        [(left, top), (right - depth, top), (right + 2, middle), (right - depth, bottom), (left, bottom)]
        if is_sent
        else [(left - 4, top), (right, top), (right, bottom), (left - 4, bottom), (left + depth - 2, middle)]
    )
    return polygon(corners, stroke_linejoin="round", **drawn)


def _boxed(kind: Kind | None, left: float, place: Place, drawn: dict[str, Attribute]) -> Iterator[str]:
    width, height, top = place.width, place.height, place.y
    radius = {Kind.WAIT: height / 2, Kind.REPEAT: height / 2, Kind.ACTION: 8, Kind.INPUT: 3}.get(kind or Kind.TASK, 3)
    is_filled = drawn["fill"] != "none"
    if kind is Kind.EACH:
        width, height, top = width - STACK, height - STACK, top + STACK
        for step in (STACK, STACK / 2) if is_filled else ():
            yield rectangle(left + step, top - step, width, height, rx=radius, **drawn)
    yield rectangle(left, top, width, height, rx=min(radius, 22), **drawn)
    if kind is Kind.PROCESS and is_filled:
        inner = {**drawn, "fill": "none", "stroke_width": 1}
        yield rectangle(left + 4, top + 4, width - 8, height - 8, rx=2, **inner)
    if kind is Kind.ACTION and is_filled:
        d = f"M{number(left + 8)} {number(top)} h-2 a6 6 0 0 0 -6 6 v{number(height - 12)} a6 6 0 0 0 6 6 h2 Z"
        yield path(d, fill=drawn["stroke"])


def _texts(figure: Figure, place: Place, look: Look) -> Iterator[str]:
    y = place.y + (place.height - _height(figure.lines)) / 2 - 4
    stacked = STACK / 2 if figure.kind is Kind.EACH else 0.0
    if figure.kind is Kind.END:
        y = place.y + 2 * RADIUS + 2
    sign = icon(figure.kind, 0, 0, look.line) if figure.kind else ""
    shift = (ICON + 6) / 2 if sign else 0.0
    first = figure.lines[0].width if figure.lines else 0.0
    for at, line in enumerate(figure.lines):
        y += line.height
        x = place.x - stacked + (shift if line.size == TITLE else 0)
        colour = look.quiet if line.is_quiet else look.text
        yield label(line.text, x, y + stacked, font_size=line.size, fill=colour)
        if at == 0 and sign and figure.kind:
            yield icon(figure.kind, x - first / 2 - ICON / 2 - 4, y - 4.5, look.line)
