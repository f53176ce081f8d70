"""Stored definitions: `path("api/process_definition/", include("actions.process_registry.urls"))`.

Every route answers without its final slash, too: who forgets it in a POST would lose it on the way of a redirection.
The list's own address is the project's, so there it takes another line:

    path("api/process_definition", without_slash),
"""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, re_path
from rest_framework.routers import SimpleRouter

from actions.process_registry.api.definitions import ProcessDefinitionViewSet

app_name = "process-registry"


def _unslashed(pattern: Any) -> URLPattern:
    """The same route without its final slash, nameless and in no document."""
    view = pattern.callback
    hidden = view.cls.as_view(view.actions, **{**view.initkwargs, "schema": None})
    return re_path(f"{str(pattern.pattern).removesuffix('/$')}$", hidden)  # type: ignore[no-any-return]


def _routes() -> list[Any]:
    router = SimpleRouter()
    router.register("", ProcessDefinitionViewSet, basename="definition")
    slashed = [each for each in router.urls if str(each.pattern).endswith("/$")]
    return [*router.urls, *map(_unslashed, slashed)]


urlpatterns = _routes()
without_slash = ProcessDefinitionViewSet.as_view({"get": "list", "post": "create"}, schema=None)
"""The list, for its address without the final slash."""
