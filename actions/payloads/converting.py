"""From valid JSON to the values that a function gets: defaults filled in, and texts with a format made what they mean.

A schema is compiled once into steps. Nothing of the caller's data is changed: declared lists and objects are copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .nodes import Node, declared_fields, pointer, reference_of, target
from .steps import Step, array_step, built, chain, is_further, keep, object_step, scalar, where

Builders = Mapping[str, Callable[[Any], Any]]
"""By JSON pointer, what makes the final value there: a dataclass, an Enum. A ValueError refuses the value."""


class Validator(Protocol):
    """The part of jsonschema-rs's validators that is used here."""

    def is_valid(self, instance: Any) -> bool:
        """Whether the instance fits the schema."""


class Compiler:
    """Makes the steps of one schema.

    Args:
        matcher: Makes the validator of the schema at a pointer.
    """

    def __init__(self, root: Node, builders: Builders, matcher: Callable[[str], Validator]) -> None:
        self._root = root
        self._builders = builders
        self._matcher = matcher
        self._steps: dict[str, Step | None] = {}

    def compile(self) -> Step:
        """The step for a whole payload."""
        return self._step(self._root, "#") or keep

    def _step(self, node: Any, place: str) -> Step | None:
        """What is to be done to a value of this schema; None: nothing."""
        if not isinstance(node, Mapping):
            return None
        if place not in self._steps:
            # A schema may refer to itself: whoever meets it again while it is compiled looks the step up when called.
            self._steps[place] = self._later(place)
            steps = [*self._composition(node, place), self._object(node, place), self._array(node, place)]
            steps += [scalar(node), built(self._builders.get(place))]
            self._steps[place] = chain([step for step in steps if step is not None])
        return self._steps[place]

    def _later(self, place: str) -> Step:
        def later(raw: Any, value: Any) -> Any:
            return (self._steps[place] or keep)(raw, value)

        return later

    def _composition(self, node: Node, place: str) -> list[Step | None]:
        steps: list[Step | None] = []
        reference = reference_of(node)
        found = target(self._root, reference) if reference is not None else None
        if found is not None:
            steps.append(self._step(found[1], found[0]))
        steps += [self._step(part, f"{place}/allOf/{index}") for index, part in enumerate(node.get("allOf", ()))]
        steps += [self._choice(node[key], f"{place}/{key}") for key in ("anyOf", "oneOf") if key in node]
        if "if" in node:
            steps.append(self._condition(node, place))
        for name, part in node.get("dependentSchemas", {}).items():
            step = self._step(part, place + pointer(("dependentSchemas", name))[1:])
            steps.append(step and where(lambda raw, name=name: type(raw) is dict and name in raw, step))  # type: ignore[misc]
        return steps

    def _choice(self, parts: list[Any], place: str) -> Step | None:
        """The step of the first alternative that fits."""
        steps = [(self._step(part, f"{place}/{index}"), f"{place}/{index}", part) for index, part in enumerate(parts)]
        if all(step is None for step, _place, _part in steps):
            return None
        others = [
            step for step, _place, part in steps if not (isinstance(part, Mapping) and part.get("type") == "null")
        ]
        if len(others) == 1 and others[0] is not None:
            return where(lambda raw: raw is not None, others[0])
        choices = [(_Lazy(self._matcher, at_place), step or keep) for step, at_place, _part in steps]

        def choose(raw: Any, value: Any) -> Any:
            for matches, step in choices:
                if matches(raw):
                    return step(raw, value)
            return value

        return choose

    def _condition(self, node: Node, place: str) -> Step | None:
        then, otherwise = (self._step(node.get(key), f"{place}/{key}") for key in ("then", "else"))
        if then is None and otherwise is None:
            return None
        matches = _Lazy(self._matcher, f"{place}/if")
        return lambda raw, value: ((then if matches(raw) else otherwise) or keep)(raw, value)

    def _object(self, node: Node, place: str) -> Step | None:
        properties: Mapping[str, Any] = node.get("properties", {})
        steps = {name: self._step(part, place + pointer(("properties", name))[1:]) for name, part in properties.items()}
        defaults = [(name, part["default"], steps[name] or keep) for name, part in self._with_default(properties)]
        needed = [(name, step) for name, step in steps.items() if step is not None]
        further = self._further(node, place)
        types = node.get("type", "object" if properties else "")
        if not (needed or defaults or further or types == "object" or "object" in types):
            return None
        return object_step(needed, defaults, further)

    @staticmethod
    def _with_default(properties: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return [(name, part) for name, part in properties.items() if isinstance(part, Mapping) and "default" in part]

    def _further(self, node: Node, place: str) -> list[tuple[Callable[[str], bool], Step]]:
        """Steps for fields that are declared by a pattern, or for all that are not declared otherwise."""
        found: list[tuple[Callable[[str], bool], Step]] = []
        patterns = node.get("patternProperties", {})
        for pattern, part in patterns.items():
            step = self._step(part, place + pointer(("patternProperties", pattern))[1:])
            if step is not None:
                # The validator's own engine: Python's may take exponential time.
                found.append((_Lazy(self._matcher, {"pattern": pattern}), step))
        for key in ("additionalProperties", "unevaluatedProperties"):
            step = self._step(node.get(key), f"{place}/{key}")
            if step is not None:
                names = frozenset(declared_fields(self._root, node))
                others = [_Lazy(self._matcher, {"pattern": pattern}) for pattern in patterns]
                found.append((is_further(names, others), step))
        return found

    def _array(self, node: Node, place: str) -> Step | None:
        first = [
            self._step(part, f"{place}/prefixItems/{index}") for index, part in enumerate(node.get("prefixItems", ()))
        ]
        rest = self._step(node.get("items"), f"{place}/items")
        types = node.get("type", "")
        if not (first or rest or types == "array" or "array" in types):
            return None
        return array_step(first, rest)


class _Lazy:
    """A validator that is made when it is first needed."""

    def __init__(self, matcher: Callable[[Any], Validator], place: Any) -> None:
        self._matcher = matcher
        self._place = place
        self._validator: Validator | None = None

    def __call__(self, raw: Any) -> bool:
        if self._validator is None:
            self._validator = self._matcher(self._place)
        return self._validator.is_valid(raw)
