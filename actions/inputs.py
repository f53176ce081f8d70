"""How a person fills in the fields of a payload: which kind of input each takes. For forms of every door.

It only says what to show. What is sent is checked by the payload's own adapter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .payloads.nodes import Node, declared_fields, json_type, together, types_of

LONG_TEXT = 200
"""Characters from which on a text gets more than one line."""


class KIND(StrEnum):
    """What a person is shown."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    PASSWORD = "password"  # noqa: S105 - a kind of input
    EMAIL = "email"
    URI = "uri"
    UUID = "uuid"
    DATE = "date"
    DATETIME = "date-time"
    TIME = "time"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    SEVERAL = "several"
    """Some of a few choices."""
    LINES = "lines"
    """A list of texts or numbers."""
    FILE = "file"
    JSON = "json"
    """What none of the others can hold."""


_FORMATS = {
    "date": KIND.DATE,
    "date-time": KIND.DATETIME,
    "time": KIND.TIME,
    "email": KIND.EMAIL,
    "uri": KIND.URI,
    "uuid": KIND.UUID,
    "binary": KIND.FILE,
    "password": KIND.PASSWORD,
}
_TYPES = {
    "integer": KIND.INTEGER,
    "number": KIND.NUMBER,
    "boolean": KIND.BOOLEAN,
    "object": KIND.JSON,
}
_ITEMS = frozenset({"string", "integer", "number"})


@dataclass(frozen=True, slots=True)
class Input:
    """One field of a payload as a person is to fill it in."""

    name: str
    kind: KIND
    is_required: bool
    title: str = ""
    description: str = ""
    default: Any = None
    """None: there is none."""
    is_nullable: bool = False
    choices: tuple[Any, ...] = ()
    """The values that are allowed, without null."""
    item_type: str = "string"
    """For a list, the JSON type of its items."""
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None


def inputs_of(schema: Node) -> Iterator[Input]:
    """An input for each field that a JSON Schema of an object declares, in their order."""
    required = {name for part in together(schema, schema) for name in part.get("required", ())}
    for name, node in declared_fields(schema, schema).items():
        if isinstance(node, Mapping):
            yield _input(name, node, schema, name in required)


def _input(name: str, node: Node, root: Node, is_required: bool) -> Input:
    parts = list(together(root, node))
    types = types_of(root, node)
    kind, choices, item_type = _kind(parts, types - {"null"}, root)
    return Input(
        name=name,
        kind=kind,
        is_required=is_required,
        title=str(_first(parts, "title") or ""),
        description=str(_first(parts, "description") or ""),
        default=_first(parts, "default"),
        is_nullable="null" in types,
        choices=choices,
        item_type=item_type,
        minimum=_first(parts, "minimum"),
        maximum=_first(parts, "maximum"),
        max_length=_first(parts, "maxLength"),
    )


def _kind(parts: list[Node], types: set[str], root: Node) -> tuple[KIND, tuple[Any, ...], str]:
    """The kind of input, its choices, and the type of a list's items."""
    if choices := _choices(parts):
        return KIND.CHOICE, choices, "string"
    if types == {"array"}:
        return _list_kind(parts, root)
    if types == {"string"}:
        return _text_kind(parts), (), "string"
    if types == {"number", "string"} and _first(parts, "format") == "decimal":
        return KIND.NUMBER, (), "number"
    # An integer is a number, too; of other mixtures a person has to say which is meant.
    types = types - {"integer"} if "number" in types else types
    return _TYPES.get(next(iter(types)), KIND.JSON) if len(types) == 1 else KIND.JSON, (), "string"


def _list_kind(parts: list[Node], root: Node) -> tuple[KIND, tuple[Any, ...], str]:
    items = _first(parts, "items")
    if not isinstance(items, Mapping) or any("prefixItems" in part for part in parts):
        return KIND.JSON, (), "string"
    inner = list(together(root, items))
    types = types_of(root, items)
    if choices := _choices(inner):
        return KIND.SEVERAL, choices, "string"
    is_file = _first(inner, "format") == "binary"
    if len(types) != 1 or not types <= _ITEMS or is_file:
        return KIND.JSON, (), "string"
    return KIND.LINES, (), types.pop()


def _text_kind(parts: list[Node]) -> KIND:
    formats = {str(part["format"]) for part in parts if "format" in part}
    if "password" in formats or any(part.get("writeOnly") for part in parts):
        return KIND.PASSWORD
    if len(formats) == 1:
        return _FORMATS.get(formats.pop(), KIND.TEXT)
    longest = _first(parts, "maxLength")
    return KIND.LONG_TEXT if isinstance(longest, int) and longest > LONG_TEXT else KIND.TEXT


def _choices(parts: list[Node]) -> tuple[Any, ...]:
    declared = _first(parts, "enum")
    values = [] if not isinstance(declared, list | tuple) else declared
    return tuple(value for value in values if json_type(value) in ("string", "integer", "number", "boolean"))


def _first(parts: list[Node], key: str) -> Any:
    """What the first of the schemas that says it says."""
    return next((part[key] for part in parts if part.get(key) is not None), None)
