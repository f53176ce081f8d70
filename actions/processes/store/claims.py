"""Takes runs that are due, and gives them back: who has one has its fence.

The fence and the clock are those of `actions.work`; here as many as wanted are taken in one statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from django.db import OperationalError, connections, transaction
from django.db.models import F, QuerySet

from actions.conf import conf
from actions.moments import now
from actions.processes.models import Run
from actions.processes.states import Status

from .columns import all_columns, table, vendor
from .reading import read_runs
from .scope import Scope
from .tracks import Track


def lease_end() -> datetime:
    """Until when a run is held that is taken now."""
    return now() + timedelta(seconds=conf.LEASE_SECONDS)


def claim(using: str, *, queue: str = "default", limit: int = 1) -> list[Track]:
    """Take the runs of a queue that have been due longest.

    One statement on PostgreSQL, one where nothing is due; two more where branches come with it, for their state.
    """
    is_postgres = vendor(using) == "postgresql"
    found = _claim(using, queue, limit) if is_postgres else _look_and_claim(using, queue, limit)
    return tracks_of(found, using)


_TAKEN = "due_at = %s, fence = fence + 1, attempts = attempts + 1, status = 'running'"
"""`attempts` counts claims since anything was written: more than one means that whoever had it was cut off."""


def _claim(using: str, queue: str, limit: int) -> list[Run]:
    """In one statement, where the database gives back what it has changed."""
    moment = connections[using].ops.adapt_datetimefield_value
    with connections[using].cursor() as cursor:
        cursor.execute(_claiming(using), [moment(lease_end()), queue, moment(now()), limit])
        return read_runs(cursor.fetchall(), using)


@lru_cache(maxsize=8)
def _claiming(using: str) -> str:
    run, lock = table(Run, using), ""
    # = ANY(ARRAY(…)) and not IN: the inner SELECT runs once.
    some, end = "IN (", ")"
    if vendor(using) == "postgresql":
        some, lock, end = "= ANY(ARRAY(", " FOR UPDATE SKIP LOCKED", "))"
    return (
        f"UPDATE {run} SET {_TAKEN} WHERE id {some}"  # noqa: S608
        f"SELECT id FROM {run} WHERE queue = %s AND due_at <= %s ORDER BY due_at LIMIT %s{lock}{end} "
        f"RETURNING {all_columns(Run, using)}"
    )


@lru_cache(maxsize=8)
def _looking(using: str) -> str:
    return f"SELECT 1 FROM {table(Run, using)} WHERE queue = %s AND due_at <= %s LIMIT 1"  # noqa: S608


def _look_and_claim(using: str, queue: str, limit: int) -> list[Run]:
    """Look, then take what is still as it was seen; see `actions.work.claim`."""
    connection, until = connections[using], lease_end()
    if connection.features.has_select_for_update_skip_locked:
        rows = Run._base_manager.using(using).filter(queue=queue, due_at__lte=now()).order_by("due_at")
        with transaction.atomic(using=using):
            found = list(rows.select_for_update(skip_locked=True)[:limit])
            if found:
                _raise_fences(found, until, using)
            return found
    with connection.cursor() as cursor:
        cursor.execute(_looking(using), [queue, connection.ops.adapt_datetimefield_value(now())])
        if cursor.fetchone() is None:
            return []
    try:
        return _claim(using, queue, limit)
    except OperationalError:
        if connection.in_atomic_block or not connection.is_usable():
            raise
        # Somebody's work has SQLite's write lock for long: there is time, ask again.
        return []


def _raise_fences(runs: Sequence[Run], until: datetime, using: str) -> None:
    held = Run._base_manager.using(using).filter(pk__in=[run.id for run in runs])
    held.update(due_at=until, fence=F("fence") + 1, attempts=F("attempts") + 1, status=Status.RUNNING.value)
    for run in runs:
        run.due_at, run.fence, run.attempts, run.status = until, run.fence + 1, run.attempts + 1, Status.RUNNING.value


def adopt(run_id: int, fence: int, using: str) -> Track | None:
    """Take a run that was handed over with a fence; None where somebody else has it, or it is over."""
    held = Run._base_manager.using(using).filter(pk=run_id, fence=fence, due_at__isnull=False)
    return _taken(run_id, fence, using) if _take(held) else None


def claim_key(run_id: int, using: str) -> Track | None:
    """Take a certain run if it is due and nobody has it."""
    run = Run._base_manager.using(using).filter(pk=run_id, due_at__lte=now()).first()
    return adopt(run_id, run.fence, using) if run is not None else None


def _take(held: QuerySet[Run]) -> bool:
    return bool(held.update(due_at=lease_end(), fence=F("fence") + 1, status=Status.RUNNING.value))


def _taken(run_id: int, fence: int, using: str) -> Track | None:
    run = Run._base_manager.using(using).filter(pk=run_id, fence=fence + 1).first()
    return tracks_of([run], using)[0] if run is not None else None


def tracks_of(runs: Iterable[Run], using: str) -> list[Track]:
    """Rows that are held, with what they share with others; branches of one run get the same."""
    runs = sorted(runs, key=lambda run: (run.root_id or run.id, run.id))
    roots = {run.id: run for run in runs if run.root_id is None}
    missing = {run.root_id for run in runs if run.root_id is not None} - set(roots)
    if missing:
        roots |= {run.id: run for run in Run._base_manager.using(using).filter(pk__in=missing)}
    scopes: dict[int, Scope] = {}
    tracks = []
    for run in runs:
        root = roots.get(run.root_id or run.id)
        if root is None:
            # The run was removed while a branch of it was due: nothing is left to do.
            continue
        if root.id not in scopes:
            scopes[root.id] = Scope(root, using)
        tracks.append(Track(run, scopes[root.id]))
    return tracks


def renew(held: Iterable[tuple[int, int]], using: str) -> None:
    """Put off the end of the leases of runs, (key, fence) each. One that waits has no lease, but a time to wait for."""
    until = lease_end()
    for key, fence in held:
        rows = Run._base_manager.using(using).filter(pk=key, fence=fence, status=Status.RUNNING.value)
        rows.filter(due_at__isnull=False, due_at__lt=until).update(due_at=until)


def give_back(tracks: Sequence[Track], due_at: datetime, using: str, *, counts: bool = True) -> None:
    """Have runs be due for anybody that were taken, and are not gone on with here.

    Args:
        tracks: The runs.
        due_at: From when on.
        using: The database.
        counts: Whether they were worked on; else they have been cut off as often as before they were taken.
    """
    for track in tracks:
        attempts = 0 if counts else track.run.attempts - 1
        held = Run._base_manager.using(using).filter(pk=track.run.id, fence=track.run.fence)
        held.update(due_at=due_at, fence=F("fence") + 1, attempts=attempts, status=Status.PENDING.value)
