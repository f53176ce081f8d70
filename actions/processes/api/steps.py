"""Steps as JSON: the tries of one step together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from actions.processes.graph import Graph
from actions.processes.models import StepRun

from .links import record_link
from .masking import Masking


def grouped(rows: Iterable[StepRun], graph: Graph | None, masking: Masking, request: Any) -> list[dict[str, Any]]:
    """The steps that rows of tries make, in the order of their first ones."""
    steps: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = (row.run_id, row.number, row.node, row.is_undoing)
        step = steps.get(key)
        if step is None:
            step = steps[key] = _step(row, graph)
        attempt = _attempt(row, masking, request)
        step["attempts"].append(attempt)
        step |= {
            "status": row.status,
            "edge": row.edge,
            "ended_at": row.started_at + timedelta(seconds=row.duration_seconds),
            "result": attempt["result"],
            "error": attempt["error"],
        }
    return list(steps.values())


def title_of(graph: Graph | None, name: str) -> str:
    """What a node is called."""
    node = graph.nodes.get(name) if graph is not None else None
    return (node.title if node is not None else "") or name


def _step(row: StepRun, graph: Graph | None) -> dict[str, Any]:
    return {
        "run": row.run_id,
        "number": row.number,
        "node": row.node,
        "title": title_of(graph, row.node),
        "status": row.status,
        "edge": row.edge,
        "is_undoing": row.is_undoing,
        "entered_at": row.entered_at,
        "ended_at": None,
        "result": None,
        "error": None,
        "attempts": [],
    }


def _attempt(row: StepRun, masking: Masking, request: Any) -> Mapping[str, Any]:
    return {
        "attempt": row.attempt,
        "status": row.status,
        "input": masking.shown(row.input),
        "result": masking.shown(row.result),
        "error": masking.error(row.error),
        "log": masking.shown(row.log),
        "started_at": row.started_at,
        "duration_seconds": row.duration_seconds,
        "event_uid": row.event_uid,
        "event_url": record_link(request, row.event_uid),
    }
