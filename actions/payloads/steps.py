"""What is done to single values of a payload; `converting` puts it together for a whole schema.

A step is a closure `step(raw, value) -> value`. `raw` is the JSON as it was sent; `value` is what earlier steps have
made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from .formats import FILE_MARK, PARSERS
from .nodes import Node, copy_json
from .screening import LIMITS, MAX_INTEGER, MIN_INTEGER
from .wording import sentence

Step = Callable[[Any, Any], Any]


class RefusedValueError(ValueError):
    """A valid JSON value cannot become what it stands for."""

    def __init__(self, text: str) -> None:
        self.path: list[str | int] = []
        """From the top down to the value; filled in on the way up."""
        super().__init__(text)


class FileMark(NamedTuple):
    """Stands for an uploaded file where a file is declared."""

    number: int


def keep(_raw: Any, value: Any) -> Any:
    """Does nothing."""
    return value


def chain(steps: list[Step]) -> Step | None:
    """The steps one after the other; None for none."""
    if len(steps) <= 1:
        return steps[0] if steps else None

    def all_of_them(raw: Any, value: Any) -> Any:
        for step in steps:
            value = step(raw, value)
        return value

    return all_of_them


def where(condition: Callable[[Any], bool], step: Step) -> Step:
    """The step, for raw values of which a condition holds."""
    return lambda raw, value: step(raw, value) if condition(raw) else value


def is_further(names: frozenset[str], patterns: Sequence[Callable[[Any], bool]]) -> Callable[[str], bool]:
    """Whether a field is neither among the names nor fits a pattern."""
    return lambda name: name not in names and not any(matches(name) for matches in patterns)


def object_step(
    needed: list[tuple[str, Step]],
    defaults: list[tuple[str, Any, Step]],
    further: list[tuple[Callable[[str], bool], Step]],
) -> Step:
    """The step for an object.

    Args:
        needed: The fields of which something is made.
        defaults: Name, JSON value and step for it.
        further: For fields that are not declared by name, which ones and what is done.
    """

    def convert(raw: Any, value: Any) -> Any:
        if type(raw) is not dict:
            return value
        result = dict(raw) if value is raw else value
        name: str = ""
        try:
            for name, step in needed:
                if name in raw:
                    result[name] = step(raw[name], result[name])
            for name, default, step in defaults:
                if name not in raw:
                    result[name] = step(default, copy_json(default) if isinstance(default, dict | list) else default)
            for name, step in _concerned(raw, further):
                result[name] = step(raw[name], result[name])
        except RefusedValueError as error:
            error.path.insert(0, name)
            raise
        return result

    return convert


def _concerned(raw: dict[str, Any], further: list[tuple[Callable[[str], bool], Step]]) -> Iterator[tuple[str, Step]]:
    return ((name, step) for concerns, step in further for name in raw if concerns(name))


def array_step(first: list[Step | None], rest: Step | None) -> Step:
    """The step for a list, some of whose first items may have steps of their own."""

    def convert(raw: Any, value: Any) -> Any:
        if type(raw) is not list:
            return value
        result = list(raw) if value is raw else value
        index = 0
        try:
            for index, step in enumerate(first[: len(raw)]):
                if step is not None:
                    result[index] = step(raw[index], result[index])
            if rest is not None:
                for index in range(len(first), len(raw)):
                    result[index] = rest(raw[index], result[index])
        except RefusedValueError as error:
            error.path.insert(0, index)
            raise
        return result

    return convert


def built(build: Callable[[Any], Any] | None) -> Step | None:
    """The step that makes the final value. Null stays null."""
    if build is None:
        return None

    def convert(raw: Any, value: Any) -> Any:
        if raw is None:
            return value
        try:
            return build(value)
        except RefusedValueError:
            raise
        except ValueError as error:
            raise RefusedValueError(str(error)) from error

    return convert


def scalar(node: Node) -> Step | None:
    """The step for a text with a format, or for a whole number."""
    name, types = node.get("format"), node.get("type", ())
    if name == "binary":
        return lambda raw, value: FileMark(int(raw[len(FILE_MARK) :])) if type(raw) is str else value
    if name == "decimal":
        return _decimal_step(node)
    parse = PARSERS.get(name) if isinstance(name, str) else None
    if parse is not None:
        return lambda raw, value: parse(raw) if type(raw) is str else value
    if types == "integer" or ("integer" in types and "number" not in types):
        return _whole
    return None


def _whole(raw: Any, value: Any) -> Any:
    """JSON Schema takes 3.0 for a whole number; a function that asks for an int gets one."""
    if type(raw) is not float:
        return value
    number = int(raw)
    if not MIN_INTEGER <= number <= MAX_INTEGER:
        raise RefusedValueError(_("Must be between %(least)d and %(most)d.") % LIMITS)
    return number


_COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "minimum": lambda number, limit: number >= limit,
    "maximum": lambda number, limit: number <= limit,
    "exclusiveMinimum": lambda number, limit: number > limit,
    "exclusiveMaximum": lambda number, limit: number < limit,
    "multipleOf": lambda number, limit: number % limit == 0,
}


def _decimal_step(node: Node) -> Step:
    """Numbers and texts become decimals. JSON Schema compares only numbers, so the limits of texts are checked here."""
    parse = PARSERS["decimal"]
    limits = [(key, node[key], Decimal(str(node[key])), holds) for key, holds in _COMPARISONS.items() if key in node]

    def convert(raw: Any, value: Any) -> Any:
        if raw is None or isinstance(raw, bool | list | dict):
            return value
        number = parse(raw) if isinstance(raw, str) else Decimal(str(raw))
        for keyword, limit, exact, holds in limits:
            if not holds(number, exact):
                raise RefusedValueError(sentence(keyword, limit, raw, node))
        return number

    return convert
