"""A contract that was written to a file, read and checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from actions.definitions import ACTION_TYPE, DEMAND, SELECTION, STATUS
from actions.exceptions import ConfigurationError
from actions.payloads.schema import make_validator

FORMAT = "dj-actions contract"
VERSION = 1

Document = dict[str, Any]


class NotAContractError(ValueError):
    """What was read is no contract; the message says what was expected."""


def _one_of(words: Any) -> Callable[[Any], str]:
    values = [word.value for word in words]
    return lambda value: "" if value in values else f"one of {', '.join(values)}"


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "true or false"


def _count(value: Any) -> str:
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return "" if value is None or is_count else "a whole number or null"


def _name(value: Any) -> str:
    return "" if value is None or isinstance(value, str) else "a text or null"


def _schema(value: Any) -> str:
    try:
        make_validator(value)
    except (ConfigurationError, TypeError):
        return "a JSON Schema (2020-12)"
    return "" if isinstance(value, dict) else "an object"


def _answer(value: Any) -> str:
    if not isinstance(value, dict) or set(value) != {"shape", "is_list", "schema"}:
        return "an object with shape, is_list and schema"
    is_right = isinstance(value["shape"], str) and isinstance(value["is_list"], bool)
    return _schema(value["schema"]) if is_right else "a text as shape and true or false as is_list"


def _day(value: Any) -> str:
    try:
        date.fromisoformat(value or "2000-01-01")
    except (TypeError, ValueError):
        return "a date or null"
    return ""


_MEMBERS: dict[str, Callable[[Any], str]] = {
    "type": _one_of(ACTION_TYPE),
    "status": _one_of(STATUS),
    "payload": _schema,
    "result": _answer,
    "selection": _one_of(SELECTION),
    "max_objects": _count,
    "if_match": _one_of(DEMAND),
    "idempotency_key": _one_of(DEMAND),
    "idempotent": _flag,
    "background": _flag,
    "preview": _flag,
    "undo": _name,
    "deprecated": lambda value: "" if isinstance(value, bool | str) else "true, false or a date",
    "sunset": _day,
}
"""What is said of an action, and what each of it has to be."""


def read(text: str) -> Document:
    """A contract that was written.

    Raises:
        NotAContractError: It is none; the message says what was expected.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAContractError(f"JSON was expected: {error}.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise NotAContractError(f'a contract was expected, an object with "format": "{FORMAT}".')
    if document.get("version") != VERSION:
        found = json.dumps(document.get("version"))
        raise NotAContractError(f"version {VERSION} of the format was expected, not {found}. Write it anew: --write.")
    for resource, said in _members("resources", document.get("resources")):
        for name, entry in _members(f"{resource}: actions", said.get("actions") if isinstance(said, dict) else None):
            _check(f"{resource}:{name}", entry)
    return document


def _members(place: str, value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise NotAContractError(f"{place}: an object was expected.")
    return list(value.items())


def _check(name: str, entry: Any) -> None:
    members = dict(_members(name, entry))
    for key, check in _MEMBERS.items():
        # A missing member is the same mistake as a wrong one.
        expected = check(members.get(key, ...))
        if expected:
            raise NotAContractError(f"{name}: {key}: {expected} was expected.")
