"""What wakes a thread that sleeps in `select`."""

from __future__ import annotations

import socket
from contextlib import suppress


class Bell:
    """May be rung from a signal handler and from any thread. One that was rung before the sleep ends it, too.

    A socket, because a lock could be held by the very thread that a signal has interrupted.
    """

    def __init__(self) -> None:
        self._listening, self._rung = socket.socketpair()
        self._rung.setblocking(False)

    @property
    def descriptor(self) -> int:
        """To which any byte rings it."""
        return self._rung.fileno()

    def fileno(self) -> int:
        """For `select`."""
        return self._listening.fileno()

    def ring(self) -> None:
        """Wake whoever sleeps, or keep him from it."""
        with suppress(BlockingIOError):
            # The buffer is full: it has been rung often enough.
            self._rung.send(b"\0")

    def clear(self) -> None:
        """Forget what was rung, or it would keep the worker awake for ever. Called when `select` has said so."""
        self._listening.recv(4096)

    def close(self) -> None:
        """Let go of the sockets."""
        self._listening.close()
        self._rung.close()
