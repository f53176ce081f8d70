"""Two JSON Schemas taken apart, so that they can be compared: what applies to the same value, and its alternatives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from actions.payloads.nodes import CHILDREN, LISTED, NAMED, SINGLE, copy_json, target, walk

Node = Any
"""A schema: a mapping, or True or False."""
Plain = dict[str, Any]
"""A schema that says all that it says in keywords of its own: no references, no `allOf`, no alternatives."""

FIRST, SECOND = "urn:first", "urn:second"
ALTERNATIVES = ("anyOf", "oneOf")
CONDITIONAL = ("if", "then", "else")
BY_PLACE = "unevaluatedItems"
"""The keyword that depends on all that applies beside it."""
OPAQUE = (
    *(("not",), ("if", "then", "else"), ("contains", "minContains", "maxContains")),
    *(("propertyNames",), ("dependentSchemas",)),
)
"""Keywords, the first of which is only looked at for being the same, with those that belong to it."""
LIMITS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
        *("minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems", "pattern", "format"),
    }
)
KEYWORDS = frozenset(
    {
        *("type", "enum", "const", "properties", "patternProperties", "additionalProperties", "required"),
        *("dependentRequired", "items", "prefixItems", *LIMITS, *(key for keys in OPAQUE for key in keys), BY_PLACE),
    }
)
"""Keywords by which a value is accepted or refused; all others only tell something about it."""
_COMPOSING = frozenset({"$ref", "allOf", *ALTERNATIVES, "unevaluatedProperties"})
MAX_CASES = 100


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives: a value fits one of the branches at least, or exactly one."""

    kind: str
    branches: tuple[Node, ...]
    references: frozenset[str]
    """Through which they were come to."""


@dataclass(slots=True)
class Parts:
    """What applies to one value."""

    plain: list[Plain] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    has_gaps: bool = False
    """Whether there is more, which could not be read."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way for a value to fit: a branch of each group is chosen."""

    parts: tuple[Plain, ...]
    groups: frozenset[str] = frozenset()
    """The signatures of the groups that it was chosen from."""


