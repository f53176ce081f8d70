"""Where a track is after something has come of its node: on its way, waiting, or at its end."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from actions.moments import now
from actions.processes.notes import PREVIOUS, after_step, hands_on
from actions.processes.planner import Done, Next
from actions.processes.states import RunKind, Status, Waiting
from actions.processes.store import KEEP, StepRow, Track
from actions.processes.store.columns import Text
from actions.processes.values import dump
from actions.redaction import mask, secret_names, secret_texts, storable

if TYPE_CHECKING:
    from actions.processes.graph import Node

    from .programs import Program

MAX_DETAIL = 2000
MAX_TRACEBACK = 20_000


def go_on(track: Track, where: Next, result: str | None = None) -> None:
    """Leave the node.

    Args:
        track: Whose.
        where: What the planner says.
        result: JSON of the node's result.
    """
    run = track.run
    run.number += 1
    run.tries = 0
    if run.note is not None:
        run.note = after_step(run.note, result)
    run.waiting_for = ""
    run.entered_at = now()
    track.has_moved = True
    track.last = result
    track.leaves_messages = track.leaves_messages or run.wait_key is not None
    if run.wait_key is not None or run.open_children:
        run.wait_key, run.open_children, run.next_place = None, 0, 0
    if isinstance(where, Done):
        finish(track, Status.SUCCEEDED)
    else:
        run.node = where


def wait(track: Track, reason: Waiting, due_at: datetime | None, *, note: Any = KEEP) -> None:
    """Stay at the node, and be looked at again at a moment; None: when somebody says so."""
    run = track.run
    run.status = Status.WAITING.value
    run.waiting_for = reason.value
    if note is not KEEP:
        run.note = note
    track.due = due_at
    track.has_moved = True


def finish(track: Track, status: Status, *, result: str | None = None, error: dict[str, Any] | None = None) -> None:
    """Come to the end.

    Args:
        track: Whose.
        status: Succeeded, failed or cancelled.
        result: JSON; None: of a branch or item what its last step answered.
        error: Why it failed.
    """
    run = track.run
    if result is None and run.kind != RunKind.ROOT.value:
        result = track.last
        if result is None and run.note is not None and hands_on(run.note):
            result = dump(run.note[PREVIOUS])
    run.status = status.value
    track.leaves_messages = track.leaves_messages or run.wait_key is not None
    run.waiting_for, run.wait_key, run.unique_key = "", None, None
    run.ended_at = now()
    run.error = error
    if result is not None:
        run.result = Text(result)
    track.due = None
    track.has_moved = True


def stop(track: Track, reason: str) -> None:
    """Have it wait for its definition, with the reason where everybody sees it; what else it waits for stays."""
    run = track.run
    run.error = {"type": "Vanished", "detail": reason, "node": run.node}
    run.stopped_at = now()
    wait(track, Waiting(run.waiting_for), None)


def step_row(track: Track, status: Status, started_at: datetime, **columns: Any) -> StepRow:
    """The row of a step that is over, among those to be written."""
    run = track.run
    row = StepRow(
        run.id,
        run.root_id or run.id,
        run.number,
        run.node,
        run.tries + 1,
        status.value,
        run.entered_at,
        started_at,
        (now() - started_at).total_seconds(),
        **columns,
    )
    track.rows.append(row)
    return row


def error_facts(error: BaseException, track: Track, program: Program) -> dict[str, Any]:
    """An error as rows keep it: secrets of payload and state masked."""
    return _facts(error, track.run.node, track.scope.secrets(secret_names(program.process.sensitive)))


def facts_of(error: BaseException, node: str, payload: Mapping[str, Any], sensitive: Collection[str]) -> dict[str, Any]:
    """The same of an error that no step of the graph has raised."""
    return _facts(error, node, secret_texts(payload, secret_names(sensitive)))


def _facts(error: BaseException, node: str, secrets: Collection[str]) -> dict[str, Any]:
    lines = "".join(traceback.format_exception(error))
    return {
        "type": type(error).__name__,
        "detail": mask(storable(str(error))[:MAX_DETAIL], secrets),
        "node": node,
        "traceback": mask(storable(lines)[-MAX_TRACEBACK:], secrets),
    }


def is_last_attempt(track: Track, node: Node) -> bool:
    """Whether no try follows if this one fails."""
    retry = node.policy.retry
    return retry is None or track.run.tries + 1 >= retry.attempts
