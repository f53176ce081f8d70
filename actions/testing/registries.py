"""That an action stands in a registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.registry import ActionRegistry

LISTS = {"instance": "instance_actions", "bulk": "bulk_actions"}


def assert_in_registry(registry: Any, action: str, type: str | None = None) -> Mapping[str, Any]:
    """Assert that an action can be called, or is listed; gives back its documentation.

    Args:
        registry: The registry, or the answer of `GET /todos/actions/` (the response or its data).
        action: The action's id.
        type: "instance" or "bulk".

    Raises:
        AssertionError: It is not there; the message has the registry's problems.
    """
    __tracebackhide__ = True
    if isinstance(registry, ActionRegistry):
        return _in_registry(registry, action, type)
    data = registry if isinstance(registry, Mapping) else registry.json()
    lists = [LISTS[type]] if type else list(LISTS.values())
    entries = {entry["id"]: entry for name in lists for entry in data.get(name, [])}
    if action not in entries:
        raise AssertionError(f'"{action}" is not among {", ".join(lists)}, which are: {", ".join(entries) or "empty"}.')
    return entries[action]  # type: ignore[no-any-return]


def _in_registry(registry: ActionRegistry, action: str, type: str | None) -> Mapping[str, Any]:
    __tracebackhide__ = True
    bound = registry.bound.get(action)
    if bound is None:
        problems = "".join(f"\n  {problem}" for problem in registry.problems)
        raise AssertionError(f'{registry.source} has no "{action}" that can be called.{problems}')
    if type is not None and bound.action.type != type:
        raise AssertionError(f'"{action}" is of type {bound.action.type}, not {type}.')
    return bound.action.documentation
