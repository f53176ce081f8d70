from django.contrib import admin
from django.urls import include, path
from drf_yasg import openapi
from drf_yasg.views import get_schema_view
from rest_framework import permissions
from rest_framework.routers import DefaultRouter
from todos.views import TodoViewSet

router = DefaultRouter()
router.register("todos", TodoViewSet)
swagger = get_schema_view(openapi.Info("Shop", "1"), public=True, permission_classes=[permissions.AllowAny])

urlpatterns = [
    path("admin/", admin.site.urls),
    path("dj-actions/", include("actions.urls")),
    path("swagger/", swagger.with_ui("swagger")),
    path("swagger.json", swagger.without_ui(), {"format": "json"}),
    path("", include(router.urls)),
]
