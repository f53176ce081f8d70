"""System checks of workflows.

actions.wfe.E001  WFE_WORKFLOWS is missing, or no name of a module or list of them
actions.wfe.E002  WFE_LOG_DIR is no path
actions.wfe.E003  the folder that WFE_LOG_DIR would be made in is not there
actions.wfe.E004  WFE_LOG_DIR is no folder
actions.wfe.E005  nothing can be written into WFE_LOG_DIR, or it cannot be made
actions.wfe.E006  WFE_WATCHDOG_INTERVAL is no number
actions.wfe.W001  a workflow is in a module that WFE_WORKFLOWS does not name: workers do not find it

A module that cannot be imported, and a workflow that is wrong, are problems of processes: actions.processes.E001.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core import checks

from actions.processes.registry import processes

from .known import found_workflows
from .settings import LOG_DIR, STYLE, WATCHDOG_INTERVAL, WORKFLOWS, said

Found = list[checks.CheckMessage]


def check_modules(app_configs: Any = None, **kwargs: Any) -> Found:
    """What WFE_WORKFLOWS says, and workflows that it leaves out."""
    return [*_setting(), *_left_out()]


def _setting() -> Iterator[checks.CheckMessage]:
    value = said(WORKFLOWS)
    if value is None:
        if any(said(name) is not None for name in (LOG_DIR, WATCHDOG_INTERVAL)):
            yield _error(1, f"{WORKFLOWS} is missing.", 'Name the module of your workflows: "myapp.workflows".')
        return
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple | set) or not all(isinstance(each, str) and each for each in names):
        yield _error(1, f"{WORKFLOWS} is {value!r}.", 'Name a module, or a list of them: "myapp.workflows".')


def _left_out() -> Iterator[checks.CheckMessage]:
    found = {each.id for each in found_workflows()}
    for process in processes.declared():
        module = getattr(process.declared_by, "__module__", "")
        if process.style == STYLE and process.id not in found:
            yield checks.Warning(
                f"{process.source} is a workflow that workers do not find.",
                hint=f'Name its module in the settings: {WORKFLOWS} = ["{module}"].',
                id="actions.wfe.W001",
            )


def check_log_dir(app_configs: Any = None, **kwargs: Any) -> Found:
    """Whether logs can be written."""
    value = said(LOG_DIR)
    if value is None:
        return []
    if not isinstance(value, str | Path) or not str(value):
        return [_error(2, f"{LOG_DIR} is {value!r}.", "Set it to a path, or leave it out: then there are no files.")]
    folder = Path(value)
    if not folder.exists():
        return _not_there(folder)
    if not folder.is_dir():
        return [_error(4, f"{LOG_DIR} is {folder}, which is no folder.", "Name a folder.")]
    return [] if _is_writable(folder) else [_error(5, f"{LOG_DIR}: nothing can be written into {folder}.", ALLOW)]


ALLOW = "Have the user that runs Django write there."


def _not_there(folder: Path) -> Found:
    """It is made when it is needed."""
    if not folder.parent.is_dir():
        return [_error(3, f"{LOG_DIR} is {folder}, and there is no {folder.parent}.", "Make that folder.")]
    return [] if _is_writable(folder.parent) else [_error(5, f"{LOG_DIR}: {folder} cannot be made.", ALLOW)]


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def check_interval(app_configs: Any = None, **kwargs: Any) -> Found:
    """Whether the watchdog knows when to look."""
    value = said(WATCHDOG_INTERVAL)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return []
    return [_error(6, f"{WATCHDOG_INTERVAL} is {value!r}.", "Set it to seconds; 0 for no watchdog.")]


def _error(number: int, message: str, hint: str) -> checks.CheckMessage:
    return checks.Error(message, hint=hint, id=f"actions.wfe.E{number:03}")
