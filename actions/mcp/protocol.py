"""JSON-RPC 2.0 as the Model Context Protocol uses it: messages read from a body, and answers to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from django.utils.translation import gettext as _

JSONRPC = "2.0"

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022

MAX_BATCH = 100
"""Messages that one body may hold, in the revision that allows several."""

NOTIFICATIONS = "notifications/"

RequestId = str | int


class ProtocolError(Exception):
    """A message that cannot be answered with a result.

    What an action refuses is no such error: that is a tool's result, for the model to read.
    """

    def __init__(
        self, code: int, message: str, *, data: Any = None, status: int = 200, request_id: RequestId | None = None
    ) -> None:
        """Say what is wrong.

        Args:
            code: Of JSON-RPC or of the protocol; the HTTP status for what the view itself refuses.
            message: One sentence.
            data: Further members, for programs.
            status: Of the HTTP response.
            request_id: Of the message, as far as it could be read.
        """
        self.code = code
        self.message = message
        self.data = data
        self.status = status
        self.request_id = request_id
        super().__init__(message)

    def as_message(self) -> dict[str, Any]:
        """The answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return {"jsonrpc": JSONRPC, "id": self.request_id, "error": error}


@dataclass(frozen=True, slots=True)
class Message:
    """A request, a notification (no id), or somebody's answer (no method)."""

    method: str | None = None
    id: RequestId | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_request(self) -> bool:
        """Whether it wants an answer."""
        return self.method is not None and self.id is not None

    @property
    def meta(self) -> Mapping[str, Any]:
        """`params._meta`, empty where there is none."""
        meta = self.params.get("_meta")
        return meta if isinstance(meta, Mapping) else {}

    @property
    def progress_token(self) -> RequestId | None:
        """What progress has to be reported under, None where nobody asked for it."""
        token = self.meta.get("progressToken")
        return token if _is_id(token) else None


def decode(body: bytes) -> Any:
    """The JSON of a body.

    Raises:
        ProtocolError: It is none.
    """
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        # Not UTF-8, no JSON, a number of more digits than Python reads, or nested too deeply.
        raise ProtocolError(PARSE_ERROR, _("The body is not JSON in UTF-8."), status=400) from error


def read_message(value: Any) -> Message:
    """The message that a JSON value is.

    Raises:
        ProtocolError: It is none.
    """
    if not isinstance(value, Mapping):
        raise _malformed(None, _("A JSON-RPC message is an object."))
    request_id = value.get("id")
    known_id = request_id if _is_id(request_id) else None
    if value.get("jsonrpc") != JSONRPC:
        raise _malformed(known_id, _('The member "jsonrpc" has to be "2.0".'))
    if "id" in value and known_id is None and "error" not in value:
        raise _malformed(None, _("An id is a text or a whole number."))
    if "method" not in value and ("result" in value or "error" in value):
        return Message(id=known_id)
    method, params = value.get("method"), value.get("params", {})
    if not isinstance(method, str) or not method:
        raise _malformed(known_id, _("A method is a text."))
    if not isinstance(params, Mapping):
        raise _malformed(known_id, _("Params are an object."))
    if known_id is None and not method.startswith(NOTIFICATIONS):
        raise _malformed(None, _("This method needs an id: without one nobody would learn what came of it."))
    return Message(method, known_id, params)


def read_batch(values: list[Any]) -> list[Message | ProtocolError]:
    """The messages of a body that holds several, each by itself.

    Raises:
        ProtocolError: There are none, or too many.
    """
    if not values:
        raise _malformed(None, _("There is no message in the body."))
    if len(values) > MAX_BATCH:
        raise _malformed(None, _("At most %(limit)s messages can be sent at once.") % {"limit": MAX_BATCH})
    return [_message_or_error(value) for value in values]


def answer(request_id: RequestId | None, result: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a request."""
    return {"jsonrpc": JSONRPC, "id": request_id, "result": result}


def encode(message: Any) -> str:
    """A message as JSON on one line. In ASCII: half of a surrogate pair can be written in no other way."""
    return json.dumps(message, separators=(",", ":"))


def as_event(message: Any) -> bytes:
    """A message as a server-sent event."""
    return f"event: message\ndata: {encode(message)}\n\n".encode()


def _message_or_error(value: Any) -> Message | ProtocolError:
    try:
        return read_message(value)
    except ProtocolError as error:
        return error


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _malformed(request_id: RequestId | None, sentence: str) -> ProtocolError:
    return ProtocolError(INVALID_REQUEST, sentence, status=400, request_id=request_id)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
