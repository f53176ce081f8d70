"""Finds the values of expressions: what a step's arguments and conditions are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from actions.processes import cel
from actions.processes.expressions import CALL, PATH, TEXT, Expression, evaluate
from actions.processes.values import look_up, rendered

from .endings import ENDINGS, ended

if TYPE_CHECKING:
    from actions.processes.context import StepContext

    from .programs import Program

STATE = "state."


class Look:
    """Evaluates expressions for one step."""

    __slots__ = ("_context", "_fetch", "_program", "_scope")

    def __init__(
        self, program: Program, context: StepContext, scope: Mapping[str, Any], fetch: Callable[[str], None]
    ) -> None:
        """Look around.

        Args:
            program: The run's.
            context: The step's.
            scope: What paths begin with.
            fetch: Has a key of the state be there, whose value is large.
        """
        self._program = program
        self._context = context
        self._scope = scope
        self._fetch = fetch

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
            return rendered(content, self._at)
        if tag == CALL:
            return self._call(content)
        return cel.evaluate(content, self._scope, look=self._in)

    def _call(self, name: str) -> Any:
        try:
            return self._program.body(name)(self._context, {})
        except ENDINGS as error:
            raise ended(error) from error

    def _at(self, path: str) -> Any:
        return self._in(path, self._scope)

    def _in(self, path: str, scope: Mapping[str, Any]) -> Any:
        if path.startswith(STATE):
            self._fetch(path[len(STATE) :].partition(".")[0])
        elif path == STATE[:-1]:
            for key in scope["state"]:
                self._fetch(key)
        return look_up(path, scope, self._context.using)
