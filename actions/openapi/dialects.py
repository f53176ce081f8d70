"""JSON Schema (2020-12) as each version of OpenAPI understands it.

OpenAPI 3.1 takes schemas as they are; only local references must lead to the document's components. The versions before
know a part of the keywords and have words of their own for null, constants and bounds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

from actions.payloads.nodes import CHILDREN, LISTED, NAMED, SINGLE, reference_of, target

from .lowering import OPENAPI_30_KEYWORDS, SWAGGER_20_KEYWORDS, lowered

Schema = dict[str, Any]

NOT_IN_A_COMPONENT = frozenset({"$schema", "$id", "$comment", "$anchor", "$dynamicAnchor", "$defs", "definitions"})
"""Keywords that identify a schema or hold parts of it: the document's components do both."""


class Dialect(StrEnum):
    """The versions of OpenAPI, by how they write a schema."""

    SWAGGER_20 = "2.0"
    OPENAPI_30 = "3.0"
    OPENAPI_31 = "3.1"


class Components(Protocol):
    """The named schemas of a document."""

    def reference(self, name: str) -> str:
        """What `$ref` says to mean the schema of that name."""

    def register(self, name: str, schema: Schema) -> None:
        """Put a schema under a name, unless there is one."""


class SchemaWriter:
    """Writes one JSON Schema into a document.

    Args:
        root: The whole schema; local references are looked up in it.
        name: Names the component of the whole; what it refers to is named after it.
        dialect: How the document writes schemas.
        components: The document's.
    """

    def __init__(self, root: Mapping[str, Any], name: str, dialect: Dialect, components: Components) -> None:
        self._root = root
        self._name = name
        self._dialect = dialect
        self._components = components
        self._names: dict[str, str] = {}

    def whole(self) -> Schema:
        """A reference to the whole schema, which becomes a component."""
        return self._reference("#", self._root)

    def part(self, node: Any) -> Schema:
        """A schema inside of the whole, written out; of what it refers to itself, one step."""
        reference = reference_of(node) if isinstance(node, Mapping) else None
        found = target(self._root, reference) if reference is not None else None
        if found is not None and isinstance(found[1], Mapping):
            node = {**found[1], **{key: value for key, value in node.items() if key != "$ref"}}
        return self._written(node)

    def _written(self, node: Any) -> Schema:
        if not isinstance(node, Mapping):
            # `true` or `false`: anything, or nothing at all.
            return {} if node or self._dialect is Dialect.SWAGGER_20 else {"not": {}}
        node = {key: value for key, value in node.items() if key not in NOT_IN_A_COMPONENT}
        if self._dialect is Dialect.SWAGGER_20:
            node = lowered(node, self._root, SWAGGER_20_KEYWORDS)
        elif self._dialect is Dialect.OPENAPI_30:
            node = lowered(node, self._root, OPENAPI_30_KEYWORDS)
        return self._with_reference({key: self._value(key, value) for key, value in node.items()})

    def _value(self, key: str, value: Any) -> Any:
        if key == "additionalProperties" and isinstance(value, bool):
            return value
        if key in SINGLE or key in CHILDREN:
            return self._written(value)
        if key in NAMED and isinstance(value, Mapping):
            return {name: self._written(inner) for name, inner in value.items()}
        if key in LISTED and isinstance(value, list):
            return [self._written(inner) for inner in value]
        if key == "discriminator" and isinstance(value, Mapping):
            mapping = value.get("mapping", {})
            return {**value, "mapping": {name: self._followed(place) for name, place in mapping.items()}}
        return value

    def _with_reference(self, node: Schema) -> Schema:
        reference = reference_of(node)
        if reference is None:
            return node
        siblings = {key: value for key, value in node.items() if key not in ("$ref", "$dynamicRef")}
        followed = {"$ref": self._followed(reference)}
        if followed["$ref"] is None:
            return siblings
        if not siblings or self._dialect is Dialect.OPENAPI_31:
            return {**followed, **siblings}
        # Before 3.1, what stands beside a reference is ignored.
        return {**siblings, "allOf": [followed, *siblings.get("allOf", [])]}

    def _followed(self, reference: str) -> Any:
        """The reference to the component of what `reference` names; None where it leads out of the schema."""
        found = target(self._root, reference)
        return None if found is None else self._reference(*found)["$ref"]

    def _reference(self, place: str, node: Any) -> Schema:
        if place not in self._names:
            # The name is known before the schema is written: a schema may refer to itself.
            self._names[place] = self._free_name(place)
            self._components.register(self._names[place], self._written(node))
        return {"$ref": self._components.reference(self._names[place])}

    def _free_name(self, place: str) -> str:
        parts = [part for part in place.split("/")[1:] if part not in ("$defs", "definitions", "properties")]
        name = self._name + "".join(camelized(part) for part in parts)
        taken, number, free = set(self._names.values()), 2, name
        while free in taken:
            free, number = f"{name}{number}", number + 1
        return free


def camelized(text: str) -> str:
    """`mark_done` as `MarkDone`; only what may stand in a component's name."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", text))
