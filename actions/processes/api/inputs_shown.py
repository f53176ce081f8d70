"""Open inputs as JSON."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from actions.exceptions import InvalidPayloadError
from actions.processes.exceptions import BrokenFormError
from actions.processes.executor import VanishedError
from actions.processes.graph import Graph, Node
from actions.processes.models import OpenTask, Run
from actions.processes.registry import processes
from actions.processes.services import form_of
from actions.processes.services.asked import description_of, making_form
from actions.processes.store import graph_of

from .access import Answerer
from .links import link, run_link
from .shapes import ProcessInputSerializer

GRAPHS = "input_graphs"
"""In a serializer's context: the definitions of runs, each read once."""


class ProcessOpenInputSerializer(ProcessInputSerializer):
    """An input that a run waits for."""

    class Meta:
        ref_name = "ProcessOpenInput"

    def to_representation(self, instance: OpenTask) -> dict[str, Any]:
        """All that is known of it."""
        request = self.context.get("request")
        return shown_input(instance, self._graph_of(instance), Answerer(getattr(request, "user", None)), request)

    def _graph_of(self, task: OpenTask) -> Graph | None:
        context: Any = self.context
        known: dict[int, Graph | None] = context.setdefault(GRAPHS, {})
        key = task.run.definition_id
        if key not in known:
            try:
                known[key] = graph_of(key, str(task._state.db))
            except ValueError:
                known[key] = None
        return known[key]


def shown_input(task: OpenTask, graph: Graph | None, user: Answerer, request: Any) -> dict[str, Any]:
    """One of them, with the schema of its answer and who may give it.

    Args:
        task: What waits.
        graph: The definition that its run has; None where it is gone.
        user: Who asks.
        request: For addresses.
    """
    node = graph.nodes.get(task.node) if graph is not None else None
    schema, form_error = _schema(task, graph)
    return {
        "id": task.pk,
        "run_id": task.run_id,
        "root_id": task.root_id,
        "process": task.process,
        "node": task.node,
        "title": task.title or task.node,
        "description": _description(task, node),
        "schema": schema,
        "form_error": form_error,
        "users": task.users,
        "groups": task.groups,
        "permissions": task.permissions,
        "user_filter": task.user_filter,
        "group_filter": task.group_filter,
        "is_mine": user.may(task),
        "is_claimed": task.claimed_by is not None,
        "claimed_by": task.claimed_by,
        "claimed_name": task.claimed_name,
        "claimed_at": task.claimed_at,
        "assigned_to": task.assigned_to,
        "assigned_name": task.assigned_name,
        "delegated_by": task.delegated_by,
        "created_at": task.created_at,
        "due_at": task.wanted_at,
        "is_overdue": task.wanted_at is not None and task.wanted_at < timezone.now(),
        "expires_at": task.expires_at,
        "reminders": task.reminders,
        "escalated_at": task.escalated_at,
        "form_url": link(request, "people:task", task.pk),
        "url": link(request, "process-runs:run-provide-input", task.run_id),
        "run_url": run_link(request, task.root_id),
    }


def _description(task: OpenTask, node: Node | None) -> str:
    if node is None or "{{" not in node.description:
        return node.description if node is not None else ""
    try:
        return description_of(task)
    except VanishedError:
        return node.description


def _schema(task: OpenTask, graph: Graph | None) -> tuple[Any, str | None]:
    """What the answer is: as the form that checks it says, else as the definition has kept it; or why it is unknown."""
    try:
        with making_form(task):
            return _schema_of(task, graph), None
    except (BrokenFormError, InvalidPayloadError) as error:
        return None, error.detail


def _schema_of(task: OpenTask, graph: Graph | None) -> Any:
    process = processes.get(task.process)
    node = graph.nodes.get(task.node) if graph is not None else None
    if node is None or not node.run:
        return None
    if process is not None and node.name in process.pages:
        return _schema_of_page(task)
    form = process.forms.get(node.run) if process is not None else None
    if form is not None:
        return form.json_schema()
    return graph.forms.get(node.run) if graph is not None else None


def _schema_of_page(task: OpenTask) -> Any:
    """Its form may depend on the run."""
    try:
        form = form_of(task, using=str(task._state.db))
    except (VanishedError, Run.DoesNotExist):
        return None
    return form.json_schema() if form is not None else None
