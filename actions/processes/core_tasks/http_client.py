"""Requests of tasks: within a time and a size, to checked addresses, also where a redirect leads."""

from __future__ import annotations

import json as json_module
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from rest_framework.utils.encoders import JSONEncoder

from actions.conf import conf
from actions.processes.exceptions import StepError
from actions.senders.base import PermanentError, TemporaryError
from actions.senders.http import Answer, retry_after, send

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SAFE = ("GET", "HEAD", "OPTIONS")
REDIRECTS = (301, 302, 303, 307, 308)
MAX_REDIRECTS = 5
MAX_BYTES = 1_048_576
"""Of an answer, where nothing else is said. One mebibyte: it goes into the run's state."""
PASSING = (408, 425, 429)
"""Statuses below 500 that may be others in a while."""
KEY_HEADER = "Idempotency-Key"
FOR_EVERY_HOST = ("accept", "content-type", "user-agent")
"""Headers that are repeated to another host; any other may hold a key."""
CHARSET = re.compile(
    r"utf-?(8|16|32)(-?[lb]e)?|(us-)?ascii|latin-?1|iso-8859-([1-9]|1[013-6])|windows-125\d|koi8-[ru]|shift_jis|"
    r"euc-(jp|kr)|gb(2312|k|18030)|big5"
)
"""Of texts; some of Python's other codecs take long, or do not replace what they cannot read."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


def request_of(
    method: str,
    url: str,
    *,
    json: Any = None,
    form: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    key: str = "",
) -> Request:
    """A request out of what a task was given.

    Args:
        json: The body, as JSON; not None.
        form: The body, as a form's fields.
        params: Added to the URL's query.
        key: For the header Idempotency-Key of a method that changes something.

    Raises:
        StepError: There is no such method, there are two bodies, or one that is no JSON.
    """
    if method.upper() not in METHODS:
        raise StepError(f'There is no method "{method}". Use one of {", ".join(METHODS)}.')
    if json is not None and form is not None:
        raise StepError("A request has one body: give json or form, not both.")
    given = {"Accept": "application/json, */*;q=0.5", "User-Agent": "dj-actions"}
    body = None
    if json is not None:
        body, given["Content-Type"] = _json(json), "application/json"
    elif form is not None:
        body, given["Content-Type"] = urlencode(form, doseq=True).encode(), "application/x-www-form-urlencoded"
    if key and method.upper() not in SAFE:
        given[KEY_HEADER] = key
    names = {name.lower() for name in headers or {}}
    merged = {name: value for name, value in given.items() if name.lower() not in names} | dict(headers or {})
    return Request(method.upper(), _with_query(url, params), merged, body)


def fetch(request: Request, *, timeout: float | None = None, max_bytes: int = MAX_BYTES) -> Answer:
    """The answer to a request, whatever its status; redirects are followed where the method is safe.

    Args:
        timeout: Seconds for everything together, redirects included; None: DJACTION_DELIVERY_TIMEOUT_SECONDS.
        max_bytes: The longest answer that is taken.

    Raises:
        TemporaryError: No answer in time.
        PermanentError: The URL cannot be, leads to a private address or in a circle, or the answer is too long.
        StepError: A limit makes no sense.
    """
    timeout = float(conf.DELIVERY_TIMEOUT_SECONDS if timeout is None else timeout)
    if timeout <= 0 or max_bytes <= 0:
        raise StepError(f"timeout is {timeout:g} and max_bytes {max_bytes}. Give numbers above 0.")
    ends_at = time.monotonic() + timeout
    left = timeout
    for _ in range(MAX_REDIRECTS + 1):
        answer = send(
            request.method, request.url, request.body, request.headers, timeout=left, read_limit=max_bytes + 1
        )
        left = max(ends_at - time.monotonic(), 0.001)
        if len(answer.body) > max_bytes:
            raise PermanentError(f"The answer is longer than {max_bytes} bytes. Raise max_bytes if it is meant.")
        if answer.headers.get("content-encoding", "identity") not in ("", "identity"):
            raise PermanentError("The answer is compressed, though that was not asked for.")
        if answer.status not in REDIRECTS or request.method not in SAFE or "location" not in answer.headers:
            return answer
        request = _redirected(request, answer.headers["location"])
    raise PermanentError(f"More than {MAX_REDIRECTS} redirects.")


def refuse_errors(answer: Answer) -> None:
    """Raise what an answer's status means, unless that is a success.

    Raises:
        TemporaryError: 5xx, 408, 425, 429: another try may go well.
        PermanentError: Any other.
    """
    if 200 <= answer.status < 300:
        return
    detail = f"The server answered {answer.status}."
    if answer.status >= 500 or answer.status in PASSING:
        wait = retry_after(answer.headers.get("retry-after", ""))
        raise TemporaryError(detail, status=answer.status, retry_after=wait)
    if answer.status in REDIRECTS:
        raise PermanentError(f"{detail} Redirects are followed for GET and HEAD only.", status=answer.status)
    raise PermanentError(detail, status=answer.status)


def content_of(answer: Answer) -> Any:
    """What an answer's body says: JSON where it is that, else a text.

    Raises:
        PermanentError: It calls itself JSON, and is none.
    """
    kind, _, options = answer.headers.get("content-type", "").partition(";")
    if kind.strip().lower() == "application/json" or kind.strip().lower().endswith("+json"):
        try:
            return json_module.loads(answer.body) if answer.body.strip() else None
        except (ValueError, RecursionError) as error:
            raise PermanentError("The answer calls itself JSON, and is none.", status=answer.status) from error
    charset = options.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    return answer.body.decode(charset if CHARSET.fullmatch(charset) else "utf-8", "replace")


def _redirected(request: Request, location: str) -> Request:
    """The same request to where a redirect leads; what may be secret stays with the host that it was for."""
    url = urljoin(request.url, location)
    before, after = urlsplit(request.url), urlsplit(url)
    if (before.scheme, before.netloc) == (after.scheme, after.netloc):
        return replace(request, url=url)
    headers = {name: value for name, value in request.headers.items() if name.lower() in FOR_EVERY_HOST}
    return replace(request, url=url, headers=headers)


def _json(value: Any) -> bytes:
    try:
        return json_module.dumps(value, cls=JSONEncoder, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise StepError(f"The body is no JSON: {error}.") from error


def _with_query(url: str, params: Mapping[str, Any] | None) -> str:
    if not params:
        return url
    address, mark, fragment = url.partition("#")
    joined = "&" if "?" in address else "?"
    return f"{address}{joined}{urlencode(params, doseq=True)}{mark}{fragment}"
