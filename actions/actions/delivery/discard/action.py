"""Drop deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from actions import delivery as service
from actions.actions.delivery.conditions import NOT_DISCARDABLE
from actions.exceptions import RefusedError
from actions.models import Delivery

if TYPE_CHECKING:
    from actions.context import ActionContext


def discard(delivery: Delivery, *, context: ActionContext) -> None:
    """Send it no more, and go on with what waits behind it.

    Raises:
        RefusedError: It has ended since the conditions were asked: its row is not locked.
    """
    if not service.discard(Delivery.objects.using(context.using).filter(pk=delivery.pk)):
        raise RefusedError(_("It has come to an end meanwhile."), code=NOT_DISCARDABLE)
    delivery.refresh_from_db(using=context.using)
