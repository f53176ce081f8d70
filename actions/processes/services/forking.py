"""Begins a new run from a step of another one, with what that step had found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from actions.processes.exceptions import WrongStateError
from actions.processes.executor import find_process, own_unique_key
from actions.processes.graph import Graph, Kind, Node
from actions.processes.models import Run, StepRun
from actions.processes.notes import INPUT, MODELS, PREVIOUS, kept
from actions.processes.states import Status
from actions.processes.store import definition_id, results_of
from actions.processes.values import dump, load, refuse_references
from actions.redaction import MASK

from .allowing import check_may_start
from .handing import go_on, is_inline, wake
from .starting import read_back, write_new

WITH_RESULT = (Kind.TASK, Kind.ACTION, Kind.SPLIT, Kind.EACH, Kind.INPUT, Kind.RECEIVE, Kind.PROCESS)
"""Kinds whose result is handed on, whatever it is."""


def fork(
    run: Run | int,
    *,
    node: str | None = None,
    payload: Mapping[str, Any] | None = None,
    actor: Any = None,
    using: str = "default",
) -> Run:
    """Begin a new run from a step of another one, with what was registered before that step.

    Args:
        run: The run or its key; it stays as it is.
        node: The step; None: the one that the run is at.
        payload: Values that are to be otherwise.
        actor: Who does it; None: as of the run.
        using: The database, where a key is given.

    Raises:
        RefusedError: The actor may not start this process (403); or it says that there is one of these at the most,
            and one is not over yet.
        WrongStateError: The run has not come to that step, or what was registered before is not kept.
        InvalidPayloadError: The payload does not fit.
    """
    row, database = (run, str(run._state.db)) if isinstance(run, Run) else (Run.objects.using(using).get(pk=run), using)
    process = find_process(row.process)
    check_may_start(process, actor)
    at = row.node if node is None else node
    if at not in process.graph.nodes:
        raise WrongStateError(_("There is no node %(node)s in %(process)s.") % {"node": at, "process": row.process})
    refuse_references(payload)
    values = process.payload.validate({**row.payload, **(payload or {})})
    unique_key = own_unique_key(process, values)
    new = Run(
        process=row.process,
        definition_id=definition_id(process, database),
        node=at,
        payload=values,
        unique_key=unique_key,
        retry_key=unique_key,
        state=load(dump(row.state)) if node is None else _state_before(row, at, process.graph, database),
        actor_id=row.actor_id if actor is None else str(actor.pk),
        actor_name=row.actor_name if actor is None else str(actor)[:255],
        correlation_id=row.correlation_id,
        forked_from=row.pk,
        queue=row.queue,
        priority=row.priority,
        note=kept(row.note) if node is None else _note_before(row, at, process.graph, database),
        due_at=None,
    )
    write_new(new, database, is_held=is_inline())
    if new.fence:
        return read_back(go_on(new, database), database)
    wake(new.pk, database)
    return new


def _steps_before(row: Run, node: str, using: str) -> QuerySet[StepRun]:
    """The steps that were done when a run came to a node the last time."""
    steps = StepRun.objects.using(using).filter(root_id=row.pk, is_undoing=False)
    last = steps.filter(node=node, run_id=row.pk).order_by("-pk").first()
    if last is None:
        raise WrongStateError(_("Run %(run)s has not come to %(node)s.") % {"run": row.pk, "node": node})
    return steps.filter(pk__lt=last.pk, status=Status.SUCCEEDED.value).order_by("pk")


def _note_before(row: Run, node: str, graph: Graph, using: str) -> dict[str, Any] | None:
    """What the step had got from the one before it, where results are handed on."""
    if not graph.hands_on:
        return None
    steps = _steps_before(row, node, using).filter(run_id=row.pk)
    facts: dict[str, Any] = {PREVIOUS: None}
    for back, step in enumerate(steps.order_by("-pk").iterator(chunk_size=100)):
        known = graph.nodes.get(step.node)
        if known is None:
            continue
        result = _result_of(row, step, known, using)
        if MASK in dump(result):
            raise WrongStateError(_("The result of %(node)s is not kept: it has secrets.") % {"node": step.node})
        if known.is_prelude and back == 0:
            facts[INPUT] = result
        elif not known.is_prelude and (known.kind in WITH_RESULT or result is not None):
            return {**facts, PREVIOUS: result}
    return facts


def _result_of(row: Run, step: StepRun, node: Node, using: str) -> Any:
    if node.kind not in (Kind.SPLIT, Kind.EACH):
        return step.result
    return [result for result, *_else in results_of(row, step.number, using)]


def _state_before(row: Run, node: str, graph: Graph, using: str) -> dict[str, Any]:
    """The state as it was when a run came to a node the last time."""
    state: dict[str, Any] = {MODELS: row.state[MODELS]} if MODELS in row.state else {}
    done = _steps_before(row, node, using)
    for name, result in done.values_list("node", "result").iterator():
        known = graph.nodes.get(name)
        if known is not None and known.register:
            state[known.register] = row.state.get(known.register) if MASK in dump(result) else result
    return state
