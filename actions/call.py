"""The Python door: `perform("todo:mark_done", 7, {"note": "x"}, actor=user)`.

It makes the request that the ViewSet would have got, so that its own permissions, queryset and serializer hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.http import QueryDict

from .execution import Outcome
from .execution import perform as execute
from .requests import find, make_view
from .resource import ViewResource
from .routes import not_here
from .selection import IDS, ITEMS
from .terms import PLAIN, Terms

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Model

    from .context import OnProgress


def perform(  # noqa: PLR0913 - each is a thing that a caller may say
    name: str,
    target: Model | int | str | None = None,
    data: Mapping[str, Any] | None = None,
    *,
    actor: AbstractBaseUser | None = None,
    ids: Iterable[Any] | None = None,
    items: Iterable[Mapping[str, Any]] | None = None,
    filters: Mapping[str, Any] | None = None,
    is_all: bool = False,
    terms: Terms = PLAIN,
    on_progress: OnProgress | None = None,
    door: str = "python",
) -> Outcome:
    """Execute an action as `actor`, checked and recorded as over REST.

    Args:
        name: "resource:action".
        target: The object of an instance action, or its key as the URL has it. Without it, `ids`, `items`, `filters` or
            `is_all` say to which objects it is done.
        data: The payload, as JSON values.
        actor: Who does it; None for nobody, as an anonymous request.
        ids: The keys of the objects.
        items: Objects with a payload and a version of their own: `{"id": 7, "params": {…}, "etag": "…"}`.
        filters: What the list's query would say: `{"list": 3}`, of a parameter that is said more than once a list.
        is_all: All objects are meant.
        terms: How it is to be done: `Terms(is_preview=True)`, `Terms(key="8e03978e")`, …
        on_progress: Told what the function reports by `context.progress(done, total, message)`.
        door: Written into the record.

    Raises:
        ActionError: It was refused or failed.
        ConfigurationError: No ViewSet serves the resource.
    """
    registry, bound = find(name)
    is_of_several = ids is not None or items is not None or bool(filters) or is_all
    if (target is not None and not bound.is_instance) or (bound.is_instance and target is None and not is_of_several):
        raise not_here(registry, bound.id)
    query = QueryDict(mutable=True)
    for key, value in (filters or {}).items():
        query.setlist(key, [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)])
    if is_all:
        query["all"] = "true"
    payload = dict(data or {})
    if ids is not None:
        payload[IDS] = list(ids)
    if items is not None:
        payload[ITEMS] = [dict(item) for item in items]
    view = make_view(registry, bound, target=target, data=payload, actor=actor, query=query)
    resource = ViewResource(view)
    return execute(bound, resource, lambda: payload, door=door, terms=terms, on_progress=on_progress)
