"""A TCP port of this machine as a source and as a sink, of one connection or of both its directions."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

LOOPBACK = "127.0.0.1"


class Port:
    """One connection: perhaps not yet made, and with a listener perhaps made again."""

    def __init__(self) -> None:
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None

    def take(self, made: socket.socket) -> None:
        """Take a socket that listens, or one that is connected."""
        made.setblocking(False)
        if made.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            self._listener = made
        else:
            self._connection = made

    def listen(self, number: int) -> None:
        """Wait for others on this machine.

        Raises:
            OSError: The port is in use.
        """
        made = socket.socket()
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((LOOPBACK, number))
            made.listen(1)
        except OSError as error:
            made.close()
            raise OSError(error.errno, f"port {number}: {error.strerror}") from error
        self.take(made)

    @property
    def connection(self) -> socket.socket | None:
        """The connection, if there is one."""
        if self._connection is None and self._listener is not None:
            with suppress(BlockingIOError):
                self._connection, _ = self._listener.accept()
                self._connection.setblocking(False)
        return self._connection

    @property
    def is_lasting(self) -> bool:
        """Whether another connection may come after this one."""
        return self._listener is not None

    def fileno(self) -> int | None:
        """Of the connection."""
        return None if self._connection is None else self._connection.fileno()

    def drop(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def end_writing(self) -> None:
        """Say that nothing more is sent."""
        if self._connection is not None:
            with suppress(OSError):
                # The other side may have closed it already.
                self._connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Let go of all."""
        self.drop()
        if self._listener is not None:
            self._listener.close()
            self._listener = None


class PortSource:
    """What the other side sends."""

    def __init__(self, port: Port, *, is_lasting: bool) -> None:
        """Take a port, which somebody else closes.

        Args:
            port: Where to read.
            is_lasting: Whether the end of a connection is followed by another one.
        """
        self._port = port
        self._is_lasting = is_lasting
        self._is_finished = False

    def fileno(self) -> int | None:
        """See `Source`."""
        return self._port.fileno()

    def read(self, size: int) -> bytes | None:
        """See `Source`."""
        connection = self._port.connection
        if connection is None:
            return b"" if self._is_finished else None
        try:
            data = connection.recv(size)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            data = b""
        if not data and self._is_lasting and self._port.is_lasting and not self._is_finished:
            self._port.drop()
            return None
        return data

    def finish(self) -> None:
        """See `Source`."""
        self._is_finished = True

    def close(self) -> None:
        """See `Source`."""


class PortSink:
    """What is sent to the other side; one that goes is waited for again, where it has come by itself."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def fileno(self) -> int | None:
        """See `Sink`."""
        return self._port.fileno()

    def write(self, data: memoryview) -> int:
        """See `Sink`."""
        connection = self._port.connection
        if connection is None:
            return 0
        try:
            return connection.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise
            if not self._port.is_lasting:
                raise BrokenPipeError(*error.args) from error
            self._port.drop()
            return 0

    def close(self) -> None:
        """See `Sink`."""
        self._port.end_writing()
