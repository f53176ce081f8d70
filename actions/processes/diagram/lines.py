"""How an arrow is drawn along its route."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from .elements import Attribute, element, label, number, path, polygon, rectangle, titled
from .layout import Point, Route
from .outline import Arrow
from .palette import BACK, ERROR, LINE, PAPER, QUIET, TAKEN
from .texts import text_width

LABEL, LABEL_LINE = 11.0, 13.0
HEAD = 8.0
STRAIGHT = 14.0
"""Lines that move no further to the side do so in one bend."""
LOOP = 30.0
"""How far an arrow from a box to itself reaches out."""


def label_size(arrow: Arrow) -> tuple[float, float] | None:
    """How much room its label takes; None without one."""
    if not arrow.label:
        return None
    return max(text_width(line, LABEL) for line in arrow.label) + 8, len(arrow.label) * LABEL_LINE + 4


def draw_line(arrow: Arrow, route: Route, *, is_coloured: bool) -> str:
    """The arrow but for its label, which has to lie above all lines."""
    colour = line_colour(arrow, is_back=route.is_back, is_coloured=is_coloured)
    wide = 3.0 if arrow.is_taken and is_coloured else 1.5
    dashes = "5 4" if arrow.is_error else None
    points = _distinct(route.points)
    if route.is_cut:
        dashes = "2 3"
    drawn: dict[str, Attribute] = {"stroke": colour, "stroke_width": wide, "stroke_dasharray": dashes}
    line = path(_curve(points if route.meets else _shortened(points)), **drawn)
    head = "" if route.meets else _head(points[-2], points[-1], colour)
    return element("g", [titled(arrow.full) if arrow.full else "", line, head])


def draw_label(arrow: Arrow, at: Point, *, is_coloured: bool) -> Iterator[str]:
    """The label of an arrow about a point."""
    size = label_size(arrow)
    if size is None:
        return
    x, y = at
    yield rectangle(x - size[0] / 2 + 1, y - size[1] / 2, size[0] - 2, size[1], rx=3, fill=PAPER)
    colour = line_colour(arrow, is_back=False, is_coloured=is_coloured)
    for line_number, line in enumerate(arrow.label):
        below = y - size[1] / 2 + (line_number + 1) * LABEL_LINE - 1
        weight = "bold" if arrow.is_taken and is_coloured else None
        fill = QUIET if colour == LINE else colour
        yield label(line, x, below, font_size=LABEL, fill=fill, font_weight=weight)


def draw_loop(arrow: Arrow, right: float, middle: float, *, is_coloured: bool) -> Iterator[str]:
    """An arrow from a box to itself, at its right side."""
    colour = line_colour(arrow, is_back=True, is_coloured=is_coloured)
    wide = 3.0 if arrow.is_taken and is_coloured else 1.5
    x, out = number(right), number(right + LOOP)
    above, below = f"{out} {number(middle - 16)}", f"{out} {number(middle + 16)}"
    d = f"M{x} {number(middle - 9)} C{above} {below} {number(right + 7)} {number(middle + 9.5)}"
    yield path(d, stroke=colour, stroke_width=wide, stroke_dasharray="5 4" if arrow.is_error else None)
    yield _head((right + 12, middle + 11), (right, middle + 8), colour)
    size = label_size(arrow)
    if size is not None:
        yield from draw_label(arrow, (right + LOOP + size[0] / 2, middle), is_coloured=is_coloured)


def loop_width(arrow: Arrow) -> float:
    """How much room an arrow from a box to itself takes beside it."""
    size = label_size(arrow)
    return LOOP + (size[0] if size else 0)


def line_colour(arrow: Arrow, *, is_back: bool, is_coloured: bool) -> str:
    """Of the line and of its label."""
    if is_coloured and arrow.is_taken:
        return TAKEN
    if arrow.is_error:
        return ERROR
    return BACK if is_back else LINE


def _distinct(points: tuple[Point, ...]) -> list[Point]:
    kept = [points[0]]
    kept += [point for before, point in pairwise(points) if point != before]
    across = [x for x, _ in kept]
    return [kept[0], kept[-1]] if max(across) - min(across) <= STRAIGHT else kept


def _shortened(points: list[Point]) -> list[Point]:
    """Without the last bit, which the arrow's head covers."""
    (_, before), (x, y) = points[-2:]
    return [*points[:-1], (x, y - HEAD + 1 if y > before else y + HEAD - 1)]


def _curve(points: list[Point]) -> str:
    parts = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for (x, y), (to_x, to_y) in pairwise(points):
        if abs(x - to_x) < 0.5:
            parts.append(f"L{number(to_x)} {number(to_y)}")
        else:
            middle = number((y + to_y) / 2)
            parts.append(f"C{number(x)} {middle} {number(to_x)} {middle} {number(to_x)} {number(to_y)}")
    return " ".join(parts)


def _head(before: Point, tip: Point, colour: str) -> str:
    """Lines arrive straight up or down, but for the loop at a box's side."""
    (x, y), half = tip, HEAD / 2
    if abs(before[0] - x) > abs(before[1] - y) and abs(before[1] - y) < HEAD:
        return polygon([(x, y), (x + HEAD, y - half + 2), (x + HEAD - 1, y + half + 2)], fill=colour)
    back = y - HEAD if y > before[1] else y + HEAD
    return polygon([(x, y), (x - half, back), (x + half, back)], fill=colour)
