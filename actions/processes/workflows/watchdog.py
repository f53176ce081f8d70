"""Follows changes of the files that define workflows, for `manage.py wfe_watchdog`.

Nothing is ever imported anew under a running job: a new process looks at the files (`fresh`), and a worker that is to
have the new classes is a new process, too. One watchdog runs for a database: whoever holds the row of `Watch`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import IO

from django.utils import timezone

from actions.work import Hold, LeaseLostError, claim, release

from .fresh import Found, environment, look
from .models import Watch

KEY = 1
SHORTEST_LEASE = 15.0
STOP_SECONDS = 60.0

Stamps = dict[str, tuple[int, int]]


class AlreadyRunningError(Exception):
    """Another watchdog has this database."""


class Watchdog:
    """Looks at files again and again."""

    def __init__(
        self, *, using: str, interval: float, say: Callable[[str], None], worker: Worker | None = None
    ) -> None:
        """Begin with `run`.

        Args:
            using: The database whose rows are kept up to date.
            interval: Seconds between two looks.
            say: Gets a sentence about what has happened.
            worker: Is started anew when files have changed.
        """
        self._using = using
        self._interval = interval
        self._say = say
        self._worker = worker
        self._files: list[str] = []
        self._stamps: Stamps | None = None

    def run(self, stop: Event) -> None:
        """Go on until it is told to stop.

        Raises:
            AlreadyRunningError: Another one runs.
        """
        lease = timedelta(seconds=max(3 * self._interval, SHORTEST_LEASE))
        Watch.objects.using(self._using).get_or_create(pk=KEY)
        row = claim(Watch, using=self._using, lease=lease)
        if row is None:
            raise AlreadyRunningError
        try:
            with Hold(row, lease=lease) as hold:
                while not stop.is_set() and not hold.is_lost:
                    self.turn()
                    stop.wait(self._interval)
                if hold.is_lost:
                    self._say("Another watchdog has taken over.")
        finally:
            if self._worker is not None:
                self._worker.stop()
            _let_go(row)

    def turn(self) -> Found | None:
        """Look whether files have changed, and what they say then; None where they have not."""
        stamps = stamps_of(self._files)
        if stamps == self._stamps:
            if self._worker is not None:
                self._worker.keep()
            return None
        found = look(self._using)
        if not found.failure:
            self._files = found.files
            stamps = stamps_of(self._files)
        self._stamps = stamps
        self._tell(found)
        if self._worker is not None and not found.failure:
            self._worker.restart()
        return found

    def _tell(self, found: Found) -> None:
        if found.failure:
            self._say(f"The project does not start; all stays as it is: {found.failure}")
            return
        counts = f"{found.added} new, {found.returned} changed or back, {found.deleted} gone"
        self._say(f"Workflows and steps in {len(found.files)} files: {counts}.")
        for problem in found.problems:
            self._say(problem)


class Worker:
    """A worker that runs beside the watchdog, and ends the step at hand before a new one takes its place.

    It ends when the watchdog does, also where that is killed: see `bound_worker`.
    """

    COMMAND = (sys.executable, "-m", "actions.processes.workflows.bound_worker")

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: IO[bytes] | None = None
        """Nothing is written into it; it closes with this process, however that ends."""

    def restart(self) -> None:
        """Start it, after the one that there is has ended."""
        self.stop()
        theirs, ours = os.pipe()
        self._pipe = os.fdopen(ours, "wb")
        try:
            self._process = subprocess.Popen((*self.COMMAND, str(theirs)), pass_fds=[theirs], env=environment())
        finally:
            os.close(theirs)

    def keep(self) -> None:
        """Start it again where it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            self.restart()

    def stop(self) -> None:
        """End it. What it has not brought to an end in time is taken over by the next one."""
        if self._process is None:
            return
        # Nothing happens where it has ended already.
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def stamps_of(files: list[str]) -> Stamps:
    """By which a change is seen; also of files that came to the same folders."""
    folders = {Path(file).parent for file in files}
    found: Stamps = {}
    for path in {*map(Path, files), *(each for folder in folders for each in folder.glob("*.py"))}:
        try:
            stat = path.stat()
        except OSError:
            continue
        found[str(path)] = (stat.st_mtime_ns, stat.st_size)
    return found


def _let_go(row: Watch) -> None:
    try:
        release(row, timezone.now())
    except LeaseLostError:
        # Another one runs, after this one was out of reach for too long.
        return
