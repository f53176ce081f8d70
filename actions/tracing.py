"""What ties together all that one gesture causes, here and elsewhere: a correlation id and the W3C trace context.

A call says them in the headers `X-Request-ID` and `traceparent`; every answer and every delivery carries them on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

REQUEST_ID = "X-Request-ID"
_REQUEST_ID = "HTTP_X_REQUEST_ID"
_TRACEPARENT = "HTTP_TRACEPARENT"
_IS_ID = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}\Z")
_IS_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")


def is_correlation_id(text: str) -> bool:
    """Whether it can be one: 1 to 128 letters, digits and some other characters of ASCII."""
    return bool(_IS_ID.match(text))


def correlation_of(meta: Mapping[str, Any]) -> str:
    """The caller's own id: the request's, else the trace's; "" where there is none that can be used.

    Args:
        meta: `request.META`.
    """
    request_id = meta.get(_REQUEST_ID)
    if request_id and is_correlation_id(request_id):
        return str(request_id)
    trace = meta.get(_TRACEPARENT)
    found = _IS_TRACE.match(trace) if trace else None
    return found[1] if found else ""


def traceparent_of(meta: Mapping[str, Any]) -> str:
    """The trace context of a request, "" where it has none or a broken one.

    Source: W3C Trace Context, https://www.w3.org/TR/trace-context/
    """
    trace = meta.get(_TRACEPARENT)
    return trace if trace and _IS_TRACE.match(trace) else ""
