"""Data as a record may keep it: JSON that every database takes, secrets masked, files named."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.files.base import File
from django.utils.datastructures import MultiValueDict

from .conf import conf
from .payloads import IGNORED_FORM_FIELDS

MASK = "********"
WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")
"""The words of `api_key`, `api-key`, `apiKey` and `API_KEY`."""
MIN_SECRET = 4
"""Characters from which on a secret is looked for in sentences."""
MAX_DEPTH = 28
"""Levels that a record keeps, an ellipsis stands for what is deeper: MariaDB refuses JSON of 32."""


def secret_names(sensitive: Collection[str]) -> frozenset[str]:
    """Names whose values are masked: an action's own and those of every action, however they are spelt."""
    return _secret_names(frozenset(sensitive), conf.sensitive_names)


@lru_cache(maxsize=1024)
def _secret_names(sensitive: frozenset[str], of_project: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(_name, (*sensitive, *of_project)))


def redact(data: Any, secret: frozenset[str]) -> Any:
    """A copy without secrets that can be stored.

    Args:
        data: JSON values, form data or files, nested.
        secret: What `secret_names` returned.
    """
    if isinstance(data, MultiValueDict):
        # A list only where a key was sent more than once.
        sent = ((key, values) for key, values in data.lists() if key not in IGNORED_FORM_FIELDS)
        data = {key: values[0] if len(values) == 1 else values for key, values in sent}
    return _kept(data, secret, 0)


def redact_change(change: Mapping[str, Any], secret: frozenset[str]) -> dict[str, Any]:
    """An entry of the changes, whose field is a value and no key; of a whole row, its values are by field."""
    if change["field"] is not None and is_secret_name(change["field"], secret):
        return {**change, "before": MASK, "after": MASK}
    return {**change, "before": _kept(change["before"], secret, 1), "after": _kept(change["after"], secret, 1)}


def redact_errors(
    errors: Mapping[str, list[str]], secret: frozenset[str], secrets: Collection[str]
) -> dict[str, list[str]]:
    """Errors by dotted path; a sentence about a secret may quote it.

    Args:
        errors: Sentences by path.
        secret: Names of what is secret.
        secrets: What was sent under such names.
    """
    return {
        storable(path): [MASK]
        if any(is_secret_name(part, secret) for part in path.split("."))
        else [mask(text, secrets) for text in texts]
        for path, texts in errors.items()
    }


def secret_texts(data: Any, secret: frozenset[str]) -> set[str]:
    """The secrets themselves, to be masked in sentences that may quote them; one of a few characters is no secret."""
    found: set[str] = set()
    left = [(data, False)]
    while left:
        value, is_secret = left.pop()
        if isinstance(value, MultiValueDict):
            value = dict(value.lists())
        if isinstance(value, Mapping):
            left += [(item, is_secret or is_secret_name(str(key), secret)) for key, item in value.items()]
        elif isinstance(value, list | tuple):
            left += [(item, is_secret) for item in value]
        elif is_secret and len(text := str(value)) >= MIN_SECRET and not isinstance(value, bool):
            found.add(text)
    return found


def mask(text: str, secrets: Collection[str]) -> str:
    """The text without the secrets, as a record may keep it."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return storable(text)


def mask_within(data: Any, secrets: Collection[str]) -> Any:
    """JSON values whose texts may quote a secret, without it."""
    if isinstance(data, str):
        return mask(data, secrets)
    if isinstance(data, dict):
        return {key: mask_within(value, secrets) for key, value in data.items()}
    return [mask_within(item, secrets) for item in data] if isinstance(data, list) else data


def storable(text: str) -> str:
    """The text without what databases refuse: NUL characters and lone surrogates."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


def _kept(value: Any, secret: frozenset[str], depth: int) -> Any:
    if type(value) in _STORABLE:
        return value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping | list | tuple):
        return _nested(value, secret, depth)
    if isinstance(value, File):
        return {"name": storable(value.name or ""), "size": value.size, "content_type": _content_type(value)}
    return _converted(value, secret, depth)


def _converted(value: Any, secret: frozenset[str], depth: int) -> Any:
    """A value that is none of JSON's own."""
    if isinstance(value, int | float):
        # Infinity and NaN are no JSON.
        return value if value - value == 0 else str(value)
    if isinstance(value, bytes | memoryview):
        return f"{len(value)} bytes"
    if isinstance(value, Iterable) and not isinstance(value, Iterator):
        return _nested(list(value), secret, depth)
    return storable(str(value))


def _nested(value: Any, secret: frozenset[str], depth: int) -> Any:
    if depth == MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {
            storable(str(key)): MASK if is_secret_name(str(key), secret) else _kept(item, secret, depth + 1)
            for key, item in value.items()
        }
    return [_kept(item, secret, depth + 1) for item in value]


def _content_type(file: File[Any]) -> str | None:
    return getattr(file, "content_type", None)


@lru_cache(maxsize=4096)
def is_secret_name(key: str, secret: frozenset[str]) -> bool:
    """Whether a name is a secret's, or has one in it: `new_password`, `userToken`, `x-api-key`."""
    if _name(key) in secret:
        return True
    words = [word.lower() for word in WORDS.findall(key)]
    spans = ((begin, end) for end in range(1, len(words) + 1) for begin in range(max(0, end - 3), end))
    return any("".join(words[begin:end]) in secret for begin, end in spans)


def _name(key: str) -> str:
    """The same for `api_key`, `api-key`, `apiKey` and `API_KEY`."""
    return key.lower().replace("-", "").replace("_", "")


_STORABLE = frozenset({bool, int, type(None), datetime, date, timedelta, Decimal, UUID})
"""Values that a JSONField writes as they are; whatever a project's fields hold besides is kept as its text."""
