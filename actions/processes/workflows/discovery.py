"""Imports the modules that WFE_WORKFLOWS names. One that is broken does not take the others with it."""

from __future__ import annotations

from importlib import import_module

from actions.conf import conf
from actions.exceptions import DefinitionError, DefinitionProblem
from actions.processes.registry import processes
from actions.registry import catalogue

from .settings import WORKFLOWS, workflow_modules

unreadable: set[str] = set()
"""Modules that could not be imported here: what is known of them is left as it is."""


def load() -> None:
    """Import all of them.

    Raises:
        DefinitionError: Something is wrong with one, and the project is strict.
    """
    problems: list[DefinitionProblem] = []
    unreadable.clear()
    for name in workflow_modules():
        _load(name, problems)
    processes.report(problems)
    if problems and conf.stops_start:
        raise DefinitionError(problems)
    catalogue.log(problems)


def _load(name: str, problems: list[DefinitionProblem]) -> None:
    try:
        import_module(name)
    except DefinitionError as error:
        problems += error.problems
    except Exception as error:  # noqa: BLE001 - whatever a module of the project raises
        message = f"cannot be imported: {type(error).__name__}: {error}."
        problems.append(DefinitionProblem("settings", (WORKFLOWS, name), message, "Correct the module, or its name."))
    else:
        return
    unreadable.add(name)
