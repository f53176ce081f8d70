"""Send a message to see whether it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext as _

from actions.exceptions import ConfigurationError
from actions.senders import DeliveryError, Parcel, sender_of

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.models import WebhookEndpoint

TYPE = "test"


def test(endpoint: WebhookEndpoint, *, context: ActionContext) -> dict[str, Any]:
    """Send it now, outside of a transaction. What comes of it is told, and changes nothing that is known of it."""
    parcel = Parcel(
        uid=uuid4(),
        hook=endpoint.hook,
        options={"url": endpoint.url, "secret": list(endpoint.secrets)},
        message={"type": TYPE, "text": _("A message to see whether it arrives."), "time": timezone.now().isoformat()},
        correlation_id=context.correlation_id,
        traceparent=context.traceparent,
    )
    try:
        receipt = sender_of("webhook").send(parcel)
    except DeliveryError as error:
        return _answer(False, error.status, error.detail)
    except ConfigurationError as error:
        return _answer(False, None, str(error))
    return _answer(True, receipt.facts.get("status"), _("The receiver has taken it."))


def _answer(is_delivered: bool, status: int | None, detail: str) -> dict[str, Any]:
    return {"delivered": is_delivered, "status": status, "detail": detail}
