"""One request over a connection to an address that has been checked, all within one deadline.

Imported on first use, because it needs urllib3.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from typing import Any, cast

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

from .http_urls import Place


class TimedSocket(socket.socket):
    """A socket whose waits, all together, end at one instant.

    A socket's own time-out begins anew with every byte: whoever sends one in a while could hold a worker for ever.
    """

    deadline: float | None = None
    """On the monotonic clock."""

    def hurry(self) -> None:
        """Let the next wait last no longer than what is left.

        Raises:
            TimeoutError: Nothing is left.
        """
        if self.deadline is not None:
            self.settimeout(seconds_left(self.deadline))

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Everything that is read comes through here: `makefile` knows no other way."""
        self.hurry()
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self.hurry()
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.hurry()
        super().sendall(*args, **kwargs)


class TimedTLSSocket(TimedSocket, ssl.SSLSocket):
    """The same under TLS."""


class CheckedConnection(HTTPConnection):
    """urllib3's connection on a socket that is connected already.

    Its Host header, its name for TLS and its check of the certificate are those of the host in the URL.
    """

    connected: socket.socket
    target: str

    def _new_conn(self) -> socket.socket:
        return self.connected

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        # Said only here: urllib3 logs the one it was given when headers are broken, and a target may hold a key.
        super().putrequest(method, self.target, *args, **kwargs)


class CheckedTLSConnection(CheckedConnection, HTTPSConnection):
    """The same under TLS."""


def seconds_left(deadline: float) -> float:
    """Until an instant of the monotonic clock.

    Raises:
        TimeoutError: It has passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def exchange(
    place: Place,
    addresses: Sequence[str],
    body: bytes | None,
    headers: Mapping[str, str],
    *,
    deadline: float,
    read_limit: int,
    method: str = "POST",
) -> tuple[int, dict[str, str], bytes]:
    """Send a request and read the answer: status, headers with their names in lower case, body."""
    with closing(_connection(place)) as connection:
        connection.target = place.target
        connection.connected = _connected(addresses, place.port, deadline)
        connection.connect()
        cast(TimedSocket, connection.sock).deadline = deadline
        # A receiver may answer, and close, before it has read everything: 413.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, "/", body, headers, preload_content=False, decode_content=False)
        with closing(connection.getresponse()) as response:
            answered = {name.lower(): value for name, value in response.headers.items()}
            return response.status, answered, _read(response, read_limit)


def _connection(place: Place) -> CheckedConnection:
    if place.scheme == "http":
        return CheckedConnection(place.host, place.port)
    return CheckedTLSConnection(place.host, place.port, ssl_context=_tls())


@cache
def _tls() -> ssl.SSLContext:
    """Certificates that the machine trusts; made once, because reading them takes longer than a request."""
    context = ssl.create_default_context()
    context.sslsocket_class = TimedTLSSocket
    return context


def _connected(addresses: Sequence[str], port: int, deadline: float) -> TimedSocket:
    """A connection to the first address that takes it; each gets its share of the time that is left."""
    failure: OSError = TimeoutError()
    for number, address in enumerate(addresses):
        made = TimedSocket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.settimeout(seconds_left(deadline) / (len(addresses) - number))
            made.connect((address, port))
            made.settimeout(seconds_left(deadline))  # for the TLS handshake, which is timed as a whole
        except OSError as error:
            made.close()
            failure = error
        else:
            return made
    raise failure


def _read(response: HTTPResponse, limit: int) -> bytes:
    read = b""
    while len(read) < limit and (piece := response.read(limit - len(read))):
        read += piece
    return read
