"""Writes what runs have done, and tells their parents of it: the child that ends last wakes its parent.

Rows are locked in the order of their keys, parents before children, so that two that meet do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db import connections, transaction
from django.db.models import F

from actions.processes.models import Run
from actions.processes.notes import noted
from actions.processes.state_field import LARGE, STORED, is_stored
from actions.processes.states import RunKind, Status, Waiting
from actions.processes.values import load

from .claims import lease_end
from .columns import all_columns, table, vendor
from .ending import end_all
from .large import remove, store
from .reading import read_runs
from .scope import Scope
from .tracks import Track
from .turns import free_slot
from .writing import Written, needs_more, write, write_and_count

FAILED_CHILD = "child"
"""In a parent's note: the error of the branch that failed."""


@dataclass(slots=True)
class Settled:
    """What came of writing."""

    written: Written
    ready: list[Track] = field(default_factory=list)
    """Runs that are held now: parents whose children are all over, and items whose turn it is."""


def settle(tracks: Sequence[Track], using: str) -> Settled:
    """Write tracks, hand on what branches have put into the state, and tell parents of children that have ended."""
    ended = [track for track in tracks if track.run.parent_id is not None and track.run.is_finished and track.has_moved]
    shared = [track for track in tracks if track.changes]
    counted = [track for track in tracks if track.run.has_slot and track.run.is_finished and track.has_moved]
    for track in counted:
        track.run.has_slot = False
    if not ended and not shared and not counted:
        return Settled(write(tracks, using))
    if not shared and not counted and _can_count_down(ended, using):
        if _is_one_statement(tracks, ended, using):
            return _settle_at_once(tracks, using)
        return _settle_quickly(tracks, ended, using)
    with transaction.atomic(using=using, savepoint=False):
        locked = _lock({track.run.parent_id for track in ended} | {track.scope.run_id for track in shared}, using)
        changes = [(track, dict(track.changes)) for track in shared]
        settled = Settled(write(tracks, using))
        lost = {track.run.id for track in settled.written.lost}
        _hand_on([each for each in changes if each[0].run.id not in lost], locked, using)
        for key in sorted({track.run.parent_id or 0 for track in ended}):
            children = [track for track in ended if track.run.parent_id == key and track.run.id not in lost]
            parent = locked.get(key)
            if parent is not None and children:
                settled.ready += _tell(parent, children, using)
        for track in counted:
            if track.run.id not in lost:
                free_slot(track.run.process, using)
    return settled


def _can_count_down(ended: Iterable[Track], using: str) -> bool:
    """Whether nothing but a number of the parents changes, on a database that gives back what it has changed."""
    has_succeeded = all(track.run.status == Status.SUCCEEDED.value for track in ended)
    return has_succeeded and vendor(using) in ("postgresql", "sqlite")


def _is_one_statement(tracks: Iterable[Track], ended: Iterable[Track], using: str) -> bool:
    """Whether all of it can be done in one. Items are left out: others may wait for their turn."""
    has_items = any(track.run.kind == RunKind.ITEM.value for track in ended)
    return vendor(using) == "postgresql" and not has_items and not needs_more(tracks)


def _settle_at_once(tracks: Sequence[Track], using: str) -> Settled:
    """As `settle`, on PostgreSQL, where nothing is to be done but to write and to count."""
    scopes = {track.scope.run_id: track.scope for track in tracks}
    written, woken = write_and_count(tracks, lease_end(), using)
    return Settled(written, [_held(parent, scopes, using) for parent in woken])


def _held(run: Run, scopes: Mapping[int, Scope], using: str) -> Track:
    """A run that is held, with the state that it shares with those at hand, else as it is in the database."""
    scope = scopes.get(run.scope_id)
    if scope is None:
        root = run if run.root_id is None else Run._base_manager.using(using).get(pk=run.root_id)
        scope = Scope(root, using)
    elif run.id == scope.run_id:
        # Branches that others had have changed it, too.
        scope.refresh(run.__dict__["state"])
    else:
        scope.refresh(Run._base_manager.using(using).values_list("state", flat=True).get(pk=run.scope_id))
    if run.id == scope.run_id:
        # The same, for whoever reads it there when the run has ended.
        run.state = scope.data
    return Track(run, scope)


def _settle_quickly(tracks: Sequence[Track], ended: Sequence[Track], using: str) -> Settled:
    """As `settle`, with one statement for each parent, which counts it and takes it where it waits for nobody more."""
    families: dict[tuple[int, int], list[Track]] = {}
    for track in ended:
        families.setdefault((track.run.parent_id or 0, track.run.parent_number or 0), []).append(track)
    with transaction.atomic(using=using, savepoint=False):
        if vendor(using) != "sqlite":
            # Which has one lock for all.
            _lock({key for key, _number in families}, using)
        settled = Settled(write(tracks, using))
        lost = {track.run.id for track in settled.written.lost}
        for key, number in sorted(families):
            children = [track for track in families[key, number] if track.run.id not in lost]
            parent = _count_down(key, number, len(children), using) if children else None
            if parent is None or (parent.paused_at is not None and not parent.open_children):
                continue
            if not parent.open_children:
                settled.ready.append(_held(parent, {track.scope.run_id: track.scope for track in children}, using))
            elif children[0].run.kind == RunKind.ITEM.value:
                settled.ready += _let_go(parent, children, using)
    return settled


