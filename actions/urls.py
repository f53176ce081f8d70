"""The package's own pages: `path("dj-actions/", include("actions.urls"))`."""

from __future__ import annotations

from rest_framework.routers import DefaultRouter

from .api.deliveries import DeliveryViewSet
from .api.endpoints import WebhookEndpointViewSet
from .api.views import EventActionViewSet

app_name = "actions"

router = DefaultRouter()
router.register("actionevents", EventActionViewSet, basename="actionevent")
router.register("deliveries", DeliveryViewSet, basename="delivery")
router.register("webhooks", WebhookEndpointViewSet, basename="webhook")

urlpatterns = router.urls
