"""System checks of tasks.

actions.E030  a task cannot be used: its file, its signature or its name is wrong
actions.W030  an environment variable that a task needs is not set
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core import checks

from .registry import processes
from .tasks import Task, tasks


def check_tasks(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """What is wrong with tasks that are loaded, or could not be."""
    found: list[checks.CheckMessage] = [
        checks.Error(f"{problem.where}: {problem.message}", hint=problem.remedy or None, id="actions.E030")
        for problem in tasks.problems
    ]
    return [*found, *_environment()]


def _environment() -> Iterator[checks.CheckMessage]:
    for task in tasks:
        missing = task.missing_environment
        if missing and (not task.is_core or _is_used(task)):
            names = " and ".join(missing)
            yield checks.Warning(
                f'{task.source}: the task "{task.name}" needs the environment variable {names}, which is not set.',
                hint="Set it where processes run; its steps fail without.",
                id="actions.W030",
            )


def _is_used(task: Task) -> bool:
    """Whether a process names it: nobody needs a token for a task of this package that he does not use."""
    names = {task.name, task.full_name}
    return any(
        task.body in process.bodies.values() or any(node.run in names for node in process.graph.nodes.values())
        for process in processes.declared()
    )