def _count_down(key: int, number: int, count: int, using: str) -> Run | None:
    """Count ended children of a parent that waits for them; None where it does not any more.

    Whoever just looks at the parent has counted otherwise, and loses it.
    """
    until = connections[using].ops.adapt_datetimefield_value(lease_end())
    with connections[using].cursor() as cursor:
        cursor.execute(_counting(using), [count, count, until, count, key, number])
        return next(iter(read_runs(cursor.fetchall(), using)), None)


@lru_cache(maxsize=8)
def _counting(using: str) -> str:
    return (
        f"UPDATE {table(Run, using)} SET open_children = open_children - %s, fence = fence + 1, "  # noqa: S608
        "due_at = CASE WHEN open_children = %s AND paused_at IS NULL THEN %s ELSE due_at END, "
        "status = CASE WHEN open_children > %s THEN status WHEN paused_at IS NULL THEN 'running' ELSE 'pending' END "
        "WHERE id = %s AND number = %s "
        "AND waiting_for IN ('branches', 'process') AND status IN ('pending', 'running', 'waiting') "
        f"RETURNING {all_columns(Run, using)}"
    )


def _lock(keys: Iterable[Any], using: str) -> dict[int, Run]:
    rows = Run._base_manager.using(using).filter(pk__in=set(keys)).order_by("pk").select_for_update()
    return {run.id: run for run in rows}


def _hand_on(changes: Iterable[tuple[Track, dict[str, str | None]]], locked: dict[int, Run], using: str) -> None:
    """Write what branches have changed into the state as it is now, key by key; the later one wins."""
    roots: dict[int, Scope] = {}
    for track, by_key in changes:
        root = locked.get(track.scope.run_id)
        if root is None:
            continue
        roots[root.id] = track.scope
        state = root.__dict__["state"]
        remove(root.id, [state[key][STORED] for key in by_key if is_stored(state.get(key))], using)
        for key, text in by_key.items():
            if text is None:
                state.pop(key, None)
            else:
                state[key] = store(root.id, text, using) if len(text) > LARGE else load(text)
    for root_id, scope in roots.items():
        state = locked[root_id].__dict__["state"]
        Run._base_manager.using(using).filter(pk=root_id).update(state=state)
        scope.refresh(state)


def _tell(parent: Run, children: Sequence[Track], using: str) -> list[Track]:
    """Count ended children of a parent that is locked; what is to be gone on with."""
    rounds = {track.run.parent_number for track in children}
    is_waiting = parent.waiting_for in (Waiting.BRANCHES.value, Waiting.PROCESS.value)
    if parent.is_finished or not is_waiting or rounds != {parent.number}:
        return []
    parent.open_children -= len(children)
    failed = next((track.run for track in children if track.run.status != Status.SUCCEEDED.value), None)
    if failed is not None and parent.waiting_for == Waiting.BRANCHES.value:
        error = failed.error or {"type": "Cancelled", "detail": "It was cancelled."}
        parent.note = noted(parent.note, {FAILED_CHILD: error})
        end_all(Run._base_manager.using(using).filter(parent_id=parent.id), Status.CANCELLED, using)
        parent.open_children = 0
    if parent.open_children:
        return _let_go(parent, children, using)
    return _wake(parent, children[0].scope, using)


def _let_go(parent: Run, children: Sequence[Track], using: str) -> list[Track]:
    """Let as many waiting items go as have ended."""
    rows = Run._base_manager.using(using)
    waiting = rows.filter(
        parent_id=parent.id,
        parent_number=parent.number,
        place__gte=parent.next_place,
        waiting_for=Waiting.LIMIT.value,
        status=Status.PENDING.value,
    )
    items = list(waiting.order_by("place")[: len(children)])
    if items:
        parent.next_place = (items[-1].place or 0) + 1
    rows.filter(pk=parent.id).update(
        open_children=parent.open_children, next_place=parent.next_place, fence=F("fence") + 1
    )
    if parent.paused_at is not None:
        # Who resumes the run finds them due.
        rows.filter(pk__in=[item.id for item in items]).update(waiting_for="")
    if not items or parent.paused_at is not None:
        return []
    until, running = lease_end(), Status.RUNNING.value
    rows.filter(pk__in=[item.id for item in items]).update(
        status=running, waiting_for="", due_at=until, fence=F("fence") + 1
    )
    for item in items:
        item.status, item.waiting_for, item.due_at, item.fence = running, "", until, item.fence + 1
    return [Track(item, children[0].scope) for item in items]


def _wake(parent: Run, scope: Scope, using: str) -> list[Track]:
    """Take the parent, which has nobody to wait for any more."""
    rows, is_paused = Run._base_manager.using(using), parent.paused_at is not None
    parent.fence += 1
    parent.due_at = None if is_paused else lease_end()
    rows.filter(pk=parent.id).update(
        open_children=0,
        fence=parent.fence,
        due_at=parent.due_at,
        note=parent.note,
        status=Status.PENDING.value if is_paused else Status.RUNNING.value,
    )
    if is_paused:
        return []
    parent.status = Status.RUNNING.value
    return [_held(parent, {scope.run_id: scope}, using)]
