"""The routes that a registry adds to a ViewSet.

    POST, GET   /todos/7/mark_done/              perform, document an instance action
    POST, GET   /todos/mark_all_done/            perform, document a bulk action
    GET         /todos/actions/                  document all of them
    GET         /todos/actions/?ids=7,8          which of them may be done with these objects now, and why not
    GET         /todos/7/actions/                which of them this caller may do with this object now, and why not
                /todos/7/actions/mark_done/      the older form of each; also /todos/actions/list/
    POST        /todos/mark_done/                perform an instance action on several objects: `ids`, `items`, a filter
                /todos/7/mark_all_done/          404 with a hint: the action is one for the list

They are DRF's extra actions, so routers, permissions and `self.action` work as for any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from rest_framework.decorators import action as extra_action

from .binding import BoundAction
from .conf import conf
from .exceptions import ActionError, UnknownActionError, WrongActionTypeError
from .keys import key_field
from .lifecycle import is_left_out
from .openapi.attributes import document_routes
from .registry import ActionRegistry
from .selection import wrong_type_detail

DOCUMENTATION_SUFFIX = "_documentation"
ANY_METHOD = ("get", "post")
LISTING = "list_actions"
AVAILABLE = "list_available_actions"
ACTIONS_PATH = "actions"
"""Where the list of all actions is, below the resource."""
WRITTEN_BY_DRF = frozenset(
    {
        *("action", "action_map", "args", "basename", "description", "detail"),
        *("format_kwarg", "headers", "kwargs", "name", "request", "suffix"),
        *("list", "create", "retrieve", "update", "partial_update", "destroy"),
    }
)
"""What DRF sets on a ViewSet class or instance: a handler of that name would be lost. And what its routers route."""
NAMED = "answer_unknown_action"
"""The handler of routes that take any name; of an action that is there, `ActionMixin.as_view` calls the view."""
NAME = "named_action"
HIDDEN = "_"
"""Begins the names of routes that are for callers who know them."""
OLDER = "older_"
"""Begins, behind that, the names of those of the form `/todos/7/actions/mark_done/`."""


def install(cls: Any) -> None:
    """Give the ViewSet class the handlers of its registry's actions, once."""
    registry = cls.action_registry
    if cls.__dict__.get("_installed_registry") is registry or not isinstance(registry, ActionRegistry):
        return
    for bound in registry.bound.values():
        if collision(cls, bound.id) is None:
            setattr(cls, bound.id, _performing(bound))
            setattr(cls, bound.id + DOCUMENTATION_SUFFIX, _documenting(bound))
    document_routes(cls)
    # Last: another thread that sees it makes routes of the handlers.
    cls._installed_registry = registry


def collision(cls: Any, action_id: str) -> str | None:
    """What the ViewSet has already under the name that an action's handler would take; None when it is free."""
    if action_id in (ACTIONS_PATH, LISTING, AVAILABLE):
        return "the route of the action list"
    if action_id in WRITTEN_BY_DRF:
        return f"{cls.__name__}.{action_id}"
    for name in (action_id, action_id + DOCUMENTATION_SUFFIX):
        # `note` and `note_documentation` cannot both be actions: the one would be performed where the other is read.
        bound = getattr(getattr(cls, name, None), "bound_action", None)
        if hasattr(cls, name) and (bound is None or bound.id != action_id):
            return f"{cls.__name__}.{name}"
    return None


def installed(cls: Any) -> list[BoundAction]:
    """The actions that the ViewSet serves."""
    registry = cls.action_registry
    bound = registry.bound.values() if isinstance(registry, ActionRegistry) else ()
    return [each for each in bound if collision(cls, each.id) is None]


def routes(cls: Any) -> list[Callable[..., Any]]:
    """What a router is to make routes of; the main ones first, catch-alls last."""
    actions = installed(cls)
    if not actions:
        return []
    found = [getattr(cls, bound.id) for bound in actions]
    found.append(_route(LISTING, LISTING, False, ACTIONS_PATH, methods=("get",)))
    found.append(_route(AVAILABLE, AVAILABLE, True, ACTIONS_PATH, methods=("get",)))
    for is_detail, level in ((False, "list"), (True, "instance")):
        found.append(_route(f"{OLDER}{level}", NAMED, is_detail, rf"{ACTIONS_PATH}/(?P<{NAME}>[^/.]+)", is_older=True))
    if of_objects := [bound.id for bound in actions if bound.is_instance]:
        found.append(_route("of_several", NAMED, False, rf"(?P<{NAME}>{'|'.join(of_objects)})", is_older=True))
    elsewhere = [bound.id for bound in actions if not bound.is_instance]
    if cls.answer_unknown_actions or elsewhere:
        names = "[^/.]+" if cls.answer_unknown_actions else "|".join(elsewhere)
        found.append(_route("elsewhere", NAMED, True, rf"(?P<{NAME}>{names})", is_older=True))
    return found


