"""Calling an action from a test, over HTTP and without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser
from rest_framework.test import APIClient

from actions.call import perform
from actions.context import ActionContext
from actions.registry import ActionRegistry

from .urls import Where, action_url

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from actions.execution import Outcome


class ActionClient(APIClient):
    """DRF's test client, which also knows actions.

    client = ActionClient(actor=user)
    response = client.act(TodoViewSet, "mark_done", todo, {"note": "Sent."})
    """

    def __init__(self, *args: Any, actor: AbstractBaseUser | None = None, **kwargs: Any) -> None:
        """Take what DRF's client takes, and who calls."""
        super().__init__(*args, **kwargs)
        if actor is not None:
            self.force_authenticate(actor)

    def act(self, where: Where, action: str, target: object = None, data: Any = None, **options: Any) -> Any:
        """Call an action; see `call_action`."""
        return call_action(self, where, action, target, data, **options)

    def describe(self, where: Where, action: str, target: object = None) -> Any:
        """Read the documentation of an action."""
        return self.get(action_url(where, action, target))


def call_action(
    client: APIClient,
    where: Where,
    action: str,
    target: object = None,
    data: Any = None,
    *,
    ids: Iterable[Any] | None = None,
    query: Mapping[str, Any] | None = None,
    **options: Any,
) -> Any:
    """POST to an action and give back the response.

    Args:
        client: DRF's APIClient, logged in as whoever calls.
        where: The ViewSet, its registry, or the basename of its routes.
        action: The action's id.
        target: The object of an instance action, or its key as the URL has it.
        data: The payload; as JSON, unless `format="multipart"` or a `content_type` is given.
        ids: For a bulk action, the keys of the objects.
        query: For a bulk action, the filter of the list: `{"list": 3}`, `{"all": "true"}`.
        options: For the client's `post()`.

    Raises:
        AssertionError: There is no such route.
    """
    __tracebackhide__ = True
    url = action_url(where, action, target)
    if ids is not None:
        data = {**(data or {}), "ids": list(ids)}
    if "content_type" not in options:
        options.setdefault("format", "json")
    if query:
        options["query_params"] = dict(query)
    return client.post(url, {} if data is None else data, **options)


def perform_action(where: Where, action: str, target: Any = None, data: Any = None, **options: Any) -> Outcome:
    """Perform an action without HTTP, checked and recorded as over REST; see `actions.perform`.

    Args:
        where: The ViewSet, its registry, or the name of the resource.
        action: The action's id.
        target: The object of an instance action, or its key.
        data: The payload, as JSON values.
        options: `actor`, and for a bulk action `ids`, `filters` and `is_all`.

    Raises:
        ActionError: It was refused or failed.
    """
    registry = where if isinstance(where, ActionRegistry | str) else where.action_registry
    resource = registry if isinstance(registry, str) else registry.resource
    return perform(f"{resource}:{action}", target, data, **options)


def make_context(**given: Any) -> ActionContext:
    """What an action's function gets as `context`, to call the function alone: nobody, through no door."""
    uid = uuid4()
    silent = {"actor": AnonymousUser(), "resource": "", "action": "", "door": "test", "uid": uid}
    return ActionContext(**{**silent, "correlation_id": str(given.get("uid", uid)), **given})
