"""Sockets between the adapters and the program, made where the program's network is and handed to the worker."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any

LOOPBACK = "127.0.0.1"

Hand = Callable[[str, socket.socket], object]
"""Given the adapter's name and a socket, which is closed here afterwards."""


class Ports:
    """What the program is to connect to, or to be connected with."""

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self.unconnected: dict[str, tuple[str, int]] = {}

    def prepare(self, wanted: Mapping[str, Mapping[str, Any]]) -> None:
        """Before the program begins: what it connects to is there, and where it will listen nobody else does.

        Raises:
            OSError: A port is in use.
        """
        for name, each in wanted.items():
            address = (LOOPBACK, int(each["port"]))
            with socket.socket() as made:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    made.bind(address)
                except OSError as error:
                    raise OSError(error.errno, f"port {address[1]}: {error.strerror}") from error
                if each["listens"]:
                    made.listen(1)
                    self._hand(name, made)
                else:
                    self.unconnected[name] = address

    def connect(self) -> None:
        """Try to reach the program where it is to listen."""
        for name, address in list(self.unconnected.items()):
            with socket.socket() as made:
                # A socket that happens to get that very port reaches itself, and nobody else.
                if made.connect_ex(address) == 0 and made.getsockname() != made.getpeername():
                    del self.unconnected[name]
                    self._hand(name, made)
