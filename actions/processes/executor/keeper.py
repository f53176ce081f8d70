"""Keeps what this process holds: one thread renews the leases of all of it, whatever the steps do meanwhile."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable

from django.db import Error, connections

from actions.conf import conf
from actions.processes.store import Track, renew
from actions.work.background import Background

SQLITE_PATIENCE_MS = 500
"""How long the thread waits for SQLite's write lock: while somebody has it, nobody else can take a run either."""


class Keeper:
    """The runs that are held in this process, and the thread that renews them, as long as there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[str, int], tuple[Track, float]] = {}
        self._thread: Background | None = None
        self._process = 0

    def hold(self, tracks: Iterable[Track], using: str) -> None:
        """Renew these from now on. Inside of a transaction of the caller's nobody else can see or take them."""
        if connections[using].in_atomic_block:
            return
        now = time.monotonic()
        with self._lock:
            for track in tracks:
                self._held[using, track.run.id] = track, now
            if self._thread is None or self._process != os.getpid():
                # After a fork, the thread is the parent's.
                self._process = os.getpid()
                self._thread = Background("runs that are held", self._beat, self._interval)

    def let_go(self, tracks: Iterable[Track], using: str) -> None:
        """Renew these no more."""
        with self._lock:
            for track in tracks:
                # Somebody else in this process may have the run by now.
                if self._held.get((using, track.run.id), (None, 0))[0] is track:
                    del self._held[using, track.run.id]

    @property
    def _interval(self) -> float:
        return float(conf.LEASE_SECONDS) / 3

    def _beat(self) -> float | None:
        now = time.monotonic()
        old: dict[str, list[tuple[int, int]]] = {}
        with self._lock:
            if not self._held:
                # Begun again when there is something to hold.
                self._thread = None
                return None
            for (using, key), (track, since) in list(self._held.items()):
                if now - since >= self._interval / 2:
                    old.setdefault(using, []).append((key, track.run.fence))
                    self._held[using, key] = track, now
        for using, held in old.items():
            self._renew(held, using)
        return self._interval

    def _renew(self, held: list[tuple[int, int]], using: str) -> None:
        connection = connections[using]
        try:
            if connection.vendor == "sqlite" and connection.connection is None:
                with connection.cursor() as cursor:
                    cursor.execute(f"PRAGMA busy_timeout = {SQLITE_PATIENCE_MS}")
            renew(held, using)
        except Error:
            # The lease may still be good, and the fence says who has the run in any case.
            connection.close()


keeper = Keeper()
"""Of this process."""
