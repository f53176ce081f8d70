"""Ends a step that takes too long.

Python code is interrupted where it is. What waits inside of a library that is no Python (a socket, a sleep) goes on
until it comes back, and the step has failed all the same: what it wrote is rolled back. On PostgreSQL a statement is
interrupted, too.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from django.db import connections

from actions.processes.exceptions import StepTimeoutError


def limited(seconds: float | None, using: str) -> AbstractContextManager[None]:
    """Give the block so much time; None: as much as it wants.

    Raises:
        StepTimeoutError: It took longer.
    """
    return _UNLIMITED if seconds is None else _limited(seconds, using)


_UNLIMITED = nullcontext()


@contextmanager
def _limited(seconds: float, using: str) -> Iterator[None]:
    _limit_statements(seconds, using)
    alarm, began = _Alarm(threading.get_ident(), seconds), time.monotonic()
    alarm.start()
    try:
        yield
    except StepTimeoutError as error:
        raise StepTimeoutError(f"It took longer than {seconds:g} seconds.") from error
    finally:
        alarm.stop()
    if time.monotonic() - began > seconds:
        raise StepTimeoutError(f"It took {time.monotonic() - began:.1f} seconds, and {seconds:g} were allowed.")


def _limit_statements(seconds: float, using: str) -> None:
    connection = connections[using]
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        with connection.cursor() as cursor:
            # Until the end of the transaction.
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(max(1, int(seconds * 1000)))])


class _Alarm:
    """Raises an error in another thread after a time, unless it is stopped before."""

    def __init__(self, thread: int, seconds: float) -> None:
        self._thread = thread
        self._lock = threading.Lock()
        self._is_over = False
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        """No error comes after this."""
        with self._lock:
            self._is_over = True
        self._timer.cancel()

    def _ring(self) -> None:
        with self._lock:
            if not self._is_over:
                raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
                raise_in(ctypes.c_ulong(self._thread), ctypes.py_object(StepTimeoutError))
