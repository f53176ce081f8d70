"""Webhooks: a signed POST to a URL, after Standard Webhooks.

    DJACTION_HOOKS = {
        "crm": {"type": "webhook", "url": "https://crm.example/hook", "secret": "whsec_…"},
    }

The receiver verifies it with `actions.signatures.verify`, or with any library of https://www.standardwebhooks.com.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from django.core.serializers.json import DjangoJSONEncoder

from actions import __version__, signatures
from actions.conf import conf

from .base import DeliveryError, GoneError, Parcel, PermanentError, Problem, Receipt, TemporaryError
from .http import HEADER_VALUE, Answer, post, problem_of, require_urllib3
from .webhook_options import problems_of, secrets_of

LONGEST_DETAIL = 500


class WebhookSender:
    """Options: `url`, `secret` (a list while it is being exchanged, the newest first), `timeout`, `headers`."""

    def check(self, options: Mapping[str, Any]) -> Iterable[Problem]:
        """What is wrong with a hook's options.

        Raises:
            MissingExtraError: urllib3 is not installed.
        """
        require_urllib3()
        return problems_of(options)

    def send(self, parcel: Parcel) -> Receipt:
        """Give the receiver a message.

        Raises:
            TemporaryError: No answer, or one that may change; also where the secret is missing or bad.
            PermanentError: The receiver will never take it, or the URL or a header cannot be.
            GoneError: The receiver wants nothing any more.
            MissingExtraError: urllib3 is not installed.
        """
        answer = _post(parcel)
        error = _error_of(answer, parcel)
        if error is not None:
            raise error
        return Receipt({"status": answer.status})

    def ask(self, parcel: Parcel) -> Any:
        """Give the receiver a message and return the JSON value that it answers with; None for an empty answer.

        Raises:
            TemporaryError: As `send`.
            PermanentError: As `send`, with the `detail` of a JSON answer where it gives one; or the answer is not JSON.
            GoneError: As `send`.
            MissingExtraError: As `send`.
        """
        answer = _post(parcel)
        error = _error_of(answer, parcel)
        if isinstance(error, PermanentError) and (detail := _detail(answer)):
            raise type(error)(detail, status=answer.status)
        if error is not None:
            raise error
        if not answer.body.strip():
            return None
        try:
            return _parsed(answer.body)
        except (ValueError, RecursionError) as error:
            detail = f"Broken answer: {answer.status} with a body that is not JSON, or too long."
            raise PermanentError(detail, status=answer.status) from error


def _post(parcel: Parcel) -> Answer:
    _check_usable(parcel)
    body = _body(parcel.message)
    timeout = parcel.options.get("timeout")
    return post(
        parcel.options["url"],
        body,
        _headers(parcel, body),
        timeout=conf.DELIVERY_TIMEOUT_SECONDS if timeout is None else timeout,
    )


def _check_usable(parcel: Parcel) -> None:
    """Send nothing with bad options; those that nobody reads do no harm here."""
    for problem in problems_of(parcel.options, is_strict=False):
        detail = f'DJACTION_HOOKS["{parcel.hook}"]["{problem.option}"] {problem.message}. {problem.remedy}'
        # A message waits for a good key, as it does where the receiver does not accept one.
        raise (TemporaryError if problem.option == "secret" else PermanentError)(detail)


def _body(message: Mapping[str, Any]) -> bytes:
    # The actor stands in the data with his name.
    words = {name: message.get(name, "") for name in ("text", "verb", "object")}
    content = {
        "type": message["type"],
        "timestamp": message["time"],
        "data": {**message.get("data", {}), **words},
    }
    try:
        return json.dumps(content, cls=DjangoJSONEncoder, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise PermanentError(f"The message cannot be written as JSON: {error}.") from error


def _headers(parcel: Parcel, body: bytes) -> dict[str, str]:
    timestamp = int(time.time())
    # Callers choose these two; what is no line of ASCII stands in the body's data only.
    traces = {"X-Request-ID": parcel.correlation_id, "traceparent": parcel.traceparent}
    return {
        **(parcel.options.get("headers") or {}),
        "Content-Type": "application/json",
        "User-Agent": f"dj-actions/{__version__}",
        signatures.ID: str(parcel.uid),
        signatures.TIMESTAMP: str(timestamp),
        signatures.SIGNATURE: signatures.sign(secrets_of(parcel.options), parcel.uid, timestamp, body),
        **{name: value for name, value in traces.items() if value and HEADER_VALUE.fullmatch(value)},
    }


def _error_of(answer: Answer, parcel: Parcel) -> DeliveryError | None:
    if answer.status == 410:
        return GoneError("The receiver answered 410: it wants no more messages.", status=410)
    return problem_of(answer, f'DJACTION_HOOKS["{parcel.hook}"]["secret"]')


def _detail(answer: Answer) -> str:
    """What a JSON answer says is wrong, as in `application/problem+json`; "" where it does not."""
    try:
        document = _parsed(answer.body)
    except (ValueError, RecursionError):
        return ""
    detail = document.get("detail") if isinstance(document, dict) else None
    return detail.strip()[:LONGEST_DETAIL] if isinstance(detail, str) else ""


def _parsed(body: bytes) -> Any:
    return json.loads(body, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
