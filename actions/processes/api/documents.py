"""What OpenAPI documents say of routes, beside what a generator finds out by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.apps import apps
from django.utils.translation import gettext_lazy as _
from rest_framework.settings import api_settings

from actions.problem import PROBLEM_JSON

Handler = TypeVar("Handler", bound=Callable[..., Any])

TEXTS = {
    "limit": _("How many at the most: 20 where nothing is said, 0 for as many as there may be, which is 1000."),
    "offset": _("How many are left out before them."),
    "from": _("The number of the earlier version; else that before the other one."),
    "to": _("The number of the later version; else the newest."),
    "cursor": _("The page: out of `next` and `previous`."),
    "after": _("The page: out of `next`."),
    "process": _("Only of this process."),
    "order": _("`created` (the oldest first) or `due`."),
    "overdue": _("`true`: only what is overdue; `false`: only the rest."),
    "claimed": _("Only what is claimed by `me`, `nobody` or `others`. Without it: by `me` or `nobody`."),
    "all": _("`true`: everybody's, for staff who may see open tasks."),
    "search": _("Only what has all of these words."),
    "format": _("`json` or `html`, whatever `Accept` says."),
}
"""Query parameters by name."""
REFUSED = {
    400: _("Something that was sent is not understood, or not valid."),
    401: _("The caller is not known (`not_authenticated`, `authentication_failed`)."),
    403: _("The caller is not known, or may not do this (`permission_denied`)."),
    404: _("There is no such thing for this caller (`not_found`)."),
    409: _("It is not in a state for this (`wrong_state`)."),
    501: _("This installation cannot do it (`missing_extra`)."),
}
ALWAYS = (401, 403)
PROBLEM = {"$ref": "#/components/schemas/ActionProblem"}
"""As the routes of actions have it."""


def answering(
    summary: Any,
    serializer: Any,
    *,
    parameters: Iterable[str] = (),
    refusals: Iterable[int] = (),
    status: int = 200,
) -> Callable[[Handler], Handler]:
    """Document a handler's answers.

    Args:
        summary: In a few words.
        serializer: What describes the answer; None: it has no body.
        parameters: Names out of `TEXTS`.
        refusals: Statuses out of `REFUSED`, besides those of every route.
        status: Of the answer.
    """
    answers = {status: serializer}
    refused = sorted({*ALWAYS, *refusals})
    return lambda handler: _for_spectacular(
        _for_yasg(handler, summary, answers, tuple(parameters), refused), summary, answers, tuple(parameters), refused
    )


def identified(operation: str) -> Callable[[Handler], Handler]:
    """Give a handler that has been documented the id of its operation, where generators would make the same of two."""

    def identify(handler: Handler) -> Handler:
        handler._swagger_auto_schema["operation_id"] = operation  # type: ignore[attr-defined]  # noqa: SLF001 - as above
        return handler if (extend := _extend()) is None else extend(operation_id=operation)(handler)

    return identify


def taking(serializer: Any) -> Callable[[Handler], Handler]:
    """Document what a handler that has been documented takes, where that is not what it answers."""

    def take(handler: Handler) -> Handler:
        handler._swagger_auto_schema["request_body"] = serializer  # type: ignore[attr-defined]  # noqa: SLF001 - as above
        return handler if (extend := _extend()) is None else extend(request=serializer)(handler)

    return take


def hidden(handler: Handler) -> Handler:
    """Leave a handler out of the documents: what it answers is no JSON."""
    handler._swagger_auto_schema = {"auto_schema": None}  # type: ignore[attr-defined]  # noqa: SLF001 - drf-yasg's decorator
    return handler if (extend := _extend()) is None else extend(exclude=True)(handler)


def _for_yasg(
    handler: Handler, summary: Any, answers: dict[int, Any], names: tuple[str, ...], refused: list[int]
) -> Handler:
    # Of a list, drf-yasg knows the answer itself, with its pages.
    told: dict[str, Any] = {
        str(status): shown
        for status, shown in answers.items()
        if shown is not None and not getattr(shown, "many", False)
    }
    told |= {str(status): str(REFUSED[status]) for status in refused}
    said: dict[str, Any] = {"operation_summary": str(summary), "responses": told}
    if names and apps.is_installed("drf_yasg"):
        from drf_yasg import openapi

        said["manual_parameters"] = [
            openapi.Parameter(name, openapi.IN_QUERY, description=str(TEXTS[name]), type=openapi.TYPE_STRING)
            for name in names
        ]
    handler._swagger_auto_schema = said  # type: ignore[attr-defined]  # noqa: SLF001 - drf-yasg's decorator
    return handler


def _for_spectacular(
    handler: Handler, summary: Any, answers: dict[int, Any], names: tuple[str, ...], refused: list[int]
) -> Handler:
    extend = _extend()
    if extend is None:
        return handler
    from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

    parameters = [OpenApiParameter(name, str, description=str(TEXTS[name])) for name in names]
    responses: dict[Any, Any] = dict(answers)
    responses |= {(status, PROBLEM_JSON): OpenApiResponse(PROBLEM, str(REFUSED[status])) for status in refused}
    return extend(summary=summary, responses=responses, parameters=parameters)(handler)  # type: ignore[no-any-return]


def _extend() -> Any:
    """drf-spectacular's decorator; None where the project's documents are not made by it."""
    if not apps.is_installed("drf_spectacular"):
        return None
    from drf_spectacular.openapi import AutoSchema
    from drf_spectacular.utils import extend_schema

    project: Any = api_settings.DEFAULT_SCHEMA_CLASS
    return extend_schema if issubclass(project, AutoSchema) else None
