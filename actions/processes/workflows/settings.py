"""The settings of workflows, read on every access. They keep the names that they have always had.

WFE_WORKFLOWS = "myapp.workflows"          a module, or a list of them
WFE_LOG_DIR = BASE_DIR / "logs"            None: no files; what jobs say is in the database in any case
WFE_WATCHDOG_INTERVAL = 5                  seconds; 0 or less: the watchdog does not start
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

WORKFLOWS, LOG_DIR, WATCHDOG_INTERVAL = "WFE_WORKFLOWS", "WFE_LOG_DIR", "WFE_WATCHDOG_INTERVAL"
SECONDS = 5.0
STYLE = "workflow"
"""Of processes that are written as workflows."""


def workflow_modules() -> list[str]:
    """The modules whose workflows are known; what is no name of one is left to the checks."""
    value = said(WORKFLOWS)
    names = [value] if isinstance(value, str) else value
    return [each for each in names if isinstance(each, str) and each] if isinstance(names, list | tuple | set) else []


def log_dir() -> Path | None:
    """Where logs go; None: nowhere besides the database."""
    value = said(LOG_DIR)
    return Path(value) if isinstance(value, str | Path) and str(value) else None


def watchdog_interval() -> float:
    """Seconds between two looks of the watchdog."""
    value = said(WATCHDOG_INTERVAL)
    return SECONDS if value is None else float(value)


def said(name: str) -> Any:
    """A setting as the project has it; None where it has none."""
    return getattr(settings, name, None)
