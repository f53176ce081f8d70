"""A schema as it is applied: what is not declared is refused.

JSON Schema lets unknown fields pass unless it is told otherwise. A field that nobody declared is a typing mistake more
often than a wish, so wherever an object's fields are declared and nothing is said about further ones, they are refused.
The effective schema is what `json_schema()` shows: what is documented is what is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .nodes import SEVERAL, Node, Nodes, copy_json, inside, reference_of, target, together, walk

_CLOSED = ("additionalProperties", "unevaluatedProperties")
_OWNING = frozenset(
    {
        *("properties", "patternProperties", "additionalProperties", "unevaluatedProperties"),
        *("prefixItems", "items", "unevaluatedItems"),
    }
)
"""Keywords whose schemas are all there is to say about a part of the value."""
_CONDITIONS = frozenset({"not", "if", "contains", "propertyNames"})
"""Keywords whose schemas ask something, and would ask something else if they were closed."""
_COMPOSING = ("$ref", "$dynamicRef", *SEVERAL, "if", "dependentSchemas")


def effective(schema: Node) -> dict[str, Any]:
    """A copy of the schema in which unknown fields are refused and files are marked as such."""
    root: dict[str, Any] = copy_json(schema)
    root.setdefault("type", "object")
    # References are local; a name of its own would only make their base another one.
    root.pop("$id", None)
    nodes = list(walk(root))
    for _path, node in nodes:
        if _is_file(node):
            node.setdefault("type", "string")  # type: ignore[attr-defined]
            node["format"] = "binary"  # type: ignore[index]
    root.setdefault("properties", {})
    _Closing(root, nodes).value(root)
    return root


def _is_file(node: Node) -> bool:
    """Whether a string is an uploaded file: OpenAPI 3.0 says `format: binary`, 3.1 a media type without an encoding."""
    media_type = node.get("contentMediaType")
    if not isinstance(media_type, str) or "contentEncoding" in node or node.get("type", "string") != "string":
        return False
    return not media_type.startswith("text/") and "json" not in media_type and "xml" not in media_type


class _Closing:
    """Closes each schema that is all there is to say about a value; its parts in `allOf` and the like stay open.

    Where one part of several declares the fields, `additionalProperties` would refuse those of the other parts, so such
    a value is closed with `unevaluatedProperties`, which looks at all of them.
    """

    def __init__(self, root: dict[str, Any], nodes: Nodes) -> None:
        self.root = root
        self._closed: set[int] = set()
        self._entered: set[int] = set()
        self._shared = self._composed_targets(nodes)

    def _composed_targets(self, nodes: Nodes) -> set[int]:
        """What a schema refers to that says something of its own besides: must not be closed on its own."""
        found: set[int] = set()
        for path, node in nodes:
            reference = reference_of(node)
            is_part = (len(path) >= 2 and path[-2] == "allOf") or (path and path[-1] in ("if", "then", "else"))
            if reference is not None and (is_part or "properties" in node or self._composers(node) > 1):
                place = target(self.root, reference)
                if place is not None:
                    found.add(id(place[1]))
        return found

    @staticmethod
    def _composers(node: Node) -> int:
        return sum(key in node for key in _COMPOSING)

    def value(self, node: Any) -> None:
        """Close a schema that a value has for itself."""
        if not isinstance(node, dict) or id(node) in self._closed:
            return
        self._closed.add(id(node))
        if any(key in node for key in _CLOSED):
            pass
        elif not self._composers(node):
            if "properties" in node or "patternProperties" in node:
                node["additionalProperties"] = False
        elif not self._close_parts(node) and self._is_silent(node):
            node["unevaluatedProperties"] = False
        self.children(node)

    def _is_silent(self, node: dict[str, Any]) -> bool:
        """Whether fields are declared and nothing is said about further ones."""
        parts = list(together(self.root, node))
        return any("properties" in part for part in parts) and not any(key in part for part in parts for key in _CLOSED)

    def _close_parts(self, node: dict[str, Any]) -> bool:
        """Close alternatives, or what is referred to, instead, where these say everything: better errors come of it."""
        if self._composers(node) > 1 or node.get("properties"):
            return False
        alternatives = node.get("anyOf", node.get("oneOf"))
        if alternatives is not None:
            for alternative in alternatives:
                self.value(alternative)
            return True
        place = target(self.root, node["$ref"]) if isinstance(node.get("$ref"), str) else None
        if place is None or id(place[1]) in self._shared:
            return False
        self.value(place[1])
        return True

    def children(self, node: Any) -> None:
        """Close what is inside of a value. Conditions (`not`, `if`, `contains`) keep the meaning they have."""
        if not isinstance(node, Mapping) or id(node) in self._entered:
            return
        self._entered.add(id(node))
        for path, inner in inside(node):
            if path[0] in _OWNING:
                self.value(inner)
            elif path[0] not in _CONDITIONS:
                self.children(inner)
