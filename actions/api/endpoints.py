"""Stored webhooks over REST, for staff with Django's permissions.

GET, POST               /dj-actions/webhooks/                      the answer to POST has the secret, once
GET, PUT, PATCH, DELETE /dj-actions/webhooks/3/
POST                    /dj-actions/webhooks/3/test/               sends a message now, and says what came of it
POST                    /dj-actions/webhooks/3/rotate_secret/      a new secret; drop_old_secrets/ ends the others
POST                    /dj-actions/webhooks/3/enable/             begins anew with a receiver that has failed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.viewsets import ModelViewSet

from actions.actions.webhook.action_registry import ACTIONS
from actions.mixins import ActionMixin
from actions.models import WebhookEndpoint
from actions.signatures import new_secret

from .endpoint_health import forget
from .endpoint_permissions import MayManageEndpoints
from .endpoint_serializers import ActionWebhookSerializer, ActionWebhookWithSecretSerializer
from .schemas import summarized
from .views import EventPagination

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.serializers import BaseSerializer


class EndpointPagination(EventPagination):
    """Oldest first."""

    ordering = "id"


class WebhookEndpointViewSet(ActionMixin, ModelViewSet[WebhookEndpoint]):
    """Webhooks that are stored and not in the settings."""

    queryset = WebhookEndpoint.objects.all()
    serializer_class = ActionWebhookSerializer
    permission_classes = [MayManageEndpoints]
    pagination_class = EndpointPagination
    filter_backends = [DjangoFilterBackend]
    filterset_fields = ["is_active", "is_ordered"]
    action_registry = ACTIONS

    @summarized(_("Stored webhooks"))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of them, each with how its receiver is doing."""
        return super().list(request, *args, **kwargs)

    @summarized(_("Store a webhook"))
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Has events sent to a URL from now on. The answer has the secret that they are signed with: only this once."""
        return super().create(request, *args, **kwargs)

    @summarized(_("A stored webhook"))
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them, without its secrets."""
        return super().retrieve(request, *args, **kwargs)

    @summarized(_("Replace a stored webhook"))
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Changes what is sent where. Its secrets stay; what waits for it goes to the new URL."""
        return super().update(request, *args, **kwargs)

    @summarized(_("Change a stored webhook"))
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Changes the fields that are sent."""
        return super().partial_update(request, *args, **kwargs)

    @summarized(_("Remove a stored webhook"))
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Removes it for good. What waits for it is discarded."""
        return super().destroy(request, *args, **kwargs)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """What has just been made is shown with its secret."""
        return ActionWebhookWithSecretSerializer if self.action == "create" else ActionWebhookSerializer

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        """Save it with a secret of its own."""
        serializer.save(secrets=[new_secret()])

    def perform_destroy(self, instance: WebhookEndpoint) -> None:
        """Remove it, and what is known of its receiver. Deliveries that wait for it are discarded by the worker."""
        with transaction.atomic(using=instance._state.db):
            forget([instance])
            instance.delete()
