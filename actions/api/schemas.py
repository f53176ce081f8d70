"""What OpenAPI documents say of the records' own routes, beside what a generator finds out by itself."""

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


def listing(handler: Handler) -> Handler:
    """Document the list of the records; its answer a generator knows."""
    return _documented(handler, _("Records of calls"), {})


def polling(handler: Handler) -> Handler:
    """Document the answers of a record that is asked for."""
    answers = {200: (EventActionSerializer, ENDED), 202: (EventActionSerializer, WAITS)}
    return _documented(handler, _("The record of a call"), answers)


def cancelling(handler: Handler) -> Handler:
    """Document the answers to a cancellation."""
    return _documented(handler, _("Cancel a call"), {204: (None, CANCELLED), 409: (None, NOT_CANCELLABLE)})


def summarized(summary: Any) -> Callable[[Handler], Handler]:
    """Document in a few words what a handler is for; its answers a generator knows."""
    return lambda handler: _documented(handler, summary, {})


def _documented(handler: Handler, summary: Any, answers: dict[int, tuple[Any, Any]]) -> Handler:
    """Leave summary and answers where drf-yasg and drf-spectacular look for them."""
    said = {str(status): str(text) if shown is None else shown for status, (shown, text) in answers.items()}
    told = {"operation_summary": str(summary), "responses": said}
    handler._swagger_auto_schema = told  # type: ignore[attr-defined]  # noqa: SLF001 - drf-yasg's decorator
    if not apps.is_installed("drf_spectacular"):
        return handler
    from drf_spectacular.openapi import AutoSchema
    from drf_spectacular.utils import OpenApiResponse, extend_schema

    project: Any = api_settings.DEFAULT_SCHEMA_CLASS
    if not issubclass(project, AutoSchema):
        return handler
    responses = {status: OpenApiResponse(shown, description=text) for status, (shown, text) in answers.items()}
    known: Any = {"responses": responses} if responses else {}
    return extend_schema(summary=summary, **known)(handler)
