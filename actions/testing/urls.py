"""Where actions are: their URLs, found in the project's URL configuration or put together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

from django.db.models import Model
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from actions.mixins import ActionMixin
from actions.registry import ActionRegistry

Where = type[ActionMixin] | ActionRegistry | str
"""A ViewSet, its registry, or the basename of its routes: "todo", "api:todo"."""


def action_url(where: Where, action: str, target: object = None, **parts: object) -> str:
    """The path of an action's main route: `/todos/7/mark_done/`.

    Args:
        where: The ViewSet, its registry, or the basename of its routes.
        action: The action's id.
        target: The object of an instance action, or its key as the URL has it.
        parts: What else the URL takes, as in `/shops/<shop>/todos/`.

    Raises:
        AssertionError: There is no such route.
    """
    __tracebackhide__ = True
    name, viewset = _route(where, action)
    if target is not None:
        lookup = viewset.lookup_url_kwarg or viewset.lookup_field
        parts = {**parts, lookup: _key(target, viewset.lookup_field)}
    try:
        return str(reverse(name, kwargs=parts))
    except NoReverseMatch as error:
        given = ", ".join(f"{key}={value!r}" for key, value in parts.items()) or "no object"
        raise AssertionError(f'The route "{name}" cannot be made with {given}. {error}') from error


def is_served(registry: ActionRegistry) -> bool:
    """Whether the project's URLs lead to a ViewSet with this registry."""
    return any(viewset.action_registry is registry for _name, viewset, _options in _viewset_routes())


def get_instance_action_url(context: str | None, collection: str, id: object, action: str) -> str:
    """`/{context}/{collection}/{id}/{action}/`, without the context's part where it is "" or None."""
    return _joined(context, collection, id, action)


def get_bulk_action_url(context: str | None, collection: str, action: str) -> str:
    """`/{context}/{collection}/{action}/`, without the context's part where it is "" or None."""
    return _joined(context, collection, action)


def _joined(*parts: object) -> str:
    texts = ("" if part is None else str(part).strip("/") for part in parts)
    return "/".join(["", *filter(None, texts), ""])


def _route(where: Where, action: str) -> tuple[str, Any]:
    """The name of the route that Django tries first, and its ViewSet."""
    __tracebackhide__ = True
    routes = list(_action_routes())
    for name, viewset, action_name in routes:
        if action_name == action and _is_meant(where, name, viewset):
            return name, viewset
    there = {action_name for name, viewset, action_name in routes if _is_meant(where, name, viewset)}
    if there:
        raise AssertionError(f'There is no route for "{action}". There are: {", ".join(sorted(there))}.')
    said = where if isinstance(where, str) else getattr(where, "__name__", None) or repr(where)
    raise AssertionError(f"No route leads to actions of {said}. Register its ViewSet with a router of ROOT_URLCONF.")


def _is_meant(where: Where, name: str, viewset: Any) -> bool:
    if isinstance(where, str):
        return name.startswith(f"{where}-")
    if isinstance(where, ActionRegistry):
        return viewset.action_registry is where
    return issubclass(viewset, where)


def _action_routes() -> Iterator[tuple[str, Any, str]]:
    """The main routes of all actions, in the order in which Django tries them: (name, ViewSet, action's id)."""
    for name, viewset, options in _viewset_routes():
        if options.get("action_name") and not options.get("is_older_route"):
            yield name, viewset, options["action_name"]


def _viewset_routes() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """All routes to ViewSets with actions: (name, ViewSet, what the route says of itself)."""
    for name, pattern in _named_patterns(get_resolver(), ""):
        viewset = getattr(pattern.callback, "cls", None)
        if isinstance(viewset, type) and issubclass(viewset, ActionMixin):
            yield name, viewset, getattr(pattern.callback, "initkwargs", {})


def _named_patterns(resolver: URLResolver, namespace: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _named_patterns(pattern, inner)
        elif pattern.name:
            yield f"{namespace}{pattern.name}", pattern


def _key(target: object, lookup_field: str) -> object:
    """What the URL says for the object: its look-up field; a key is itself."""
    return reduce(getattr, lookup_field.split("__"), target) if isinstance(target, Model) else target
