"""The message brokers that tests use, where they answer."""

from __future__ import annotations

import os
import socket

import pytest

PORTS = {"Redis": 6379, "RabbitMQ": 5672}
TIMEOUT_SECONDS = 2


def need(name: str) -> None:
    """Skip the test where a broker does not answer; with REQUIRE_SERVICES=1 it fails."""
    address = ("127.0.0.1", PORTS[name])
    try:
        socket.create_connection(address, TIMEOUT_SECONDS).close()
    except OSError as error:
        message = f"{name} does not answer at {address[0]}:{address[1]}: {error}"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)
