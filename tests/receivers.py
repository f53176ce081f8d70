"""An HTTP server of a test's own, on 127.0.0.1, that answers as it is told and keeps what it got.

    with Receiver() as receiver:
        receiver.answers = [Reply(503, {"Retry-After": "7"}), Reply(200)]  # one after the other, the last for ever
        …
        assert receiver.requests[0].json == {…}

An answer may also be a function of the request, for one that depends on it, or a `Raw` for what is not HTTP.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

PATIENCE_SECONDS = 30
"""After which a receiver that keeps somebody waiting gives up."""


@dataclass(frozen=True)
class Request:
    """What came."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer; its length is told to the client."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, value: Any, status: int = 200, **headers: str) -> Reply:
        """A JSON answer."""
        return cls(status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode())


@dataclass(frozen=True)
class Raw:
    """Bytes as they are, whatever they mean, and then the end of the connection."""

    pieces: Iterable[bytes] = ()
    pause: float = 0
    """Seconds before each piece, less if the test ends."""
    hangs: bool = False
    """The connection stays open, silent, until the test ends."""


Answer = Reply | Raw | Callable[[Request], "Reply | Raw"]


class Receiver:
    """A server in a thread, for as long as the `with` block runs."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        """Begin with some answers.

        Args:
            answers: One after the other; the last one for ever. Without any, 200.
            tls: For https, with a certificate.
        """
        self.answers: Sequence[Answer] = answers or (Reply(),)
        self.requests: list[Request] = []
        self.is_over = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"{'https' if self._server.tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.is_over.set()
        self._server.shutdown()
        self._thread.join(PATIENCE_SECONDS)
        self._server.server_close()

    def take(self, request: Request) -> Reply | Raw:
        """Keep a request; what it is answered with."""
        with self._lock:
            answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
            self.requests.append(request)
        return answer(request) if callable(answer) else answer


def unused_port() -> int:
    """A port where nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return int(server.server_address[1])


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing the server waits for them, so that no test meets the threads of another

    def __init__(self, receiver: Receiver, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.receiver = receiver
        self.tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The TLS handshake is made in the request's own thread: one that fails holds up nobody."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        with self.tls.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_SECONDS
    server: _Server

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.close_connection = True
        answer = self.server.receiver.take(Request(self.command, self.path, headers, body))
        if isinstance(answer, Raw):
            self._write(answer)
            return
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), "Connection": "close", **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the names that http.server looks for

    def _write(self, raw: Raw) -> None:
        is_over = self.server.receiver.is_over
        for piece in raw.pieces:
            if is_over.wait(raw.pause) if raw.pause else is_over.is_set():
                return
            self.wfile.write(piece)
            self.wfile.flush()
        if raw.hangs:
            is_over.wait(PATIENCE_SECONDS)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
