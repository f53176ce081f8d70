"""What `Annotated` adds to a type, as JSON Schema: the names are those of annotated_types and pydantic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from .wording import sentence

Schema = dict[str, Any]
Builder = Callable[[Any], Any]

_COMPARISONS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "ge": ("minimum", lambda value, limit: bool(value >= limit)),
    "gt": ("exclusiveMinimum", lambda value, limit: bool(value > limit)),
    "le": ("maximum", lambda value, limit: bool(value <= limit)),
    "lt": ("exclusiveMaximum", lambda value, limit: bool(value < limit)),
    "multiple_of": ("multipleOf", lambda value, limit: not value % limit),
}
_SIZES = {
    "min_length": {"string": "minLength", "array": "minItems", "object": "minProperties"},
    "max_length": {"string": "maxLength", "array": "maxItems", "object": "maxProperties"},
}
_TEXTS = {"pattern": "pattern", "documentation": "description", "description": "description"}


def constrain(schema: Schema, metadata: tuple[Any, ...]) -> Iterator[Builder]:
    """Add the constraints to the schema, and give those of which JSON Schema knows nothing.

    Returns:
        Functions that raise ValueError for a value that is not allowed, and give any other back.
    """
    for constraint in metadata:
        if isinstance(getattr(constraint, "metadata", None), list | tuple):
            yield from constrain(schema, tuple(constraint.metadata))
        yield from _comparisons(schema, constraint)
        for attribute, keywords in _SIZES.items():
            limit = getattr(constraint, attribute, None)
            if isinstance(limit, int):
                schema.update(dict.fromkeys(_applicable(keywords, schema), limit))
        for attribute, keyword in _TEXTS.items():
            text = getattr(constraint, attribute, None)
            if isinstance(text, str):
                schema[keyword] = text


def _comparisons(schema: Schema, constraint: Any) -> Iterator[Builder]:
    for attribute, (keyword, holds) in _COMPARISONS.items():
        limit = getattr(constraint, attribute, None)
        if isinstance(limit, int | float | Decimal):
            schema[keyword] = int(limit) if limit % 1 == 0 else float(limit)
        elif limit is not None:
            yield _compared(keyword, limit, holds)


def _applicable(keywords: Mapping[str, str], schema: Schema) -> list[str]:
    """The keywords for the schema's types; all of them where these are not said, as each concerns its own type only."""
    declared = schema.get("type", ())
    types_ = (declared,) if isinstance(declared, str) else declared
    return [keyword for kind, keyword in keywords.items() if kind in types_] or list(keywords.values())


def _compared(keyword: str, limit: Any, holds: Callable[[Any, Any], bool]) -> Builder:
    """Compares values that JSON has no order for, such as dates. A limit without a time zone is in the value's."""

    def build(value: Any) -> Any:
        exact = limit
        if isinstance(limit, dt.datetime) and limit.tzinfo is None:
            exact = limit.replace(tzinfo=value.tzinfo)
        if not holds(value, exact):
            raise ValueError(sentence(keyword, limit, value, {}))
        return value

    return build
