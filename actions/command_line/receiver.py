"""A receiver of webhooks for a developer's own machine: checks the signature of each event and prints it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from actions.signatures import ID, SignatureError, verify

HOST = "127.0.0.1"
MAX_BODY = 10 * 1024 * 1024

Show = Callable[[str, dict[str, Any]], None]
"""Gets the delivery's number and the body."""


class Receiver(ThreadingHTTPServer):
    """Answers 204 to what is signed with the secret, 400 to everything else."""

    daemon_threads = True

    def __init__(self, port: int, secret: str, show: Show) -> None:
        """Listen on the loopback interface.

        Args:
            port: 0 for one that is free.
            secret: What events are signed with.
            show: Called for each event, in a thread of its own.

        Raises:
            OSError: The port is taken.
        """
        super().__init__((HOST, port), _Handler)
        self.secret = secret
        self.show = show

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self._body()
        try:
            verify(dict(self.headers.items()), body, self.server.secret)
            event = json.loads(body)
        except (SignatureError, ValueError) as error:
            self._answer(400, {"detail": str(error)})
            return
        self.server.show(str(self.headers[ID]), event)
        self._answer(204)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        return self.rfile.read(min(int(length), MAX_BODY)) if length.isdigit() else b""

    def _answer(self, status: int, content: Mapping[str, Any] | None = None) -> None:
        self.send_response(status)
        body = b"" if content is None else json.dumps(content).encode()
        if body:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what is worth while is shown."""
