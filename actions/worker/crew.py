"""The threads of a worker, and the one that waits for signals and notifications meanwhile."""

from __future__ import annotations

import logging
import select
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connections

from actions.conf import conf
from actions.exceptions import ActionsError
from actions.work import waking

from .bell import Bell
from .listening import Listener
from .looking import QueueSource
from .loop import Worker, registered_sources
from .queue import queues
from .sources import Clock

logger = logging.getLogger(__name__)


class StillWorkingError(ActionsError):
    """A worker was told to stop, and not all of its threads have come to an end in time."""


class Crew:
    """Works through all that is registered, in so many threads, each with database connections of its own.

    The threads share one view of the queues: together they look as often as one alone. The thread that calls `run`
    does no work, so that it can listen, and end when the time is over, whatever the others do.
    """

    def __init__(self, threads: int = 1, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        sources = registered_sources(clock, threads)
        self._queues = [source for source in sources if isinstance(source, QueueSource)]
        self._workers = [Worker(sources, clock=clock) for _ in range(threads)]
        self._bell = Bell()
        self._is_stopping = False
        self._error: BaseException | None = None
        self._threads: list[threading.Thread] = []
        for source in self._queues:
            source.call_others = self._call

    @property
    def bell(self) -> int:
        """See `Worker.bell`."""
        return self._bell.descriptor

    def stop(self) -> None:
        """End after the pieces of work at hand. May be called from a signal handler or another thread."""
        self._is_stopping = True
        for worker in self._workers:
            worker.stop()
        self._bell.ring()

    def wake(self) -> None:
        """Look soon. May be called from any thread."""
        for source in self._queues:
            source.wake()
        self._call(1)

    def close(self) -> None:
        """Let go of what it holds; it cannot run again."""
        if any(thread.is_alive() for thread in self._threads):
            # The program ends, and they with it.
            return
        self._bell.close()
        for worker in self._workers:
            worker.close()

    def run_once(self) -> list[str]:
        """Do all that is due now, and name what went wrong. With one thread, in the caller's."""
        if len(self._workers) == 1:
            return self._workers[0].run_once()
        failed: list[str] = []
        self._start(lambda worker: failed.extend(worker.run_once()))
        for thread in self._threads:
            thread.join()
        self._raise()
        return failed

    def run(self) -> None:
        """Work until `stop`, and then no longer than DJACTION_STOP_SECONDS.

        Raises:
            StillWorkingError: That was not enough. What is left falls due again when its lease is over.
            BaseException: What has ended one of the threads, and then all of them, such as `sys.exit()` in an action.
        """
        # Before the threads begin: what is announced after their first look has to be heard.
        with waking.heard(self.wake):
            self._start(Worker.run)
            listener = Listener.of(queues(), self._clock)
            try:
                self._listen(listener)
            finally:
                listener.close()
        self._wait()
        self._raise()

    def _listen(self, listener: Listener) -> None:
        while not self._is_stopping:
            if listener.open():
                self.wake()
            waited_for: list[Any] = [self._bell, *listener.connections()]
            heard, _, _ = select.select(waited_for, [], [], listener.wait())
            if self._bell in heard:
                self._bell.clear()
            if listener.hear(heard):
                self.wake()

    def _call(self, count: int) -> None:
        """Wake so many of those who sleep."""
        asleep = [worker for worker in self._workers if worker.is_asleep]
        for worker in asleep[:count]:
            worker.wake()

    def _start(self, work: Callable[[Worker], object]) -> None:
        self._threads = [
            # Daemons, so that one that does not end in time does not keep the program.
            threading.Thread(target=self._work, args=(work, worker), name=f"worker {number}", daemon=True)
            for number, worker in enumerate(self._workers, start=1)
        ]
        for thread in self._threads:
            thread.start()

    def _work(self, work: Callable[[Worker], object], worker: Worker) -> None:
        try:
            work(worker)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits for the threads
            self._error = error
            self.stop()
        finally:
            connections.close_all()

    def _wait(self) -> None:
        end_at = self._clock() + conf.STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end_at - self._clock()))
        if left := [thread.name for thread in self._threads if thread.is_alive()]:
            raise StillWorkingError(
                f"Not at an end after {conf.STOP_SECONDS} seconds: {', '.join(left)}. "
                "What they hold is taken again when its lease is over. Set DJACTION_STOP_SECONDS to wait longer."
            )

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
