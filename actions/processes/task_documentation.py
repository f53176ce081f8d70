"""All tasks as plain data, for pages and programs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from .tasks import Task, TaskModule, TaskRegistry, tasks


def documentation(registry: TaskRegistry = tasks) -> list[dict[str, Any]]:
    """Every module of the registry with its tasks: JSON values only.

    Returns:
        `{"name", "description", "meta", "tasks"}` each; for the tasks see `describe`.
    """
    return [_module(module, found) for module, found in registry.modules()]


def describe(task: Task) -> dict[str, Any]:
    """One task.

    Returns:
        `invoke_name` is what a process calls it by, in full; `docs` is the docstring, `behaviour` what its tests say,
        `payload` a JSON Schema.
    """
    return {
        "name": task.name.rpartition(".")[2],
        "invoke_name": task.full_name,
        "short_name": task.name,
        "title": task.title,
        "docs": task.description,
        "meta": _plain(task.meta),
        "behaviour": list(task.behaviours),
        "payload": task.payload.json_schema(),
        "environment": list(task.environment),
        "mode": str(task.mode),
        "examples": _plain(task.examples),
        "deprecated": task.deprecated,
    }


def _module(module: TaskModule, found: list[Task]) -> dict[str, Any]:
    return {
        "name": module.name,
        "description": module.description,
        "meta": _plain(module.meta),
        "tasks": [describe(task) for task in found],
    }


def _plain(value: Any) -> Any:
    """A value that a developer has written in Python, as JSON: what JSON does not have is its text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return inspect.cleandoc(value)
    return value if value is None or isinstance(value, bool | int | float) else str(value)
