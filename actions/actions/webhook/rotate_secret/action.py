"""Make a new secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.exceptions import RefusedError
from actions.models import PendingCall
from actions.signatures import new_secret

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.models import WebhookEndpoint

MAX_SECRETS = 3


def rotate_secret(endpoint: WebhookEndpoint, *, context: ActionContext) -> dict[str, Any]:
    """Sign with a new secret and with those before it, the newest of them.

    Raises:
        RefusedError: A worker does it, and nobody would get the secret: records keep none.
    """
    if PendingCall.objects.using(context.using).filter(event__uid=context.uid).exists():
        raise RefusedError(_("This is not done later: nobody would see the new secret."), code="not_later")
    endpoint.secrets = [new_secret(), *endpoint.secrets][:MAX_SECRETS]
    endpoint.save(update_fields=["secrets"])
    return {"secret": endpoint.secrets[0], "secrets_count": len(endpoint.secrets)}
