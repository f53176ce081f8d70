"""What there is, as plain data: actions, tasks and processes together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from actions.binding import BoundAction
from actions.discovery import load_viewsets
from actions.documentation import registry_document
from actions.lifecycle import shown
from actions.processes.registry import processes
from actions.processes.task_documentation import documentation
from actions.registry import ActionRegistry
from actions.registry import catalogue as registries
from actions.routes import ACTIONS_PATH

from .process_documents import described

ACTIONS, TASKS, PROCESSES = "actions", "tasks", "processes"
PARTS = (PROCESSES, TASKS, ACTIONS)


def catalogue(parts: Iterable[str], request: Any) -> dict[str, list[dict[str, Any]]]:
    """The parts that are asked for, and of these what has all the words of the query's `search`."""
    words = str(request.query_params.get("search", "")).lower().split()
    made = {part: _MAKE[part](request) for part in parts}
    return {part: _found(part, entries, words) for part, entries in made.items()} if words else made


def _actions(request: Any) -> list[dict[str, Any]]:
    """Each resource with its actions, their payloads and their names for processes and programs."""
    load_viewsets()
    return [_resource(registry, request) for registry in registries if registry.viewset is not None]


def _resource(registry: ActionRegistry, request: Any) -> dict[str, Any]:
    actions = {bound.id: bound for bound in shown(registry.bound.values(), request.query_params)}
    document = registry_document(registry, f"{registry.basepath}{ACTIONS_PATH}/", actions.values())
    entries = [*document.pop("bulk_actions"), *document.pop("instance_actions")]
    return {**document, "actions": [_action(each, actions[each["id"]]) for each in entries]}


def _action(entry: Mapping[str, Any], bound: BoundAction) -> dict[str, Any]:
    return {"name": bound.name, **entry, "payload": bound.payload.json_schema()}


def _tasks(_request: Any) -> list[dict[str, Any]]:
    return documentation()


def _processes(request: Any) -> list[dict[str, Any]]:
    seen = (each for each in processes if each.is_open_to is None or each.is_open_to(request.user))
    return [described(each, request) for each in sorted(seen, key=lambda each: each.id)]


_MAKE = {ACTIONS: _actions, TASKS: _tasks, PROCESSES: _processes}


def _found(part: str, entries: list[dict[str, Any]], words: list[str]) -> list[dict[str, Any]]:
    """The entries, or within modules and resources what they hold, that have all the words."""
    inner = {ACTIONS: "actions", TASKS: "tasks"}.get(part)
    if inner is None:
        return [each for each in entries if _has(each, words)]
    narrowed = [{**each, inner: [item for item in each[inner] if _has(item, words)]} for each in entries]
    return [each for each in narrowed if each[inner]]


def _has(entry: Mapping[str, Any], words: list[str]) -> bool:
    names = ("id", "name", "title", "description", "docs", "invoke_name", "tags", "behaviour")
    text = " ".join(str(entry.get(name, "")) for name in names).lower()
    return all(word in text for word in words)
