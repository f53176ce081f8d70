"""A value that a JSON Schema itself gives as an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.payloads.nodes import Node, copy_json, declared_fields, together
from actions.payloads.schema import make_validator

_NOTHING = object()
"""The schema gives no example; None is one."""


def example_of(schema: Mapping[str, Any]) -> Any:
    """An example made of every `example`, `examples` and `default`; None where they give none that fits the schema."""
    found = _given(schema, schema, frozenset())
    if found is _NOTHING or not make_validator(copy_json(schema)).is_valid(found):
        return None
    return found


def _given(root: Node, node: Any, above: frozenset[int]) -> Any:
    """What one schema gives; `above` are those that it is part of, which a reference may lead back to."""
    if id(node) in above:
        return _NOTHING
    parts = list(together(root, node))
    for part in parts:
        for value in (*_first(part.get("examples")), *(part[key] for key in ("example", "default") if key in part)):
            return value
    inside = above | {id(node)}
    fields = {name: _given(root, field, inside) for name, field in declared_fields(root, node).items()}
    given = {name: value for name, value in fields.items() if value is not _NOTHING}
    if given:
        return given
    items = [_given(root, part["items"], inside) for part in parts if "items" in part]
    return next(([item] for item in items if item is not _NOTHING), _NOTHING)


def _first(values: Any) -> list[Any]:
    return values[:1] if isinstance(values, list) else []
