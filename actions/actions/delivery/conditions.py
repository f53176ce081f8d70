"""Which deliveries can still be sent, or dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from actions.conditions import condition
from actions.context import ActionContext, Refusal
from actions.models import OPEN, DeliveryState

if TYPE_CHECKING:
    from actions.models import Delivery

NOT_RETRYABLE = "not_retryable"
NOT_DISCARDABLE = "not_discardable"
UNSENT = (DeliveryState.WAITING.value, DeliveryState.DEAD.value)
"""States of what the receiver does not have."""


@condition(passes=lambda deliveries, context: deliveries.filter(state__in=UNSENT))
def can_be_retried(delivery: Delivery, context: ActionContext) -> Refusal | None:
    """Only what waits or is dead: the receiver has the others, or somebody has said that nobody needs them."""
    if delivery.state in UNSENT:
        return None
    detail = _("It is %(state)s: only what is waiting or dead can be sent again.")
    return Refusal(NOT_RETRYABLE, detail % {"state": delivery.get_state_display()})


@condition(passes=lambda deliveries, context: deliveries.filter(state__in=OPEN))
def can_be_discarded(delivery: Delivery, context: ActionContext) -> Refusal | None:
    """Only what is not over."""
    if delivery.state in OPEN:
        return None
    detail = _("It is %(state)s: it is over already.")
    return Refusal(NOT_DISCARDABLE, detail % {"state": delivery.get_state_display()})
