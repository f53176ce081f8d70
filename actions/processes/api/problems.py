"""Refusals as problem documents, on views that are no ViewSets with actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DataError
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from actions.exceptions import ActionError
from actions.problem import PROBLEM_JSON, document, to_body_error, to_error

if TYPE_CHECKING:
    from rest_framework.views import APIView

    # What it is mixed into; at run time it inherits from nothing.
    Base = APIView
else:
    Base = object

REFUSALS = (APIException, Http404, PermissionDenied)
UNREADABLE_FORMS = (SuspiciousOperation, MultiPartParserError)


class ProblemMixin(Base):
    """Answers every refusal as RFC 9457 has it. What nobody expected is left to Django."""

    def handle_exception(self, exc: Exception) -> Response:
        """The problem document of a refusal."""
        if isinstance(exc, UNREADABLE_FORMS):
            # Session authentication looks for its token in a form, before anything else reads the body.
            return self.problem(to_body_error(exc))
        if isinstance(exc, ActionError):
            return self.problem(exc)
        if isinstance(exc, DataError):
            # As of an action: a value that the database does not take.
            return self.problem(to_error(exc))
        if not isinstance(exc, REFUSALS):
            return super().handle_exception(exc)
        response = super().handle_exception(exc)
        error = to_error(exc)
        error.status = response.status_code
        headers = {name: response[name] for name in ("WWW-Authenticate", "Retry-After") if name in response}
        return self.problem(error, headers)

    def problem(self, error: ActionError, headers: dict[str, str] | None = None) -> Response:
        """The answer to a call that was refused."""
        renderer = getattr(self.request, "accepted_renderer", None)
        if renderer is None:
            renderer = self.perform_content_negotiation(self.request, force=True)[0]
        is_json = renderer.media_type == "application/json"
        return Response(
            document(error),
            status=error.status,
            headers={**(headers or {}), **error.headers},
            content_type=PROBLEM_JSON if is_json else None,
            exception=True,
        )


def named(detail: Any, **facts: Any) -> ActionError:
    """404 for a route that has nothing there."""
    return ActionError(detail % facts if facts else detail, status=404, code="not_found")
