"""Values of a process file as expressions.

payload.user.name            a look-up, as also payload, item, input, and what begins with state. or run.
Hello {{ payload.name }}     a text with look-ups; alone, {{ payload.name }} is the value itself
{{ "payload.name" }}         the text payload.name
everything else              itself; lists and mappings with expressions in them
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from actions.lookups import LookUpSyntaxError, references, render
from actions.processes import cel
from actions.processes.expressions import LIST, MAP, VALUE, Expression, condition, literal, path, text

from .durations import EXPECTED, parse_duration
from .source import Path, Source
from .yaml_scope import Scope

_LOOK_UP = re.compile(r"(?:payload|item|input)(?:\.[\w$@-]+)*|(?:state|run)(?:\.[\w$@-]+)+")
_BRACED = re.compile(r"\{\{\s*([\w$@-]+(?:\.[\w$@-]+)*)\s*\}\}")


def is_look_up(value: Any) -> bool:
    """Whether a value is a look-up by itself."""
    return isinstance(value, str) and _LOOK_UP.fullmatch(value) is not None


class Values:
    """Reads values; what is wrong is reported to the source."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, place: Path, value: Any, scope: Scope) -> Expression:
        """The expression of any value."""
        if isinstance(value, str):
            return self._text(place, value, scope)
        if isinstance(value, list):
            every = [self.read((*place, index), each, scope) for index, each in enumerate(value)]
            return literal(value) if _are_literal(every) else {LIST: every}
        if isinstance(value, Mapping):
            by_key = {key: self.read((*place, key), each, scope) for key, each in value.items()}
            return literal(value) if _are_literal(by_key.values()) else {MAP: by_key}
        return literal(value)

    def mapping(self, place: Path, values: Any, scope: Scope) -> dict[str, Expression]:
        """An expression by each key."""
        return {key: self.read((*place, key), value, scope) for key, value in (values or {}).items()}

    def conditions(self, place: Path, value: Any, scope: Scope) -> tuple[str, ...]:
        """Conditions in CEL, of which all have to be true; () for none."""
        if isinstance(value, bool):
            return () if value else ("false",)
        every = value if isinstance(value, list) else [value]
        places = [(*place, index) for index in range(len(every))] if isinstance(value, list) else [place]
        found = [self._condition(*each, scope) for each in zip(places, every, strict=True)]
        return tuple(each for each in found if each)

    def all_of(self, place: Path, value: Any, scope: Scope) -> Expression:
        """One condition for several."""
        found = self.conditions(place, value, scope)
        return condition(" && ".join(found if len(found) == 1 else (f"({each})" for each in found)) or "true")

    def none_of(self, place: Path, value: Any, scope: Scope) -> tuple[Expression, ...]:
        """The opposite of each condition: one of them is true where not all conditions are."""
        return tuple(condition(f"!({each})") for each in self.conditions(place, value, scope))

    def seconds(self, place: Path, value: Any) -> float | None:
        """A duration; None after reporting that it is none."""
        try:
            return parse_duration(value)
        except ValueError:
            self._source.report(place, f"{value!r} is not {EXPECTED}.", 'Write it so: "5 minutes".')
            return None

    def duration(self, place: Path, value: Any, scope: Scope) -> Expression | None:
        """A duration, or a look-up of seconds."""
        if is_look_up(value) or (isinstance(value, str) and _BRACED.fullmatch(value)):
            return self.read(place, value, scope)
        seconds = self.seconds(place, value)
        return None if seconds is None else literal(seconds)

    def moment(self, place: Path, value: Any, scope: Scope) -> Expression | None:
        """A moment: a look-up, an ISO text, or a calculation in CEL."""
        if is_look_up(value):
            return self.read(place, value, scope)
        if isinstance(value, str) and not re.match(r"\d", value):
            source = self._condition(place, value, scope)
            return condition(source) if source else None
        try:
            cel.moment(value)
        except ValueError:
            remedy = "Write a look-up (state.order.sent_at), an ISO text (2026-11-30T08:00:00Z) or CEL with moment()."
            self._source.report(place, f"{value!r} is no moment.", remedy)
            return None
        return literal(value)

    def _text(self, place: Path, value: str, scope: Scope) -> Expression:
        if is_look_up(value):
            self._check(place, value, scope)
            return path(value)
        if "{{" not in value:
            return literal(value)
        try:
            found = references(value)
        except LookUpSyntaxError as error:
            self._source.report(place, f"{error}", 'Braces that are no look-up are written {{ "{{" }}.')
            return literal(value)
        for each in found:
            self._check(place, each, scope)
        if not found:
            return literal(render(value, {}))
        alone = _BRACED.fullmatch(value)
        return path(alone[1]) if alone else text(value)

    def _condition(self, place: Path, value: str, scope: Scope) -> str:
        """A condition in CEL, "" where it is wrong. A look-up is true where it finds what is not empty."""
        braced = _BRACED.fullmatch(value.strip())
        source = braced[1] if braced else value.strip()
        if is_look_up(source):
            self._check(place, source, scope)
            return _truth(source)
        try:
            condition = cel.compile(source)
        except cel.ConditionError as error:
            where = "" if error.column is None else f" (line {error.line}, character {error.column})"
            message = f"the condition `{source}` is wrong{where}: {error.message}"
            self._source.report(place, message, "Write a condition in CEL: payload.total > 100.")
            return ""
        for chain in condition.chains:
            self._check(place, chain.path, scope)
        return source

    def _check(self, place: Path, look_up: str, scope: Scope) -> None:
        problem = scope.problem(look_up)
        if problem is not None:
            message, remedy = problem
            self._source.report(place, f'the look-up "{look_up}" leads nowhere: {message}', remedy)


def _are_literal(expressions: Iterable[Expression]) -> bool:
    return all(VALUE in each for each in expressions)


def as_cel(look_up: str) -> str:
    """A look-up as CEL writes it: payload.items.0.name, payload.items[0].name."""
    return _ways(look_up)[-1]


def _truth(look_up: str) -> str:
    """CEL that is true where a look-up finds what is not empty, and false where there is nothing."""
    ways, conditions = _ways(look_up), []
    for above, way, part in zip(ways, ways[1:], look_up.split(".")[1:], strict=False):
        if part.isdecimal():
            conditions.append(f"size({above}) > {part}")
        else:
            conditions.append(f"has({way})" if part.isidentifier() else f'"{part}" in {above}')
    return " && ".join([*conditions, f"truth({ways[-1]})"])


def _ways(look_up: str) -> list[str]:
    """The look-up in CEL, after each of its parts."""
    root, *rest = look_up.split(".")
    ways = [root]
    for part in rest:
        if part.isdecimal():
            ways.append(f"{ways[-1]}[{part}]")
        else:
            ways.append(f"{ways[-1]}.{part}" if part.isidentifier() else f'{ways[-1]}["{part}"]')
    return ways
