"""Branches and items that a run begins: they are runs too, with a parent, a place among the others, and its state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Q

from actions.moments import now
from actions.processes.models import Run
from actions.processes.notes import after_step
from actions.processes.states import RunKind, Status, Waiting

from .claims import lease_end
from .inserting import insert_children, like
from .settling import settle
from .tracks import Track
from .writing import begin

CHUNK = 500
"""Rows that are made at once: SQLite takes no more than 32,766 values."""


@dataclass(frozen=True, slots=True)
class Child:
    """A branch or item to be begun."""

    node: str
    item: Any = None
    is_held: bool = True
    """Whether whoever begins it goes on with it; else any worker."""


def begin_children(
    track: Track, children: Sequence[Child], using: str, *, kind: RunKind, at_once: int | None = None
) -> list[Track]:
    """Begin branches or items, and have the run wait for them; those that are held, to go on with.

    Raises:
        LeaseLostError: Somebody else has the run: nothing was written.
    """
    run, until, begun_at = track.run, lease_end(), now()
    released = len(children) if at_once is None else min(at_once, len(children))
    run.status, run.waiting_for = Status.WAITING.value, Waiting.BRANCHES.value
    run.open_children, run.next_place = len(children), released
    track.due, track.has_moved = None, True

    def row(place: int) -> Run:
        child = children[place]
        due_at = None if place >= released else until if child.is_held else begun_at
        return _row(run, child, place, kind, due_at=due_at, begun_at=begun_at)

    if len(children) <= CHUNK:
        rows = [row(place) for place in range(len(children))]
        if begin(track, rows, using):
            return _held(rows, track)
    held: list[Track] = []
    with transaction.atomic(using=using, savepoint=False):
        written = settle([track], using).written
        if written.lost:
            return []
        for start in range(0, len(children), CHUNK):
            rows = [row(place) for place in range(start, min(start + CHUNK, len(children)))]
            if written.paused:
                for each in rows:
                    each.paused_at, each.due_at, each.fence = run.paused_at or begun_at, None, 0
            insert_children(run.id, rows, using)
            held += _held(rows, track)
    return held


def _held(rows: Sequence[Run], track: Track) -> list[Track]:
    return [Track(row, track.scope) for row in rows if row.fence]


def _row(parent: Run, child: Child, place: int, kind: RunKind, *, due_at: datetime | None, begun_at: datetime) -> Run:
    is_held = due_at is not None and child.is_held
    return like(
        parent,
        **_OF_A_CHILD,
        payload={},
        state={},
        uid=uuid4(),
        kind=kind.value,
        status=Status.RUNNING.value if is_held else Status.PENDING.value,
        node=child.node,
        waiting_for=Waiting.LIMIT.value if due_at is None else "",
        note=after_step(parent.note),
        item=child.item,
        root_id=parent.root_id or parent.id,
        parent_id=parent.id,
        parent_number=parent.number,
        place=place,
        entered_at=begun_at,
        created_at=begun_at,
        due_at=due_at,
        fence=1 if is_held else 0,
        attempts=1 if is_held else 0,
    )


_OF_A_CHILD: dict[str, Any] = {
    "number": 0,
    "tries": 0,
    "wait_key": None,
    "result": None,
    "error": None,
    "open_children": 0,
    "next_place": 0,
    "unique_key": None,
    "retry_key": None,
    "key_hash": None,
    "forked_from": None,
    "is_held": False,
    "has_slot": False,
    "stopped_at": None,
    "ends_as": "",
    "undone_to": None,
    "ended_at": None,
}
"""Columns that a branch or item does not have from its parent, as the database makes them by itself."""


def results_of(run: Run, number: int, using: str) -> list[tuple[Any, str, Any, int]]:
    """(result, status, error, key) of all that a step has begun, in their order."""
    rows = Run._base_manager.using(using).filter(parent_id=run.id, parent_number=number).order_by("place")
    return list(rows.values_list("result", "status", "error", "pk"))


def payload_of(key: int, using: str) -> Any:
    """What a run was started with."""
    return Run._base_manager.using(using).values_list("payload", flat=True).get(pk=key)


def started_by(key: int, number: int, using: str) -> Run | None:
    """The run of another process that a step has started and waited for.

    Args:
        key: Of the run, branch or item that the step belongs to.
        number: The step's.
        using: The database.
    """
    rows = Run._base_manager.using(using).filter(parent_id=key, parent_number=number, kind=RunKind.ROOT.value)
    return rows.order_by("pk").last()


def cancelled_below(key: int, using: str) -> Iterator[Run]:
    """Runs of other processes that were cancelled while a run waited for them, with something that can be taken back.

    The last one first, each read when it is asked for.
    """
    rows = Run._base_manager.using(using)
    branches = rows.filter(root_id=key).order_by().values("pk")
    cut_off = rows.filter(Q(undone_to__isnull=True) | Q(undone_to__gt=0), kind=RunKind.ROOT.value)
    for parents in (Q(parent_id=key), Q(parent_id__in=branches)):
        of_parents = cut_off.filter(parents, status=Status.CANCELLED.value).order_by("-pk")
        yield from (rows.get(pk=each) for each in list(of_parents.values_list("pk", flat=True)))


def processes_below(key: int, using: str) -> list[int]:
    """Keys of the runs of other processes that steps of a run have started and waited for, and of theirs."""
    rows, found, level = Run._base_manager.using(using).filter(kind=RunKind.ROOT.value), list[int](), [key]
    while level:
        batch, level = level[:CHUNK], level[CHUNK:]
        branches = Run._base_manager.using(using).filter(root_id__in=batch).order_by().values("pk")
        for parents in (Q(parent_id__in=batch), Q(parent_id__in=branches)):
            keys = list(rows.filter(parents).values_list("pk", flat=True))
            found += keys
            level += keys
    return found
