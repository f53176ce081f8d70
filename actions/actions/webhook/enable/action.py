"""Begin anew with a receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions import delivery as service

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.models import WebhookEndpoint


def enable(endpoint: WebhookEndpoint, *, context: ActionContext) -> None:
    """Forget that it has failed, and send at once what waits for it."""
    service.enable(endpoint.hook, context.using)
