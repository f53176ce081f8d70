"""Deliveries and stored webhooks, without a call that would make them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from actions.models import Delivery, EventAction, HookState, WebhookEndpoint
from actions.signatures import new_secret
from tests.records import make_events


def make_deliveries(count: int = 1, *, event: EventAction | None = None, **columns: Any) -> list[Delivery]:
    """Deliveries that wait for an attempt in an hour, each about a record of its own unless one is given."""
    due_at = timezone.now() + timedelta(hours=1)
    if columns.get("state", "waiting") in ("dead", "delivered", "discarded"):
        due_at, columns = None, {"ended_at": timezone.now(), **columns}  # type: ignore[assignment]
    usual: dict[str, Any] = {
        "hook": "crm",
        "due_at": due_at,
        "message": {"type": "todo.mark_done.succeeded", "text": "alice: Mark a todo as done", "data": {"ä": [1]}},
    }
    events = make_events(count) if event is None else [event] * count
    return Delivery.objects.bulk_create(
        Delivery(**{"event": about, "correlation_id": about.correlation_id, **usual, **columns}) for about in events
    )


def make_endpoint(**columns: Any) -> WebhookEndpoint:
    """A stored webhook."""
    usual: dict[str, Any] = {"url": "https://crm.example/hook", "description": "CRM", "secrets": [new_secret()]}
    return WebhookEndpoint.objects.create(**{**usual, **columns})


def fail(hook: str, **columns: Any) -> HookState:
    """The state of a hook that has failed."""
    now = timezone.now()
    usual: dict[str, Any] = {
        "failures": 7,
        "failing_since": now - timedelta(days=1),
        "paused_until": now + timedelta(hours=1),
        "error": "500: The receiver answered 500.",
    }
    return HookState.objects.create(hook=hook, **{**usual, **columns})
