"""What a worker does: what is registered, and when one worker comes back to it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from actions.conf import conf
from actions.exceptions import ConfigurationError

logger = logging.getLogger(__name__)

MIN_INTERVAL = timedelta(seconds=1)
FIRST_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(hours=1)
FIRST_POLL_RETRY = timedelta(seconds=1)
LAST_POLL_RETRY = timedelta(minutes=1)
MIN_POLL_SECONDS = 0.01

Clock = Callable[[], float]
"""Seconds that never go back; `time.monotonic`."""


class Source(Protocol):
    """Something that has work now and then."""

    @property
    def name(self) -> str:
        """For logs."""

    @property
    def due_at(self) -> float:
        """When it wants to be asked next, by the worker's clock."""

    def work(self) -> bool:
        """Do one piece of what is due, short enough for a worker that is told to stop. False: it went wrong."""


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """Work that comes back."""

    name: str
    interval: Callable[[], timedelta]
    """Asked after each run, so that a setting may change while the worker runs."""
    run: Callable[[], object]
    """Does one bounded piece; True: more is waiting, and it wants to be called again at once.

    Several workers may call it at the same time.
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
        self.name = job.name
        self.due_at = clock()

    def work(self) -> bool:
        """Call the job. One that fails is tried again after 1, 2, 4 … 60 minutes."""
        try:
            has_more = self._job.run() is True
            interval = max(self._job.interval(), MIN_INTERVAL)
        except Exception:
            self._failures += 1
            delay = retry_after(self._failures)
            self.due_at = self._clock() + delay.total_seconds()
            logger.exception("%s failed, %s in a row; again in %s", self.name, self._failures, delay)
            return False
        self._failures = 0
        if not has_more:
            self.due_at = self._clock() + interval.total_seconds()
        return True


def retry_after(failures: int, first: timedelta = FIRST_RETRY, last: timedelta = LAST_RETRY) -> timedelta:
    """How long a source waits that has failed so many times in a row."""
    return min(first * (1 << min(failures - 1, 10)), last)


@dataclass(frozen=True, slots=True)
class Queue:
    """Work that anybody may put into the database at any time."""

    name: str
    databases: Callable[[], Iterable[str]]
    """Where it may be; asked once by each worker."""
    take: Callable[[str], bool]
    """Takes one thing that is due in a database and does it; False: there was none. See `actions.work`."""


_queues: dict[str, Queue] = {}


def register_queue(name: str, databases: Callable[[], Iterable[str]], take: Callable[[str], bool]) -> None:
    """Have every worker ask for work, at once after it has found some, else every DJACTION_POLL_SECONDS.

    Args:
        name: Unique in the project.
        databases: See `Queue.databases`.
        take: See `Queue.take`.

    Raises:
        ConfigurationError: Another queue has the name.
    """
    known = _queues.get(name)
    if known is not None and known.take is not take:
        names = " and ".join(f"{each.__module__}.{each.__qualname__}" for each in (known.take, take))
        raise ConfigurationError(f'Two queues are called "{name}": {names}. Rename one of them.')
    _queues[name] = Queue(name, databases, take)


def queues() -> list[Queue]:
    """The queues that are registered, in that order."""
    return list(_queues.values())


class QueueSource:
    """One worker's view of a queue: when it is asked next, and in which database."""

    def __init__(self, queue: Queue, clock: Clock) -> None:
        self._queue = queue
        self._clock = clock
        self._databases: deque[str] = deque()
        self._empty = 0
        self._failures = 0
        self.name = queue.name
        self.due_at = clock()

    def work(self) -> bool:
        """Ask one database, the others in turn. One that fails is asked again after 1, 2, 4 … 60 seconds."""
        try:
            if not self._databases:
                self._databases.extend(self._queue.databases())
            self._databases.rotate(-1)
            has_found = self._queue.take(self._databases[-1])
        except Exception:
            self._failures += 1
            delay = retry_after(self._failures, FIRST_POLL_RETRY, LAST_POLL_RETRY)
            self.due_at = self._clock() + delay.total_seconds()
            logger.exception("%s failed, %s in a row; again in %s", self.name, self._failures, delay)
            return False
        self._failures = 0
        self._empty = 0 if has_found else self._empty + 1
        if self._empty >= len(self._databases):
            self._empty = 0
            self.due_at = self._clock() + max(conf.POLL_SECONDS, MIN_POLL_SECONDS)
        return True


def registered_sources(clock: Clock) -> list[Source]:
    """All that is registered, for one worker."""
    waiting = [QueueSource(queue, clock) for queue in queues()]
    return [*waiting, *(PeriodicSource(job, clock) for job in periodic_jobs())]
