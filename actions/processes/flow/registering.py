"""Registers automations as processes: when their class is made, or when Django is ready."""

from __future__ import annotations

from typing import Any

from actions.exceptions import ConfigurationError, DefinitionProblem

from . import declaring
from .compiling import Compiler
from .registry import remember

_pending: list[Any] = []
"""Classes that were made before there were models."""


def begin() -> None:
    """Have every class taken from now on that is made."""
    declaring.declared.append(declare)


def declare(automation: Any) -> None:
    """Take a class that was just made.

    Raises:
        ConfigurationError: With all that is wrong with its nodes.
    """
    compiler = Compiler(automation)
    compiler.compile()
    if compiler.problems:
        found = "\n".join(f"  {each}" for each in compiler.problems)
        raise ConfigurationError(f"{automation.path}:\n{found}")
    from django.apps import apps

    if apps.models_ready:
        register(automation)
    else:
        _pending.append(automation)


def register(automation: Any) -> None:
    """Have it be started by its id. Where there is another process of that id, that is a problem of the registry."""
    from actions.processes.registry import processes

    from .processes import process_of

    try:
        processes.register(process_of(automation))
    except ConfigurationError as error:
        automation.problem = str(error)
        processes.report([DefinitionProblem(automation.path, ("Meta", "id"), str(error), "Set another id in Meta.")])
        return
    automation.problem = ""
    remember(automation)


def register_pending() -> None:
    """Register those that were made before there were models."""
    while _pending:
        register(_pending.pop(0))
