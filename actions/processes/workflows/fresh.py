"""Looks at a project's workflows in a process of its own: `python -m actions.processes.workflows.fresh`.

A process that has imported a module keeps its classes, and with them its jobs. Who wants to know what files say now
asks a new process, which imports them, brings the rows of workflows and steps up to date, and prints what it has found.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 120


@dataclass(slots=True)
class Found:
    """What a look has found."""

    files: list[str] = field(default_factory=list)
    """What is to be watched."""
    problems: list[str] = field(default_factory=list)
    added: int = 0
    returned: int = 0
    deleted: int = 0
    failure: str = ""
    """Why there was no look: the project does not start."""


def look(using: str) -> Found:
    """Look in a new process."""
    command = [sys.executable, "-m", "actions.processes.workflows.fresh", using]
    try:
        done = subprocess.run(
            command, env=environment(), capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Found(failure=f"it took more than {TIMEOUT_SECONDS} seconds")
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return Found(failure=lines[-1] if lines else f"exit status {done.returncode}")
    return Found(**json.loads(done.stdout.splitlines()[-1]))


def environment() -> dict[str, str]:
    """Of a new process that finds modules as this one does, also where manage.py has been called from elsewhere."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def main(using: str) -> Found:
    """What `look` has done elsewhere."""
    import django
    from django.conf import settings

    # A workflow that is wrong is told, and the others are found nevertheless.
    settings.DJACTION_STRICT = False
    django.setup()

    from actions.processes.registry import processes

    from . import discovery, known

    synced = known.sync(using, unreadable=discovery.unreadable)
    problems = [str(each) for each in processes.problems]
    return Found(files=sorted(set(watched_files())), problems=problems, **asdict(synced))


def watched_files() -> Iterator[str]:
    """The Python files that workflows may come from: of their packages, loaded or not."""
    from .settings import workflow_modules

    packages = {name.partition(".")[0] for name in workflow_modules()}
    folders: set[Path] = set()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] in packages and file is not None:
            yield str(file)
            folders.add(Path(file).parent)
    for folder in folders:
        # What could not be imported is among them.
        yield from map(str, folder.glob("*.py"))


def _print(found: Any) -> None:
    sys.stdout.write(f"{json.dumps(asdict(found))}\n")


if __name__ == "__main__":
    _print(main(sys.argv[1]))
