"""Attributes of steps as a graph has them: constants, and calls of what is a function."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from actions.processes.authoring.functions import REMEDY, why_not_called
from actions.processes.context import Body, StepContext
from actions.processes.expressions import Expression, call, literal
from actions.processes.steps import Step

from .bodies import instance_of
from .logs import captured

ALL = 2
"""A method's own arguments: itself, and what the step has got."""


def seconds_of(value: float | timedelta) -> float:
    """A duration as numbers have it.

    Raises:
        TypeError: It is none.
    """
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no duration. Expected was a timedelta, or a number of seconds.")
    return float(value)


class Values:
    """Makes expressions of what a step says, and collects the functions that they call."""

    def __init__(self, step: type[Step], path: str, bodies: dict[str, Body]) -> None:
        self._step = step
        self._path = path
        self._bodies = bodies

    def attribute(self, name: str) -> Expression | None:
        """An attribute of the step; None where it has none."""
        value = getattr(self._step, name)
        return None if value is None else self.value(name, value)

    def value(self, name: str, value: Any) -> Expression:
        """Something that the step says, under a name of its own."""
        if callable(value):
            if reason := why_not_called(value):
                raise TypeError(f"{name} {reason}. {REMEDY}")
            function = f"{self._path}.{name}"
            self._bodies[function] = _body(self._step, value)
            return call(function)
        if isinstance(value, timedelta):
            return literal(value.total_seconds())
        if isinstance(value, date | datetime):
            return literal(value.isoformat())
        return literal(value)

    def mapping(self, name: str, values: Mapping[str, Any]) -> dict[str, Expression]:
        """Several of them."""
        if not isinstance(values, Mapping):
            raise TypeError(f'{name} is {values!r}. Expected was a dict: {{"note": "Done"}}')
        return {key: self.value(f"{name}.{key}", value) for key, value in values.items()}


def _body(step: type[Step], function: Any) -> Body:
    def body(context: StepContext, arguments: dict[str, Any]) -> Any:
        with captured(context):
            given = (instance_of(step, context), context.previous)
            return function(*given[: _positions(function)])

    return body


@cache
def _positions(function: Any) -> int:
    """How many arguments of `(self, _input)` a function takes."""
    parameters = inspect.signature(function).parameters.values()
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return ALL
    return min(ALL, sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters))
