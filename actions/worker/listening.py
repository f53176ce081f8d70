"""LISTEN on PostgreSQL: hears what `actions.work.waking` has announced in another process."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from math import inf
from typing import TYPE_CHECKING, Any

from django.db import connections

from actions.conf import conf
from actions.work.notifying import CHANNEL, connect

from .looking import FIRST_RETRY, LAST_RETRY
from .queue import Queue
from .sources import Clock, retry_after

if TYPE_CHECKING:
    from psycopg import Connection

logger = logging.getLogger(__name__)


class Ear:
    """One database's connection, which is opened again where it is lost; meanwhile the worker looks by itself."""

    def __init__(self, using: str, clock: Clock) -> None:
        self._using = using
        self._clock = clock
        self._failures = 0
        self.connection: Connection[Any] | None = None
        self.open_at = clock()

    def open(self) -> bool:
        """Connect if it is time to; whether it has. What was said before then, nobody has heard."""
        if self.open_at > self._clock():
            return False
        self.open_at = inf
        try:
            self.connection = connect(self._using)
            self.connection.execute(f"LISTEN {CHANNEL}")
        except Exception as error:  # noqa: BLE001 - whatever the driver raises: without it the worker goes on
            self._lose(error)
            return False
        self._failures = 0
        return True

    def hear(self) -> bool:
        """Whether there was a notification. Called when there is something to read."""
        has_heard = False
        try:
            assert self.connection is not None  # noqa: S101 - it is what was waited for
            self.connection.pgconn.consume_input()
            while self.connection.pgconn.notifies() is not None:
                has_heard = True
        except Exception as error:  # noqa: BLE001 - as above
            self._lose(error)
        return has_heard

    def close(self) -> None:
        """Stop listening."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _lose(self, error: Exception) -> None:
        self.close()
        self._failures += 1
        delay = retry_after(self._failures, FIRST_RETRY, LAST_RETRY)
        self.open_at = self._clock() + delay.total_seconds()
        text = "Not listening, the worker looks by itself: %s. Again in %s"
        logger.warning(text, error, delay, extra={"database": self._using})


class Listener:
    """Every database whose notifications concern the worker."""

    def __init__(self, databases: Iterable[str], clock: Clock) -> None:
        self._clock = clock
        self._ears = [Ear(using, clock) for using in databases]

    @classmethod
    def of(cls, queues: Iterable[Queue], clock: Clock) -> Listener:
        """For the queues' databases that can notify, where DJACTION_NOTIFY asks for it."""
        found: dict[str, None] = {}
        for queue in queues if conf.NOTIFY else ():
            try:
                found.update(dict.fromkeys(queue.databases()))
            except Exception:
                logger.exception("%s cannot say where its work is; nobody listens for it", queue.name)
        return cls([using for using in found if connections[using].vendor == "postgresql"], clock)

    def open(self) -> bool:
        """Connect where it is time to; whether a look is wanted, because something may have been missed."""
        opened = [ear.open() for ear in self._ears]
        return any(opened)

    def connections(self) -> list[Connection[Any]]:
        """What to wait for with `select`."""
        return [ear.connection for ear in self._ears if ear.connection is not None]

    def wait(self) -> float | None:
        """Seconds until `open` is to be called; None: not by itself."""
        open_at = min((ear.open_at for ear in self._ears), default=inf)
        return None if open_at == inf else max(0.0, open_at - self._clock())

    def hear(self, readable: Iterable[object]) -> bool:
        """Whether there was a notification on one of the connections that can be read."""
        found = list(readable)
        heard = [ear.hear() for ear in self._ears if ear.connection is not None and ear.connection in found]
        return any(heard)

    def close(self) -> None:
        """Stop listening."""
        for ear in self._ears:
            ear.close()
