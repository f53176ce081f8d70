"""What generators look up on a view of processes, `schema` and `swagger_schema`.

Neither library is imported before it asks.
"""

from __future__ import annotations

import sys
from typing import Any

from rest_framework.schemas.inspectors import ViewInspector
from rest_framework.views import APIView


class ProcessSchema(ViewInspector):
    """`view.schema`, which DRF's and drf-spectacular's generators ask for a route's operation."""

    def __get__(self, view: Any, owner: Any) -> Any:
        if view in self.instance_schemas:
            # A generator has set it: of a handler that is documented by a decorator.
            return self.instance_schemas[view]
        default: Any = APIView.schema
        own = default.__get__(view, owner)
        module = sys.modules.get("drf_spectacular.openapi")
        if view is None or module is None or not isinstance(own, module.AutoSchema) or is_plain(view):
            return own
        from .openapi_spectacular import schema_class

        schema = schema_class(own.__class__)()
        schema.view = view
        return schema


class ProcessSwagger:
    """`view.swagger_schema`, the class that drf-yasg makes a route's operation with."""

    def __get__(self, view: Any, owner: Any = None) -> Any:
        if view is None:
            return self
        from .openapi_yasg import schema_class

        return schema_class()


def is_plain(view: Any) -> bool:
    """Whether a generator says of an operation what is to be said: of the list of runs."""
    request = getattr(view, "request", None)
    return hasattr(view, "filterset_class") and getattr(request, "method", "") == "GET"
