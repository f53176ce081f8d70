"""Calls what an automation's nodes name: functions, methods, constants, references, with the task at hand."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from actions.exceptions import ConfigurationError
from actions.processes.authoring.functions import REMEDY
from actions.processes.expressions import Expression, call, literal

from .task import Task
from .this import referred

if TYPE_CHECKING:
    from actions.processes.context import Body, StepContext

    from .nodes import Execute


def refuse_waiting(answer: Any, function: Any) -> None:
    """See that a function has done its work when it returns.

    Raises:
        ConfigurationError: It has answered what somebody would have to wait for.
    """
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise ConfigurationError(f"{function!r} has answered a {type(answer).__name__}: nothing was done. {REMEDY}")


def task_of(automation: Any, context: StepContext) -> Task:
    """What a function of a class is told in a step. Made for each call: nothing of a run is kept in a class."""
    return Task(automation.of_step(context), context)


def resolved(value: Any, task: Task) -> Any:
    """What a reference stands for; any other value as it is."""
    name = referred(value)
    return getattr(task.instance, name) if name else value


def valued(value: Any, task: Task) -> Any:
    """The value of a condition, moment or duration."""
    found = resolved(value, task)
    if not callable(found):
        return found
    answer = found(task)
    refuse_waiting(answer, found)
    return answer


def is_constant(value: Any) -> bool:
    """Whether it is known when the class is made."""
    return not referred(value) and not callable(value)


def expression(value: Any, name: str, automation: Any, bodies: dict[str, Body]) -> Expression:
    """A value as the graph has it: itself, or a call of a function that is put among the bodies by a name."""
    if is_constant(value) and (plain := constant(value)) is not None:
        return literal(plain[0])

    def body(context: StepContext, _arguments: dict[str, Any]) -> Any:
        task = task_of(automation, context)
        found = valued(value, task)
        task.instance.data.flush()
        return found

    bodies[name] = body
    return call(name)


def constant(value: Any) -> tuple[Any] | None:
    """A constant as JSON; None for one that is none, such as an instance of a model."""
    if isinstance(value, timedelta):
        return (value.total_seconds(),)
    if isinstance(value, date):
        return (value.isoformat(),)
    try:
        return (json.loads(json.dumps(value)),)
    except (TypeError, ValueError):
        return None


def execution(node: Execute, automation: Any) -> Body:
    """The body of an `Execute`."""

    def body(context: StepContext, _arguments: dict[str, Any]) -> Any:
        return _called(automation, context, node.method, node.args, node.kwargs)

    return body


def clause(args: tuple[Any, ...], kwargs: Mapping[str, Any], automation: Any) -> Body:
    """The body of what an `If` does in place of going to a node."""

    def body(context: StepContext, _arguments: dict[str, Any]) -> Any:
        return _called(automation, context, _first, args, kwargs)

    return body


def _first(task: Task, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(task, *args, **kwargs)


def _called(
    automation: Any, context: StepContext, function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]
) -> Any:
    from actions.processes.exceptions import StepError
    from actions.processes.values import dump

    task = task_of(automation, context)
    given = [resolved(each, task) for each in args]
    answer = function(task, *given, **{name: resolved(each, task) for name, each in kwargs.items()})
    refuse_waiting(answer, args[0] if args else function)
    task.instance.data.flush()
    try:
        dump(answer)
    except StepError:
        # It is for the function's own use: only what is JSON is kept.
        return None
    return answer
