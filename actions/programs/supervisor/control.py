"""The supervisor's end of the control."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from typing import Any


class Control:
    """JSON lines to and from the worker."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""
        self.is_closed = False
        """Whether the worker is gone."""

    def fileno(self) -> int:
        """For `select`."""
        return self._connection.fileno()

    def tell(self, handed: socket.socket | None = None, **message: Any) -> None:
        """Say something to the worker, if it is there, and hand it a socket."""
        line = json.dumps(message).encode() + b"\n"
        with suppress(OSError):
            socket.send_fds(self._connection, [line], [] if handed is None else [handed.fileno()])

    def hear(self) -> list[dict[str, Any]]:
        """What the worker has said."""
        try:
            data = self._connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.is_closed = True
            return []
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [json.loads(line) for line in lines]
