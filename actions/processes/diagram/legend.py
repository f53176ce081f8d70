"""What the colours and marks of a run's picture mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actions.processes.states import UNFINISHED, Status

from .elements import label, number, path
from .marks import mark
from .palette import FRAME, QUIET, TAKEN

SIZE = 11.0
ROW = 20.0
COLUMN = 112.0
TAKEN_TEXT = "way taken"


def legend_size(statuses: Sequence[Status], width: float) -> tuple[float, float]:
    """How much room it takes below a picture of a width."""
    columns = _columns(width)
    rows = -(-(len(statuses) + 1) // columns)
    return min(len(statuses) + 1, columns) * COLUMN, rows * ROW + 16


def draw_legend(statuses: Sequence[Status], left: float, top: float, width: float) -> Iterator[str]:
    """An entry for each status that appears, and one for the ways that were taken."""
    yield path(f"M{number(left)} {number(top)} h{number(width)}", stroke=FRAME)
    columns = _columns(width)
    for at, status in enumerate(statuses):
        x, y = _cell(at, columns, left, top)
        yield mark(status, x + 8, y)
        yield _text(f"{status} (now)" if status in UNFINISHED else str(status), x + 22, y)
    x, y = _cell(len(statuses), columns, left, top)
    yield path(f"M{number(x)} {number(y)} h16", stroke=TAKEN, stroke_width=3)
    yield _text(TAKEN_TEXT, x + 22, y)


def _columns(width: float) -> int:
    return max(2, int(width // COLUMN))


def _cell(at: int, columns: int, left: float, top: float) -> tuple[float, float]:
    return left + at % columns * COLUMN, top + 18 + at // columns * ROW


def _text(text: str, x: float, y: float) -> str:
    return label(text, x, y + 4, text_anchor="start", font_size=SIZE, fill=QUIET)
