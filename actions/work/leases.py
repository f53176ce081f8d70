"""Claims a row, and gives it back or removes it."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from datetime import datetime, timedelta
from random import Random, SystemRandom
from typing import Any, TypeVar

from django.db import OperationalError, connections, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from actions.conf import conf
from actions.exceptions import ActionsError
from actions.models import LeasedRow

from .waking import announce

logger = logging.getLogger(__name__)

FIRST_BACKOFF = timedelta(seconds=4)
LAST_BACKOFF = timedelta(minutes=10)

Row = TypeVar("Row", bound=LeasedRow)


class LeaseLostError(ActionsError):
    """The row belongs to somebody else, or is gone. What was done for it must be rolled back."""


def claim(model: type[Row], *, using: str, lease: timedelta | None = None) -> Row | None:
    """Take the row that has been due longest; nobody else gets it before the lease is over.

    `due_at` moves to the end of the lease, `fence` and `attempts` are raised by one. One statement on PostgreSQL, two
    elsewhere, of which an idle worker sends the first one only. Meant to be called outside of a transaction: inside of
    one, others see the claim when it is committed.

    Args:
        model: What kind of row.
        using: The database.
        lease: None: DJACTION_LEASE_SECONDS.

    Returns:
        The row as it is now in the database; None where nothing is due.
    """
    now = timezone.now()
    until = now + (lease_time() if lease is None else lease)
    if connections[using].vendor == "postgresql":
        return _claim_in_one(model, using, now, until)
    return _claim_in_two(model, using, now, until)


def lease_time() -> timedelta:
    """How long a row is held before it is renewed or somebody else may take it."""
    return timedelta(seconds=conf.LEASE_SECONDS)


def _claim_in_one(model: type[Row], using: str, now: datetime, until: datetime) -> Row | None:
    quote = connections[using].ops.quote_name
    columns = {field.name: quote(str(field.column)) for field in model._meta.concrete_fields}
    due_at, fence, attempts = columns["due_at"], columns["fence"], columns["attempts"]
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    returned = ", ".join(columns.values())
    # Names of the model's own; what comes from outside are parameters. "=" and not IN: the inner SELECT runs once.
    statement = (
        f"UPDATE {table} SET {due_at} = %s, {fence} = {fence} + 1, {attempts} = {attempts} + 1 WHERE {key} = "  # noqa: S608
        f"(SELECT {key} FROM {table} WHERE {due_at} <= %s ORDER BY {due_at} LIMIT 1 FOR UPDATE SKIP LOCKED) "
        f"RETURNING {returned}"
    )
    rows = list(model._base_manager.using(using).raw(statement, (until, now)))
    return rows[0] if rows else None


def _claim_in_two(model: type[Row], using: str, now: datetime, until: datetime) -> Row | None:
    """Look, then take what is still as it was seen.

    With row locks, what others are just taking is passed by. Without them (SQLite) no transaction is needed: two that
    have seen the same row write one after the other, and the second one finds another fence. That an idle worker only
    reads there is on purpose, as its write would have to wait for everybody else's.
    """
    connection = connections[using]
    rows = model._base_manager.using(using).filter(due_at__lte=now).order_by("due_at")
    can_skip, is_inside = connection.features.has_select_for_update_skip_locked, connection.in_atomic_block
    with transaction.atomic(using=using) if can_skip else nullcontext():
        # Each turn after the first one means that somebody else has got a row.
        while row := (rows.select_for_update(skip_locked=True) if can_skip else rows).first():
            try:
                is_ours = held(row).update(due_at=until, fence=F("fence") + 1, attempts=F("attempts") + 1)
            except OperationalError as error:
                if is_inside or not connection.is_usable():
                    raise
                # As where somebody's work has SQLite's write lock for long: there is time, ask again.
                logger.info("%s is due, but the database is busy: %s", row._meta.label, error)
                return None
            if is_ours:
                row.due_at, row.fence, row.attempts = until, row.fence + 1, row.attempts + 1
                return row
    return None


def held(row: LeasedRow) -> QuerySet[Any]:
    """The row in the database, if it still is the caller's."""
    return type(row)._base_manager.using(row._state.db).filter(pk=row.pk, fence=row.fence)


