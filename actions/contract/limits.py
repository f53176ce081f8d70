"""Limits of numbers, texts and lists: whether those of one schema follow from those of another."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from .facts import BROKEN, LOWER, NUMBERS, UPPER, WHOLE, Facts, exact, whole
from .schemas import Plain

Difference = tuple[str, Any, Any]
"""The keyword and what each of the two says with it, None for nothing."""

SIZES = (
    *(("minLength", "string", True), ("maxLength", "string", False)),
    *(("minItems", "array", True), ("maxItems", "array", False)),
    *(("minProperties", "object", True), ("maxProperties", "object", False)),
)
NO_CHECK = frozenset({"password"})
"""Formats that refuse nothing: they tell how a field is shown."""


def limit_findings(facts: Facts, part: Plain) -> Iterator[Difference]:
    """What a part limits more tightly than is known."""
    if facts.types & NUMBERS:
        yield from _numbers(facts, part)
    if "string" in facts.types:
        yield from _texts(facts, part)
    for keyword, kind, is_lower in SIZES:
        if keyword in part and kind in facts.types:
            known = _size(facts, keyword, is_lower=is_lower)
            limit = part[keyword]
            if is_lower and limit <= 0:
                continue
            if known is None or (known < limit if is_lower else known > limit):
                yield keyword, known, limit
    is_list = "array" in facts.types and part.get("uniqueItems")
    most = facts.strongest("maxItems", is_lower=False)
    if is_list and True not in facts.all_of("uniqueItems") and (most is None or most > 1):
        yield "uniqueItems", False, True


def _size(facts: Facts, keyword: str, *, is_lower: bool) -> Any:
    """The limit that is known; of an object's fields also by their names."""
    said = facts.strongest(keyword, is_lower=is_lower)
    if keyword == "minProperties":
        return max(said or 0, len(facts.required)) or None
    if keyword == "maxProperties" and False in facts.of_others and not facts.patterns:
        return min(len(facts.fields), len(facts.fields) if said is None else said)
    return said


def _numbers(facts: Facts, part: Plain) -> Iterator[Difference]:
    is_whole = BROKEN not in facts.types
    for limits, is_lower in ((LOWER, True), (UPPER, False)):
        known = facts.bound(limits, is_lower=is_lower)
        for keyword, excludes in limits:
            if keyword not in part:
                continue
            wanted = (exact(part[keyword]), excludes)
            if is_whole:
                wanted = whole(wanted, is_lower=is_lower)
            if known is None or _is_looser(known, wanted, is_lower=is_lower):
                yield keyword, _said(facts, limits, is_lower=is_lower), part[keyword]
    if "multipleOf" in part:
        step = exact(part["multipleOf"])
        known_steps = [exact(value) for value in facts.all_of("multipleOf")]
        if is_whole and WHOLE in facts.types:
            known_steps.append(Fraction(1))
        if not any((each / step).denominator == 1 for each in known_steps):
            yield "multipleOf", next(iter(facts.all_of("multipleOf")), None), part["multipleOf"]


def _is_looser(known: tuple[Fraction, bool], wanted: tuple[Fraction, bool], *, is_lower: bool) -> bool:
    if known[0] == wanted[0]:
        return wanted[1] and not known[1]
    return known[0] < wanted[0] if is_lower else known[0] > wanted[0]


def _said(facts: Facts, limits: tuple[tuple[str, bool], ...], *, is_lower: bool) -> Any:
    """The limit that the first has, as it writes it."""
    said = [limit for keyword, _excludes in limits for limit in facts.all_of(keyword)]
    return None if not said else max(said) if is_lower else min(said)


def _texts(facts: Facts, part: Plain) -> Iterator[Difference]:
    for keyword in ("pattern", "format"):
        if keyword not in part or (keyword == "format" and part[keyword] in NO_CHECK):
            continue
        known = facts.all_of(keyword)
        if part[keyword] not in known:
            yield keyword, next(iter(known), None), part[keyword]
