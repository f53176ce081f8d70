"""Form-encoded data read as what a schema declares: texts become numbers, repeated fields lists."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.utils.datastructures import MultiValueDict

from .base import IGNORED_FORM_FIELDS
from .nodes import Node, declared_fields, together, types_of
from .screening import MAX_DEPTH

BOOLEANS = {
    **dict.fromkeys(("true", "on", "1", "yes"), True),
    **dict.fromkeys(("false", "off", "0", "no"), False),
}
"""How HTML forms and programs write yes and no, in lower case."""

_MISSING: Any = object()
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,100}(\.[0-9]{0,100})?|\.[0-9]{1,100})([eE][+-]?[0-9]{1,3})?")


def typed(data: MultiValueDict[str, Any], schema: Node) -> dict[str, Any]:
    """The fields of a form as the JSON values that the schema asks for.

    What cannot be read as declared stays the text it is, and validation will say what was expected. An empty text
    stands for a field that was left empty, except where any text will do. A field that repeats is a list where one is
    declared, otherwise its last value counts. An object is one field with a JSON text, or several: `address.city`.
    """
    return _fields(data, schema, schema)


def _fields(data: MultiValueDict[str, Any], node: Any, root: Node) -> dict[str, Any]:
    declared = declared_fields(root, node)
    result: dict[str, Any] = {}
    inner: dict[str, MultiValueDict[str, Any]] = {}
    for key, values in data.lists():
        name, _, rest = key.partition(".")
        if key in declared or name not in declared or not rest or key.count(".") > MAX_DEPTH:
            if key not in IGNORED_FORM_FIELDS or key in declared:
                value = _read(values, declared.get(key, {}), root)
                if value is not _MISSING:
                    result[key] = value
        else:
            inner.setdefault(name, MultiValueDict()).setlist(rest, values)
    for name, parts in inner.items():
        result.setdefault(name, _fields(parts, declared[name], root))
    return result


def _read(values: list[Any], node: Any, root: Node) -> Any:
    if not values:
        return _MISSING
    types = types_of(root, node)
    if "array" in types:
        return _list(values, node, root)
    return _scalar(values[-1], node, types, root)


def _list(values: list[Any], node: Any, root: Node) -> Any:
    parts = [part for part in together(root, node) if "items" in part or "prefixItems" in part]
    first, rest = (parts[0].get("prefixItems", []), parts[0].get("items", {})) if parts else ([], {})
    if values == [""]:
        return []
    if len(values) == 1 and isinstance(values[0], str) and values[0].startswith("["):
        item_types = types_of(root, rest)
        parsed = _json(values[0]) if item_types and "string" not in item_types else None
        if isinstance(parsed, list):
            return parsed
    items = []
    for index, value in enumerate(values):
        item = first[index] if index < len(first) else rest
        read = _scalar(value, item, types_of(root, item), root)
        items.append(value if read is _MISSING else read)
    return items


def _scalar(value: Any, node: Any, types: set[str], root: Node) -> Any:
    """One text as a JSON value. Anything but a text is a file, which stays what it is."""
    if not isinstance(value, str) or not types:
        return value
    if value == "" and not _takes_empty(node, types, root):
        return None if "null" in types else _MISSING
    return value if "string" in types else _other_type(value, types)


def _other_type(text: str, types: set[str]) -> Any:
    """The text as a value that is no text; the text itself where it cannot be read as one."""
    if "boolean" in types and text.strip().lower() in BOOLEANS:
        return BOOLEANS[text.strip().lower()]
    if types & {"integer", "number"}:
        return _number(text.strip(), types)
    parsed = _json(text) if "object" in types else None
    return parsed if isinstance(parsed, Mapping) else text


def _takes_empty(node: Any, types: set[str], root: Node) -> bool:
    """Whether an empty text may be meant, and not that nothing was filled in."""
    parts = list(together(root, node))
    options = [option for part in parts for option in part.get("enum", ())]
    return "string" in types and not any("format" in part for part in parts) and (not options or "" in options)


def _number(text: str, types: set[str]) -> Any:
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if "number" in types and _NUMBER.fullmatch(text) else text


def _json(text: str) -> Any:
    """A JSON text as its value; None where it is none, is nested too deeply, or holds NaN or Infinity."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> Any:
    raise ValueError(name)
