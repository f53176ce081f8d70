"""Keep only the newest secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actions.models import WebhookEndpoint


def drop_old_secrets(endpoint: WebhookEndpoint) -> None:
    """Sign with the newest secret only."""
    endpoint.secrets = endpoint.secrets[:1]
    endpoint.save(update_fields=["secrets"])
