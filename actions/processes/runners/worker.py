"""The package's own worker: it looks for runs by itself, and need only be told that there is one."""

from __future__ import annotations

from actions.work import announce


class WorkerRunner:
    """Wakes the workers."""

    def hand_over(self, run_id: int, fence: int, using: str, *, queue: str | None = None) -> None:
        """See `Runner.hand_over`."""
        announce(using)
