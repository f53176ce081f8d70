"""Signed messages after Standard Webhooks, for the sender and for receivers.

Source: https://www.standardwebhooks.com. A receiver that is a Django view:

    from django.conf import settings
    from django.http import HttpRequest, HttpResponse
    from django.views.decorators.csrf import csrf_exempt
    from django.views.decorators.http import require_POST

    from actions.signatures import SignatureError, verify

    @csrf_exempt
    @require_POST
    def receive(request: HttpRequest) -> HttpResponse:
        try:
            verify(request.headers, request.body, settings.WEBHOOK_SECRET)
        except SignatureError as error:
            return HttpResponse(str(error), status=400)
        uid = request.headers["webhook-id"]  # the same for every attempt: do nothing where it is known already
        ...
        return HttpResponse(status=204)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from .exceptions import ActionsError

PREFIX = "whsec_"
VERSION = "v1"
"""HMAC-SHA256 with a secret that both sides know; the other versions of the standard are not spoken here."""
SECRET_BYTES = range(24, 65)
"""What the standard asks of a secret."""
TOLERANCE = timedelta(minutes=5)
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


class SignatureError(ActionsError):
    """A message is not from who knows the secret, or not of now; or the secret itself cannot be used."""


def new_secret() -> str:
    """A secret for one receiver: "whsec_" and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(random.token_bytes(32)).decode()


def check_secret(secret: Any) -> str:
    """What is wrong with a secret, as the end of a sentence ("is not base64"), or ""; never with the secret in it."""
    if not isinstance(secret, str):
        return "is not a text"
    if not secret.removeprefix(PREFIX):
        return "is empty"
    key = _decoded(secret.removeprefix(PREFIX))
    if key is None:
        return f'is not base64 after "{PREFIX}"'
    if len(key) not in SECRET_BYTES:
        return f"has {len(key)} bytes, not {SECRET_BYTES.start} to {SECRET_BYTES.stop - 1}"
    return ""


def sign(secrets: Sequence[str], uid: Any, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature for each secret.

    Args:
        secrets: The newest first. While a secret is being exchanged, the old and the new one: the receiver may know
            either.
        uid: The header `webhook-id`, the same for every attempt.
        timestamp: The header `webhook-timestamp`: seconds since 1970, of this attempt.
        body: Exactly what is sent.

    Raises:
        SignatureError: A secret cannot be used.
    """
    keys = [_key(secret) for secret in secrets]
    return " ".join(f"{VERSION},{base64.b64encode(_digest(key, uid, timestamp, body)).decode()}" for key in keys)


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: str | Sequence[str],
    *,
    tolerance: timedelta = TOLERANCE,
    now: datetime | None = None,
) -> None:
    """Make sure that a message comes from who knows the secret, and is of now.

    It does not see whether the message has come before: remember the header `webhook-id` for that.

    Args:
        headers: The request's; upper and lower case are the same.
        body: The request's, byte by byte as it came: not parsed and written again.
        secrets: One, or while it is being exchanged all that are good.
        tolerance: How far the sender's clock, and the way, may be off.
        now: The time that counts as now, with a time zone.

    Raises:
        SignatureError: It says which part is wrong.
    """
    given = {name.lower(): value for name, value in headers.items()}
    uid, stamp, signatures = (_header(given, name) for name in (ID, TIMESTAMP, SIGNATURE))
    timestamp = _timestamp(stamp)
    _check_age(timestamp, tolerance, now or datetime.now(UTC))
    keys = [_key(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    digests = [_digest(key, uid, timestamp, body) for key in keys]
    # Every pair is compared, so that the time it takes does not tell which one was near.
    matches = [hmac.compare_digest(given, right) for given in _given_digests(signatures) for right in digests]
    if not any(matches):
        raise SignatureError(f'The header "{SIGNATURE}" does not fit this body and secret.')


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "").strip()
    if not value:
        raise SignatureError(f'The header "{name}" is missing.')
    return value


def _timestamp(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise SignatureError(f'The header "{TIMESTAMP}" is not a number of seconds.')
    return int(text)


def _check_age(timestamp: int, tolerance: timedelta, now: datetime) -> None:
    age = now.timestamp() - timestamp
    if abs(age) > tolerance.total_seconds():
        raise SignatureError(f'The header "{TIMESTAMP}" is too {"old" if age > 0 else "new"}.')


def _given_digests(signatures: str) -> list[bytes]:
    """The digests in a header of several signatures; those of other versions are for others."""
    own = [text for version, _, text in (part.partition(",") for part in signatures.split()) if version == VERSION]
    if not own:
        raise SignatureError(f'The header "{SIGNATURE}" has no signature of the version "{VERSION}".')
    digests = [digest for digest in map(_decoded, own) if digest is not None]
    if not digests:
        raise SignatureError(f'The header "{SIGNATURE}" is not base64.')
    return digests


def _digest(key: bytes, uid: Any, timestamp: int, body: bytes) -> bytes:
    return hmac.new(key, b".".join([str(uid).encode(), str(timestamp).encode(), body]), hashlib.sha256).digest()


def _key(secret: Any) -> bytes:
    """The bytes of a secret; also of one that is shorter or longer than the standard wants, but never none."""
    key = _decoded(secret.removeprefix(PREFIX)) if isinstance(secret, str) else None
    if not key:
        raise SignatureError(f"The secret {check_secret(secret)}.")
    return key


def _decoded(text: str) -> bytes | None:
    """Base64, with or without its padding; None where it is not."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except ValueError:
        return None
