"""URLs that messages may be sent to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_.])?", re.IGNORECASE)
UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
"""Characters that programs read differently, and that could end a line of the request."""


@dataclass(frozen=True, slots=True)
class Place:
    """A URL, taken apart once, so that what is checked is what is connected to."""

    scheme: str
    host: str
    """ASCII, without the brackets of an IPv6 address."""
    port: int
    target: str
    """Path and query. They may hold a key: never show them."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def place_of(url: Any) -> Place:
    """Take a URL apart.

    Raises:
        ValueError: What is wrong, as the end of a sentence ("has no host"), never with the URL in it.
    """
    if not isinstance(url, str):
        raise ValueError("is not a text")  # noqa: TRY004 - a setting of the wrong type is a wrong value
    if UNSAFE.search(url):
        raise ValueError("has a space, a backslash or a control character in it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("has a host or a port that cannot be") from None
    if parts.scheme not in PORTS:
        raise ValueError("does not begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("has a user name or a password in it")
    if port == 0:
        raise ValueError("has a host or a port that cannot be")
    return Place(parts.scheme, _host(parts), port or PORTS[parts.scheme], _target(parts))


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not host:
        raise ValueError("has no host")
    try:
        if parts.netloc.startswith("["):
            return str(IPv6Address(host if "%" not in host else ""))
        name = host.encode("idna").decode()
    except ValueError:
        name = ""
    if not HOST.fullmatch(name):
        raise ValueError("has a host or a port that cannot be")
    return name


def _target(parts: SplitResult) -> str:
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return quote(target, safe="/?%:@!$&'()*+,;=~", errors="replace")
