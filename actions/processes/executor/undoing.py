"""Takes back the steps of a run that has failed or was cancelled: the last one first, each once.

A step that is a process of its own is taken back by taking back the steps of that run, where its process says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from actions.models import EventAction
from actions.processes.exceptions import StepError
from actions.processes.models import Run, StepRun
from actions.processes.planner import compensable
from actions.processes.policies import UNDO
from actions.processes.states import Status, Waiting
from actions.processes.store import Scope, Settled, Track, cancelled_below, settle, started_by, write
from actions.processes.values import dump, load, resolve
from actions.redaction import MASK
from actions.work import LeaseLostError, backoff

from .actions import perform_named
from .position import error_facts, finish, step_row, stop, wait
from .programs import VanishedError
from .step import make_step
from .work import masked

if TYPE_CHECKING:
    from .programs import Program, Programs
    from .step import Step

UNDO_ACTION = "actionevent:undo"
TRIES = 5
NOTHING_LEFT = 0
"""Of a run that was cut off with the one that had started it, `undone_to` when all of it is taken back."""


@dataclass(frozen=True, slots=True)
class _Done:
    """A step that is to be taken back."""

    row: StepRun
    track: Track
    """Of the run that did it: the one at hand, or one that a step of that has started."""
    program: Program


def undo_next(track: Track, program: Program, programs: Programs, using: str) -> Settled:
    """Take the next step back, in one transaction with the fact that it was, or end the run.

    Raises:
        LeaseLostError: Somebody else has the run.
    """
    run, search = track.run, _Search(programs, using)
    try:
        found = search.last(track, program)
    except VanishedError as error:
        stop(track, str(error))
        return settle([track], using)
    if found is None:
        facts: Any = run.error
        finish(track, Status(run.ends_as), error=facts)
        return settle([track], using)
    started_at, snapshots = timezone.now(), [(each, each.snapshot()) for each in (track, found.track)]
    try:
        with transaction.atomic(using=using):
            _note(track, found, _take_back(found, attempt=run.tries + 1), started_at)
            return _write(track, [*search.passed, found.track], using)
    except LeaseLostError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a compensation raises is its failure
        for each, snapshot in snapshots:
            each.restore(snapshot)
        _failed(track, found, error, started_at)
        with transaction.atomic(using=using):
            return _write(track, [found.track], using)


class _Search:
    """Looks for the step that is to be taken back next."""

    def __init__(self, programs: Programs, using: str) -> None:
        self._programs = programs
        self._using = using
        self.passed: list[Track] = []
        """Runs that steps have started, of which something was passed by: it has nothing to be taken back."""

    def last(self, track: Track, program: Program) -> _Done | None:
        """The last step that is not taken back yet: of what was cut off in the middle, then of what has succeeded.

        Raises:
            VanishedError: The process of a run that a step has started is not there any more.
        """
        nodes = compensable(program.graph)
        has_own = all(node.policy.compensate for node in nodes.values())
        for child in () if has_own else cancelled_below(track.run.id, self._using):
            if (found := self._within(child)) is not None:
                return found
        for row in self._rows(track, list(nodes)):
            if nodes[row.node].policy.compensate:
                return _Done(row, track, program)
            child_of_row = started_by(row.run_id, row.number, self._using)
            if child_of_row is not None and (found := self._within(child_of_row)) is not None:
                return found
            track.run.undone_to = row.pk
            track.has_moved = True
        return None

    def _rows(self, track: Track, names: list[str]) -> Iterator[StepRun]:
        """Steps that have succeeded, the last one first; not read before they are asked for."""
        rows = StepRun.objects.using(self._using).filter(
            root_id=track.run.pk, node__in=names, status=Status.SUCCEEDED.value, is_undoing=False
        )
        before = track.run.undone_to
        while row := (rows if before is None else rows.filter(pk__lt=before)).order_by("-pk").first():
            yield row
            before = row.pk

    def _within(self, run: Run) -> _Done | None:
        track, program = Track(run, Scope(run, self._using)), self._programs.of(run)
        found = self.last(track, program) if program.graph.compensates else None
        if found is None and run.status == Status.CANCELLED.value:
            run.undone_to = NOTHING_LEFT
            track.has_moved = True
        if track.has_moved:
            self.passed.append(track)
        return found


def _take_back(done: _Done, *, attempt: int) -> Any:
    """JSON of what the compensation has answered, as rows keep it."""
    row, track, using = done.row, done.track, done.track.scope.using
    node = done.program.graph.nodes[row.node]
    step = make_step(track, done.program, node)
    step.context.idempotency_key = f"{track.run.uid.hex}-undo-{row.pk}"
    step.context.attempt = attempt
    if row.run_id != track.run.id:
        branch = Run._base_manager.using(using).only("item", "place").get(pk=row.run_id)
        step.context.item, step.context.place = branch.item, branch.place
    if node.policy.compensate != UNDO:
        step.arguments, step.context.result = _original(row, using)
        return masked(dump(step.call(node.policy.compensate, step.arguments)), step)
    return masked(dump(_undo_action(step, row)), step)


def _undo_action(step: Step, row: StepRun) -> Any:
    event = EventAction.objects.using(step.context.using).filter(uid=row.event_uid).first()
    if event is None:
        raise StepError(f"The record of {row.node} is archived or was never written: what it did cannot be taken back.")
    body, _event_uid = perform_named(step, UNDO_ACTION, event.pk, {}, QueryDict())
    return body


def _original(row: StepRun, using: str) -> tuple[dict[str, Any], Any]:
    """What the step got, and what it answered."""
    if row.original:
        kept = resolve(load(row.original), using)
        return kept["input"], kept["result"]
    # It had nothing that takes it back when it was done: what is shown of it has to do, where that is all of it.
    if MASK in json.dumps([row.input, row.result]):
        raise StepError(f"What {row.node} got is not kept: secrets are masked in it. Take it back by hand.")
    return dict(row.input or {}), row.result


def _note(track: Track, done: _Done, result: Any, started_at: Any) -> None:
    """Say that a step is taken back."""
    run, owner = track.run, done.track
    row = step_row(owner, Status.SUCCEEDED, started_at, is_undoing=True)
    row.node, row.attempt, row.result = done.row.node, run.tries + 1, result
    owner.run.undone_to = done.row.pk
    for each in {id(track): track, id(owner): owner}.values():
        each.run.number += 1
        each.has_moved = True
    run.tries, run.waiting_for = 0, ""


def _failed(track: Track, done: _Done, error: Exception, started_at: Any) -> None:
    """Try again later; what cannot be taken back at all is passed by, and stands in the run's error."""
    run, owner = track.run, done.track
    facts, name = error_facts(error, owner, done.program), done.row.node
    facts["node"] = name
    row = step_row(owner, Status.FAILED, started_at, is_undoing=True, error=facts)
    row.node, row.attempt = name, run.tries + 1
    run.tries += 1
    if run.tries < TRIES:
        wait(track, Waiting.RETRY, timezone.now() + backoff(run.tries))
        return
    missed = name if owner is track else f"{owner.run.process}: {name}"
    run.error = {**(run.error or {}), "not_taken_back": [*(run.error or {}).get("not_taken_back", []), missed]}
    run.tries, run.waiting_for = 0, ""
    owner.run.undone_to = done.row.pk
    owner.has_moved = track.has_moved = True


def _write(track: Track, others: list[Track], using: str) -> Settled:
    """Write the run and those that its steps have started, parents before children; see `store.settling`."""
    settled = settle([track], using)
    started = write(list({id(each): each for each in others if each is not track}.values()), using)
    if settled.written.lost or started.lost:
        raise LeaseLostError(f"Run {track.run.pk} is somebody else's.")
    return settled
