"""Keeps a claimed row while it is worked on."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from django.db import Error, connections
from django.utils import timezone

from actions.models import LeasedRow

from .background import Background
from .leases import held, lease_time

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.5
"""Progress is written at most that often."""
RETRY_SECONDS = 1.0
"""When a write that did not get through is tried again."""
SQLITE_PATIENCE_MS = 500
"""How long the thread waits for SQLite's write lock: the end of the work waits for the thread."""


class Hold:
    """A claimed row that is being worked on: renews its lease in the background and writes its progress.

    A thread of its own does so, through a connection of its own (opened when there is something to write): the work's
    transaction is left alone, and what is written can be seen while that runs.

    A renewal that does not get through is not a lost lease; only another fence in the row is. On SQLite one transaction
    writes at a time, and mostly it is the work's own: neither renewals nor progress get through before it ends. But
    neither does any other worker's claim, so nothing is lost, even where that takes longer than the lease.

    Inside a transaction of the caller's, such as a test's, there is no thread: it would not see the claim, and nobody
    else can take the row.
    """

    def __init__(self, row: LeasedRow, *, lease: timedelta | None = None) -> None:
        """Take the row, which has just been claimed.

        Args:
            row: As `claim` has returned it.
            lease: The one that it was claimed with; None: DJACTION_LEASE_SECONDS.
        """
        self.row = row
        self.is_lost = False
        """Whether somebody else is known to have taken the row. Work that takes long may look, and stop."""
        self._lease = lease_time() if lease is None else lease
        self._background: Background | None = None
        self._newest: dict[str, Any] | None = None
        self._written: dict[str, Any] | None = None
        self._renew_at = self._write_at = 0.0

    def __enter__(self) -> Self:
        self._renew_at = time.monotonic() + self._renewal_seconds
        if not connections[self._using].in_atomic_block:
            self._background = Background(f"hold {self.row}", self._beat, self._renewal_seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._background is not None:
            self._background.close()

    def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Say how far the work is. As often as one likes: only the newest value is kept, and written now and then."""
        is_awaited = self._newest is not self._written
        self._newest = {"done": done, "total": total, "message": str(message)}
        if not _has_progress(self.row):
            self._written = self._newest
        elif self._background is None:
            self._write({"progress": self._newest})
        elif not is_awaited:
            # Where it is, the thread already knows that there is something, and waits until it may write again.
            self._background.wake()

    @property
    def _using(self) -> str:
        return str(self.row._state.db)

    @property
    def _renewal_seconds(self) -> float:
        return self._lease.total_seconds() / 3

    def _beat(self) -> float | None:
        """Write what is due; seconds until more is, None where the row is not ours any more."""
        now, newest = time.monotonic(), self._newest
        values: dict[str, Any] = {}
        if now >= self._renew_at:
            values["due_at"] = timezone.now() + self._lease
        if newest is not self._written and now >= self._write_at:
            values["progress"] = newest
        if values and not self._write_in_thread(values):
            self._renew_at = max(self._renew_at, now + RETRY_SECONDS)
            self._write_at = now + RETRY_SECONDS
        elif values:
            self._renew_at = now + self._renewal_seconds if "due_at" in values else self._renew_at
            self._write_at = now + PROGRESS_SECONDS
            self._written = newest if "progress" in values else self._written
        return None if self.is_lost else self._wait()

    def _wait(self) -> float:
        next_at = self._renew_at if self._newest is self._written else min(self._renew_at, self._write_at)
        return max(0.0, next_at - time.monotonic())

    def _write_in_thread(self, values: dict[str, Any]) -> bool:
        connection = connections[self._using]
        if connection.vendor == "sqlite" and connection.connection is None:
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA busy_timeout = {SQLITE_PATIENCE_MS}")
        if self._write(values):
            return True
        # Perhaps it is the connection that is broken.
        connection.close()
        return False

    def _write(self, values: dict[str, Any]) -> bool:
        """Whether it got through, also where it found that the row is somebody else's."""
        try:
            self.is_lost = not held(self.row).update(**values)
        except Error as error:
            logger.info("%s of %s not written yet: %s", ", ".join(values), self.row, error)
            return False
        return True


def _has_progress(row: LeasedRow) -> bool:
    return any(field.name == "progress" for field in row._meta.concrete_fields)
