"""Where an adapter gets data from and where it puts them: never more at once than a chunk, and never waiting.

A source's `read` answers bytes, None for "not now", and b"" at its end. A sink's `write` answers how much it has taken.
One with a descriptor can be waited for; one without is looked at again at each tick.
"""

from __future__ import annotations

from typing import Protocol


class Source(Protocol):
    """Where data come from."""

    def fileno(self) -> int | None:
        """What can be waited for; None: nothing."""

    def read(self, size: int) -> bytes | None:
        """What there is, no more than `size`; None: nothing now; b"": nothing any more."""

    def finish(self) -> None:
        """Nobody writes any more: what is there is all."""

    def close(self) -> None:
        """Let go of it."""


class Sink(Protocol):
    """Where data go."""

    def fileno(self) -> int | None:
        """What can be waited for; None: nothing."""

    def write(self, data: memoryview) -> int:
        """Take some of it; 0: not now.

        Raises:
            BrokenPipeError: Nobody reads any more.
        """

    def close(self) -> None:
        """Say that this was all, and let go of it."""
