"""Open inputs as JSON."""

from __future__ import annotations

from typing import Any

from actions.processes.graph import Graph
from actions.processes.models import OpenTask
from actions.processes.registry import processes

from .access import Answerer
from .links import link, run_link


def shown_input(task: OpenTask, graph: Graph | None, user: Answerer, request: Any) -> dict[str, Any]:
    """One of them, with the schema of its answer and who may give it.

    Args:
        task: What waits.
        graph: The definition that its run has; None where it is gone.
        user: Who asks.
        request: For addresses.
    """
    node = graph.nodes.get(task.node) if graph is not None else None
    return {
        "id": task.pk,
        "run_id": task.run_id,
        "root_id": task.root_id,
        "process": task.process,
        "node": task.node,
        "title": task.title or task.node,
        "description": node.description if node is not None else "",
        "schema": _schema(task, graph),
        "users": task.users,
        "groups": task.groups,
        "permissions": task.permissions,
        "is_mine": user.may(task),
        "claimed_by": task.claimed_by,
        "created_at": task.created_at,
        "due_at": task.due_at,
        "url": link(request, "process-runs:run-provide-input", task.run_id),
        "run_url": run_link(request, task.root_id),
    }


def _schema(task: OpenTask, graph: Graph | None) -> Any:
    """What the answer is: as the form that checks it says, else as the definition has kept it."""
    process = processes.get(task.process)
    node = graph.nodes.get(task.node) if graph is not None else None
    if node is None or not node.run:
        return None
    form = process.forms.get(node.run) if process is not None else None
    if form is not None:
        return form.json_schema()
    return graph.forms.get(node.run) if graph is not None else None
