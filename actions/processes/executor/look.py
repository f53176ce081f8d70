"""Finds the values of expressions: what a step's arguments and conditions are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actions.lookups import references, render
from actions.processes import cel
from actions.processes.expressions import CALL, PATH, TEXT, Expression, evaluate
from actions.processes.values import look_up

if TYPE_CHECKING:
    from actions.processes.context import StepContext

    from .programs import Program


class Look:
    """Evaluates expressions for one step."""

    __slots__ = ("_context", "_program", "_scope")

    def __init__(self, program: Program, context: StepContext, scope: Mapping[str, Any]) -> None:
        self._program = program
        self._context = context
        self._scope = scope

    def value(self, expression: Expression) -> Any:
        """The value of an expression.

        Raises:
            LookUpError: It looks for what is not there.
            ConditionError: It is a condition that cannot be evaluated.
            VanishedError: It calls a function that is gone; and whatever that function raises.
        """
        return evaluate(expression, self._look)

    def _look(self, tag: str, content: Any) -> Any:
        if tag == PATH:
            return self._at(content)
        if tag == TEXT:
            return render(content, _nested({path: self._at(path) for path in references(content)}))
        if tag == CALL:
            return self._program.body(content)(self._context, {})
        return cel.evaluate(content, self._scope, look=self._in)

    def _at(self, path: str) -> Any:
        return look_up(path, self._scope, self._context.using)

    def _in(self, path: str, scope: Mapping[str, Any]) -> Any:
        return look_up(path, scope, self._context.using)


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by their paths as mappings within mappings; a shorter path goes before a longer one that it includes."""
    nested: dict[str, Any] = {}
    for path, value in sorted(values.items(), key=lambda each: -len(each[0])):
        *before, last = path.split(".")
        level = nested
        for part in before:
            level = level.setdefault(part, {})
        if last not in level:
            level[last] = value
    return nested
