"""A curl line, performed by Django's test client as curl would send it."""

from __future__ import annotations

import json
import shlex
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from actions.problem import RENAMED

SHOWN = (
    "Location",
    "Retry-After",
    "ETag",
    "Action-Event",
    "Action-Status",
    "Deprecation",
    "Sunset",
    "Dry-Run-Applied",
    "Preference-Applied",
    "Idempotent-Replayed",
)
"""Headers that matter here, besides the type of an answer that is no plain JSON."""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(slots=True)
class Request:
    """What a line asks for."""

    url: str = ""
    method: str = ""
    user: str = ""
    data: list[str] = field(default_factory=list)
    content_type: str = FORM
    headers: dict[str, str] = field(default_factory=dict)


def parse(line: str) -> Request:
    """The request of a line.

    Raises:
        ValueError: It has an option that this does not know.
    """
    request, words = Request(), iter(shlex.split(line.replace("\\\n", " ")))
    for word in words:
        if word == "-X":
            request.method = next(words)
        elif word == "-u":
            request.user = next(words)
        elif word == "-d":
            request.data.append(next(words))
        elif word == "--json":
            request.data.append(next(words))
            request.content_type = JSON
            request.headers.setdefault("Accept", JSON)
        elif word == "-H":
            name, _colon, value = next(words).partition(":")
            request.headers[name] = value.strip()
        elif word.startswith("-") or request.url:
            raise ValueError(f"{word!r} is not understood here, in: curl {line}")
        else:
            request.url = word
    request.method = request.method or ("POST" if request.data else "GET")
    return request


def send(request: Request) -> Any:
    """The response."""
    headers = {"Accept": "*/*", **request.headers}
    if request.user:
        headers["Authorization"] = f"Basic {b64encode(request.user.encode()).decode()}"
    parts = urlsplit(request.url)
    # Forms as curl joins them; of JSON there is one.
    body = "&".join(request.data)
    client = Client(raise_request_exception=False)
    return client.generic(
        request.method,
        f"{parts.path}?{parts.query}" if parts.query else parts.path,
        body,
        content_type=request.content_type if request.data else "",
        headers=headers,
    )


def head_of(response: Any) -> str:
    """Status line and headers.

    A record's tag is left out: it is another one in every run.
    """
    left_out = {"ETag"} if "/actionevents/" in response.request["PATH_INFO"] else set()
    lines = [f"HTTP/1.1 {response.status_code} {_phrase(response)}"]
    if (kind := response.headers.get("Content-Type")) not in (None, JSON):
        lines.append(f"Content-Type: {kind}")
    return "\n".join(
        [*lines, *(f"{name}: {response[name]}" for name in SHOWN if name in response and name not in left_out)]
    )


def _phrase(response: Any) -> str:
    """As RFC 9110 has it, in every version of Python."""
    return RENAMED.get(response.status_code) or str(response.reason_phrase)


def body_of(response: Any) -> Any:
    """JSON values, or a text."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    text = content.decode()
    return json.loads(text) if "json" in response.headers.get("Content-Type", "") else text
