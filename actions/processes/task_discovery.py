"""Finds tasks: this package's own, and those of the project's process folders.

A task is a function in `tasks/<module>/<task>.py` that is named as its file and defined there. Files whose names begin
with "_" or "test_", or are `conftest`, hold none. Constants, classes and what is imported are never tasks.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from actions.exceptions import ConfigurationError, DefinitionError, DefinitionProblem

from . import core_tasks
from .folders import Folder, process_folders
from .task_tests import behaviours_of, tests_of
from .tasks import TaskModule, make_task, tasks

logger = logging.getLogger(__name__)

REGISTRY = "MODULE_REGISTRY"


def load_tasks() -> None:
    """Register every task. One that cannot be is a problem in the registry, and the others are there all the same."""
    tasks.forget_problems()
    core = Folder(Path(core_tasks.__file__).parent, core_tasks.__name__)
    for name in _module_names(core.path):
        _load_module(core, core.path / name, name, is_core=True)
    try:
        folders = process_folders()
    except ConfigurationError as error:
        tasks.report([DefinitionProblem("settings", ("DJACTION_PROCESS_FOLDERS",), str(error))])
        return
    for folder in folders:
        for name in _exposed(folder):
            _load_module(folder, folder.tasks / name, f"tasks.{name}")


def _module_names(folder: Path) -> list[str]:
    """The modules in a folder of tasks: its folders with Python files."""
    found = [path.name for path in folder.glob("*/") if path.name.isidentifier() and any(path.glob("*.py"))]
    return sorted(name for name in found if not name.startswith("_"))


def _exposed(folder: Folder) -> list[str]:
    """The modules whose tasks may be used: those of MODULE_REGISTRY, all of them where there is none."""
    found = _module_names(folder.tasks)
    file = folder.path / "registry.py"
    try:
        registry = folder.registry()
        entries = getattr(registry, REGISTRY, None)
        if entries is None:
            return found
        named = [_name_of(entry) for entry in entries]
    except Exception as error:  # noqa: BLE001 - whatever the project's file raises; nothing is exposed then
        _report_import(str(file), error)
        return []
    known = {*found, *_module_names(Path(core_tasks.__file__).parent)}
    for name in named:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            remedy = f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(sorted(known))}."
            message = f'there is no module "{name}" in {folder.tasks}.'
            tasks.report([DefinitionProblem(str(file), (REGISTRY,), message, remedy)])
    return [name for name in found if name in named]


def _name_of(entry: Any) -> str:
    """The name of a module that MODULE_REGISTRY has as a module or as a text, with or without what is before it."""
    name = entry.__name__ if isinstance(entry, ModuleType) else entry
    if not isinstance(name, str):
        raise TypeError(f'{REGISTRY} has {entry!r}. Name modules of tasks: "io".')
    return name.rpartition(".")[2]


def _load_module(folder: Folder, path: Path, dotted: str, *, is_core: bool = False) -> None:
    """Register the tasks of one module.

    Args:
        dotted: The module's name from the folder on: "tasks.io".
    """
    files = list(_task_files(path))
    if not files:
        return
    try:
        package = folder.load(dotted) if (path / "__init__.py").is_file() else None
    except Exception as error:  # noqa: BLE001 - as above
        _report_import(str(path / "__init__.py"), error)
        return
    if package is not None:
        tasks.describe_module(TaskModule(path.name, inspect.getdoc(package) or "", _meta(package)))
    for file in files:
        try:
            module = folder.load(f"{dotted}.{file.stem}")
        except Exception as error:  # noqa: BLE001 - as above
            _report_import(str(file), error)
            continue
        _register(module, file, path.name, is_core=is_core)


def _task_files(path: Path) -> Iterator[Path]:
    for file in sorted(path.glob("*.py")):
        if not file.stem.startswith(("_", "test_")) and file.stem != "conftest":
            yield file


def _register(module: ModuleType, file: Path, module_name: str, *, is_core: bool) -> None:
    function = vars(module).get(file.stem)
    if not inspect.isfunction(function) or inspect.unwrap(function).__module__ != module.__name__:
        message = f'there is no function "{file.stem}" that is defined in this file.'
        remedy = f'Name the task as its file; a file without a task begins with "_": "_{file.name}".'
        tasks.report([DefinitionProblem(str(file), (), message, remedy)])
        return
    try:
        behaviours = behaviours_of(tests_of(file))
        made = make_task(
            function, f"{module_name}.{file.stem}", meta=_meta(module), behaviours=behaviours, is_core=is_core
        )
        tasks.register(made, alias=module.__name__)
    except DefinitionError as error:
        tasks.report(error.problems)
    except (ConfigurationError, SyntaxError, TypeError) as error:
        tasks.report([DefinitionProblem(str(file), (), str(error))])


def _meta(module: ModuleType) -> Mapping[str, Any]:
    """`__meta` of a file: whatever its page is to show, such as examples, arguments, requirements."""
    found = vars(module).get("__meta", vars(module).get("__meta__"))
    return found if isinstance(found, Mapping) else {}


def _report_import(file: str, error: Exception) -> None:
    logger.error("%s cannot be used.", file, exc_info=error)
    message = f"cannot be used: {type(error).__name__}: {error}."
    tasks.report([DefinitionProblem(file, (), message, "Correct what it does when it is imported.")])
