"""Keeps the runs that this process works on: one thread renews them all, and hears who is to stop.

It is no daemon: a worker that ends is kept until it has told its programs to end and has given their runs back. A
worker that cannot reach its database ends a program itself, before the run's lease is over: nobody knows whether
another worker has begun it by then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from math import inf

from django.db import Error, connections

from actions import work
from actions.programs.limits import Limits
from actions.programs.preparing import grace_of
from actions.work.leases import lease_time
from actions.worker import Worker, current_worker

from .models import ProgramRun

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""How often it is asked who is to stop, in one query."""
STOP, WORKER, LOST = "stop", "worker", "lost"
"""Why a run ends here: somebody wants it to; the worker ends; another worker has it."""


class Watch:
    """One run that this process works on."""

    def __init__(self, run: ProgramRun, report: Callable[[], object] = lambda: None) -> None:
        """Begin with `keeper.keep`.

        Args:
            run: As it was claimed.
            report: Called when it is renewed.
        """
        self.run = run
        self.report = report
        self.renewed_at = time.monotonic()
        self.must_end_at = inf
        """Where nothing has renewed it by then, its program has to end, or another worker might run it as well."""
        self.ending = ""
        self._worker: Worker | None = current_worker()

    @property
    def using(self) -> str:
        """Where the run is."""
        return str(self.run._state.db)

    def renewed(self) -> None:
        """Note that it is ours for another lease."""
        self.renewed_at = time.monotonic()
        self.must_end_at = self.renewed_at + _safe_seconds()

    def end(self, reason: str) -> None:
        """Have it end; the first reason counts."""
        self.ending = self.ending or reason

    def should_end(self) -> bool:
        """Whether its program has to end; also asked by the program's own thread."""
        is_ending = self._worker is not None and self._worker.is_stopping
        if is_ending or not threading.main_thread().is_alive():
            self.end(WORKER)
        if time.monotonic() > self.must_end_at:
            self.end(LOST)
        return bool(self.ending)

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than until it has to end."""
        until = time.monotonic() + seconds
        while not self.should_end() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))


class Keeper:
    """Renews the leases of what is watched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: list[Watch] = []
        self._thread: threading.Thread | None = None
        self._bell = threading.Event()

    def keep(self, watch: Watch) -> None:
        """Begin to watch. Inside of a caller's transaction nobody else can take the run, nor can the thread see it."""
        if connections[watch.using].in_atomic_block:
            return
        watch.renewed()
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="programs")
                # It waits for the lock before it looks.
                thread.start()
                self._thread = thread
            self._watched.append(watch)

    def forget(self, watch: Watch) -> None:
        """Stop watching."""
        with self._lock:
            self._watched = [each for each in self._watched if each is not watch]
        self._bell.set()

    def _run(self) -> None:
        try:
            while True:
                with self._lock:
                    watched = list(self._watched)
                    if not watched:
                        self._thread = None
                        return
                for using in {watch.using for watch in watched}:
                    self._look(using, [watch for watch in watched if watch.using == using])
                self._bell.wait(LOOK_SECONDS)
                self._bell.clear()
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None
            connections.close_all()

    def _look(self, using: str, watched: list[Watch]) -> None:
        try:
            rows = ProgramRun.objects.using(using).filter(pk__in=[watch.run.pk for watch in watched])
            found = {key: (fence, asked) for key, fence, asked in rows.values_list("pk", "fence", "stop_requested_at")}
            for watch in watched:
                _look_at(watch, *found.get(watch.run.pk, (None, None)))
        except Error as error:
            logger.warning("Runs of programs could not be renewed: %s", error, extra={"database": using})
            # Perhaps it is the connection that is broken.
            connections[using].close()
        except Exception:
            # Those that stay unrenewed end in time; the others, and those to come, are still to be kept.
            logger.exception("Runs of programs could not be renewed.", extra={"database": using})


def _look_at(watch: Watch, fence: int | None, stop_requested_at: datetime | None) -> None:
    if fence != watch.run.fence:
        watch.end(LOST)
    elif stop_requested_at is not None:
        watch.end(STOP)
    if watch.ending != LOST and time.monotonic() >= watch.renewed_at + lease_time().total_seconds() / 3:
        if not work.renew(watch.run):
            watch.end(LOST)
            return
        watch.renewed()
        watch.report()


def _safe_seconds() -> float:
    """How long after a renewal a program may run without another one, with time left to end it."""
    lease = lease_time().total_seconds()
    return max(lease / 2, lease - grace_of(Limits.from_settings()) - 1)


keeper = Keeper()
"""Of this process."""
