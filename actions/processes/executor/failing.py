"""What becomes of a step that fails: another try, another way, or the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import OperationalError
from django.utils import timezone

from actions.conf import conf
from actions.exceptions import UnavailableError
from actions.processes.exceptions import AgainError, StepTimeoutError
from actions.processes.graph import Kind
from actions.processes.notes import again, since, untimed
from actions.processes.planner import Fail, after_error, compensable
from actions.processes.states import Status, Waiting
from actions.processes.store import Track
from actions.processes.values import dump
from actions.work import backoff

from .masking import shown, shown_log
from .position import error_facts, finish, go_on, step_row, stop, wait
from .programs import VanishedError

if TYPE_CHECKING:
    from actions.processes.graph import Node

    from .programs import Program
    from .step import Step

ONCE = (Kind.SPLIT, Kind.EACH, Kind.PROCESS)
"""Kinds whose step cannot be begun twice: what it has begun is there. A retry of the run goes on with that."""
SOMEBODY = (Waiting.BRANCHES, Waiting.PROCESS, Waiting.INPUT, Waiting.MESSAGE)
"""What a run waits for that somebody else does."""
ERROR = "error"
"""The key of the state that has the last error for whoever handles it."""


def fail(track: Track, program: Program, node: Node, error: Exception, started_at: datetime, step: Step | None) -> None:
    """Move a track whose step has raised an error; nothing of that step is left.

    Args:
        track: Whose.
        program: The run's.
        node: The step's.
        error: What it raised.
        started_at: When the try began.
        step: What is known of the try; None where it did not come that far.
    """
    if isinstance(error, AgainError):
        began_at = datetime.fromisoformat(since(track.run.note) or started_at.isoformat())
        if _is_in_time(track, node, error, began_at):
            return
        error = StepTimeoutError(f"It has not come within {node.policy.timeout_seconds:g} seconds.")
    if isinstance(error, VanishedError):
        stop(track, str(error))
        return
    facts = error_facts(error, track, program)
    row = step_row(track, Status.FAILED, started_at, error=facts)
    if step is not None:
        row.input = shown(step.arguments, step)
        row.log = shown_log(step)
    attempt, retry = track.run.tries + 1, node.policy.retry
    if _is_passing(error) and attempt < conf.MAX_ATTEMPTS:
        # What it waits for is still to come, and what it has begun is there.
        reason = Waiting(track.run.waiting_for) if track.run.waiting_for in SOMEBODY else Waiting.RETRY
        wait(track, reason, timezone.now() + backoff(attempt))
        track.run.tries = attempt
        return
    if track.run.waiting_for == Waiting.INPUT.value:
        # It is too late for an answer.
        track.opened = False
    if track.run.open_children:
        track.abandons = track.run.number
    if retry is not None and node.kind not in ONCE and retry.wants(error, attempt):
        wait(track, Waiting.RETRY, timezone.now() + retry.backoff(attempt), note=untimed(track.run.note))
        track.run.tries = attempt
        return
    _go_elsewhere(track, program, node, facts)


def _go_elsewhere(track: Track, program: Program, node: Node, facts: dict[str, Any]) -> None:
    """Go on where the node says for the case that it has failed for good, or end."""
    where = after_error(program.graph, node)
    if isinstance(where, Fail):
        end_badly(track, program, facts)
        return
    if node.policy.on_error:
        track.scope.put(ERROR, dump({name: facts[name] for name in ("type", "detail", "node")}))
        track.note_changes()
    go_on(track, where, track.last)


def _is_in_time(track: Track, node: Node, error: AgainError, began_at: datetime) -> bool:
    """Have a body be called again as it has asked, for the last time when its time is over; False where it is."""
    seconds, due_at = node.policy.timeout_seconds, timezone.now() + error.after
    if seconds is None:
        wait(track, Waiting.RETRY, due_at, note=again(track.run.note, error.note, None))
        return True
    ends_at = began_at + timedelta(seconds=seconds)
    if timezone.now() >= ends_at:
        return False
    wait(track, Waiting.RETRY, min(due_at, ends_at), note=again(track.run.note, error.note, began_at.isoformat()))
    return True


def _is_passing(error: Exception) -> bool:
    """Whether it is the database's and may be otherwise in a moment: a deadlock, a long lock."""
    if isinstance(error, OperationalError):
        # SQLite's way to say that a table or column is not there.
        return not str(error).startswith("no such")
    return isinstance(error, UnavailableError)


def end_badly(track: Track, program: Program, facts: dict[str, object], status: Status = Status.FAILED) -> None:
    """Fail a run: at once, or after its steps are taken back where its process says so."""
    run = track.run
    if track.is_root and program.graph.compensates and compensable(program.graph) and not run.ends_as:
        run.ends_as, run.error, run.undone_to = status.value, facts, None
        run.waiting_for, run.note, run.tries = "", None, 0
        run.status = Status.RUNNING.value
        track.has_moved = True
        return
    finish(track, status, error=facts)
