"""The validations of a project: functions in `validation/*.py` of its folders."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from actions.processes.authoring.validations import Validation, from_function
from actions.processes.folders import Folder

from .builtin import BUILTIN

PACKAGE = "validation"


def find_custom(name: str, folders: Iterable[Folder]) -> Validation | None:
    """The function that a name means.

    "validate_not_exists", or with "validation." before it, is the function of that name in any file of `validation/`,
    and "validation.users.not_exists" the one in `validation/users.py`. No other function can be named. Whatever
    importing a module raises is raised.
    """
    short = name.removeprefix(f"{PACKAGE}.")
    module, _dot, function = short.rpartition(".")
    for folder in folders:
        for stem in _modules(folder):
            if module in ("", stem) and (found := _function(folder, stem, function)):
                return from_function(name, found, source=str(folder.validations / f"{stem}.py"))
    return None


def near(name: str, folders: Iterable[Folder]) -> list[str]:
    """Names that are like a wrong one."""
    short = name.removeprefix(f"{PACKAGE}.").rpartition(".")[2]
    own = [each for folder in folders for stem in _modules(folder) for each in _function_names(folder, stem)]
    return get_close_matches(short, [*BUILTIN, *own], n=3)


def _modules(folder: Folder) -> list[str]:
    """The files of a folder that may have validations."""
    files: list[Path] = sorted(folder.validations.glob("*.py")) if folder.validations.is_dir() else []
    return [file.stem for file in files if not file.stem.startswith(("_", "test_")) and file.stem.isidentifier()]


def _function(folder: Folder, stem: str, name: str) -> Callable[..., Any] | None:
    if name not in _function_names(folder, stem):
        return None
    found: Callable[..., Any] = getattr(folder.load(f"{PACKAGE}.{stem}"), name)
    return found


def _function_names(folder: Folder, stem: str) -> Iterator[str]:
    """Functions that a file defines; those that it imports are no validations."""
    module = folder.load(f"{PACKAGE}.{stem}")
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield name
