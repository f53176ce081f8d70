"""Everything about one run, in a number of statements that does not depend on how much there is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, Value, When

from actions.processes.diagram.texts import expression_text
from actions.processes.graph import Graph
from actions.processes.models import OpenTask, Run, StepRun
from actions.processes.states import UNFINISHED, RunKind, Status
from actions.processes.store import graph_of
from actions.processes.store.messages import shown_key

from .access import Answerer, is_staff
from .inputs_shown import shown_input
from .links import link, run_link
from .masking import Masking
from .paging import OldestFirst
from .run_serializers import ProcessRunDetailSerializer
from .steps import grouped, title_of

MAX_BRANCHES = 100
"""Branches and items that a run is shown with; those that are not over go first. All of them come in pages."""


def graph_for(run: Run, using: str) -> Graph | None:
    """The definition that a run has; None where it is gone, or of another release."""
    try:
        return graph_of(run.definition_id, using)
    except ValueError:
        return None


class RunDetail:
    """One run, read."""

    def __init__(self, run: Run, request: Any) -> None:
        self.run = run
        self.request = request
        self.using = str(run._state.db)
        self.graph = graph_for(run, self.using)
        self.masking = Masking(run, is_for_staff=is_staff(request.user))

    def as_json(self) -> dict[str, Any]:
        """All of it.

        Raises:
            NotFound: The query has a cursor that is none of ours.
        """
        branches, counts = self._branches()
        started = self._started([self.run, *branches])
        rows, following, _previous = self.steps()
        document: dict[str, Any] = {
            "definition": self.graph.fingerprint[:8] if self.graph is not None else None,
            "current": self._current([self.run, *branches]),
            "branches": [self._branch(each) for each in (*branches, *started)],
            "branches_by_status": counts,
            "steps": rows,
            "steps_next": following,
        }
        serializer = ProcessRunDetailSerializer(context={"request": self.request})
        for name in document:
            # Not in the run's own row: what was read for it above goes in their place.
            serializer.fields.pop(name)
        document |= serializer.to_representation(self.run)
        return {name: document[name] for name in ProcessRunDetailSerializer.Meta.fields}

    def steps(self) -> tuple[list[dict[str, Any]], str | None, str | None]:
        """A page of steps, with the addresses of the next and the previous one."""
        address = link(self.request, "process-runs:run-steps", self.run.pk)
        tries = StepRun.objects.using(self.using).filter(root_id=self.run.pk)
        rows, following, previous = OldestFirst().page_at(tries, self.request, address)
        return grouped(rows, self.graph, self.masking, self.request), following, previous

    def branches(self) -> tuple[list[dict[str, Any]], str | None, str | None]:
        """A page of branches, items and started processes, with the addresses of the next and the previous one."""
        every = Run._base_manager.using(self.using)
        tree = Q(root_id=self.run.pk)
        begun = Q(kind=RunKind.ROOT.value) & (
            Q(parent_id=self.run.pk) | Q(parent_id__in=every.filter(tree).order_by().values("pk"))
        )
        rows, following, previous = OldestFirst().page_at(
            every.filter(tree | begun).defer("payload", "state", "note"),
            self.request,
            link(self.request, "process-runs:run-branches", self.run.pk),
        )
        return [self._branch(each) for each in rows], following, previous

    def _branches(self) -> tuple[list[Run], dict[str, int]]:
        rows = Run._base_manager.using(self.using).filter(root_id=self.run.pk)
        first = Case(
            When(status__in=[*UNFINISHED], then=Value(0)),
            When(status=Status.FAILED.value, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
        found = list(rows.defer("payload", "state", "note").order_by(first, "pk")[:MAX_BRANCHES])
        counts = rows.order_by().values_list("status").annotate(count=Count("pk"))
        return found, dict(counts)

    def _started(self, runs: Iterable[Run]) -> list[Run]:
        """Processes that steps of the run have started and wait, or have waited, for."""
        rows = Run._base_manager.using(self.using).filter(parent_id__in=[each.pk for each in runs])
        found = rows.filter(kind=RunKind.ROOT.value).defer("payload", "state", "note", "item")
        return list(found.order_by("-pk")[:MAX_BRANCHES])

    def _branch(self, branch: Run) -> dict[str, Any]:
        is_process = branch.kind == RunKind.ROOT.value
        return {
            "id": branch.pk,
            "kind": "process" if is_process else branch.kind,
            "process": branch.process,
            "parent_id": branch.parent_id,
            "parent_number": branch.parent_number,
            "place": branch.place,
            "item": None if is_process else self.masking.shown(branch.item),
            "status": branch.status,
            "node": branch.node,
            "waiting_for": branch.waits_for,
            "due_at": branch.due_at,
            "error": self.masking.error(branch.error),
            "ended_at": branch.ended_at,
            "url": run_link(self.request, branch.pk) if is_process else None,
        }

    def _current(self, runs: Iterable[Run]) -> list[dict[str, Any]]:
        unfinished = [each for each in runs if not each.is_finished]
        if not unfinished:
            return []
        tasks = OpenTask.objects.using(self.using).filter(run_id__in=[each.pk for each in unfinished])
        by_run = {task.run_id: task for task in tasks}
        user = Answerer(self.request.user)
        return [self._position(each, by_run.get(each.pk), user) for each in unfinished]

    def _position(self, run: Run, task: OpenTask | None, user: Answerer) -> dict[str, Any]:
        node = self.graph.nodes.get(run.node) if self.graph is not None else None
        conditions = node.policy.as_soon_as if node is not None else ()
        return {
            "run": run.pk,
            "number": run.number,
            "node": run.node,
            "title": title_of(self.graph, run.node),
            "description": node.description if node is not None else "",
            "kind": str(node.kind) if node is not None else "",
            "status": run.status,
            "waiting_for": run.waits_for,
            "entered_at": run.entered_at,
            "due_at": run.due_at if run.status != Status.RUNNING.value else None,
            "tries": run.tries,
            "message": shown_key(run.wait_key) if run.wait_key is not None else None,
            "conditions": [expression_text(each) for each in conditions],
            "open_children": run.open_children,
            "input": shown_input(task, self.graph, user, self.request) if task is not None else None,
            "error": self.masking.error(run.error),
        }
