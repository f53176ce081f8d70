"""Takes back the steps of a run that has failed or was cancelled: the last one first, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from actions.models import EventAction
from actions.processes.exceptions import StepError
from actions.processes.models import StepRun
from actions.processes.planner import compensable
from actions.processes.states import Status, Waiting
from actions.processes.store import Settled, Track, settle
from actions.processes.store.columns import Text
from actions.processes.values import dump
from actions.work import LeaseLostError, backoff

from .actions import perform_named
from .position import error_facts, finish, step_row, wait
from .step import make_step

if TYPE_CHECKING:
    from actions.processes.graph import Node

    from .programs import Program

UNDO = "undo"
UNDO_ACTION = "actionevent:undo"
TRIES = 5


def undo_next(track: Track, program: Program, using: str) -> Settled:
    """Take the next step back, in one transaction with the fact that it was, or end the run.

    Raises:
        LeaseLostError: Somebody else has the run.
    """
    run = track.run
    row = _next(track, program, using)
    if row is None:
        facts: Any = run.error
        finish(track, Status(run.ends_as), error=facts)
        return settle([track], using)
    node, snapshot, started_at = program.graph.nodes[row.node], track.snapshot(), timezone.now()
    try:
        with transaction.atomic(using=using):
            result = _take_back(track, program, node, row)
            done = step_row(track, Status.SUCCEEDED, started_at, is_undoing=True)
            done.node, done.attempt, done.result = row.node, run.tries + 1, result
            run.undone_to, run.tries, run.waiting_for = row.pk, 0, ""
            run.number += 1
            track.has_moved = True
            settled = settle([track], using)
            if settled.written.lost:
                raise LeaseLostError(f"Run {run.pk} is somebody else's.")  # noqa: TRY301 - it rolls back
    except LeaseLostError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a compensation raises is its failure
        track.restore(snapshot)
        _failed(track, program, row, error, started_at)
        return settle([track], using)
    return settled


def _next(track: Track, program: Program, using: str) -> StepRun | None:
    names = list(compensable(program.graph))
    rows = StepRun.objects.using(using).filter(
        root_id=track.run.pk, node__in=names, status=Status.SUCCEEDED.value, is_undoing=False
    )
    if track.run.undone_to is not None:
        rows = rows.filter(pk__lt=track.run.undone_to)
    return rows.order_by("-pk").first()


def _take_back(track: Track, program: Program, node: Node, row: StepRun) -> Any:
    step = make_step(track, program, node)
    step.context.idempotency_key = f"{track.run.uid.hex}-undo-{row.pk}"
    step.context.result = row.result
    if node.policy.compensate != UNDO:
        return Text(dump(step.call(node.policy.compensate, dict(row.input or {}))))
    event = EventAction.objects.using(track.scope.using).filter(uid=row.event_uid).first()
    if event is None:
        raise StepError(f"The record of {row.node} is archived or was never written: what it did cannot be taken back.")
    body, _event_uid = perform_named(step, UNDO_ACTION, event.pk, {}, QueryDict())
    return Text(dump(body))


def _failed(track: Track, program: Program, row: StepRun, error: Exception, started_at: Any) -> None:
    """Try again later; what cannot be taken back at all is passed by, and stands in the run's error."""
    run, facts = track.run, error_facts(error, track, program)
    facts["node"] = row.node
    failed = step_row(track, Status.FAILED, started_at, is_undoing=True, error=facts)
    failed.node = row.node
    run.tries += 1
    if run.tries < TRIES:
        wait(track, Waiting.RETRY, timezone.now() + backoff(run.tries))
        return
    missed = [*(run.error or {}).get("not_taken_back", []), row.node]
    run.error = {**(run.error or {}), "not_taken_back": missed}
    run.undone_to, run.tries, run.waiting_for = row.pk, 0, ""
    track.has_moved = True
