"""The queues of runs that this worker serves: `actions_worker --queues default,slow`."""

from __future__ import annotations

from collections.abc import Iterable

DEFAULT_QUEUE = "default"

_served: tuple[str, ...] = (DEFAULT_QUEUE,)


def served_queues() -> tuple[str, ...]:
    """Their names; never empty."""
    return _served


def serve(names: Iterable[str]) -> None:
    """Have this process serve other queues from now on.

    Raises:
        ValueError: There is none among them.
    """
    global _served  # noqa: PLW0603 - said once, by the command
    kept = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not kept:
        raise ValueError(f"No queue is named. Name one, or several with commas between: {DEFAULT_QUEUE},slow")
    _served = kept
