"""A ViewSet with a request that nobody sent: how every door but REST reaches a resource.

The request is the one that the ViewSet would have got from `actor`, so that its own permissions, queryset and
serializer hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest, QueryDict
from rest_framework.test import force_authenticate

from .binding import BoundAction
from .discovery import load_viewsets
from .exceptions import ConfigurationError, UnknownActionError
from .keys import key_value
from .registry import ActionRegistry, catalogue
from .routes import not_here

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def find(name: str) -> tuple[ActionRegistry, BoundAction]:
    """The action that "resource:action" names, and its registry.

    Raises:
        UnknownActionError: There is none.
    """
    resource, _colon, action_id = name.partition(":")
    registry = catalogue.find(resource)
    if registry is None or registry.viewset is None:
        # As in a shell or a worker, where nobody has asked for a URL yet.
        load_viewsets()
        registry = catalogue.find(resource)
    if registry is None:
        known = ", ".join(each.resource for each in catalogue)
        raise UnknownActionError(f'There is no resource "{resource}". There are: {known}.')
    bound = registry.bound.get(action_id)
    if bound is None:
        raise not_here(registry, action_id)
    return registry, bound


def make_view(
    registry: ActionRegistry,
    bound: BoundAction,
    *,
    target: Any,
    data: Mapping[str, Any],
    actor: AbstractBaseUser | None,
    query: QueryDict,
) -> Any:
    """The registry's ViewSet with a request as if `actor` had sent it.

    Raises:
        ConfigurationError: No ViewSet serves the resource.
    """
    viewset = registry.viewset
    if viewset is None:
        raise ConfigurationError(
            f'No ViewSet serves "{registry.resource}". '
            f"Mix ActionMixin into one and give it the registry of {registry.source}: action_registry = …"
        )
    http_request = HttpRequest()
    http_request.method = "POST"
    place = "" if target is None else f"{getattr(target, 'pk', target)}/"
    http_request.path = http_request.path_info = f"{registry.basepath}{place}{bound.id}/"
    http_request.GET = query  # type: ignore[assignment]
    http_request.META = {"REQUEST_METHOD": "POST", "SERVER_NAME": _host(), "SERVER_PORT": "80", "HTTP_ACCEPT": "*/*"}
    view = viewset(action_name=bound.id, detail=target is not None, basename=registry.resource)
    view.action_map = {"post": bound.id}
    view.args, view.kwargs = (), {}
    if target is not None:
        key = view.lookup_url_kwarg or view.lookup_field
        view.kwargs[key] = key_value(target, view.lookup_field) if isinstance(target, Model) else target
    if actor is not None:
        force_authenticate(http_request, user=actor)
    view.request = view.initialize_request(http_request, *view.args, **view.kwargs)
    # Nothing is to be parsed, the payload is there already; DRF keeps what it has parsed in these two.
    view.request._full_data = view.request._data = data  # noqa: SLF001
    view.headers = view.default_response_headers
    view.format_kwarg = None
    return view


def _host() -> str:
    """A host that the project allows, for serializers that make absolute URLs."""
    return next((host for host in settings.ALLOWED_HOSTS if not host.startswith((".", "*", "["))), "localhost")
