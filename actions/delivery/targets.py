"""Whom a delivery is for: a hook of the settings, or a webhook that is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actions.exceptions import ConfigurationError
from actions.hooks import find_hook
from actions.models import Delivery, WebhookEndpoint
from actions.senders import Sender, TemporaryError, sender_of

if TYPE_CHECKING:
    from uuid import UUID

PREFIX = "endpoint:"


@dataclass(frozen=True, slots=True)
class Target:
    """A sender, and what it has to know."""

    sender: Sender
    options: Mapping[str, Any]

    @property
    def is_downstream(self) -> bool:
        """Whether what comes of it there is written into the record."""
        return bool(getattr(self.sender, "is_downstream", False))


def is_endpoint(hook: str) -> bool:
    """Whether the name is that of a stored webhook."""
    return hook.startswith(PREFIX)


def target_of(row: Delivery) -> Target | None:
    """Whom a delivery is for; None: the webhook is not there any more, or switched off.

    Raises:
        TemporaryError: The settings do not say, or say nonsense: it waits until they do.
    """
    try:
        if is_endpoint(row.hook):
            return _endpoint(row.hook.removeprefix(PREFIX), str(row._state.db))
        hook = find_hook(row.hook)
        return Target(sender_of(hook.type), {**hook.options, **row.options})
    except ConfigurationError as error:
        raise TemporaryError(str(error)) from error


def _endpoint(uid: UUID | str, using: str) -> Target | None:
    endpoint = WebhookEndpoint.objects.using(using).filter(uid=uid, is_active=True).first()
    if endpoint is None:
        return None
    return Target(sender_of("webhook"), {"url": endpoint.url, "secret": list(endpoint.secrets)})
