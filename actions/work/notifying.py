"""NOTIFY on PostgreSQL, from a thread of its own.

Never in the transaction of the work: a transaction that has notified takes a lock of the whole server when it commits,
and then all commits queue up behind each other. So a thread notifies afterwards, once for all that has come together
within a few milliseconds, and does not wait until that is on the disk: nobody misses a notification that is lost.
Source: PostgreSQL's manual, NOTIFY; `PreCommit_Notify` in src/backend/commands/async.c.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from django.db import connections

from actions.exceptions import MissingExtraError

from .background import Background

if TYPE_CHECKING:
    from psycopg import Connection

logger = logging.getLogger(__name__)

CHANNEL = "actions_work"
"""What is notified; there is one of it in each database."""
MIN_GAP_SECONDS = 0.005
"""Between two notifications of one process."""
IDLE_SECONDS = 30.0
"""After which the connection is given back."""
RETRY_SECONDS = 5.0
CONNECT_SECONDS = 5
"""How long a connection may take to open, where the database's OPTIONS say nothing."""

_OF_DJANGO = ("cursor_factory", "context", "prepare_threshold")


def connect(using: str) -> Connection[Any]:
    """Open a connection beside Django's, also where those come from a pool. It commits each statement.

    Raises:
        MissingExtraError: psycopg 3 is not installed.
        psycopg.OperationalError: The server does not answer.
    """
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtraError("psycopg", "postgres") from error
    parameters: dict[str, Any] = connections[using].get_connection_params()
    plain = {name: value for name, value in parameters.items() if name not in _OF_DJANGO}
    return psycopg.connect(**{"connect_timeout": CONNECT_SECONDS, **plain, "autocommit": True})


class Sender:
    """Notifies the databases that it was given, together and not more often than every few milliseconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._connections: dict[str, Connection[Any]] = {}
        self._retry_at: dict[str, float] = {}
        self._background: Background | None = None

    def notify(self, using: str) -> None:
        """Have a database notified soon; returns at once."""
        with self._lock:
            self._waiting.add(using)
            if self._background is None:
                self._background = Background("notify", self._beat, 0)
        self._background.wake()

    def close(self) -> None:
        """End the thread; the next notification starts another one."""
        with self._lock:
            background, self._background = self._background, None
        if background is not None:
            background.close()
        self._close_connections()

    def _beat(self) -> float:
        with self._lock:
            waiting, self._waiting = self._waiting, set()
        if not waiting:
            self._close_connections()
            return IDLE_SECONDS
        for using in waiting:
            if self._retry_at.get(using, 0) <= time.monotonic():
                self._send(using)
        time.sleep(MIN_GAP_SECONDS)
        return IDLE_SECONDS

    def _send(self, using: str) -> None:
        try:
            connection = self._connections.get(using)
            if connection is None:
                connection = self._connections[using] = connect(using)
                connection.execute("SET synchronous_commit TO off")
            connection.execute(f"NOTIFY {CHANNEL}")
        except Exception as error:  # noqa: BLE001 - the driver's errors; workers find the row when they look next
            self._connections.pop(using, None)
            self._retry_at[using] = time.monotonic() + RETRY_SECONDS
            logger.warning("Workers were not notified: %s", error, extra={"database": using})

    def _close_connections(self) -> None:
        while self._connections:
            _, connection = self._connections.popitem()
            connection.close()


_sender = Sender()


def notify(using: str) -> None:
    """Tell workers in other processes that there is something to do in a database. After the commit."""
    _sender.notify(using)


def close() -> None:
    """End the thread that notifies, and its connections: before the database is dropped, as after a test."""
    _sender.close()


def _forget() -> None:
    """A process that was forked has neither the thread nor a right to the connections."""
    global _sender  # noqa: PLW0603 - as above
    _abandoned.append(_sender)
    _sender = Sender()


_abandoned: list[Sender] = []
"""Kept, because connections that are thrown away are closed, and these are the parent's."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
