"""What a worker does: what comes back regularly, and what all its sources have in common."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Protocol

from actions.exceptions import ConfigurationError

logger = logging.getLogger(__name__)

MIN_INTERVAL = timedelta(seconds=1)
FIRST_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(hours=1)

Clock = Callable[[], float]
"""Seconds that never go back; `time.monotonic`."""


class Source(Protocol):
    """Something that has work now and then. The threads of a worker share it."""

    @property
    def due_at(self) -> float:
        """When it wants to be asked next, by the worker's clock."""

    def work(self) -> str:
        """Do one piece of what is due, short enough for a worker that is told to stop.

        Returns:
            The name of what went wrong, for the log; "" where nothing did.
        """


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """Work that comes back."""

    name: str
    interval: Callable[[], timedelta]
    """Asked after each run, so that a setting may change while the worker runs."""
    run: Callable[[], object]
    """Does one bounded piece; True: more is waiting, and it wants to be called again at once.

    Several workers may call it at the same time, but not several threads of one.
    """


_periodic_jobs: dict[str, PeriodicJob] = {}


def register_periodic(name: str, interval: Callable[[], timedelta], job: Callable[[], object]) -> None:
    """Have every worker call `job` when it starts, and then at intervals.

    Args:
        name: Unique in the project.
        interval: How long to wait between the end of one run and the next.
        job: See `PeriodicJob.run`.

    Raises:
        ConfigurationError: Another job has the name.
    """
    known = _periodic_jobs.get(name)
    if known is not None and known.run is not job:
        names = " and ".join(f"{each.__module__}.{each.__qualname__}" for each in (known.run, job))
        raise ConfigurationError(f'Two periodic jobs are called "{name}": {names}. Rename one of them.')
    _periodic_jobs[name] = PeriodicJob(name, interval, job)


def periodic_jobs() -> list[PeriodicJob]:
    """The jobs that are registered, in that order."""
    return list(_periodic_jobs.values())


class PeriodicSource:
    """One worker's view of a periodic job: when it is due here, and how often it has failed in a row."""

    def __init__(self, job: PeriodicJob, clock: Clock) -> None:
        self._job = job
        self._clock = clock
        self._failures = 0
        self._lock = threading.Lock()
        self.due_at = clock()

    def work(self) -> str:
        """Call the job. One that fails is tried again after 1, 2, 4 … 60 minutes."""
        with self._lock:
            if self.due_at > self._clock():
                # Another thread has it, or has just done it.
                return ""
            self.due_at = inf
        due_at, name = self._clock(), ""
        try:
            has_more = self._job.run() is True
            interval = max(self._job.interval(), MIN_INTERVAL)
        except Exception:
            name = self._job.name
            self._failures += 1
            delay = retry_after(self._failures)
            due_at = self._clock() + delay.total_seconds()
            logger.exception("%s failed, %s in a row; again in %s", name, self._failures, delay)
        else:
            self._failures = 0
            if not has_more:
                due_at = self._clock() + interval.total_seconds()
        self.due_at = due_at
        return name


def retry_after(failures: int, first: timedelta = FIRST_RETRY, last: timedelta = LAST_RETRY) -> timedelta:
    """How long a source waits that has failed so many times in a row."""
    return min(first * (1 << min(failures - 1, 10)), last)
