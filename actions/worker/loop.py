"""The loop of a worker, and how it is told to stop."""

from __future__ import annotations

import select
import signal
import threading
import time
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from math import inf
from types import FrameType
from typing import Protocol

from django.db import connections

from .bell import Bell
from .looking import QueueSource
from .queue import queues
from .sources import Clock, PeriodicSource, Source, periodic_jobs

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
KEPT_SECONDS = 10.0
"""In a sleep no longer than this, connections stay open: opening one costs more than the question that it is for."""


def registered_sources(clock: Clock, slots: int = 1) -> list[Source]:
    """All that is registered, for one worker and its threads."""
    return [QueueSource(queues(), clock, slots), *(PeriodicSource(job, clock) for job in periodic_jobs())]


_here = threading.local()


def current_worker() -> Worker | None:
    """The worker that this code is called by, for what goes on in another thread and ends with it."""
    return getattr(_here, "worker", None)


@contextmanager
def _called_by(worker: Worker) -> Iterator[None]:
    """Be that worker's, as long as it works: what this thread does afterwards does not end with it."""
    before = current_worker()
    _here.worker = worker
    try:
        yield
    finally:
        _here.worker = before


def should_stop() -> bool:
    """Whether the worker that this code is called by was told to stop: for work that can be left off half-way."""
    worker = current_worker()
    return worker is not None and worker.is_stopping


class Worker:
    """Does what is due, until it is told to stop: one thread."""

    def __init__(self, sources: Iterable[Source] | None = None, *, clock: Clock = time.monotonic) -> None:
        """Take the work.

        Args:
            sources: None: all that is registered.
            clock: Injected, so that tests need not wait.
        """
        self._clock = clock
        self._sources = registered_sources(clock) if sources is None else list(sources)
        self._is_stopping = False
        self._bell = Bell()
        self.is_asleep = False
        self.is_lasting = False
        """Whether it works until it is stopped, and not once."""
        self.taken: Counter[Hashable] | None = None
        """How often the one turn of `run_once` has taken what, for queues whose work may fall due again and again."""

    def stop(self) -> None:
        """End after the piece of work at hand. May be called from a signal handler or another thread."""
        self._is_stopping = True
        self._bell.ring()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._is_stopping

    def wake(self) -> None:
        """Have it ask its sources again when they want to be asked. May be called from any thread."""
        self._bell.ring()

    @property
    def bell(self) -> int:
        """The descriptor to which any byte wakes a worker that sleeps."""
        return self._bell.descriptor

    def close(self) -> None:
        """Let go of what the worker holds; it cannot run again."""
        self._bell.close()

    def run_once(self) -> list[str]:
        """Do all that is due now, and name what went wrong."""
        now, failed = self._clock(), []
        self.taken = Counter()
        with _called_by(self):
            for source in self._sources:
                while source.due_at <= now and not self._is_stopping:
                    if name := self._work(source):
                        failed.append(name)
        _close_old_connections()
        return failed

    def run(self) -> None:
        """Do what is due and sleep until something else is, again and again, until `stop`."""
        self.is_lasting, self.taken = True, None
        with _called_by(self):
            while not self._is_stopping:
                now = self._clock()
                for source in self._sources:
                    if source.due_at <= now and not self._is_stopping:
                        self._work(source)
                self._sleep()

    @staticmethod
    def _work(source: Source) -> str:
        _close_old_connections(is_idle=False)
        return source.work()

    def _sleep(self) -> None:
        # Before the question: who wakes a source from now on rings, too.
        self.is_asleep = True
        due_at = min((source.due_at for source in self._sources), default=inf)
        wait = None if due_at == inf else max(0.0, due_at - self._clock())
        if wait != 0:
            _close_old_connections(is_idle=wait is None or wait > KEPT_SECONDS)
        # What was rung before this line is still in the socket: no stop falls between the question and the sleep.
        if select.select([self._bell], [], [], wait)[0]:
            self._bell.clear()
        self.is_asleep = False


def _close_old_connections(*, is_idle: bool = True) -> None:
    """As between two requests, but not inside of a transaction, which a test may have around the worker.

    By CONN_MAX_AGE = 0 a connection is closed when the worker has nothing more to do for long, not after each piece.
    """
    for connection in connections.all(initialized_only=True):
        is_aging = is_idle or connection.errors_occurred or connection.settings_dict["CONN_MAX_AGE"] != 0
        if is_aging and not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


class Stoppable(Protocol):
    """What a signal can end."""

    @property
    def bell(self) -> int:
        """See `Worker.bell`."""

    def stop(self) -> None:
        """See `Worker.stop`."""


@contextmanager
def stopped_by_signals(worker: Stoppable) -> Iterator[None]:
    """Have SIGINT and SIGTERM stop the worker; a second one ends the program as if there were no worker."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    # Python runs a handler between two of its own instructions, and a signal that comes after the last of them has
    # begun to sleep would wait as long as the sleep. The interpreter itself writes to this descriptor at once.
    bell_before = signal.set_wakeup_fd(worker.bell, warn_on_full_buffer=False)

    def stop(number: int, frame: FrameType | None) -> None:
        restore()
        worker.stop()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in STOP_SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    finally:
        restore()
        signal.set_wakeup_fd(bell_before)
