"""How a node is tried, timed, skipped, waited for and taken back. Durations are seconds."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta
from random import Random, SystemRandom

from .expressions import Expression

DEFAULT_POLL_SECONDS = 60.0
"""How often a condition is looked at again where nothing else says so."""
SHORTEST_POLL_SECONDS = 1.0
"""What is to be looked at more often is looked at as often as that: nothing else would be done any more."""
ANY_ERROR = "*"
UNDO = "undo"
"""In the place of a function that takes a step back: its action's own undo."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and when a failing step is tried again."""

    attempts: int = 3
    """Tries in all, with the first one."""
    delay_seconds: float = 1.0
    """The bound of the wait after the first failure; it doubles with each one."""
    max_delay_seconds: float = 600.0
    on: tuple[str, ...] = (ANY_ERROR,)
    """Names of error classes ("ConnectionError", also of their bases), their paths, or "*" for every error."""

    def wants(self, error: BaseException, attempt: int) -> bool:
        """Whether another try follows a failed one.

        Args:
            error: What the try raised.
            attempt: 1 after the first failure.
        """
        if attempt >= self.attempts:
            return False
        names = {each.__name__ for each in type(error).__mro__}
        return any(name == ANY_ERROR or name in names or _is_of(error, name) for name in self.on)

    def backoff(self, attempt: int, rng: Random | None = None) -> timedelta:
        """Wait before the next attempt: `uniform(1/2, 1) * min(cap, base * 2 ** (attempt - 1))`.

        Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("equal jitter").

        Args:
            attempt: 1 after the first failure.
            rng: Injected, so that tests can fix it.

        Raises:
            ValueError: `attempt` is below 1.
        """
        if attempt < 1:
            raise ValueError(f"Attempt {attempt}: there is nothing to wait for before the first one has failed.")
        longest = min(self.delay_seconds * 2 ** min(attempt - 1, 60), self.max_delay_seconds)
        return timedelta(seconds=longest * (rng or SystemRandom()).uniform(0.5, 1))


def _is_of(error: BaseException, path: str) -> bool:
    """Whether it is of the class at a path; of one that is not loaded there are no errors."""
    module, _dot, name = path.rpartition(".")
    found = getattr(sys.modules.get(module), name, None)
    return isinstance(found, type) and isinstance(error, found)


@dataclass(frozen=True, slots=True)
class Policy:
    """What surrounds a node's own work, in this order: skip, wait until, as soon as, work, retry, on error."""

    skip_if: tuple[Expression, ...] = ()
    """The node is skipped where one of them is true, each time it is looked at."""
    skip_after: Expression | None = None
    """Seconds since the run has come to the node after which it is skipped."""
    wait_until: Expression | None = None
    """The moment (a datetime, or ISO 8601) before which nothing is done."""
    wait_for: Expression | None = None
    """Seconds since the run has come to the node before which nothing is done."""
    as_soon_as: tuple[Expression, ...] = ()
    """All of them have to be true."""
    poll_seconds: float = DEFAULT_POLL_SECONDS
    """How often `as_soon_as` is looked at again; see `SHORTEST_POLL_SECONDS`."""
    timeout_seconds: float | None = None
    """Of one try of a step, with all calls of one that asks to be called again; of an input, a message, a process or
    a condition from when it is waited for."""
    retry: Retry | None = None
    on_error: str = ""
    """The node to go on with when all tries have failed; "" fails the run."""
    ignore_errors: bool = False
    """Whether the run goes on with the next node when all tries have failed."""
    compensate: str = ""
    """What takes the step back when the run fails or is cancelled: a function of the process, or "undo" for an action.

    It gets the step's arguments and `result`, as the step had them.
    """
    in_background: bool = False
    """Whether the caller that starts the run does not wait for it: a worker does it."""

    @property
    def compensation(self) -> str:
        """The function that takes the step back; "" where there is none, and where it is its action's undo."""
        return "" if self.compensate == UNDO else self.compensate

    @property
    def has_gates(self) -> bool:
        """Whether anything is to be looked at before the work."""
        return bool(self.skip_if or self.skip_after or self.wait_until or self.wait_for or self.as_soon_as)


PLAIN = Policy()