def action_of(cls: Any, handlers: Mapping[str, str]) -> str | None:
    """The id of the one action that all the handlers of a route, by method, belong to."""
    bound = [getattr(getattr(cls, handler, None), "bound_action", None) for handler in handlers.values()]
    ids = {each and each.id for each in bound}
    return ids.pop() if len(ids) == 1 else None


def named_views(cls: Any, is_detail: bool) -> dict[str, Any]:
    """What a route that takes any name can do: the methods and handlers by name, as a router has them."""
    named = {
        bound.id: {"post": bound.id, "get": bound.id + DOCUMENTATION_SUFFIX}
        for bound in installed(cls)
        if bound.is_instance or not is_detail
    }
    return named if is_detail else {"list": {"get": LISTING}, **named}


def not_here(registry: ActionRegistry, name: str) -> ActionError:
    """404 for a name that is no action at this place, with what may have been meant."""
    definitions = registry.definitions
    if name in definitions:
        return WrongActionTypeError(wrong_type_detail(definitions[name]))
    near = get_close_matches(name, definitions, n=1)
    named = [each.id for each in definitions.values() if not is_left_out(each, shows_alpha=bool(conf.SHOW_ALPHA))]
    hint = (
        _('Did you mean "%(near)s"?') % {"near": near[0]}
        if near
        else _("It has: %(names)s.") % {"names": ", ".join(named)}
        if named
        else ""
    )
    detail = _('%(resource)s has no action "%(name)s".') % {"resource": registry.resource, "name": name[:100]}
    return UnknownActionError(f"{detail} {hint}".rstrip())


def is_hidden(route_name: str) -> bool:
    """Whether a route is left out where routes are shown."""
    return route_name.startswith(HIDDEN)


def is_below_actions(route_name: str) -> bool:
    """Whether a route's URLs have `actions/` before the action."""
    return route_name.startswith(f"{HIDDEN}{OLDER}")


def looks_like_key(view: Any, value: str) -> bool:
    """Whether `value` may be the key of an object: of the right kind for the look-up field, and no action's name."""
    if value in view.action_registry.definitions:
        return False
    try:
        field = key_field(view.get_queryset().model, view.lookup_field)
        if field is not None:
            field.to_python(value)
    except ValidationError:
        return False
    return True


def _performing(bound: BoundAction) -> Callable[..., Any]:
    def handler(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self.perform_action(bound, request)

    handler.__name__ = bound.id
    handler.__doc__ = bound.action.description
    handler.bound_action = bound  # type: ignore[attr-defined]
    decorated = extra_action(
        detail=bound.is_instance,
        methods=["post"],
        url_path=bound.id,
        name=bound.action.title or bound.id,
        description=bound.action.description,
        action_name=bound.id,
    )(handler)
    decorated.mapping["get"] = bound.id + DOCUMENTATION_SUFFIX
    return decorated


def _documenting(bound: BoundAction) -> Callable[..., Any]:
    def handler(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self.document_action(bound, request)

    handler.__name__ = bound.id + DOCUMENTATION_SUFFIX
    handler.bound_action = bound  # type: ignore[attr-defined]
    return handler


def _route(
    name: str, handler: str, is_detail: bool, path: str, *, methods: Any = ANY_METHOD, is_older: bool = False
) -> Any:
    """A route to a handler that the class has under another name."""

    def placeholder(self: Any) -> None:
        """Only the mapping below is called."""

    placeholder.__name__ = name
    title: Any = f"{HIDDEN}{name}" if is_older else lazy("Actions")
    # Generators of documents leave out a route whose `schema` is None.
    options: dict[str, Any] = {"is_older_route": True, "schema": None} if is_older else {}
    # DRF's stubs want a method of a view class; the class does not exist yet when its routes are made.
    decorate: Any = extra_action(
        detail=is_detail, methods=methods, url_path=path, name=title, description="", action_name="", **options
    )
    route: Any = decorate(placeholder)
    route.mapping.clear()
    route.mapping.update(dict.fromkeys(methods, handler))
    return route
