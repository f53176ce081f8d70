"""Calls that wait, without an action that would be done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from actions.models import PendingCall
from tests.records import make_events


def make_calls(count: int = 1, *, ago: timedelta = timedelta(minutes=1), **columns: Any) -> list[PendingCall]:
    """Calls that have been due for `ago`, each a second less than the one before."""
    due_at = timezone.now() - ago
    events = make_events(count, age=ago, outcome="pending", status_code=202)
    usual: dict[str, Any] = {"request": {"target": "7", "data": {"json": {"note": "Grüße 🌱"}}}}
    return PendingCall.objects.bulk_create(
        [
            PendingCall(**{"event": event, "due_at": due_at + timedelta(seconds=number), **usual, **columns})
            for number, event in enumerate(events)
        ],
        batch_size=500,
    )
