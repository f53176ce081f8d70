"""The options of a webhook, checked without asking anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from actions.signatures import PREFIX, check_secret

from .base import Problem
from .http import header_problem
from .http_urls import place_of

OWN = ("url", "secret", "timeout", "headers")
LONGEST_TIMEOUT = 3600
RESERVED = ("content-type", "user-agent", "x-request-id", "traceparent", "accept-encoding", "expect")
"""Headers that the sender sets itself, besides those that belong to the connection."""
CONNECTION = ("host", "connection", "content-length", "transfer-encoding", "keep-alive", "te", "trailer", "upgrade")


def problems_of(options: Mapping[str, Any], *, is_strict: bool = True) -> Iterator[Problem]:
    """What is wrong.

    Args:
        is_strict: Whether an option that does not exist is wrong, too.
    """
    yield from _url_problems(options.get("url"))
    yield from _secret_problems(options.get("secret"))
    yield from _timeout_problems(options.get("timeout"))
    yield from _header_problems(options.get("headers"))
    if is_strict:
        yield from _name_problems(options)


def secrets_of(options: Mapping[str, Any]) -> list[Any]:
    """The secrets that messages are signed with, the newest first."""
    secret = options.get("secret")
    if secret is None or secret == "":
        return []
    return list(secret) if isinstance(secret, list | tuple) else [secret]


def _url_problems(url: Any) -> Iterator[Problem]:
    remedy = 'Set it to the address that takes the messages, such as "https://crm.example/hook".'
    if url is None or url == "":
        yield Problem("url", "is missing", remedy)
        return
    try:
        place_of(url)
    except ValueError as error:
        yield Problem("url", str(error), remedy)


def _secret_problems(secret: Any) -> Iterator[Problem]:
    remedy = f'Use one of actions.signatures.new_secret(), "{PREFIX}" and base64, the same as the receiver has.'
    secrets = secrets_of({"secret": secret})
    if not secrets:
        yield Problem("secret", "is missing", remedy)
    for number, one in enumerate(secrets, 1):
        if problem := check_secret(one):
            place = f"number {number} " if len(secrets) > 1 else ""
            yield Problem("secret", f"{place}{problem}", remedy)


def _timeout_problems(timeout: Any) -> Iterator[Problem]:
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if timeout is not None and not (is_number and 0 < timeout <= LONGEST_TIMEOUT):
        remedy = f"Set it to seconds above 0, at most {LONGEST_TIMEOUT}."
        yield Problem("timeout", "is not a possible number of seconds", remedy)


def _header_problems(headers: Any) -> Iterator[Problem]:
    remedy = 'Set it to names and values, such as {"Authorization": "Bearer …"}.'
    if headers is None:
        return
    if not isinstance(headers, Mapping):
        yield Problem("headers", "is not a dictionary", remedy)
        return
    for name, value in headers.items():
        if problem := header_problem(name, value):
            yield Problem("headers", problem, remedy)
        elif name.lower() in (*RESERVED, *CONNECTION) or name.lower().startswith("webhook-"):
            yield Problem("headers", f'has "{name}", which the sender sets itself', f'Remove "{name}".')


def _name_problems(options: Mapping[str, Any]) -> Iterator[Problem]:
    for name in options:
        if name not in OWN:
            near = get_close_matches(str(name), OWN, n=1)
            known = ", ".join(OWN)
            yield Problem(
                str(name), "is no option of a webhook", f"Did you mean {near[0]}?" if near else f"Known are {known}."
            )
