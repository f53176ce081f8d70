"""Whether two schemas share no value, as far as that can be told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .facts import Facts
from .schemas import Node, Plain, Schemas, canonical


def are_disjoint(schemas: Schemas, parts: Iterable[Plain], branch: Node) -> bool:
    """Whether no value fits both the parts and the branch. False also where that cannot be told."""
    first = Facts(parts)
    return all(_differ(schemas, first, Facts(case.parts)) for case in schemas.cases([branch]))


def _differ(schemas: Schemas, first: Facts, second: Facts) -> bool:
    shared = first.types & second.types
    if not shared:
        return True
    if _have_other_values(first.values, second.values):
        return True
    return shared == {"object"} and (_by_field(schemas, first, second) or _by_field(schemas, second, first))


def _by_field(schemas: Schemas, having: Facts, other: Facts) -> bool:
    """Whether a field that all of the first have can have no such value in any of the second."""
    for name in having.required:
        theirs = other.of_field(name)
        if any(node is False for node in theirs):
            return True
        if _have_other_values(_values(schemas, having.of_field(name)), _values(schemas, theirs)):
            return True
    return False


def _values(schemas: Schemas, nodes: list[Node]) -> list[Any] | None:
    found: list[Any] = []
    for case in schemas.cases(nodes):
        values = Facts(case.parts).values
        if values is None:
            return None
        found += values
    return found


def _have_other_values(first: list[Any] | None, second: list[Any] | None) -> bool:
    if first is None or second is None:
        return False
    return {canonical(value) for value in first}.isdisjoint(canonical(value) for value in second)
