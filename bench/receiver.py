"""A receiver of webhooks in a process of its own: `python -m bench.receiver`.

It says its port, and then reads from its standard input how it is from now on: up, silent (it takes connections and
never answers) or refusing (nobody listens). It says "done" after each change, and ends with its input.
"""

from __future__ import annotations

import socket
import sys
import threading

ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Receiver:
    """One socket that listens, or none."""

    def __init__(self) -> None:
        self._port = 0
        self._listener: socket.socket | None = None
        self._is_silent = False
        self._kept: list[socket.socket] = []

    def be(self, how: str) -> int:
        """Change; the port, which stays the same."""
        self._is_silent = how == "silent"
        while self._kept:
            self._kept.pop().close()
        if how == "refusing":
            self._close()
        elif self._listener is None:
            self._listen()
        return self._port

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        listener.listen()
        self._listener, self._port = listener, listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def _close(self) -> None:
        if self._listener is not None:
            # What waits in `accept` ends with it.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _serve(self, listener: socket.socket) -> None:
        while listener is self._listener:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            if self._is_silent:
                self._kept.append(connection)
            else:
                _answer(connection)


def _answer(connection: socket.socket) -> None:
    with connection:
        connection.settimeout(5)
        received = b""
        try:
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536)
            head, _blank, body = received.partition(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            while len(body) < length:
                body += connection.recv(65536)
            connection.sendall(ANSWER)
        except OSError:
            return


def main() -> None:
    """Serve until nobody says anything more."""
    receiver = Receiver()
    print(receiver.be("up"), flush=True)
    for line in sys.stdin:
        receiver.be(line.strip())
        print("done", flush=True)


if __name__ == "__main__":
    main()
