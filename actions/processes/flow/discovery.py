"""Finds the automations of a project: the modules `automations` of its apps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from actions.conf import conf
from actions.exceptions import DefinitionError, DefinitionProblem
from actions.processes.registry import processes

from .declaring import AutomationType
from .registering import register_pending

MODULE = "automations"


def load() -> None:
    """Import the modules, and register what is declared there and was declared before.

    Raises:
        DefinitionError: One of them is wrong, and the project is strict.
    """
    before = set(processes.problems)
    register_pending()
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, MODULE):
            _import(f"{config.name}.{MODULE}")
    problems = [each for each in processes.problems if each not in before]
    if conf.stops_start and problems:
        raise DefinitionError(problems)


def _import(name: str) -> None:
    try:
        import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever a project's module raises is told with its place
        message = f"cannot be imported: {type(error).__name__}: {error}"
        processes.report([DefinitionProblem(name, (), message, "Correct it.")])


def get_automations(app: str | None = None) -> list[tuple[str, str]]:
    """The automations of modules that are called `automations`, each with its path and what it is called.

    Args:
        app: Only of this module, or of its module `automations`.
    """
    found: dict[str, Any] = {}
    for module in _modules(app):
        for each in vars(module).values():
            if isinstance(each, AutomationType) and each.nodes and not each.options.abstract:
                found.setdefault(each.path, each)
    return [(path, each.get_verbose_name()) for path, each in found.items()]


def _modules(app: str | None) -> Iterator[ModuleType]:
    if app is None:
        yield from (module for name, module in list(sys.modules.items()) if name.rpartition(".")[2] == MODULE)
        return
    module = import_module(app)
    yield module
    if hasattr(module, "__path__") and module_has_submodule(module, MODULE):
        yield import_module(f"{app}.{MODULE}")
