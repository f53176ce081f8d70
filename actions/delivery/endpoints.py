"""Stored webhooks: an action writes one delivery for all of them, and the worker makes it one for each.

So a call costs the same with none of them and with a thousand.
"""

from __future__ import annotations

from uuid import uuid5

from django.db import transaction

from actions.hooks import is_named
from actions.models import Delivery, EventAction, HookState, Outcome, WebhookEndpoint
from actions.work import finish

from .order import wake_next


def fan_out(row: Delivery) -> list[Delivery]:
    """Replace a delivery by one for each stored webhook that wants it.

    Raises:
        LeaseLostError: Another worker has done so.
    """
    using = str(row._state.db)
    with transaction.atomic(using=using):
        rows = [_delivery(row, endpoint) for endpoint in _wanting(row, using)]
        Delivery.objects.using(using).bulk_create(rows)
        finish(row)
        wake_next(row)
    return rows


def wants(endpoint: WebhookEndpoint, event: EventAction) -> bool:
    """Whether a stored webhook wants an event."""
    is_meant = is_named(f"{event.resource}:{event.action}", endpoint.actions or ["*"])
    return is_meant and event.outcome in (endpoint.outcomes or [Outcome.SUCCEEDED.value])


def _wanting(row: Delivery, using: str) -> list[WebhookEndpoint]:
    disabled = HookState.objects.using(using).filter(disabled_at__isnull=False).values_list("hook", flat=True)
    silent = set(disabled)
    # There: the record of an open delivery is not archived. The message may have been worded in any way.
    event = row.event
    endpoints = WebhookEndpoint.objects.using(using).filter(is_active=True, created_at__lte=row.created_at)
    return [each for each in endpoints if each.hook not in silent and wants(each, event)]


def _delivery(row: Delivery, endpoint: WebhookEndpoint) -> Delivery:
    _hook, _bar, of_object = row.order_key.partition("|")
    return Delivery(
        # Made from the number that the action has written: the same, however often it is made.
        uid=uuid5(row.uid, str(endpoint.uid)),
        event_id=row.event_id,
        hook=endpoint.hook,
        order_key=f"{endpoint.hook}|{of_object}"[:255] if endpoint.is_ordered else "",
        message=row.message,
        correlation_id=row.correlation_id,
        traceparent=row.traceparent,
        created_at=row.created_at,
    )
