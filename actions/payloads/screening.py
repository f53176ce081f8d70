"""What no payload may hold, whatever its declaration says: looked for once, before any adapter reads the data.

Each of these has brought a server down further on: databases refuse NUL and halves of surrogate pairs, JSON has no NaN,
deep nesting ends recursive readers, and integers beyond 64 bits overflow columns.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from decimal import Decimal
from itertools import chain, islice
from math import isfinite
from typing import Any
from uuid import UUID

from django.core.files import File
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from actions.exceptions import NON_FIELD_ERRORS, InvalidPayloadError

MAX_DEPTH = 64
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
LIMITS = {"least": MIN_INTEGER, "most": MAX_INTEGER}
MAX_DECIMAL_MAGNITUDE = 400
"""Powers of ten; about the range of a float. `int(Decimal("1e999999999"))` would fill the memory."""
MAX_PROBLEMS = 100
"""Further problems are not listed: an answer must not grow with an attack."""

Path = tuple[str | int, ...]

_PYTHON_VALUES = (dt.date, dt.time, dt.timedelta, UUID, enum.Enum, File)
"""Leaves that a caller within Python, or a multipart form, may send besides JSON values."""


def dotted(path: Iterable[str | int]) -> str:
    """The key of a field's errors: `items.0.name`, or `non_field_errors` for the whole."""
    return ".".join(map(_readable, path)) or NON_FIELD_ERRORS


def _readable(part: str | int) -> str:
    """One part of a path. A caller may have written anything there, and it must fit into an answer."""
    text = str(part)
    if len(text) > 100:
        text = f"{text[:100]}…"
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def screen(data: Any) -> bool:
    """Refuse what no payload may hold.

    Returns:
        Whether the data are plain JSON values only, and no files, dates or subclasses of the JSON types.

    Raises:
        InvalidPayloadError: At most `MAX_PROBLEMS` problems, by dotted path.
    """
    if type(data) is not dict:
        if isinstance(data, MultiValueDict):
            _refuse(_form_problems(data))
            return False
        if not isinstance(data, Mapping):
            _refuse([((), _("Must be an object with fields, not %(value)s.") % {"value": kind_of(data)})])
    is_plain, problems = scan(data)
    if problems:
        _refuse(problems)
    return is_plain


def kind_of(value: Any) -> str:
    """What a value is, in words; Python's own name only of what is no JSON."""
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    if isinstance(value, int | float | Decimal):
        return _("a number")
    if isinstance(value, list | tuple):
        return _("a list")
    if isinstance(value, Mapping):
        return _("an object")
    return _("a text") if isinstance(value, str) else type(value).__name__


def screen_values(values: Mapping[str, Any]) -> None:
    """Refuse the same in values that a lenient reader has made, such as a float from the text "nan".

    Raises:
        InvalidPayloadError: By dotted path.
    """
    _refuse(scan(values, is_json=False)[1])


def scan(  # noqa: C901, PLR0912 - calls would take longer than the work, and this runs for every call of an action
    data: Any, *, is_json: bool = True
) -> tuple[bool, list[tuple[Path, str]]]:
    """Whether the data are plain JSON values, and what is wrong in them.

    One loop and no recursion, the commonest types first; what looks wrong is only noted, and worded afterwards.

    Args:
        is_json: Objects of any other class are a problem; otherwise they are passed over.
    """
    is_plain = True
    names: list[tuple[Path, Any]] = []
    values: list[tuple[Path, Any]] = []
    pending: list[tuple[Path, Any]] = [((), data)]
    for path, node in pending:
        if len(path) > MAX_DEPTH:
            too_deep = _("Must not be nested deeper than %(depth)d levels.") % {"depth": MAX_DEPTH}
            return is_plain, [*_problems(names, values, is_json), (path, too_deep)]
        pairs: Iterable[tuple[Any, Any]]
        if type(node) is dict or isinstance(node, Mapping):
            names += [(path, key) for key in node if type(key) is not str or not key.isascii() or "\0" in key]
            pairs = node.items()
        else:
            pairs = enumerate(node)
        for key, value in pairs:
            kind = type(value)
            if kind is str:
                if "\0" in value or not (value.isascii() or is_unicode(value)):
                    values.append(((*path, key), value))
            elif kind is int:
                if not MIN_INTEGER <= value <= MAX_INTEGER:
                    values.append(((*path, key), value))
            elif kind is dict or kind is list:
                pending.append(((*path, key), value))
            elif kind is bool or value is None or (kind is float and isfinite(value)):
                pass
            else:
                is_plain = False
                inner = _inner(value, is_json)
                if inner is None:
                    values.append(((*path, key), value))
                else:
                    pending.append(((*path, key), inner))
    return is_plain, _problems(names, values, is_json) if names or values else []


