"""What the engine calls for a step: makes an instance of its class, and calls that."""

from __future__ import annotations

import inspect
from typing import Any

from actions.processes.context import Body, Decided, StepContext
from actions.processes.steps import Step

from .logs import captured
from .step_job import StepJob

EXTERNAL = "external_input"


def instance_of(step: type[Step], context: StepContext) -> Step:
    """A step for one try."""
    made = step()
    made.job = StepJob(context, step)
    return made


def executing(step: type[Step]) -> Body:
    """Does the work of a step."""
    takes_external = accepts(step.execute, EXTERNAL)

    def body(context: StepContext, arguments: dict[str, Any]) -> Any:
        with captured(context):
            return _call(instance_of(step, context).execute, context, takes_external)

    return body


def deciding(step: type[Step]) -> Body:
    """Does the work of a step that has some, and says which way it goes on."""
    has_work = step.execute is not Step.execute
    execute_takes, transition_takes = accepts(step.execute, EXTERNAL), accepts(step.transition, EXTERNAL)

    def body(context: StepContext, arguments: dict[str, Any]) -> Any:
        with captured(context):
            made = instance_of(step, context)
            result = _call(made.execute, context, execute_takes) if has_work else None
            return Decided(_call(made.transition, context, transition_takes), result, has_result=has_work)

    return body


def compensating(step: type[Step]) -> Body:
    """Takes back what a step did: `compensate(self, result)`."""

    def body(context: StepContext, arguments: dict[str, Any]) -> Any:
        with captured(context):
            return instance_of(step, context).compensate(context.result)  # type: ignore[attr-defined]

    return body


def _call(function: Any, context: StepContext, takes_external: bool) -> Any:
    if takes_external:
        return function(context.previous, **{EXTERNAL: context.input})
    return function(context.previous)


def accepts(function: Any, name: str) -> bool:
    """Whether a function takes an argument by its name."""
    parameters = inspect.signature(function).parameters
    return name in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())
