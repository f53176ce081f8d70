"""What a caller is told about a value that does not fit: one sentence per error, with the value and what was due."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.core.files import File
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from .formats import FILE_MARK
from .nodes import Node

SHOWN_CHARACTERS = 60
SHOWN_OPTIONS = 20
SUGGESTED_LENGTH = 100
"""No suggestion for longer names: comparing takes time in proportion to the square of the length."""

REQUIRED = gettext_lazy("This field is required.")

_TYPES = {
    "string": gettext_lazy("a text"),
    "integer": gettext_lazy("a whole number"),
    "number": gettext_lazy("a number"),
    "boolean": gettext_lazy("true or false"),
    "array": gettext_lazy("a list"),
    "object": gettext_lazy("an object"),
    "null": gettext_lazy("null"),
}
_FORMATS = {
    "date": gettext_lazy("a date such as 2026-11-30"),
    "date-time": gettext_lazy("a date and time such as 2026-11-30T14:30:00+01:00"),
    "time": gettext_lazy("a time such as 14:30:00"),
    "duration": gettext_lazy("a duration such as PT1H30M"),
    "uuid": gettext_lazy("a UUID such as 123e4567-e89b-12d3-a456-426614174000"),
    "decimal": gettext_lazy("a decimal number such as 12.50"),
    "binary": gettext_lazy("a file"),
    "email": gettext_lazy("an e-mail address"),
    "idn-email": gettext_lazy("an e-mail address"),
    "uri": gettext_lazy("a URL"),
    "ipv4": gettext_lazy("an IPv4 address"),
    "ipv6": gettext_lazy("an IPv6 address"),
    "hostname": gettext_lazy("a host name"),
}
_COMPARISONS = {
    "minimum": gettext_lazy("Must be at least %(limit)s, not %(value)s."),
    "maximum": gettext_lazy("Must be at most %(limit)s, not %(value)s."),
    "exclusiveMinimum": gettext_lazy("Must be more than %(limit)s, not %(value)s."),
    "exclusiveMaximum": gettext_lazy("Must be less than %(limit)s, not %(value)s."),
    "multipleOf": gettext_lazy("Must be a multiple of %(limit)s, not %(value)s."),
    "const": gettext_lazy("Must be %(limit)s, not %(value)s."),
    "pattern": gettext_lazy("Must match the pattern %(limit)s, not %(value)s."),
}
_COUNTS = {
    "minLength": ngettext_lazy(
        "Must have at least %(limit)d character, not %(count)d.",
        "Must have at least %(limit)d characters, not %(count)d.",
        "limit",
    ),
    "maxLength": ngettext_lazy(
        "Must have at most %(limit)d character, not %(count)d.",
        "Must have at most %(limit)d characters, not %(count)d.",
        "limit",
    ),
    "minItems": ngettext_lazy(
        "Must have at least %(limit)d item, not %(count)d.",
        "Must have at least %(limit)d items, not %(count)d.",
        "limit",
    ),
    "maxItems": ngettext_lazy(
        "Must have at most %(limit)d item, not %(count)d.",
        "Must have at most %(limit)d items, not %(count)d.",
        "limit",
    ),
    "minProperties": ngettext_lazy(
        "Must have at least %(limit)d field, not %(count)d.",
        "Must have at least %(limit)d fields, not %(count)d.",
        "limit",
    ),
    "maxProperties": ngettext_lazy(
        "Must have at most %(limit)d field, not %(count)d.",
        "Must have at most %(limit)d fields, not %(count)d.",
        "limit",
    ),
}
_PLAIN = {
    "uniqueItems": gettext_lazy("Each item may occur only once."),
    "contains": gettext_lazy("Contains too few or too many items of the kind that is asked for."),
    "falseSchema": gettext_lazy("Is not possible here."),
    "not": gettext_lazy("Is of a kind that is excluded here."),
    "anyOf": gettext_lazy("Fits none of the possible forms."),
    "oneOf": gettext_lazy("Must fit exactly one of the possible forms."),
    "unevaluatedItems": gettext_lazy("Has more items than are possible here."),
}


def shown(value: Any) -> str:
    """A value as it is quoted in a sentence: short, on one line, and without what is inside of lists and objects."""
    if isinstance(value, File) or (isinstance(value, str) and value.startswith(FILE_MARK)):
        return _("a file")
    if isinstance(value, str):
        short = _cut(value)
        return json.dumps(short, ensure_ascii=not short.isprintable())
    if isinstance(value, Mapping):
        return _("an object")
    if isinstance(value, list | tuple):
        return _("a list")
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def expected(schema: Node, types: Iterable[str] = ()) -> str:
    """What a schema asks for in words: "a date such as 2026-11-30 or null"."""
    name = schema.get("format")
    declared = schema.get("type", ())
    types = list(types) or ([declared] if isinstance(declared, str) else list(declared))
    words = [str(_TYPES.get(kind, kind)) for kind in sorted(types, key=lambda kind: kind == "null")]
    if name in _FORMATS:
        words = [str(_FORMATS[name]), *([str(_TYPES["null"])] if "null" in types else [])]
    return alternatives(words)


def alternatives(words: Iterable[str]) -> str:
    """The words joined: "a date or null"."""
    return _(" or ").join(dict.fromkeys(words))


def must_be(what: str, value: Any) -> str:
    """A value of the wrong kind."""
    return _("Must be %(expected)s, not %(value)s.") % {"expected": what, "value": shown(value)}


def sentence(keyword: str, limit: Any, value: Any, schema: Node, *, is_secret: bool = False) -> str:
    """What is wrong with a value.

    Args:
        keyword: JSON Schema's name of the rule: `maxLength`.
        limit: What the rule says: 100.
        schema: Where the rule stands.
        is_secret: The value must not be repeated.
    """
    is_file = isinstance(value, str) and value.startswith(FILE_MARK)
    if keyword in {"type", "format"} or is_file:
        what = expected(schema, limit if keyword == "type" else ()) or str(limit)
        return _("Must be %(expected)s.") % {"expected": what} if is_secret else must_be(what, value)
    if keyword == "minLength" and limit == 1:
        return _("Must not be empty.")
    if keyword == "enum":
        return _one_of(limit, value, is_secret)
    if keyword in _COMPARISONS:
        parts = {"limit": _limit(limit), "value": _("what was sent") if is_secret else shown(value)}
        return str(_COMPARISONS[keyword] % parts)
    if keyword in _COUNTS:
        return str(_COUNTS[keyword] % {"limit": limit, "count": len(value)})
    return str(_PLAIN.get(keyword, _("Is not possible here.")))


def _limit(limit: Any) -> str:
    """A rule's own value; whole numbers that arrive as floats are shown as whole numbers."""
    return str(int(limit)) if isinstance(limit, float) and limit.is_integer() else shown(limit)


def _one_of(options: list[Any], value: Any, is_secret: bool) -> str:
    listed = ", ".join(map(shown, options[:SHOWN_OPTIONS])) + (", …" if len(options) > SHOWN_OPTIONS else "")
    if is_secret:
        return _("Must be one of %(options)s.") % {"options": listed}
    return _("Must be one of %(options)s, not %(value)s.") % {"options": listed, "value": shown(value)}


def unknown_field(name: str, known: Collection[str]) -> str:
    """A field that nobody declared."""
    close = difflib.get_close_matches(name, known, n=1) if len(name) <= SUGGESTED_LENGTH else []
    if close:
        return _("There is no such field. Did you mean '%(name)s'?") % {"name": close[0]}
    if not known:
        return _("There is no such field: none is expected.")
    listed = ", ".join(list(known)[:SHOWN_OPTIONS]) + (", …" if len(known) > SHOWN_OPTIONS else "")
    return _("There is no such field. Possible: %(names)s.") % {"names": listed}
