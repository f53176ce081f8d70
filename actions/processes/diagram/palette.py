"""Colours, each beside a mark or a border of its own, so that nobody needs to tell colours apart.

Dark text on light fills, on a background that the picture brings along: readable on light and on dark pages alike.
Contrast of text to fill is at least 4.5 to 1 (WCAG 2.2, 1.4.3), of lines to the background 3 to 1 (1.4.11).
"""

from __future__ import annotations

from dataclasses import dataclass

from actions.processes.graph import Kind
from actions.processes.states import Status

INK = "#1f2328"
QUIET = "#59636e"
PAPER = "#ffffff"
FRAME = "#d1d9e0"
LINE = "#6e7781"
BACK = "#8250df"
ERROR = "#cf222e"
TAKEN = "#0969da"
BAR = "#30363d"


@dataclass(frozen=True, slots=True)
class Look:
    """Of a box."""

    fill: str
    line: str
    width: float = 1.5
    dashes: str | None = None
    text: str = INK
    quiet: str = QUIET
    halo: str | None = None
    """The colour of a second line around it, for what is under way."""


KINDS = {
    Kind.TASK: Look("#f6f8fa", "#59636e"),
    Kind.ACTION: Look("#fff1e5", "#bc4c00"),
    Kind.DECISION: Look("#fff8c5", "#9a6700"),
    Kind.SPLIT: Look(BAR, BAR, text=PAPER, quiet=PAPER),
    Kind.JOIN: Look(BAR, BAR, text=PAPER, quiet=PAPER),
    Kind.EACH: Look("#f6f8fa", "#59636e"),
    Kind.WAIT: Look("#eef6ff", "#0550ae"),
    Kind.INPUT: Look("#fbefff", "#8250df"),
    Kind.RECEIVE: Look("#e6fbf7", "#0f766e"),
    Kind.SEND: Look("#e6fbf7", "#0f766e"),
    Kind.PROCESS: Look("#f6f8fa", "#59636e"),
    Kind.REPEAT: Look("#eef6ff", "#0550ae"),
    Kind.END: Look(PAPER, INK, 2),
}
STATUSES = {
    Status.PENDING: Look("#f6f8fa", "#59636e", 2.5, "2 3", halo="#afb8c1"),
    Status.RUNNING: Look("#ddf4ff", "#0969da", 3, halo="#80ccff"),
    Status.WAITING: Look("#fff8c5", "#9a6700", 3, halo="#eac54f"),
    Status.SUCCEEDED: Look("#dafbe1", "#1a7f37", 2),
    Status.FAILED: Look("#ffebe9", "#cf222e", 3),
    Status.SKIPPED: Look("#f6f8fa", "#59636e", 1.5, "6 4", text=QUIET),
    Status.CANCELLED: Look("#eaeef2", "#59636e", 1.5, "1 3", text=QUIET),
}
AHEAD = Look(PAPER, "#8c959f", 1, text=QUIET)
"""Of a node that a run has not come to."""
AHEAD_BAR = Look("#8c959f", "#8c959f", text=INK, quiet=INK)
MISSING = Look(PAPER, ERROR, 1.5, "2 3", text=ERROR)
