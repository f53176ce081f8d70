"""The validations that the package brings. What JSON Schema can say is said in it, so that documentation shows it.

| name | argument | refuses |
|---|---|---|
| min_length, max_length, length | a number | texts and lists that are shorter, longer, or not as long |
| min, max | a number | numbers that are less, or more |
| pattern | a regular expression | texts in which nothing matches it |
| one_of | words with commas between them | everything else |
| multiple_of | a number | other numbers |
| not_blank | | texts of spaces only |
| unique | | lists with an item twice |
| email, url, hostname | | other texts |
| date, datetime, time, uuid | | texts that are none in ISO's form |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from actions.processes.authoring.validations import Validation

Schema = dict[str, Any]


def _size(least: bool, most: bool) -> Callable[[str, str], Schema]:
    def schema(argument: str, kind: str) -> Schema:
        number, noun = _whole(argument), "Items" if kind == "array" else "Length"
        return ({f"min{noun}": number} if least else {}) | ({f"max{noun}": number} if most else {})

    return schema


def _limit(keyword: str) -> Callable[[str, str], Schema]:
    return lambda argument, _kind: {keyword: _number(argument)}


def _options(argument: str, kind: str) -> Schema:
    words: list[Any] = [word.strip() for word in argument.split(",") if word.strip()]
    if not words:
        raise ValueError("it names nothing")
    return {"enum": [_number(word) for word in words] if kind in ("number", "integer") else words}


def _constant(schema: Schema) -> Callable[[str, str], Schema]:
    return lambda _argument, _kind: dict(schema)


def _whole(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise ValueError(f'"{text}" is no whole number from 0 on')
    return number


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f'"{text}" is no number') from error


def _reader(read: Callable[[str], Any], what: Any) -> Callable[[Any], None]:
    """Checks that a text can be read; the text stays what it is."""

    def check(value: Any) -> None:
        try:
            read(value if isinstance(value, str) else "")
        except ValueError as error:
            raise ValueError(_("Must be %(expected)s.") % {"expected": _(what)}) from error

    return check


def _with_argument(schema: Callable[[str, str], Schema]) -> tuple[Any, Any, bool]:
    return None, schema, True


def _without(schema: Schema) -> tuple[Any, Any, bool]:
    return None, _constant(schema), False


_PARTS: Mapping[str, tuple[Any, Any, bool]] = {
    "min_length": _with_argument(_size(least=True, most=False)),
    "max_length": _with_argument(_size(least=False, most=True)),
    "length": _with_argument(_size(least=True, most=True)),
    "min": _with_argument(_limit("minimum")),
    "max": _with_argument(_limit("maximum")),
    "multiple_of": _with_argument(_limit("multipleOf")),
    "pattern": _with_argument(lambda argument, _kind: {"pattern": argument}),
    "one_of": _with_argument(_options),
    "not_blank": _without({"pattern": r"\S"}),
    "unique": _without({"uniqueItems": True}),
    "email": _without({"format": "email"}),
    "url": _without({"format": "uri"}),
    "hostname": _without({"format": "hostname"}),
    "date": (_reader(date.fromisoformat, "a date such as 2026-11-30"), None, False),
    "datetime": (_reader(datetime.fromisoformat, "a date and time such as 2026-11-30T14:30:00+01:00"), None, False),
    "time": (_reader(time.fromisoformat, "a time such as 14:30:00"), None, False),
    "uuid": (_reader(UUID, "a UUID such as 123e4567-e89b-12d3-a456-426614174000"), None, False),
}

BUILTIN: Mapping[str, Validation] = {
    name: Validation(name, function, schema, needs_argument)
    for name, (function, schema, needs_argument) in _PARTS.items()
}
"""By name, without the prefix "validation."."""
