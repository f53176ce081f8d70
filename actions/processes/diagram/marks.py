"""Small drawings: what a node is, and how far it is. Drawn, since not every font has them."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

from actions.processes.graph import Kind
from actions.processes.states import Status

from .elements import circle, element, number, path, polygon, rectangle
from .palette import PAPER, STATUSES

ICON = 14.0
"""How wide and high an icon is."""
MARK = 8.0
"""A mark's radius."""


def icon(kind: Kind, x: float, y: float, colour: str) -> str:
    """What a node is, about a point; "" where its shape says it."""
    draw = ICONS.get(kind)
    return element("g", [draw(x, y, colour)], stroke_linejoin="round", stroke_linecap="round") if draw else ""


def mark(status: Status, x: float, y: float) -> str:
    """How far a node is, in a circle about a point."""
    colour = STATUSES[status].line
    line = path(_moved(MARKS[status], x, y), stroke=PAPER, stroke_width=1.8)
    drawn = element("g", [line], stroke_linejoin="round", stroke_linecap="round")
    return circle(x, y, MARK, fill=colour, stroke=PAPER, stroke_width=1.5) + drawn


def _moved(lines: tuple[tuple[tuple[float, float], ...], ...], x: float, y: float) -> str:
    return " ".join("M" + " L".join(f"{number(x + a)} {number(y + b)}" for a, b in line) for line in lines)


def _ring(radius: float) -> tuple[tuple[float, float], ...]:
    return tuple((radius * cos(step * pi / 6), radius * sin(step * pi / 6)) for step in range(13))


def _dot(x: float) -> tuple[tuple[float, float], ...]:
    return ((x - 0.2, 0.0), (x + 0.2, 0.0))


MARKS: dict[Status, tuple[tuple[tuple[float, float], ...], ...]] = {
    Status.PENDING: (_ring(3),),
    Status.RUNNING: (((-1.8, -3.2), (3.2, 0), (-1.8, 3.2), (-1.8, -3.2)),),
    Status.WAITING: (_dot(-3.2), _dot(0), _dot(3.2)),
    Status.SUCCEEDED: (((-3.5, 0.2), (-1, 3), (3.7, -2.8)),),
    Status.FAILED: (((-2.8, -2.8), (2.8, 2.8)), ((-2.8, 2.8), (2.8, -2.8))),
    Status.SKIPPED: (((-3, -2.8), (0, 0), (-3, 2.8)), ((0.8, -2.8), (3.8, 0), (0.8, 2.8))),
    Status.CANCELLED: (((-2.8, 2.8), (2.8, -2.8)),),
}


def _bolt(x: float, y: float, colour: str) -> str:
    corners = ((1, -7), (-5, 1.5), (-1, 1.5), (-2, 7), (5, -2), (0.5, -2))
    return polygon([(x + a, y + b) for a, b in corners], fill=colour)


def _person(x: float, y: float, colour: str) -> str:
    shoulders = f"M{number(x - 6)} {number(y + 7)} a6 6.5 0 0 1 12 0 Z"
    return circle(x, y - 4, 3.2, fill=colour) + path(shoulders, fill=colour)


def _clock(x: float, y: float, colour: str) -> str:
    hands = f"M{number(x)} {number(y - 4)} V{number(y)} L{number(x + 3)} {number(y + 2)}"
    line = path(hands, stroke=colour, stroke_width=1.5)
    return circle(x, y, 6.5, fill=PAPER, stroke=colour, stroke_width=1.5) + line


def _letter(x: float, y: float, *, fill: str, line: str) -> str:
    flap = f"M{number(x - 7)} {number(y - 4.5)} L{number(x)} {number(y + 1)} L{number(x + 7)} {number(y - 4.5)}"
    box = rectangle(x - 7, y - 5, 14, 10, fill=fill, stroke=line if fill == PAPER else fill, stroke_width=1.4)
    return box + path(flap, stroke=line, stroke_width=1.4)


def _received(x: float, y: float, colour: str) -> str:
    return _letter(x, y, fill=PAPER, line=colour)


def _sent(x: float, y: float, colour: str) -> str:
    return _letter(x, y, fill=colour, line=PAPER)


def _loop(x: float, y: float, colour: str) -> str:
    arc = f"M{number(x + 5)} {number(y - 3)} A6 6 0 1 0 {number(x + 6)} {number(y + 1.5)}"
    head = [(x + 7.5, y - 6), (x + 6.5, y - 0.5), (x + 2, y - 3.5)]
    return path(arc, stroke=colour, stroke_width=1.7) + polygon(head, fill=colour)


ICONS: dict[Kind, Callable[[float, float, str], str]] = {
    Kind.ACTION: _bolt,
    Kind.INPUT: _person,
    Kind.WAIT: _clock,
    Kind.RECEIVE: _received,
    Kind.SEND: _sent,
    Kind.REPEAT: _loop,
}
