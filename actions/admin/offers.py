"""Which actions the admin offers somebody: what their ViewSet would let them do, no more and no less."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict
from rest_framework.exceptions import APIException
from rest_framework.request import clone_request

from actions.availability import PERMISSION, Reason, reasons
from actions.browsable import can_be_called
from actions.definitions import SELECTION
from actions.exceptions import ActionError
from actions.lifecycle import shown
from actions.problem import to_error
from actions.registry import catalogue
from actions.requests import make_view
from actions.resource import ViewResource
from actions.routes import installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model
    from django.http import HttpRequest

    from actions.binding import BoundAction
    from actions.registry import ActionRegistry

logger = logging.getLogger(__name__)

DOOR = "admin"


@dataclass(frozen=True, slots=True)
class Offer:
    """An action on the page of one object."""

    bound: BoundAction
    reasons: list[Reason]
    """Why it is not available; empty where it is."""
    fixes: list[str]
    """Titles of the actions that would make it available."""

    @property
    def is_available(self) -> bool:
        """Whether it can be called now."""
        return not self.reasons

    @property
    def is_denied(self) -> bool:
        """Whether it is not for this user at all."""
        return any(reason.kind == PERMISSION for reason in self.reasons)


def registries_of(model: type[Model]) -> list[ActionRegistry]:
    """The registries whose ViewSet serves the model."""
    return [registry for registry in catalogue if _model_of(registry) is model._meta.concrete_model]


def view_for(registry: ActionRegistry, bound: BoundAction, request: HttpRequest, target: Model | None = None) -> Any:
    """The registry's ViewSet as the user would reach it."""
    return make_view(registry, bound, target=target, data={}, actor=request.user, query=QueryDict())  # type: ignore[arg-type]


def offers(registry: ActionRegistry, request: HttpRequest, target: Model) -> list[Offer]:
    """The instance actions that the user sees on the object.

    None where the ViewSet does not show them the object, or cannot be asked.
    """
    found = [bound for bound in _listed(registry) if bound.is_instance]
    if not found:
        return []
    try:
        return [each for each in _offers(registry, found, request, target) if not each.is_denied]
    except Exception as error:  # the page has more to show than this
        if to_error(error).status >= 500:
            logger.exception("The ViewSet of %s cannot say what may be done with %s.", registry.resource, target.pk)
        return []


def offer(registry: ActionRegistry, bound: BoundAction, request: HttpRequest, target: Model) -> Offer:
    """One action on an object.

    Raises:
        ActionError: The ViewSet does not show the user the object.
    """
    try:
        return _offers(registry, [bound], request, target)[0]
    except (APIException, PermissionDenied, Http404, ActionError) as error:
        raise to_error(error) from error


def on_list(registry: ActionRegistry, request: HttpRequest, *, takes_objects: bool) -> Iterator[BoundAction]:
    """The actions that the user may call on a set of objects, or on none."""
    for bound in _listed(registry):
        is_for_none = not bound.is_instance and bound.selection == SELECTION.NONE.value
        if is_for_none != takes_objects and can_be_called(bound) and may_call(registry, bound, request):
            yield bound


def may_call(registry: ActionRegistry, bound: BoundAction, request: HttpRequest) -> bool:
    """Whether the ViewSet's permissions and the action's own let the user in, whatever the object."""
    view = view_for(registry, bound, request)
    try:
        view.check_permissions(view.request)
        return all(permission.has_permission(view.request, view) for permission in bound.permissions)
    except (APIException, PermissionDenied, Http404):
        return False


def _listed(registry: ActionRegistry) -> list[BoundAction]:
    """What stands in lists. Without a ViewSet nobody knows who may do what."""
    return [] if registry.viewset is None else shown(installed(registry.viewset), {})


def _offers(registry: ActionRegistry, found: list[BoundAction], request: HttpRequest, target: Model) -> list[Offer]:
    view = view_for(registry, found[0], request, target)
    # The object as who only looks at it gets it: what may be done with it is asked for each action by itself.
    view.request = clone_request(view.request, "GET")
    resource, seen = ViewResource(view, is_permitted=True), view.get_object()
    titles = {key: definition.title or key for key, definition in registry.definitions.items()}
    made = []
    for bound in found:
        why = reasons(bound, resource, seen, DOOR)
        made.append(Offer(bound, why, list(dict.fromkeys(titles.get(fix, fix) for each in why for fix in each.fix))))
    return made


def _model_of(registry: ActionRegistry) -> Any:
    queryset = getattr(registry.viewset, "queryset", None)
    return None if queryset is None else queryset.model._meta.concrete_model