def _problems(names: list[tuple[Path, Any]], values: list[tuple[Path, Any]], is_json: bool) -> list[tuple[Path, str]]:
    """The sentences about what was noted, as many as an answer may have."""
    about_names = (((*path, *_name(key)), _name_problem(key)) for path, key in names)
    about_values = ((path, _value_problem(value, is_json)) for path, value in values)
    found = ((path, sentence) for path, sentence in chain(about_names, about_values) if sentence)
    return list(islice(found, MAX_PROBLEMS))


def is_unicode(text: str) -> bool:
    """Whether the text can be written as UTF-8: halves of surrogate pairs cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _name(key: Any) -> tuple[str]:
    return (key if isinstance(key, str) else type(key).__name__,)


def _name_problem(key: Any) -> str:
    if isinstance(key, str):
        return _text_problem(key)
    return _("The name of a field must be a text, not %(kind)s.") % {"kind": kind_of(key)}


def _inner(value: Any, is_json: bool) -> Any:
    """What to look into, if the value holds others."""
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return value
    is_record = not is_json and (is_dataclass(value) or hasattr(type(value), "model_fields"))
    return vars(value) if is_record else None


def _value_problem(value: Any, is_json: bool) -> str:
    """What is wrong with a single value of an unusual type or content; empty: nothing."""
    if isinstance(value, str):
        return _text_problem(value)
    if isinstance(value, int):
        is_usable = MIN_INTEGER <= value <= MAX_INTEGER
        return "" if is_usable else _("Must be between %(least)d and %(most)d.") % LIMITS
    if isinstance(value, float | Decimal):
        is_usable = isfinite(value) and (isinstance(value, float) or abs(value.adjusted()) <= MAX_DECIMAL_MAGNITUDE)
        return "" if is_usable else _("Must be a finite number of a usual size.")
    if isinstance(value, dt.datetime):
        return "" if has_utc(value) else _("Is too far from now for a date and time.")
    if is_json and not isinstance(value, _PYTHON_VALUES):
        return _("A value of the type %(kind)s is not possible here.") % {"kind": type(value).__name__}
    return ""


def has_utc(value: dt.datetime) -> bool:
    """Whether the moment exists in UTC, as which databases store it: 0001-01-01T00:00+02:00 does not."""
    try:
        value.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        return False
    return True


def _text_problem(text: str) -> str:
    if "\0" in text:
        return _("Must not contain the character NUL.")
    return "" if is_unicode(text) else _("Must not contain half of a character (a lone surrogate).")


def _form_problems(data: MultiValueDict[str, Any]) -> list[tuple[Path, str]]:
    """A form is flat, and a repeated field is one field."""
    problems: list[tuple[Path, str]] = []
    for key, values in data.lists():
        sentences = [_text_problem(key), *(_text_problem(value) for value in values if isinstance(value, str))]
        problems += [((key,), sentence) for sentence in dict.fromkeys(filter(None, sentences))]
    return problems


def _refuse(problems: list[tuple[Path, str]]) -> None:
    if not problems:
        return
    errors: dict[str, list[str]] = {}
    for path, sentence in problems:
        errors.setdefault(dotted(path), []).append(sentence)
    raise InvalidPayloadError(errors=errors)
