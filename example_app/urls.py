"""The example's pages."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from drf_yasg import openapi
from drf_yasg.views import get_schema_view
from rest_framework.permissions import AllowAny
from rest_framework.routers import DefaultRouter

from actions.mcp import MCPView
from actions.process_registry.urls import without_slash

from .views import TodoListViewSet, TodoViewSet

router = DefaultRouter()
router.register("todos", TodoViewSet)
router.register("lists", TodoListViewSet)

swagger = get_schema_view(openapi.Info(title="Todos", default_version="1"), public=True, permission_classes=[AllowAny])

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api-auth/", include("rest_framework.urls")),
    path("dj-actions/", include("actions.urls")),
    path("processes/", include("actions.processes.urls")),
    path("tasks/", include("actions.processes.people.urls")),
    path("", include("actions.processes.api.urls")),
    path("api/process_definition/", include("actions.process_registry.urls")),
    path("api/process_definition", without_slash),
    path("api/program_run/", include("actions.process_registry.program_urls")),
    path("wfe/", include("actions.processes.wfe.urls")),
    path("mcp/", MCPView.as_view(), name="mcp"),
    path("swagger/", swagger.with_ui("swagger"), name="swagger"),
    path("swagger.json", swagger.without_ui(), {"format": "json"}, name="swagger-json"),
    path("redoc/", swagger.with_ui("redoc"), name="redoc"),
    path("", include(router.urls)),
]

if settings.HAS_SPECTACULAR:
    from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

    # `schema=None`: the documents leave out where they are served themselves.
    urlpatterns += [path("api/schema/", SpectacularAPIView.as_view(schema=None), name="schema")]
    if settings.HAS_SPECTACULAR_UI:
        urlpatterns += [path("api/docs/", SpectacularSwaggerView.as_view(schema=None), name="docs")]
