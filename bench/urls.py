"""The three ViewSets side by side, each below a path of its own, so that none is found later than another."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ModelViewSet

from .by_hand import AuditedViewSet, PlainViewSet
from .by_package import PackageViewSet


def _routes(prefix: str, viewset: type[ModelViewSet]) -> SimpleRouter:
    router = SimpleRouter()
    router.register("", viewset, basename=prefix)
    return router


urlpatterns = [
    path("plain/", include(_routes("plain", PlainViewSet).urls)),
    path("audited/", include(_routes("audited", AuditedViewSet).urls)),
    path("package/", include(_routes("package", PackageViewSet).urls)),
]
