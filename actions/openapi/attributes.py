"""What generators look up on a ViewSet, `schema` and `swagger_schema`, answered for the routes of actions.

The ViewSet's own answer holds for all its other routes. Neither library is imported before it asks.
"""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from typing import Any

from django.apps import apps

_MISSING = object()


def document_routes(cls: Any) -> None:
    """Let a ViewSet class answer for the routes of its actions; one that wants no documentation gets none."""
    schema = inspect.getattr_static(cls, "schema", None)
    if schema is not None and not isinstance(schema, RouteSchema):
        cls.schema = RouteSchema(schema)
    _show_schema_requests()
    swagger_schema = inspect.getattr_static(cls, "swagger_schema", _MISSING)
    if swagger_schema is not None and not isinstance(swagger_schema, RouteSwaggerSchema):
        cls.swagger_schema = RouteSwaggerSchema(swagger_schema)


def _show_schema_requests() -> None:
    """Have drf-spectacular give views the request for the document as well, where the project says nothing about it.

    By itself it makes a request up for each view, without the query, in which alpha actions are asked for.
    """
    if apps.is_installed("drf_spectacular"):
        defaults = import_module("drf_spectacular.settings").spectacular_settings.defaults
        if defaults["GET_MOCK_REQUEST"] == "drf_spectacular.plumbing.build_mock_request":
            defaults["GET_MOCK_REQUEST"] = "actions.openapi.spectacular.mock_request"


def _is_ours(view: Any) -> bool:
    """Whether there is something to add to what the ViewSet's own class says of a route."""
    from .headers import tells_version

    return view.action_name is not None or tells_version(view)


class RouteSchema:
    """`view.schema`, which DRF's and drf-spectacular's generators ask for a route's operation."""

    def __init__(self, own: Any) -> None:
        self.own = own
        """DRF's descriptor, as the class has or inherits it."""

    def __get__(self, view: Any, owner: Any = None) -> Any:
        own = self.own.__get__(view, owner)
        module = sys.modules.get("drf_spectacular.openapi")
        if view is None or module is None or not isinstance(own, module.AutoSchema) or not _is_ours(view):
            return own
        from .spectacular import reading_class, schema_class

        # Not its type: drf-spectacular may have put a weak reference there.
        base: Any = own.__class__
        schema = reading_class(base)() if view.action_name is None else schema_class(base)()
        schema.view = view
        return schema

    def __set__(self, view: Any, schema: Any) -> None:
        self.own.__set__(view, schema)


class RouteSwaggerSchema:
    """`view.swagger_schema`, the class that drf-yasg makes a route's operation with."""

    def __init__(self, own: Any) -> None:
        self.own = own

    def __get__(self, view: Any, owner: Any = None) -> Any:
        if view is not None and _is_ours(view):
            from .yasg import reading_class, schema_class

            own = None if self.own is _MISSING else self.own
            return schema_class(own) if view.action_name is not None else reading_class(own)
        if self.own is _MISSING:
            # As if there was no such attribute: the project's default holds.
            raise AttributeError("swagger_schema")
        return self.own
