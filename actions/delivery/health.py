"""How a hook's receiver is doing: what fails again and again is left alone for a while, and in the end for good."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from actions.conf import conf
from actions.models import Delivery, DeliveryState, HookState
from actions.work import backoff, postpone, set_aside, wake

if TYPE_CHECKING:
    from random import Random

    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

SHORTEST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(days=1)
"""A receiver may ask for that much."""


def state_of(hook: str, using: str) -> HookState | None:
    """What is known of a hook that has failed."""
    return HookState.objects.using(using).filter(hook=hook).first()


def went_well(hook: str, using: str) -> None:
    """The receiver takes messages: forget that it did not."""
    rows = HookState.objects.using(using).filter(hook=hook, disabled_at__isnull=True)
    if rows.delete()[0]:
        logger.info("%s takes messages again.", hook, extra={"hook": hook})


def went_wrong(
    hook: str, using: str, error: str, *, retry_after: timedelta | None = None, rng: Random | None = None
) -> datetime:
    """The receiver has not taken a message: pause its hook.

    To be called in a transaction with what is written about the message.

    Args:
        hook: Its name.
        using: The database.
        error: Why.
        retry_after: What the receiver asked for.
        rng: For the jitter; injected, so that tests can fix it.

    Returns:
        Until when.
    """
    now = timezone.now()
    rows = HookState.objects.using(using).filter(hook=hook)
    # Locked, so that nobody for whom it went well removes it meanwhile.
    rows.select_for_update().get_or_create(hook=hook, defaults={"failing_since": now})
    rows.update(failures=F("failures") + 1)
    state = rows.get()
    pause = backoff(state.failures, rng)
    if retry_after is not None:
        # Not less than a short while: "0" would have all that waits sent to a receiver that has just said no.
        pause = min(max(retry_after, SHORTEST_PAUSE), LONGEST_PAUSE)
    until = max(filter(None, (state.paused_until, now + pause)))
    rows.update(paused_until=until, failing_since=state.failing_since or now, error=error)
    pause_waiting(hook, using, until)
    return until


def pause_waiting(hook: str, using: str, until: datetime) -> int:
    """Have all that waits for a hook wait until then; how many."""
    rows = Delivery.objects.using(using).filter(hook=hook, state=DeliveryState.WAITING.value)
    return postpone(rows, until)


def has_failed_too_long(state: HookState) -> bool:
    """Whether nothing was taken for as long as a delivery is tried."""
    since = state.failing_since
    return since is not None and since < timezone.now() - timedelta(minutes=conf.DELIVERY_RETRY_MINUTES)


def disable(hook: str, using: str, reason: str) -> None:
    """Send nothing to a receiver any more, until somebody enables it. What waits for it is dead."""
    now = timezone.now()
    HookState.objects.using(using).update_or_create(
        hook=hook,
        defaults={"disabled_at": now, "error": reason},
        create_defaults={"disabled_at": now, "failing_since": now, "error": reason},
    )
    kill(Delivery.objects.using(using).filter(hook=hook, state=DeliveryState.WAITING.value), reason)
    logger.error("%s is disabled: %s", hook, reason, extra={"hook": hook})


def kill(rows: QuerySet[Delivery], reason: str) -> int:
    """Give deliveries up, visibly; how many."""
    return set_aside(rows, state=DeliveryState.DEAD.value, error=reason, ended_at=timezone.now())


def enable(hook: str, using: str) -> int:
    """Begin anew with a receiver: what waits for it is due now; how many."""
    with transaction.atomic(using=using):
        HookState.objects.using(using).filter(hook=hook).delete()
        # Also what is parked behind another one, which is then parked again.
        return wake(Delivery.objects.using(using).filter(hook=hook, state=DeliveryState.WAITING.value))
