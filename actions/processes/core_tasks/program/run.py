"""Run a program."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from actions.processes.context import StepContext
from actions.processes.exceptions import AgainError, StepError
from actions.processes.tasks import task
from actions.programs import stored
from actions.programs.definition import from_mapping
from actions.programs.result import ProgramResult, Reason
from actions.programs.running import run_program
from actions.worker import should_stop


@task(
    mode="external",
    examples=[
        {
            "title": "To capitals",
            "payload": {"program": {"exec": "/usr/bin/tr", "argv": ["a-z", "A-Z"]}, "input": "hello"},
        },
        {"title": "A stored definition", "payload": {"program": "capitals", "input": "hello"}},
    ],
)
def run(
    program: dict[str, Any] | int | str,
    input: str = "",
    *,
    raises: bool = True,
    context: StepContext | None = None,
) -> dict[str, Any]:
    """Run a program to its end.

    It answers `{"exit_code", "reason", "output", "output_size", "log", "duration_seconds"}`. The output is the end of
    it, within DJACTION_PROGRAM_LIMITS; where it is no text there is `output_base64` as well. A worker that is told to
    stop ends the program, and the next one begins it anew.

    Args:
        program: Its definition, or the number or name of a stored one.
        input: What its input adapter gives it.
        raises: Whether a program that does not succeed fails the step.
    """
    definition = from_mapping(_definition(program, context))
    if definition.is_service:
        raise StepError(_("A service has no end that a step could wait for. Run it from the process registry."))
    result = run_program(definition, input=input.encode(), should_stop=should_stop)
    if result.reason is Reason.STOPPED and context is not None and should_stop():
        raise AgainError(timedelta(0))
    if raises and not result.is_success:
        raise StepError(result.explain())
    return _facts(result)


def _definition(program: Mapping[str, Any] | int | str, context: StepContext | None) -> Mapping[str, Any]:
    if isinstance(program, Mapping):
        return program
    return stored.find(program, context.actor if context is not None else None)


def _facts(result: ProgramResult) -> dict[str, Any]:
    output = result.output
    encoded = {} if output.is_text else {"output_base64": base64.b64encode(output.data).decode("ascii")}
    return {
        "exit_code": result.exit_code,
        "reason": result.reason.value,
        "output": output.text,
        **encoded,
        "output_size": output.size,
        "log": result.stderr.text,
        "duration_seconds": round(result.duration, 3),
    }
