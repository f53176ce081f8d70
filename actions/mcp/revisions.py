"""Revisions of the protocol, and which of them a request follows.

    2025-03-26, 2025-06-18, 2025-11-25    begin with `initialize`; the header MCP-Protocol-Version names the revision
    2026-07-28                            every request carries its revision in `_meta`, repeated in headers

Both are served at the same URL and without a session: the answer to `initialize` is all that the older ones need.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from .protocol import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    UNSUPPORTED_VERSION,
    Message,
    ProtocolError,
    RequestId,
)

WITHOUT_HEADER = "2025-03-26"
"""What a request follows that names no revision; the only one in which a body may hold several messages."""
HANDSHAKE = (WITHOUT_HEADER, "2025-06-18", "2025-11-25")
MODERN = ("2026-07-28",)
SUPPORTED = (*reversed(MODERN), *reversed(HANDSHAKE))

VERSION_HEADER, METHOD_HEADER, NAME_HEADER = "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"
PREFIX = "io.modelcontextprotocol/"
VERSION_KEY, CAPABILITIES_KEY = f"{PREFIX}protocolVersion", f"{PREFIX}clientCapabilities"
SERVER_KEY = f"{PREFIX}serverInfo"

_BASE64 = re.compile(r"=\?base64\?(.*)\?=", re.DOTALL)


def negotiated(requested: Any) -> str:
    """The revision that an `initialize` gets: what it asks for, else the newest that begins in this way."""
    return requested if requested in HANDSHAKE else HANDSHAKE[-1]


def revision_of_header(headers: Mapping[str, str], request_id: RequestId | None = None) -> str:
    """The revision that the header names.

    Raises:
        ProtocolError: It is not supported.
    """
    version = headers.get(VERSION_HEADER, WITHOUT_HEADER)
    if version not in SUPPORTED:
        raise _unsupported(version, request_id)
    return version


def revision_of(message: Message, headers: Mapping[str, str]) -> str:
    """The revision that a request follows, its headers checked as that revision wants.

    Raises:
        ProtocolError: It is not supported, or body and headers contradict each other.
    """
    if VERSION_KEY not in message.meta:
        revision = revision_of_header(headers, message.id)
        if revision in MODERN:
            raise _without_envelope(message)
        return revision
    version = message.meta[VERSION_KEY]
    if not isinstance(version, str) or CAPABILITIES_KEY not in message.meta:
        raise _without_envelope(message)
    _check_header(message, headers, VERSION_HEADER, version)
    if version not in MODERN:
        raise _unsupported(version, message.id)
    _check_header(message, headers, METHOD_HEADER, str(message.method))
    if message.method == "tools/call" and isinstance(name := message.params.get("name"), str):
        _check_header(message, headers, NAME_HEADER, name)
    return version


def _check_header(message: Message, headers: Mapping[str, str], name: str, expected: str) -> None:
    said = headers.get(name)
    if said is None or (_decoded(said) if name == NAME_HEADER else said) != expected:
        detail = _("The header %(name)s does not say the same as the body.") % {"name": name}
        raise ProtocolError(HEADER_MISMATCH, detail, status=400, request_id=message.id)


def _decoded(value: str) -> str | None:
    """A header's value, which may be written in Base64 where it does not fit into a header as it is."""
    found = _BASE64.fullmatch(value)
    if found is None:
        return value
    try:
        return base64.b64decode(found[1], validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _without_envelope(message: Message) -> ProtocolError:
    names = {"version": VERSION_KEY, "capabilities": CAPABILITIES_KEY}
    detail = _("A request of this revision has %(version)s and %(capabilities)s in params._meta.") % names
    return ProtocolError(INVALID_PARAMS, detail, status=400, request_id=message.id)


def _unsupported(version: str, request_id: RequestId | None) -> ProtocolError:
    data = {"supported": list(SUPPORTED), "requested": version}
    detail = _("This revision of the protocol is not supported.")
    return ProtocolError(UNSUPPORTED_VERSION, detail, data=data, status=400, request_id=request_id)
