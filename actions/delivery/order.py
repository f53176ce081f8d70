"""Deliveries that have to arrive in their order: only the first open one of an order key may be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from actions.models import OPEN, Delivery, DeliveryState
from actions.work import release, wake

if TYPE_CHECKING:
    from django.db.models import QuerySet


def is_parked(row: Delivery) -> bool:
    """Put a delivery that has been claimed aside where another one has to be sent before; whether that is so.

    Raises:
        LeaseLostError: Another worker has it.
    """
    if not row.order_key or row.state == DeliveryState.FOLLOWED.value:
        # What is followed has been sent.
        return False
    using = str(row._state.db)
    with transaction.atomic(using=using):
        before = _before(row, using)
        while before.exists():
            # Locked: whoever ends it either has not looked yet for what to wake, or is waited for here. Where it has
            # ended meanwhile, nothing is returned, though there may be another one behind it.
            if before.select_for_update().order_by("id").first() is not None:
                release(row, None)
                return True
    return False


def wake_next(row: Delivery) -> None:
    """Have the next one that is parked look again. In the transaction in which `row` has ended."""
    if not row.order_key:
        return
    parked = Delivery.objects.using(row._state.db).filter(
        order_key=row.order_key, state=DeliveryState.WAITING.value, due_at__isnull=True
    )
    # Whether it is its turn the next one finds out itself, under a lock: from here, others that are ending at this
    # moment cannot be seen, nor can they see this one. Where the next one is such, it is the one behind it.
    key = row.pk
    while (following := parked.filter(id__gt=key).order_by("id").first()) is not None:
        if wake(parked.filter(pk=following.pk)):
            return
        key = following.pk


def _before(row: Delivery, using: str) -> QuerySet[Delivery]:
    return Delivery.objects.using(using).filter(order_key=row.order_key, id__lt=row.pk, state__in=OPEN)
