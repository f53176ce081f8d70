"""What is known of the values that fit one case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any

from actions.payloads.nodes import json_type

from .schemas import Node, Plain, canonical

WHOLE, BROKEN = "integer", "fraction"
NUMBERS = frozenset({WHOLE, BROKEN})
EVERY = frozenset({"null", "boolean", "object", "array", "string", *NUMBERS})
"""The types of JSON; numbers are whole or not."""
FINITE: dict[str, list[Any]] = {"null": [None], "boolean": [True, False]}
LOWER = (("minimum", False), ("exclusiveMinimum", True))
UPPER = (("maximum", False), ("exclusiveMaximum", True))


def kinds(declared: Any) -> frozenset[str]:
    """The types that `type` names."""
    names = [declared] if isinstance(declared, str) else declared
    return frozenset(kind for name in names for kind in (NUMBERS if name == "number" else (name,)))


def words(found: Iterable[str]) -> str:
    """Types to be read."""
    found = set(found)
    if BROKEN in found:
        found = found - NUMBERS | {"number"}
    return " or ".join(sorted(found)) or "nothing"


def matches(pattern: str, name: str) -> bool | None:
    """Whether a name matches; None where that cannot be told."""
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return None


class Facts:
    """What the parts of a case say together."""

    def __init__(self, parts: Iterable[Plain]) -> None:
        self.parts = tuple(parts)

    def strongest(self, keyword: str, *, is_lower: bool) -> Any:
        """The tightest limit; None where there is none."""
        said = [part[keyword] for part in self.parts if keyword in part]
        return (max(said) if is_lower else min(said)) if said else None

    def all_of(self, keyword: str) -> list[Any]:
        """What the parts say with a keyword."""
        return [part[keyword] for part in self.parts if keyword in part]

    @cached_property
    def types(self) -> frozenset[str]:
        """The types that a value may have; empty where nothing fits."""
        found = EVERY
        for declared in self.all_of("type"):
            found &= kinds(declared)
        if "object" in found and any(False in self.of_field(name) for name in self.required):
            found -= {"object"}
        return found

    @cached_property
    def values(self) -> list[Any] | None:
        """All values that may fit, None where they are not listed. Other keywords may still refuse one."""
        lists: list[list[Any]] = [*self.all_of("enum"), *([value] for value in self.all_of("const"))]
        if lists:
            common = set.intersection(*({canonical(value) for value in values} for values in lists))
            return [value for value in lists[0] if canonical(value) in common and self._has_type(value)]
        if self.types <= set(FINITE):
            return [value for name in FINITE if name in self.types for value in FINITE[name]]
        return None

    def _has_type(self, value: Any) -> bool:
        kind = json_type(value)
        if kind == "number":
            kind = WHOLE if value.is_integer() else BROKEN
        return kind in self.types

    @cached_property
    def required(self) -> frozenset[str]:
        """The fields that an object has."""
        return frozenset(name for names in self.all_of("required") for name in names)

    @cached_property
    def fields(self) -> dict[str, None]:
        """The fields that are declared by name, in their order."""
        return dict.fromkeys(name for fields in self.all_of("properties") for name in fields)

    @cached_property
    def patterns(self) -> dict[str, None]:
        """Patterns of names for which something is declared."""
        return dict.fromkeys(pattern for patterns in self.all_of("patternProperties") for pattern in patterns)

    def of_field(self, name: str) -> list[Node]:
        """The schemas of a field."""
        found: list[Node] = []
        for part in self.parts:
            patterns = part.get("patternProperties", {})
            own = [schema for pattern, schema in patterns.items() if matches(pattern, name)]
            if name in part.get("properties", {}):
                own.append(part["properties"][name])
            is_unclear = any(matches(pattern, name) is None for pattern in patterns)
            found += own if own or is_unclear else [part.get("additionalProperties", True)]
        return found

    @cached_property
    def of_others(self) -> list[Node]:
        """The schemas of all fields that are not declared in any way."""
        return [part.get("additionalProperties", True) for part in self.parts]

    def of_item(self, index: int | None) -> list[Node]:
        """The schemas of an item; None: of those that have no place of their own."""
        found = []
        for part in self.parts:
            first = part.get("prefixItems", [])
            is_placed = index is not None and index < len(first)
            found.append(first[index] if is_placed else part.get("items", True))
        return found

    def has(self, keywords: Iterable[str], signature: str, sign: Any) -> bool:
        """Whether one part says the same with some keywords."""
        return any(sign({key: part[key] for key in keywords if key in part}) == signature for part in self.parts)

    def bound(self, limits: tuple[tuple[str, bool], ...], *, is_lower: bool) -> tuple[Fraction, bool] | None:
        """The tightest limit of a number, and whether it is itself excluded. Of whole numbers none is."""
        said = [(exact(part[key]), excludes) for key, excludes in limits for part in self.parts if key in part]
        if not said:
            return None
        found = max(said) if is_lower else min(said, key=lambda each: (each[0], not each[1]))
        return whole(found, is_lower=is_lower) if BROKEN not in self.types else found


def whole(limit: tuple[Fraction, bool], *, is_lower: bool) -> tuple[Fraction, bool]:
    """The same limit for whole numbers: the first or last that fits."""
    value, excludes = limit
    nearest = Fraction(-((-value).__floor__()) if is_lower else value.__floor__())
    if excludes and nearest == value:
        nearest += 1 if is_lower else -1
    return nearest, False


def exact(number: Any) -> Fraction:
    """A number as it is written."""
    return Fraction(str(number))


def as_mapping(node: Node) -> Mapping[str, Any]:
    """A schema as a mapping: True says nothing."""
    return node if isinstance(node, Mapping) else {}
