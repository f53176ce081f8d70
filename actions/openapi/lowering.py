"""One level of a JSON Schema (2020-12) in the words of Swagger 2.0 or OpenAPI 3.0.

What they cannot say is left out, or said to the reader in the description: a document that is too wide misleads nobody,
and the payload is checked by the schema as it was declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from actions.payloads.nodes import declared_fields, json_type, types_of

Schema = dict[str, Any]

SHOWN = ("title", "description", "default", "example", "externalDocs", "readOnly")
VALUES = ("type", "format", "enum")
NUMBERS = ("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
SIZES = ("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties")
PARTS = ("$ref", "allOf", "items", "properties", "additionalProperties", "required")
SWAGGER_20_KEYWORDS = frozenset({*SHOWN, *VALUES, *NUMBERS, *SIZES, *PARTS})
OPENAPI_30_KEYWORDS = SWAGGER_20_KEYWORDS | {"anyOf", "oneOf", "not", "nullable"}
OPENAPI_30_KEYWORDS |= {"writeOnly", "deprecated", "discriminator"}


def lowered(node: Mapping[str, Any], root: Mapping[str, Any], keywords: frozenset[str]) -> Schema:
    """The schema with only these keywords; the schemas inside of it are still as they were.

    Args:
        node: A schema inside of `root`.
        root: What its references are looked up in.
        keywords: Those of the version that is written.
    """
    node = dict(node)
    null = "nullable" if "nullable" in keywords else "x-nullable"
    if node.get("format") == "decimal" and "anyOf" not in keywords:
        _decimal(node)
    if "const" in node:
        node["enum"] = [node.pop("const")]
    if _takes_null(node):
        node[null] = True
    for key in ("anyOf", "oneOf"):
        if key in node:
            _choice(node, key, root, keywords)
    for bound in ("minimum", "maximum"):
        _exclusive(node, bound)
    if node.get("type") == "array":
        node.setdefault("items", {})
    if "patternProperties" in node:
        # It is not that there are no others: they cannot be described.
        node.pop("additionalProperties", None)
    _show(node)
    if not node.get("required"):
        node.pop("required", None)
    return {key: value for key, value in node.items() if key in keywords or key.startswith("x-")}


def _show(node: Schema) -> None:
    """Keep what a reader is shown in the form that the versions have for it."""
    if isinstance(node.get("examples"), list) and node["examples"]:
        node.setdefault("example", node["examples"][0])
    if node.get("default", 0) is None or "type" not in node:
        # Swagger's validators want a type beside each default.
        node.pop("default", None)


def _takes_null(node: Schema) -> bool:
    """Take null out of the types and values; whether it was there."""
    is_nullable = False
    types = node.get("type")
    if isinstance(types, list):
        others = [kind for kind in types if kind != "null"]
        is_nullable = len(others) < len(types)
        del node["type"]
        if len(others) == 1:
            node["type"] = others[0]
        elif others:
            node.setdefault("anyOf", [{"type": kind} for kind in others])
    elif types == "null":
        is_nullable = True
        del node["type"]
    if None in node.get("enum", ()):
        is_nullable = True
        node["enum"] = [value for value in node["enum"] if value is not None]
        if not node["enum"]:
            del node["enum"]
    for key in ("anyOf", "oneOf"):
        branches = node.get(key, [])
        others = [branch for branch in branches if not (isinstance(branch, Mapping) and branch.get("type") == "null")]
        if len(others) < len(branches):
            is_nullable = True
            node[key] = others
    return is_nullable


def _decimal(node: Schema) -> None:
    """A number or a text, as drf-yasg writes it: a text."""
    is_nullable = "null" in node.get("type", ())
    node["type"] = ["string", "null"] if is_nullable else "string"
    for keyword in NUMBERS:
        node.pop(keyword, None)
    if node.get("default") is not None:
        node["default"] = str(node["default"])


def _choice(node: Schema, key: str, root: Mapping[str, Any], keywords: frozenset[str]) -> None:
    """Make alternatives what the version can say."""
    branches = node[key]
    if len(branches) == 1 and isinstance(branches[0], Mapping):
        del node[key]
        if "$ref" in branches[0]:
            node["allOf"] = [*node.get("allOf", []), branches[0]]
        else:
            node.update({name: value for name, value in branches[0].items() if name not in node})
    elif not branches:
        del node[key]
    elif key not in keywords:
        _told(node, node.pop(key), root)


def _told(node: Schema, branches: list[Any], root: Mapping[str, Any]) -> None:
    """Keep what all alternatives have in common, and tell the reader what they are."""
    kinds = set().union(*(types_of(root, branch) for branch in branches))
    kinds = {"number"} if kinds == {"integer", "number"} else kinds - {"null"}
    if len(kinds) == 1:
        node.setdefault("type", kinds.pop())
    if node.get("type") == "object":
        node.setdefault("properties", _fields(branches, root))
    values = [_values(branch) for branch in branches]
    if all(values):
        node.setdefault("enum", [value for some in values for value in some])
    else:
        told = _("One of: %(kinds)s.") % {"kinds": ", ".join(dict.fromkeys(map(_kind, branches)))}
        node["description"] = f"{node.get('description', '')} {told}".strip()


def _fields(branches: list[Any], root: Mapping[str, Any]) -> Schema:
    """The fields of all alternatives; one that several have is what any of them says."""
    found: dict[str, list[Any]] = {}
    for branch in branches:
        for name, schema in declared_fields(root, branch).items():
            if schema not in found.setdefault(name, []):
                found[name].append(schema)
    return {name: schemas[0] if len(schemas) == 1 else {"anyOf": schemas} for name, schemas in found.items()}


def _values(branch: Any) -> list[Any]:
    if not isinstance(branch, Mapping):
        return []
    return [branch["const"]] if "const" in branch else list(branch.get("enum", ()))


def _kind(branch: Any) -> str:
    """An alternative in a word."""
    if not isinstance(branch, Mapping):
        return _("anything")
    if "$ref" in branch:
        return str(branch["$ref"]).rpartition("/")[2]
    if "title" in branch:
        return str(branch["title"])
    if values := _values(branch):
        return " | ".join(map(str, values))
    kind = branch.get("type", json_type(branch.get("default", {})))
    return str(branch.get("format") or (" | ".join(kind) if isinstance(kind, list) else kind))


def _exclusive(node: Schema, bound: str) -> None:
    """`exclusiveMinimum: 3` was `minimum: 3, exclusiveMinimum: true` before 3.1."""
    exclusive = "exclusive" + bound.capitalize()
    value = node.pop(exclusive, None)
    if value is None or isinstance(value, bool):
        return
    inclusive = node.get(bound)
    is_weaker = inclusive is not None and (inclusive > value if bound == "minimum" else inclusive < value)
    if not is_weaker:
        node[bound] = value
        node[exclusive] = True
