"""Runs that wait for their turn under their process's limit, and runs that have failed and are tried again.

The two belong together: a failed run that is retried takes its turn like any other, and is revived only then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from actions.processes.graph import Kind, Node
from actions.processes.models import ProcessState, Run
from actions.processes.notes import kept, noted
from actions.processes.registry import processes
from actions.processes.states import RunKind, Status, Waiting

from .definitions import graph_of
from .limits import take_slot

RETRY = "retry"
"""In the note of a run that waits for its turn: it has failed, and is to be revived then."""
BROKEN = (Status.FAILED.value, Status.CANCELLED.value)


def free_slot(process: str, using: str) -> int | None:
    """Give the slot of a run that has ended to the one that waits longest; its key, None where none waits."""
    states = ProcessState.objects.using(using)
    states.select_for_update().filter(process=process).first()
    rows = Run._base_manager.using(using)
    waiting = rows.filter(
        process=process, status=Status.PENDING.value, waiting_for=Waiting.LIMIT.value, kind=RunKind.ROOT.value
    )
    while (first := waiting.order_by("-priority", "pk").values_list("pk", "note").first()) is not None:
        key, note = first
        # One that was cancelled since then does not wait any more.
        if waiting.filter(pk=key).update(waiting_for="", due_at=timezone.now(), fence=F("fence") + 1, has_slot=True):
            if type(note) is dict and RETRY in note:
                _revive(rows.get(pk=key), using, has_slot=True)
            return int(key)
    states.filter(process=process, running__gt=0).update(running=F("running") - 1)
    return None


def retry(row: Run, using: str) -> None:
    """Have a failed run be gone on with: now, or when it is its turn.

    Raises:
        IntegrityError: Another run has its unique key by now.
    """
    limit = _limit(row)
    has_slot = limit is not None and take_slot(row.process, limit, using)
    if limit is None or has_slot:
        _revive(row, using, has_slot=has_slot)
        return
    waits = {"waiting_for": Waiting.LIMIT.value, "due_at": None, "status": Status.PENDING.value, "open_children": 0}
    _write(row, {**waits, "note": noted(row.note, {RETRY: True})}, using)


def _limit(row: Run) -> int | None:
    process = processes.get(row.process) if row.kind == RunKind.ROOT.value else None
    return None if process is None else process.graph.max_running


def _revive(row: Run, using: str, *, has_slot: bool) -> None:
    """Have what failed be due again, from the bottom up; what is done stays done, and what goes on goes on."""
    rows = Run._base_manager.using(using)
    children = list(rows.filter(parent_id=row.pk, parent_number=row.number).order_by("place"))
    broken = [child for child in children if child.status in BROKEN]
    for child in broken:
        # Whoever waits for his turn while he is paused stays so, with all that is his.
        child.paused_at = row.paused_at
        retry(child, using)
    graph = graph_of(row.definition_id, using)
    node = graph.nodes.get(row.node) if graph is not None else None
    late = broken[node.at_once :] if node is not None and node.at_once is not None else []
    rows.filter(pk__in=[child.pk for child in late]).update(
        waiting_for=Waiting.LIMIT.value, due_at=None, status=Status.PENDING.value
    )
    columns = _waiting(row, children, late, _limit_of(node)) if children else _going(row)
    if _limit_of(node) is not None:
        # What it waits for has all of its time again.
        columns["entered_at"] = timezone.now()
    _write(row, {**columns, "note": kept(row.note), "has_slot": has_slot}, using)


def _limit_of(node: Node | None) -> timedelta | None:
    """How long a node waits for somebody, or for a condition, from when the run has come to it."""
    if node is None or node.policy.timeout_seconds is None:
        return None
    counts = node.kind in (Kind.PROCESS, Kind.INPUT, Kind.RECEIVE) or bool(node.policy.as_soon_as)
    return timedelta(seconds=node.policy.timeout_seconds) if counts else None


def _waiting(row: Run, children: list[Run], late: list[Run], limit: timedelta | None) -> dict[str, Any]:
    """Columns of a run that waits for its children again; where all of them are done, it has only to look."""
    reason = Waiting.PROCESS if children[0].kind == RunKind.ROOT.value else Waiting.BRANCHES
    left = [child for child in children if child.status != Status.SUCCEEDED.value]
    columns: dict[str, Any] = {"waiting_for": reason.value, "status": Status.WAITING.value, "open_children": len(left)}
    if late:
        columns["next_place"] = late[0].place
    due_at = timezone.now() if not left else None if limit is None else timezone.now() + limit
    return {**columns, "due_at": due_at if row.paused_at is None else None}


def _going(row: Run) -> dict[str, Any]:
    """Columns of a run whose step is tried again now."""
    due_at = timezone.now() if row.paused_at is None else None
    return {"waiting_for": "", "due_at": due_at, "status": Status.PENDING.value, "open_children": 0}


def _write(row: Run, columns: dict[str, Any], using: str) -> None:
    anew: dict[str, Any] = {
        "error": None,
        "result": None,
        "ended_at": None,
        "tries": 0,
        "attempts": 0,
        "paused_at": row.paused_at,
    }
    anew["unique_key"] = row.retry_key
    Run._base_manager.using(using).filter(pk=row.pk).update(**anew, **columns, fence=F("fence") + 1)
