"""How far an action is: one line that changes on a terminal, lines where the output goes to a file."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.core.management.base import OutputWrapper

REDRAWN = 0.1
"""Seconds between two changes of the line."""
REPEATED = 1.0
"""Seconds between two lines."""


class Progress:
    """Told by `context.progress(done, total, message)`; `close` ends the line."""

    def __init__(self, stderr: OutputWrapper) -> None:
        self._stderr = stderr
        self._is_terminal = stderr.isatty()
        self._next = 0.0
        self._width = 0

    def __call__(self, done: int, total: int | None, message: str) -> None:
        """Show it, unless the last was shown a moment ago."""
        now = monotonic()
        if now < self._next and done != total:
            return
        self._next = now + (REDRAWN if self._is_terminal else REPEATED)
        text = " ".join(filter(None, [_counted(done, total), message.replace("\n", " ")]))
        if self._is_terminal:
            self._draw(text)
        else:
            self._stderr.write(text, style_func=str)

    def close(self) -> None:
        """Leave the terminal with an empty line."""
        if self._width:
            self._draw("")
            self._stderr.write("\r", style_func=str, ending="")

    def _draw(self, text: str) -> None:
        self._stderr.write(f"\r{text.ljust(self._width)}", style_func=str, ending="")
        self._stderr.flush()
        self._width = len(text)


def _counted(done: int, total: int | None) -> str:
    return str(done) if not total else f"{done}/{total} ({done * 100 // total} %)"
