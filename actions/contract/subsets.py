"""Whether every value that fits one JSON Schema fits another, and if not, why not.

It errs on one side: where it cannot be told, there is a finding that says so. What it relies on is written beside each
rule; `tests/unit/test_contract_subsets.py` tries it with schemas and values made at random.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from actions.exceptions import ConfigurationError
from actions.payloads.nodes import json_type, walk
from actions.payloads.schema import make_validator

from .disjoint import are_disjoint
from .facts import EVERY, NUMBERS, Facts, as_mapping, kinds, matches, words
from .limits import limit_findings
from .schemas import BY_PLACE, FIRST, OPAQUE, SECOND, Case, Group, Node, Plain, Schemas, canonical

MAX_DEPTH = 40
MAX_VALUES = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a value that fits the first schema may not fit the second."""

    path: str
    kind: str
    """The keyword that makes the difference, or one of the words below."""
    first: Any = None
    second: Any = None


FIELD = "field"
"""A field that one of them does not have."""
NEW = "new"
"""A field that only the second has, and that is required there."""
OPENED = "opened"
"""A field of which the first says nothing and lets anything pass."""
UNCLEAR = "unclear"
"""It cannot be told."""
VALUE = "value"
"""One of the values that are listed."""


class Subset:
    """The question for two schemas.

    Args:
        first: Whose values are looked at.
        second: What they are to fit.
        needs_fields: Whether a field that the second declares and the first does not is worth a finding, also where
            anything would fit.
    """

    def __init__(self, first: Node, second: Node, *, needs_fields: bool = False) -> None:
        self.schemas = Schemas(first, second)
        self._needs_fields = needs_fields
        self._asked: set[str] = set()

    def findings(self, path: str) -> list[Finding]:
        """All that is found, each once."""
        first, second = self.schemas.roots[FIRST], self.schemas.roots[SECOND]
        if self.schemas.signature(first) == self.schemas.signature(second) and not _is_entangled(first):
            return []
        if _is_entangled(first) or _is_entangled(second):
            is_same = canonical(first).replace(FIRST, SECOND) == canonical(second)
            return [] if is_same else [Finding(path, UNCLEAR, "$dynamicRef, $id")]
        return list(dict.fromkeys(self.check([first], second, path)))

    def check(self, nodes: Iterable[Node], second: Node, path: str, depth: int = 0) -> list[Finding]:
        """The findings for values that fit all of the nodes."""
        nodes = [node for node in nodes if node is not True]
        if second is True or second == {}:
            return []
        if any(self.schemas.signature(node) == self.schemas.signature(second) for node in nodes):
            return []
        question = canonical([nodes, second])
        if question in self._asked:
            # Within itself: a smaller value is asked about than the one that led here, so it may be taken as settled.
            return []
        if depth > MAX_DEPTH:
            return [Finding(path, UNCLEAR, "depth")]
        self._asked.add(question)
        try:
            cases = self.schemas.cases(nodes)
            return [finding for case in cases for finding in self._case(case, second, path, depth)]
        finally:
            self._asked.remove(question)

    def _case(self, case: Case, second: Node, path: str, depth: int) -> Iterator[Finding]:
        facts = Facts(case.parts)
        if not facts.types:
            return
        if facts.values is not None and len(facts.values) <= MAX_VALUES:
            yield from self._each(facts, second, path)
            return
        parts = self.schemas.parts(second, is_wide=False)
        if parts.has_gaps:
            yield Finding(path, UNCLEAR, "$ref")
        for part in parts.plain:
            yield from self._part(facts, part, path, depth)
        for group in parts.groups:
            if self.schemas.group_signature(group) not in case.groups:
                yield from self._group(case, group, path, depth)

    def _each(self, facts: Facts, second: Node, path: str) -> Iterator[Finding]:
        """Of values that are listed, each is tried."""
        try:
            fits_first, fits_second = self._validator({"allOf": list(facts.parts)}), self._validator(second)
        except ConfigurationError:
            yield Finding(path, UNCLEAR, "enum")
            return
        fitting = [value for value in facts.values or () if fits_first.is_valid(value)]
        refused = [value for value in fitting if not fits_second.is_valid(value)]
        types = self._types(second)
        for value in refused:
            if json_type(value) in EVERY - types:
                yield Finding(path, "type", words(facts.types), words(types))
            else:
                yield Finding(path, VALUE, canonical(value))

    def _validator(self, node: Node) -> Any:
        return make_validator(node, dict(self.schemas.roots))

    def _part(self, facts: Facts, part: Plain, path: str, depth: int) -> Iterator[Finding]:
        """What one part of the second demands. Each keyword has to follow from what is known."""
        if "type" in part and not facts.types <= kinds(part["type"]):
            yield Finding(path, "type", words(facts.types), words(kinds(part["type"])))
            facts = Facts((*facts.parts, {"type": part["type"]}))
        for keyword in ("enum", "const"):
            if keyword in part:
                values = part["enum"] if keyword == "enum" else [part["const"]]
                yield Finding(path, "enum", None, canonical(values))
        for keyword, first, second in limit_findings(facts, part):
            yield Finding(path, keyword, first, second)
        if "object" in facts.types:
            yield from self._object(facts, part, path, depth)
        if "array" in facts.types:
            yield from self._array(facts, part, path, depth)
        yield from self._opaque(facts, part, path)

    def _opaque(self, facts: Facts, part: Plain, path: str) -> Iterator[Finding]:
        for keywords in OPAQUE:
            if keywords[0] in part:
                signature = self.schemas.signature({key: part[key] for key in keywords if key in part})
                if not facts.has(keywords, signature, self.schemas.signature):
                    yield Finding(path, UNCLEAR, keywords[0])
        if BY_PLACE in part:
            yield Finding(path, UNCLEAR, BY_PLACE)

    def _object(self, facts: Facts, part: Plain, path: str, depth: int) -> Iterator[Finding]:
        fields, patterns = part.get("properties", {}), part.get("patternProperties", {})
        for name in part.get("required", ()):
            if name in facts.required or (self._needs_fields and name not in facts.fields):
                continue
            yield Finding(_in(path, name), "required" if name in facts.fields else NEW, False, True)
        for name, needed in part.get("dependentRequired", {}).items():
            is_there = set(needed) <= facts.required or _never(facts.of_field(name))
            if not is_there and not any(each.get(name) == needed for each in facts.all_of("dependentRequired")):
                yield Finding(_in(path, name), "dependentRequired", None, canonical(needed))
        for name, schema in fields.items():
            yield from self._field(facts, name, schema, path, depth)
        for pattern, schema in patterns.items():
            yield from self._pattern(facts, pattern, schema, path, depth)
        rest = part.get("additionalProperties", True)
        if rest is not True and rest != {}:
            yield from self._rest(facts, part, rest, path, depth)

    def _field(self, facts: Facts, name: str, schema: Node, path: str, depth: int) -> Iterator[Finding]:
        first = facts.of_field(name)
        if _never(first):
            return
        is_known = name in facts.fields or any(matches(pattern, name) is not False for pattern in facts.patterns)
        if not is_known and all(node is True or node == {} for node in first):
            if self._needs_fields:
                yield Finding(_in(path, name), FIELD, False, True)
            elif self.check(first, schema, path, depth + 1):
                yield Finding(_in(path, name), OPENED, False, True)
            return
        yield from self.check(first, schema, _in(path, name), depth + 1)

    def _pattern(self, facts: Facts, pattern: str, schema: Node, path: str, depth: int) -> Iterator[Finding]:
        """What is demanded of fields whose names match: of those that are known, and of those that may be."""
        for name in facts.fields:
            if matches(pattern, name) is not False:
                yield from self.check(facts.of_field(name), schema, _in(path, name), depth + 1)
        own = [patterns[pattern] for patterns in facts.all_of("patternProperties") if pattern in patterns]
        place = _in(path, f"/{pattern}/")
        if own:
            # Every name that matches has at least these, whatever else it matches.
            yield from self.check(own, schema, place, depth + 1)
            return
        yield from self._unknown(facts, schema, place, depth, known=())

    def _rest(self, facts: Facts, part: Plain, rest: Node, path: str, depth: int) -> Iterator[Finding]:
        """What is demanded of fields that the second does not declare."""
        fields, patterns = part.get("properties", {}), part.get("patternProperties", {})
        for name in facts.fields:
            if name in fields or any(matches(pattern, name) for pattern in patterns):
                continue
            first = facts.of_field(name)
            if rest is False and not _never(first):
                yield Finding(_in(path, name), FIELD, True, False)
            else:
                yield from self.check(first, rest, _in(path, name), depth + 1)
        yield from self._unknown(facts, rest, _in(path, "*"), depth, known=patterns)

    def _unknown(self, facts: Facts, schema: Node, path: str, depth: int, *, known: Iterable[str]) -> Iterator[Finding]:
        """What is demanded of fields that the first does not declare by name."""
        for pattern in facts.patterns:
            if pattern not in known:
                own = [patterns[pattern] for patterns in facts.all_of("patternProperties") if pattern in patterns]
                yield from self.check(own, schema, path, depth + 1)
        if schema is False and not _never(facts.of_others):
            yield Finding(path, "additionalProperties", True, False)
        elif not _never(facts.of_others):
            yield from self.check(facts.of_others, schema, path, depth + 1)

    def _array(self, facts: Facts, part: Plain, path: str, depth: int) -> Iterator[Finding]:
        first = part.get("prefixItems", [])
        most = facts.strongest("maxItems", is_lower=False)
        places = max([len(first), *(len(items) for items in facts.all_of("prefixItems"))])
        for index in range(places if most is None else min(places, int(most))):
            schema = first[index] if index < len(first) else part.get("items", True)
            yield from self.check(facts.of_item(index), schema, f"{path}[{index}]", depth + 1)
        if "items" in part and (most is None or most > places):
            yield from self.check(facts.of_item(None), part["items"], f"{path}[]", depth + 1)

    def _group(self, case: Case, group: Group, path: str, depth: int) -> Iterator[Finding]:
        """A branch has to be found for each type of value; of `oneOf` a branch that no value shares with another."""
        types = Facts(case.parts).types
        split = [NUMBERS & types, *({kind} for kind in sorted(types - NUMBERS))]
        for each in filter(None, split):
            names = ["number" if "fraction" in each else "integer"] if each <= NUMBERS else list(each)
            parts = case.parts if len(types) == len(each) else (*case.parts, {"type": names})
            yield from self._branch(parts, group, path, depth)

    def _branch(self, parts: tuple[Plain, ...], group: Group, path: str, depth: int) -> Iterator[Finding]:
        found = [self.check(parts, branch, path, depth + 1) for branch in group.branches]
        apart = [are_disjoint(self.schemas, parts, branch) for branch in group.branches]
        fitting = [index for index, findings in enumerate(found) if not findings]
        for index in fitting:
            if group.kind == "anyOf" or all(apart[:index] + apart[index + 1 :]):
                return
        candidates = [index for index, is_apart in enumerate(apart) if not is_apart]
        if fitting:
            yield Finding(path, UNCLEAR, group.kind)
        elif not candidates:
            types = {kind for branch in group.branches for kind in self._types(branch)}
            yield Finding(path, "type", words(Facts(parts).types), words(types))
        elif len(candidates) == 1:
            yield from found[candidates[0]]
        else:
            yield Finding(path, UNCLEAR, group.kind)

    def _types(self, branch: Node) -> frozenset[str]:
        return frozenset(kind for case in self.schemas.cases([branch]) for kind in Facts(case.parts).types) & EVERY


def _is_entangled(root: Node) -> bool:
    """Whether what a part means depends on where it stands: nobody untangles that."""
    if not isinstance(root, Mapping):
        return False
    return any("$dynamicRef" in node or (path and "$id" in as_mapping(node)) for path, node in walk(root))


def _never(nodes: list[Node]) -> bool:
    """Whether no value fits."""
    return any(node is False for node in nodes)


def _in(path: str, name: str) -> str:
    return f"{path}.{name}"
