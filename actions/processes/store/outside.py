"""Writes to a run that somebody else may have at hand: what steps and branches write meanwhile is not lost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from actions.processes.models import Run, StepRun
from actions.processes.states import Status

PATIENCE_SECONDS = 2.0
"""How long is waited for a step that is being carried out right now."""
LOOK_SECONDS = 0.02


@contextmanager
def locked(key: int, using: str, *, waits: bool = True) -> Iterator[Run]:
    """A run whose row nobody else writes meanwhile.

    A step that is at work is waited for. One that takes longer loses the run where its state is changed (`put`), and is
    done again: it has read what is not true any more.

    Args:
        key: Of the run itself, not of a branch.
        using: The database.
        waits: False inside of a transaction of the caller's, whose locks that step may want.

    Raises:
        DoesNotExist: There is none.
    """
    rows = Run._base_manager.using(using)
    ends_at = time.monotonic() + (PATIENCE_SECONDS if waits else 0)
    while time.monotonic() < ends_at and rows.filter(pk=key, status=Status.RUNNING.value).exists():
        time.sleep(LOOK_SECONDS)
    with transaction.atomic(using=using):
        yield rows.select_for_update().get(pk=key)


def put(row: Run, state: Mapping[str, Any], using: str) -> None:
    """Write the state of a run that is locked. Whoever is in the middle of a step of it has lost it."""
    columns: dict[str, Any] = {"state": dict(state)}
    if row.status == Status.RUNNING.value:
        columns |= {"fence": F("fence") + 1, "due_at": timezone.now(), "status": Status.PENDING.value}
    Run._base_manager.using(using).filter(pk=row.pk).update(**columns)


def add_step(row: Run, node: str, status: Status, started_at: datetime, using: str, **columns: Any) -> None:
    """Note something that was done with a run and is no step of its graph."""
    StepRun(
        run_id=row.pk,
        root_id=row.scope_id,
        number=row.number,
        node=node[:200],
        status=status.value,
        entered_at=started_at,
        started_at=started_at,
        duration_seconds=(timezone.now() - started_at).total_seconds(),
        **columns,
    ).save(using=using, force_insert=True)
