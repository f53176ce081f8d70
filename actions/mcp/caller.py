"""The ViewSets behind the tools, with a request as if the caller had sent it to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, QueryDict
from rest_framework.exceptions import APIException

from actions.requests import make_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request

    from actions.binding import BoundAction
    from actions.registry import ActionRegistry

KEPT_META = ("SERVER_", "REMOTE_", "HTTP_")
"""What the ViewSet learns of the connection and of the client. Besides Accept: its answer is not sent as it is."""


def view_for(
    request: Request,
    registry: ActionRegistry,
    bound: BoundAction,
    *,
    target: str | None = None,
    payload: Mapping[str, Any] | None = None,
    query: QueryDict | None = None,
) -> Any:
    """The registry's ViewSet for whoever sent `request`, authenticated as there."""
    view = make_view(
        registry,
        bound,
        target=target,
        data={} if payload is None else payload,
        actor=request.user,  # type: ignore[arg-type]  # nobody is an actor, too
        query=QueryDict(mutable=True) if query is None else query,
    )
    made, sent = view.request._request, request._request  # noqa: SLF001 - DRF documents it
    for name, value in vars(sent).items():
        # What middleware has put there, such as a session or a tenant.
        if not name.startswith("_") and not hasattr(HttpRequest, name):
            vars(made).setdefault(name, value)
    kept = {key: value for key, value in sent.META.items() if key.startswith(KEPT_META) and key != "HTTP_ACCEPT"}
    made.META = {**made.META, **kept}
    made._get_scheme = sent._get_scheme  # type: ignore[attr-defined]  # noqa: SLF001 - a hook for subclasses
    view.request.user, view.request.auth = request.user, request.auth
    return view


def is_permitted(bound: BoundAction, view: Any) -> bool:
    """Whether the view's permissions and the action's own let the caller in; there is no object yet."""
    request = view.request
    try:
        view.check_permissions(request)
        return all(permission.has_permission(request, view) for permission in bound.permissions)
    except (APIException, PermissionDenied, Http404):
        return False
