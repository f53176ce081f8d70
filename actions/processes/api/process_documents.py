"""Processes as plain data, for pages and programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.processes.diagram.texts import expression_text
from actions.processes.expressions import is_expression
from actions.processes.graph import Graph, Kind, Node
from actions.processes.process import Process
from actions.processes.services import refusal_of_start
from actions.redaction import redact, secret_names

from .access import is_staff
from .links import picture_link, process_link

CALLS = (Kind.TASK, Kind.ACTION)


def described(process: Process, request: Any) -> dict[str, Any]:
    """A process: what it takes, its steps, examples, and where its pictures are."""
    graph = process.graph
    return {
        "id": process.id,
        "title": process.title or process.id,
        "description": process.description,
        "tags": list(process.tags),
        "version": graph.version,
        "style": process.style,
        "source": process.source if is_staff(request.user) else "",
        "fingerprint": graph.fingerprint[:8],
        "payload": process.payload.json_schema(),
        "examples": [_example(each, process) for each in process.examples],
        "steps": [step(node, graph) for node in graph.nodes.values()],
        "tasks": sorted(
            {node.run for node in graph.nodes.values() if str(node.kind) in ("task", "action") and node.run}
        ),
        "compensates": graph.compensates,
        "max_running": graph.max_running,
        "permissions": list(process.permissions),
        **_availability(process, request.user),
        "on_change": str(graph.on_change),
        "url": process_link(request, process.id),
        "picture": picture_link(request, process.id),
        "mermaid": picture_link(request, process.id, "mmd"),
    }


def _availability(process: Process, user: Any) -> dict[str, Any]:
    """Whether the caller may start it, and why not: as of actions, see `actions.availability`."""
    refusal = refusal_of_start(process, user)
    if refusal is None:
        return {"available": True, "reasons": []}
    reason = {"code": refusal.code, "detail": refusal.detail, "kind": "permission", "fix": []}
    return {"available": False, "reasons": [reason]}


def step(node: Node, graph: Graph) -> dict[str, Any]:
    """One step, as far as it says something."""
    told: dict[str, Any] = {
        "name": node.name,
        "title": node.title,
        "description": node.description,
        "kind": str(node.kind),
        "run": node.run,
        "arguments": {name: _text(each) for name, each in node.args.items()},
        "register": node.register,
        "next": [_edge(each) for each in node.edges],
        "waits": _waits(node),
        "who": _who(node),
        "schema": graph.forms.get(node.run) if str(node.kind) == "input" else None,
        "on_error": node.policy.on_error,
        "ignores_errors": node.policy.ignore_errors,
        "attempts": node.policy.retry.attempts if node.policy.retry is not None else None,
        "timeout_seconds": node.policy.timeout_seconds,
        "compensate": node.policy.compensate,
        "in_background": node.policy.in_background,
    }
    return {name: value for name, value in told.items() if name in ("name", "kind", "next") or value not in _NOTHING}


_NOTHING: tuple[Any, ...] = ("", None, False, {}, [])


def _edge(edge: Any) -> dict[str, Any]:
    told = {"target": edge.target, "name": edge.name, "when": _text(edge.when) if edge.when is not None else None}
    return {name: value for name, value in told.items() if value is not None}


def _waits(node: Node) -> dict[str, Any]:
    policy = node.policy
    said: dict[str, Any] = {
        "until": policy.wait_until,
        "for_seconds": policy.wait_for,
        "as_soon_as": list(policy.as_soon_as),
        "skip_if": list(policy.skip_if),
        "skip_after_seconds": policy.skip_after,
    }
    return {name: _text(value) for name, value in said.items() if value not in _NOTHING}


def _who(node: Node) -> dict[str, Any]:
    if node.who is None:
        return {}
    said = {"users": node.who.users, "groups": node.who.groups, "permissions": node.who.permissions}
    filters = {"user_filter": dict(node.who.user_filter), "group_filter": dict(node.who.group_filter)}
    return {
        **{name: _text(list(value)) for name, value in said.items() if value},
        **{name: value for name, value in filters.items() if value},
    }


def _text(value: Any) -> Any:
    """An expression as people read it."""
    if isinstance(value, list):
        return [_text(each) for each in value]
    return expression_text(value) if is_expression(value) else value


def _example(example: Mapping[str, Any], process: Process) -> Any:
    """An example; what looks like a secret in it is none, unless the process has called it sensitive."""
    return redact(dict(example), secret_names(process.sensitive)) if process.sensitive else dict(example)