class Schemas:
    """Two documents and their references."""

    def __init__(self, first: Node, second: Node) -> None:
        self.roots = {FIRST: _absolute(first, FIRST), SECOND: _absolute(second, SECOND)}
        self._signatures: dict[int, tuple[Node, str]] = {}

    def resolve(self, reference: str) -> Node:
        """What a reference names; None where it names nothing."""
        name, _hash, fragment = reference.partition("#")
        found = target(self.roots[name], f"#{fragment}") if name in self.roots else None
        return None if found is None else found[1]

    def signature(self, node: Node) -> str:
        """A text that two schemas share only where they mean the same."""
        known = self._signatures.get(id(node))
        if known is None or known[0] is not node:
            references: dict[str, Any] = {}
            meant = self._meant(node, references)
            known = self._signatures[id(node)] = (node, canonical([meant, references]))
        return known[1]

    def _meant(self, node: Node, references: dict[str, Any]) -> Any:
        """A schema without what only tells something, and what its references name."""
        if not isinstance(node, Mapping):
            return node
        meant: dict[str, Any] = {}
        for key, value in node.items():
            if key == "$ref":
                meant[key] = self._named(value, references)
            elif key in KEYWORDS or key in _COMPOSING:
                meant[key] = self._inside(key, value, references)
        return meant

    def _named(self, reference: str, references: dict[str, Any]) -> str:
        name = f"#{reference.partition('#')[2]}"
        if name not in references:
            references[name] = None
            references[name] = self._meant(self.resolve(reference), references)
        return name

    def _inside(self, key: str, value: Any, references: dict[str, Any]) -> Any:
        if key in CHILDREN or key in SINGLE:
            return self._meant(value, references)
        if key in NAMED and isinstance(value, Mapping):
            return {name: self._meant(inner, references) for name, inner in value.items()}
        if key in LISTED and isinstance(value, list):
            return [self._meant(inner, references) for inner in value]
        return sorted(value) if key == "required" else value

    def parts(self, node: Node, *, is_wide: bool, references: frozenset[str] = frozenset()) -> Parts:
        """A schema taken apart.

        Args:
            node: The schema.
            is_wide: What is not exactly known is taken for wider than it is; else for narrower.
            references: What is being read already.
        """
        found = Parts()
        self._read(node, found, is_wide, references)
        return found

    def _read(self, node: Node, found: Parts, is_wide: bool, references: frozenset[str]) -> None:
        if not isinstance(node, Mapping):
            found.plain += [] if node else [{"type": []}]
            return
        if plain := {key: value for key, value in node.items() if key in KEYWORDS}:
            found.plain.append(plain)
        groups = [Group(key, tuple(node[key]), references) for key in ALTERNATIVES if key in node]
        if "unevaluatedProperties" in node:
            groups = self._closed(node, found, groups, is_wide)
        found.groups += groups
        for inner in node.get("allOf", ()):
            self._read(inner, found, is_wide, references)
        reference = node.get("$ref")
        if reference is not None:
            named = None if reference in references else self.resolve(reference)
            if named is None:
                found.has_gaps = True
            else:
                self._read(named, found, is_wide, references | {reference})

    def _closed(self, node: Mapping[str, Any], found: Parts, groups: list[Group], is_wide: bool) -> list[Group]:
        """The groups, and `unevaluatedProperties` said with `additionalProperties`.

        Which names count depends on the branches that a value fits: those of all of them, to take it for wider; those
        of the chosen one, to take it for narrower.
        """
        rest = node["unevaluatedProperties"]
        if is_wide or not groups:
            if closing := self._closing([node], rest, with_branches=is_wide):
                found.plain.append(closing)
            return groups
        kind, branches, references = groups[0].kind, groups[0].branches, groups[0].references
        closed = [
            {"allOf": [branch, self._closing([node, branch], rest, with_branches=False) or True]} for branch in branches
        ]
        return [Group(kind, tuple(closed), references), *groups[1:]]

    def _closing(self, nodes: list[Node], rest: Node, *, with_branches: bool) -> Plain | None:
        """A schema that has `rest` for all names but those that the nodes know; None where they know every name."""
        names: dict[str, Any] = {}
        patterns: dict[str, Any] = {}
        for index, node in enumerate(self._in_place(nodes, with_branches)):
            if "additionalProperties" in node or (index and "unevaluatedProperties" in node):
                return None
            names |= dict.fromkeys(node.get("properties", ()), True)
            patterns |= dict.fromkeys(node.get("patternProperties", ()), True)
        return {"properties": names, "patternProperties": patterns, "additionalProperties": rest}

    def _in_place(self, nodes: list[Node], with_branches: bool) -> Iterator[Mapping[str, Any]]:
        """The schemas that apply to the same value, the given ones first."""
        pending, seen = list(nodes), set()
        for node in pending:
            if not isinstance(node, Mapping) or id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            pending += node.get("allOf", ())
            if "$ref" in node:
                pending.append(self.resolve(node["$ref"]))
            if with_branches:
                pending += [branch for key in ALTERNATIVES for branch in node.get(key, ())]
                pending += [node[key] for key in CONDITIONAL if key in node]
                pending += node.get("dependentSchemas", {}).values()

    def cases(self, nodes: Iterable[Node], references: frozenset[str] = frozenset()) -> list[Case]:
        """The ways for a value to fit all of the schemas. Together they are never narrower than these."""
        found = [Case(())]
        for node in nodes:
            parts = self.parts(node, is_wide=True, references=references)
            found = [Case((*case.parts, *parts.plain), case.groups) for case in found]
            for group in parts.groups:
                chosen = [case for branch in group.branches for case in self.cases([branch], group.references)]
                if len(found) * len(chosen) <= MAX_CASES:
                    found = list(self._combined(found, chosen, self.group_signature(group)))
        return found

    @staticmethod
    def _combined(found: list[Case], chosen: list[Case], signature: str) -> Iterator[Case]:
        for one, other in product(found, chosen):
            yield Case((*one.parts, *other.parts), one.groups | other.groups | {signature})

    def group_signature(self, group: Group) -> str:
        """What two groups share only where they mean the same."""
        return canonical([group.kind, sorted(self.signature(branch) for branch in group.branches)])


def canonical(value: Any) -> str:
    """JSON that is the same for the same value."""
    return json.dumps(_plain(value), sort_keys=True, default=str)


def _plain(value: Any) -> Any:
    """1.0 and 1 are the same number."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _absolute(root: Node, name: str) -> Node:
    """A copy in which references name the document, too."""
    copy = copy_json(root)
    if isinstance(copy, dict):
        # References are local; a name of its own would only make their base another one.
        copy.pop("$id", None)
    older = copy.get("definitions") if isinstance(copy, dict) else None
    for start in (copy, *(older.values() if isinstance(older, dict) else ())):
        for _path, node in walk(start):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference.startswith("#"):
                node["$ref"] = f"{name}{reference}"  # type: ignore[index]  # the copy's are dicts
    return copy
