"""Writes new runs."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from actions.processes.models import Run
from actions.processes.states import Status, Waiting

from .claims import lease_end
from .inserting import insert
from .limits import take_slot


def insert_run(run: Run, using: str, *, is_held: bool, max_running: int | None = None) -> bool:
    """Write a run; whether it is held by whoever writes it.

    Args:
        run: Not written yet. Where its `due_at` is later than now, it is begun then.
        using: The database.
        is_held: Whether whoever writes it goes on with it, or hands it over; else it is due for any worker. Not where
            it is paused: it is begun when it is resumed.
        max_running: How many of its process may be under way at once; over that it waits for its turn.

    Raises:
        IntegrityError: Its unique key or idempotency key is there already.
    """
    if max_running is None:
        _place(run, is_held=is_held)
        insert(run, using)
        return is_held
    with transaction.atomic(using=using):
        run.has_slot = take_slot(run.process, max_running, using)
        if not run.has_slot:
            run.status, run.waiting_for, run.due_at = Status.PENDING.value, Waiting.LIMIT.value, None
            insert(run, using)
            return False
        _place(run, is_held=is_held)
        insert(run, using)
        return is_held


def _place(run: Run, *, is_held: bool) -> None:
    if run.paused_at is not None:
        run.status, run.due_at = Status.PENDING.value, None
        return
    if is_held:
        run.status, run.due_at, run.fence, run.attempts = Status.RUNNING.value, lease_end(), 1, 1
        return
    run.status = Status.PENDING.value
    if run.due_at is None:
        run.due_at = timezone.now()
    # Head start: it is taken as if it had waited longer.
    run.due_at -= timedelta(minutes=run.priority)
