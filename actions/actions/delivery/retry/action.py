"""Send deliveries again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from actions import delivery as service
from actions.actions.delivery.conditions import NOT_RETRYABLE
from actions.exceptions import RefusedError
from actions.models import Delivery

if TYPE_CHECKING:
    from actions.context import ActionContext


def retry(delivery: Delivery, *, context: ActionContext) -> None:
    """Have it sent at once, with all its time again.

    Raises:
        RefusedError: It has ended since the conditions were asked: its row is not locked.
    """
    if not service.retry(Delivery.objects.using(context.using).filter(pk=delivery.pk)):
        raise RefusedError(_("It has come to an end meanwhile."), code=NOT_RETRYABLE)
    delivery.refresh_from_db(using=context.using)
