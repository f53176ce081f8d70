"""What operators do with deliveries, and what becomes of those that are over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import router, transaction
from django.utils import timezone

from actions.conf import conf
from actions.models import OPEN, Delivery, DeliveryState, HookState
from actions.work import set_aside, wake

from .order import wake_next
from .sending import databases

if TYPE_CHECKING:
    from django.db.models import QuerySet

REMOVED_AT_ONCE = 1000
ENDED = (DeliveryState.DELIVERED.value, DeliveryState.DISCARDED.value)
WAITING = (DeliveryState.WAITING.value, DeliveryState.DEAD.value)


def retry(rows: QuerySet[Delivery]) -> int:
    """Have deliveries that are dead, or wait for their next attempt, sent at once; how many.

    They have all their time again, and a pause of their hooks is over.
    """
    chosen = rows.filter(state__in=WAITING)
    hooks = list(chosen.order_by().values_list("hook", flat=True).distinct())
    using = _database(rows)
    with transaction.atomic(using=using):
        HookState.objects.using(using).filter(hook__in=hooks).update(paused_until=None)
        fresh = {"state": DeliveryState.WAITING.value, "tries": 0, "receipt": None}
        fresh |= {"first_tried_at": None, "ended_at": None}
        return wake(chosen.using(using), **fresh)


def discard(rows: QuerySet[Delivery]) -> int:
    """Say of deliveries that nobody needs them any more; how many. Those behind them go on."""
    using = _database(rows)
    count = 0
    with transaction.atomic(using=using):
        for row in rows.filter(state__in=OPEN).order_by("id"):
            changed = set_aside(
                Delivery.objects.using(using).filter(pk=row.pk, state__in=OPEN),
                state=DeliveryState.DISCARDED.value,
                ended_at=timezone.now(),
            )
            if changed:
                wake_next(row)
            count += changed
    return count


def _database(rows: Any) -> str:
    """Where they are written: `.db` would be the one for reading."""
    return str(rows._db or router.db_for_write(Delivery))  # noqa: SLF001


def removal_interval() -> timedelta:
    """How often the worker removes what is over."""
    return timedelta(minutes=10)


def remove_old() -> bool:
    """Remove deliveries that were over DJACTION_DELIVERY_TTL_MINUTES ago; whether there may be more."""
    before = timezone.now() - timedelta(minutes=conf.DELIVERY_TTL_MINUTES)
    has_more = False
    for using in databases():
        rows = Delivery.objects.using(using).filter(state__in=ENDED, ended_at__lt=before)
        keys = list(rows.order_by("ended_at").values_list("pk", flat=True)[:REMOVED_AT_ONCE])
        Delivery.objects.using(using).filter(pk__in=keys).delete()
        has_more = has_more or len(keys) == REMOVED_AT_ONCE
    return has_more
