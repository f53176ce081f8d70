"""Looks for what is due in the queues, and takes it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from math import inf

from actions.conf import conf

from .queue import Queue, count_due
from .sources import Clock, retry_after

logger = logging.getLogger(__name__)

MIN_POLL_SECONDS = 0.01
FIRST_POLL_SECONDS = 0.02
"""The wait after a look that found nothing, where there was something shortly before. It doubles up to the setting."""
WAKE_GAP_SECONDS = 0.005
"""Between two looks of a worker that is woken again and again, and finds nothing."""
FIRST_RETRY = timedelta(seconds=1)
LAST_RETRY = timedelta(minutes=1)


@dataclass(slots=True)
class Line:
    """A queue in one of its databases."""

    queue: Queue
    using: str
    free: int = 0
    """How many threads may still take from it. A look says it; one that has found nothing ends it for all."""
    failures: int = 0
    paused_until: float = -inf


class QueueSource:
    """One worker's view of its queues: which of them have something due, asked in one statement for each database."""

    def __init__(self, queues: Iterable[Queue], clock: Clock, slots: int = 1) -> None:
        """Take the queues.

        Args:
            queues: In no order; they take turns.
            clock: See `Worker`.
            slots: How many threads ask for work.
        """
        self._clock = clock
        self._slots = slots
        self._unknown = [Line(queue, "") for queue in queues]
        """Queues whose databases have not been asked for."""
        self._lines: deque[Line] = deque()
        self._lock = threading.Lock()
        self._free = 0
        self._has_worked = self._is_woken = False
        self._interval = inf
        self._looked_at = -inf
        self._look_at = clock()
        self.call_others: Callable[[int], object] = lambda count: None
        """Called with the number of other threads that would find something."""

    @property
    def due_at(self) -> float:
        """At once where something is known to wait, else when to look next."""
        if self._free:
            return -inf
        return min(self._look_at, self._looked_at + WAKE_GAP_SECONDS) if self._is_woken else self._look_at

    def wake(self) -> None:
        """Look soon. May be called from any thread."""
        self._is_woken = True

    def work(self) -> str:
        """Look, if it is time to, and take from one line, the others in turn."""
        with self._lock:
            failed = ""
            if not self._free and self.due_at <= self._clock():
                failed = self._look()
            line = self._next()
        return failed if line is None else self._take(line)

    def _next(self) -> Line | None:
        if not self._free:
            return None
        while True:
            self._lines.rotate(-1)
            if self._lines[-1].free:
                self._lines[-1].free -= 1
                self._free -= 1
                return self._lines[-1]

    def _take(self, line: Line) -> str:
        """Take from a line. One that fails is asked again after 1, 2, 4 … 60 seconds."""
        try:
            has_found = line.queue.take(line.using)
        except Exception:
            with self._lock:
                delay = self._fail(line)
            logger.exception("%s failed, %s in a row; again in %s", line.queue.name, line.failures, delay)
            return line.queue.name
        with self._lock:
            line.failures = 0
            self._has_worked |= has_found
            self._set_free(line, min(line.free + 1, self._slots) if has_found else 0)
            if not self._free and self._has_worked:
                # What was done may have brought something about, also in a queue that had nothing.
                self._look_at = -inf
        return ""

    def _fail(self, line: Line) -> timedelta:
        line.failures += 1
        delay = retry_after(line.failures, FIRST_RETRY, LAST_RETRY)
        line.paused_until = self._clock() + delay.total_seconds()
        self._set_free(line, 0)
        self._look_at = min(self._look_at, line.paused_until)
        return delay

    def _set_free(self, line: Line, count: int) -> None:
        self._free += count - line.free
        line.free = count

    def _look(self) -> str:
        """Find out in which lines something is due; the name of a queue whose databases cannot be named."""
        is_fresh = self._has_worked or self._is_woken
        # Before the question: what falls due after it is announced again.
        self._has_worked = self._is_woken = False
        failed = self._find_databases()
        by_database: dict[str, list[Line]] = {}
        for line in self._lines:
            if line.paused_until <= self._clock():
                by_database.setdefault(line.using, []).append(line)
        for using, lines in by_database.items():
            self._ask(using, lines)
        self._plan(is_fresh=is_fresh)
        if self._free > 1:
            self.call_others(self._free - 1)
        return failed

    def _ask(self, using: str, lines: list[Line]) -> None:
        try:
            counts = count_due([line.queue for line in lines], using, self._slots)
        except Exception as error:  # noqa: BLE001 - a table that is not there, or no database at all
            # Each is asked by itself: those that can be taken from are, and the others say what is wrong.
            logger.warning("Nobody knows what is due: %s", error, extra={"database": using})
            counts = [1] * len(lines)
        for line, count in zip(lines, counts, strict=True):
            self._set_free(line, count)

    def _plan(self, *, is_fresh: bool) -> None:
        """Say when to look next."""
        longest = max(conf.POLL_SECONDS, MIN_POLL_SECONDS)
        self._interval = min(FIRST_POLL_SECONDS if is_fresh else self._interval * 2, longest)
        self._looked_at = self._clock()
        paused = [line.paused_until for line in (*self._lines, *self._unknown) if line.paused_until > self._looked_at]
        self._look_at = min(self._looked_at + self._interval, *paused, inf)

    def _find_databases(self) -> str:
        failed = ""
        for line in list(self._unknown):
            if line.paused_until > self._clock():
                continue
            try:
                found = [Line(line.queue, using) for using in line.queue.databases()]
            except Exception:
                failed, delay = line.queue.name, self._fail(line)
                logger.exception("%s failed, %s in a row; again in %s", failed, line.failures, delay)
            else:
                self._unknown.remove(line)
                self._lines += found
        return failed
