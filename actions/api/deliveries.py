"""Deliveries over REST: read by staff; retried and discarded by those who may change them; written by nobody.

GET     /dj-actions/deliveries/?state=dead     newest first
GET     /dj-actions/deliveries/12/             with the message, the receipt and the last error
POST    /dj-actions/deliveries/12/retry/       sends it again; deliveries/retry/?state=dead&hook=crm all of these
POST    /dj-actions/deliveries/12/discard/     sends it no more
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.permissions import IsAdminUser
from rest_framework.viewsets import ReadOnlyModelViewSet

from actions.actions.delivery.action_registry import ACTIONS
from actions.mixins import ActionMixin
from actions.models import Delivery

from .delivery_filters import DeliveryFilter
from .delivery_serializers import ActionDeliverySerializer
from .schemas import summarized
from .views import EventPagination

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response


class DeliveryViewSet(ActionMixin, ReadOnlyModelViewSet[Delivery]):
    """What is on its way to receivers, and what has arrived."""

    queryset = Delivery.objects.all()
    serializer_class = ActionDeliverySerializer
    permission_classes = [IsAdminUser]
    pagination_class = EventPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = DeliveryFilter
    action_registry = ACTIONS

    @summarized(_("Deliveries"))
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What is on its way to receivers, and what has arrived as long as it is kept, newest first."""
        return super().list(request, *args, **kwargs)

    @summarized(_("A delivery"))
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One message on its way to one receiver: how far it is, what is sent, and what came back."""
        return super().retrieve(request, *args, **kwargs)
