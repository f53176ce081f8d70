"""What OpenAPI documents say of polling and cancelling, beside what a generator finds out by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.apps import apps
from django.utils.translation import gettext_lazy as _
from rest_framework.settings import api_settings

from .serializers import EventActionSerializer

Handler = TypeVar("Handler", bound=Callable[..., Any])

ENDED = _("It has ended: `status_code`, `response_data` and `error` are the result.")
WAITS = _("It waits or runs. Ask again after the seconds of `Retry-After`.")
CANCELLED = _("It is cancelled.")
NOT_CANCELLABLE = _("It has begun, or is over (`not_cancellable`).")


def polling(handler: Handler) -> Handler:
    """Document the answers of a record that is asked for."""
    return _documented(handler, {200: (EventActionSerializer, ENDED), 202: (EventActionSerializer, WAITS)})


def cancelling(handler: Handler) -> Handler:
    """Document the answers to a cancellation."""
    return _documented(handler, {204: (None, CANCELLED), 409: (None, NOT_CANCELLABLE)})


def _documented(handler: Handler, answers: dict[int, tuple[Any, Any]]) -> Handler:
    """Leave the answers where drf-yasg and drf-spectacular look for them."""
    said = {str(status): str(text) if shown is None else shown for status, (shown, text) in answers.items()}
    handler._swagger_auto_schema = {"responses": said}  # type: ignore[attr-defined]  # noqa: SLF001 - drf-yasg's decorator
    if not apps.is_installed("drf_spectacular"):
        return handler
    from drf_spectacular.openapi import AutoSchema
    from drf_spectacular.utils import OpenApiResponse, extend_schema

    project: Any = api_settings.DEFAULT_SCHEMA_CLASS
    if not issubclass(project, AutoSchema):
        return handler
    responses = {status: OpenApiResponse(shown, description=text) for status, (shown, text) in answers.items()}
    return extend_schema(responses=responses)(handler)