def finish(row: LeasedRow) -> None:
    """Remove a row whose work is done. Called at the end of the transaction in which that was done.

    At its end, because it locks the row, and then the lease cannot be renewed any more.

    Raises:
        LeaseLostError: Somebody else has it. Let it through: it has to roll the transaction back.
    """
    # In one statement: where a project has a receiver for deletions of whatever kind, `delete()` looks first, and then
    # deletes by key, whoever has the row by then.
    if not held(row)._raw_delete(row._state.db):  # noqa: SLF001
        raise _lost(row)


def release(row: LeasedRow, due_at: datetime | None, **columns: Any) -> None:
    """Give a row back, to be taken again at a moment (None: not by itself).

    The fence is raised, so that nothing of this attempt can write to the row any more; see also `was_interrupted`.

    Args:
        row: As `claim` has returned it.
        due_at: When it may be taken again.
        columns: What else is written to it, in the same statement.

    Raises:
        LeaseLostError: Somebody else has it.
    """
    if not held(row).update(due_at=due_at, fence=F("fence") + 1, **columns):
        raise _lost(row)


def renew(row: LeasedRow, *, lease: timedelta | None = None) -> bool:
    """Hold a row for a whole lease from now on, as `Hold` does in the background; False: somebody else has it."""
    return bool(held(row).update(due_at=timezone.now() + (lease_time() if lease is None else lease)))


def claim_row(model: type[Row], key: Any, *, using: str) -> Row | None:
    """Take a certain row, if it is due and nobody else has it; as `claim`, for whoever does not wait for the queue."""
    row: Row | None = model._base_manager.using(using).filter(pk=key, due_at__lte=timezone.now()).first()
    if row is None:
        return None
    until = timezone.now() + lease_time()
    if not held(row).update(due_at=until, fence=F("fence") + 1, attempts=F("attempts") + 1):
        return None
    row.due_at, row.fence, row.attempts = until, row.fence + 1, row.attempts + 1
    return row


def postpone(rows: QuerySet[Any], until: datetime) -> int:
    """Have rows that wait wait longer; how many. Of a row that somebody has just taken, only the lease ends later."""
    return rows.filter(due_at__lt=until).update(due_at=until)


def wake(rows: QuerySet[Any], **columns: Any) -> int:
    """Have rows be due at once, and write the columns; how many. Whoever works on one has lost it."""
    count = rows.update(due_at=timezone.now(), fence=F("fence") + 1, **columns)
    if count:
        announce(rows.db)
    return count


def set_aside(rows: QuerySet[Any], **columns: Any) -> int:
    """Have rows not be due any more, and write the columns; how many. Whoever works on one has lost it."""
    return rows.update(due_at=None, fence=F("fence") + 1, **columns)


def was_interrupted(row: LeasedRow) -> bool:
    """Whether an earlier attempt has neither finished nor given the row back: its worker died or lost the lease.

    A claim raises `attempts` and `fence`, and giving back raises `fence` once more. So at attempt `n`, with all earlier
    ones given back, the fence is at `2n - 1`.
    """
    return row.fence < 2 * row.attempts - 1


def backoff(attempts: int, rng: Random | None = None) -> timedelta:
    """Wait before the next attempt: `uniform(1/2, 1) * min(cap, base * 2 ** (attempts - 1))`.

    The upper bounds run 4, 8, 16, 32, 64 … 600 seconds. Half of it is always waited, as what was busy needs some time.
    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("equal jitter").

    Args:
        attempts: 1 after the first failure.
        rng: Injected, so that tests can fix it.

    Raises:
        ValueError: `attempts` is below 1.
    """
    if attempts < 1:
        raise ValueError(f"{attempts} attempts: there is nothing to wait for before the first one has failed.")
    longest = min(FIRST_BACKOFF * (1 << min(attempts - 1, 20)), LAST_BACKOFF)
    return longest * (rng or SystemRandom()).uniform(0.5, 1)


def _lost(row: LeasedRow) -> LeaseLostError:
    return LeaseLostError(f"{row._meta.label} {row.pk} is not held with fence {row.fence} any more.")
