"""HTTP as a worker needs it: to checked addresses, within a time, and nothing followed or tried again.

No proxy of the environment, no redirect, no cookie, no compression.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from threading import Thread
from typing import Any

from actions.conf import conf
from actions.exceptions import MissingExtraError

from .addresses import resolve
from .base import DeliveryError, PermanentError, TemporaryError
from .http_urls import Place, place_of

READ_LIMIT = 65_536
LONGEST_WAIT = timedelta(days=1)
"""What a receiver may ask for with Retry-After."""
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    """Its beginning, where it is longer than the limit."""


def post(url: Any, body: bytes, headers: Mapping[str, str], *, timeout: float, read_limit: int = READ_LIMIT) -> Answer:
    """Send a body.

    Args:
        url: http or https, without user and password. It is never shown: its path may hold a key.
        headers: Besides Host and Content-Length.
        timeout: Seconds for everything together, from looking up the name to the last byte of the answer.
        read_limit: Bytes of the answer's body that are read.

    Raises:
        TemporaryError: No address, no connection, no trusted certificate, no answer in time, or none that is HTTP.
        PermanentError: The URL or a header cannot be; the address is private (`AddressRefusedError`).
        MissingExtraError: urllib3 is not installed.
    """
    return send("POST", url, body, headers, timeout=timeout, read_limit=read_limit)


def send(
    method: str,
    url: Any,
    body: bytes | None,
    headers: Mapping[str, str],
    *,
    timeout: float,
    read_limit: int = READ_LIMIT,
) -> Answer:
    """Send a request of any method; see `post`.

    Args:
        method: In capitals.
        body: None for a request without one.
    """
    require_urllib3()
    from urllib3.exceptions import HTTPError

    from .http_connection import exchange

    place = _checked(url, headers)
    deadline = time.monotonic() + timeout
    try:
        addresses = _addresses(place, timeout)
        found = exchange(place, addresses, body, headers, deadline=deadline, read_limit=read_limit, method=method)
        return Answer(*found)
    # ValueError is what http.client makes of some answers, such as one with chunks of a negative size.
    except (OSError, HTTPError, HTTPException, ValueError) as error:
        is_late = time.monotonic() >= deadline
        raise TemporaryError(_sentence(error, place, timeout, is_late=is_late)) from error


def require_urllib3() -> None:
    """Make sure that something can be sent.

    Raises:
        MissingExtraError: urllib3 is not installed.
    """
    try:
        import urllib3  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("urllib3", "webhooks") from error


def problem_of(answer: Answer, key: str = "the hook's key") -> DeliveryError | None:
    """What an answer's status means; None where the receiver has the message.

    Args:
        key: What a 401 or 403 is about, for the operator: 'DJACTION_HOOKS["crm"]["secret"]'.
    """
    status = answer.status
    if 200 <= status < 300:
        return None
    if status in (401, 403):
        return TemporaryError(f"The receiver answered {status}. Check {key}.", status=status)
    if 300 <= status < 400:
        return PermanentError(f"The receiver answered {status}. Redirects are not followed.", status=status)
    if 400 <= status < 500 and status not in (408, 425, 429):
        return PermanentError(f"The receiver answered {status}.", status=status)
    wait = retry_after(answer.headers.get("retry-after", ""))
    return TemporaryError(f"The receiver answered {status}.", status=status, retry_after=wait)


def retry_after(value: str) -> timedelta | None:
    """How long the header Retry-After asks to wait, at most a day: seconds or a date; None for anything else."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        digits = value.lstrip("0").rjust(1, "0")
        return min(timedelta(seconds=int(digits)), LONGEST_WAIT) if len(digits) < 10 else LONGEST_WAIT
    try:
        date = parsedate_to_datetime(value)
        wait = (date if date.tzinfo else date.replace(tzinfo=UTC)) - datetime.now(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(wait, LONGEST_WAIT) if wait > timedelta(0) else None


def header_problem(name: Any, value: Any) -> str:
    """What is wrong with a header, as the end of a sentence, or ""; a value is never shown."""
    if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
        return f"has {name!r}, which is no name of a header"
    if not isinstance(value, str) or not HEADER_VALUE.fullmatch(value):
        return f'has a value for "{name}" that is not one line of ASCII'
    return ""


def _checked(url: Any, headers: Mapping[str, str]) -> Place:
    for name, value in headers.items():
        if problem := header_problem(name, value):
            raise PermanentError(f"The request {problem}.")
    try:
        return place_of(url)
    except ValueError as error:
        raise PermanentError(f"The URL {error}.") from None


def _addresses(place: Place, timeout: float) -> list[str]:
    """Look a name up, in a thread because that has no time-out of its own; one that is late ends unheard."""
    found: Future[list[str]] = Future()
    allowed = tuple(conf.PRIVATE_HOSTS)

    def look_up() -> None:
        try:
            found.set_result(resolve(place.host, place.port, allowed))
        except Exception as error:  # noqa: BLE001 - it is raised by who waits
            found.set_exception(error)

    Thread(target=look_up, daemon=True).start()
    return found.result(timeout)


def _sentence(error: Exception, place: Place, timeout: float, *, is_late: bool) -> str:
    """What went wrong, without the URL's path."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {place} is not trusted: {error.verify_message}."
    if is_late or isinstance(error, TimeoutError):
        return f"{place} did not answer within {timeout:g} seconds."
    if isinstance(error, ssl.SSLError):
        return f"No TLS connection with {place}: {error.reason or 'it does not speak TLS'}."
    if isinstance(error, ConnectionRefusedError):
        return f"{place} refused the connection."
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ConnectionError):
        return f"No connection with {place}: {error.strerror}."
    return f"{place} broke off, or answered with something that is not HTTP."
