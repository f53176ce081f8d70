"""Ends runs before their time, with all that they have begun."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from actions.moments import now
from actions.processes.models import Run
from actions.processes.states import UNFINISHED, Status

from .freeing import free_messages
from .people import close_tasks
from .turns import free_slot

CHUNK = 1000


def end_all(rows: Any, status: Status, using: str, **columns: Any) -> int:
    """End unfinished runs of a queryset, and all that they have begun; whoever works on one has lost it."""
    count, keys = 0, list(rows.filter(status__in=UNFINISHED).values_list("pk", flat=True))
    while keys:
        batch, keys = keys[:CHUNK], keys[CHUNK:]
        held = Run._base_manager.using(using).filter(pk__in=batch, status__in=UNFINISHED)
        ended_at = now()
        freed = list(held.filter(has_slot=True).values_list("process", flat=True))
        count += held.update(
            status=status.value,
            due_at=None,
            fence=F("fence") + 1,
            ended_at=ended_at,
            unique_key=None,
            waiting_for="",
            wait_key=None,
            has_slot=False,
            paused_at=None,
            **columns,
        )
        close_tasks(batch, using)
        free_messages(batch, using)
        for process in freed:
            free_slot(process, using)
        below = Run._base_manager.using(using).filter(parent_id__in=batch, status__in=UNFINISHED)
        keys += list(below.values_list("pk", flat=True))
    return count
