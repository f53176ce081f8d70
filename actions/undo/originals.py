"""The action that a record tells of, as the caller of now may do it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from actions.definitions import DEMAND
from actions.exceptions import ActionError, UnknownActionError
from actions.execution import Outcome, perform
from actions.models import EventAction
from actions.redaction import MASK
from actions.requests import find, make_view
from actions.resource import ViewResource
from actions.terms import PLAIN, Terms

if TYPE_CHECKING:
    from actions.binding import BoundAction
    from actions.context import ActionContext
    from actions.registry import ActionRegistry

CUT_OFF = "…"
"""What a record has in place of data that is nested too deeply."""


class Original:
    """A recorded execution's action."""

    def __init__(self, event: EventAction, context: ActionContext, code: str) -> None:
        """Find the action.

        Args:
            event: The record.
            context: Of the call that is about it.
            code: Of the refusal where the record cannot be used.

        Raises:
            ActionError: The action is gone (409).
        """
        self.event = event
        self.context = context
        self.code = code
        self.registry, self.bound = self._found()

    @property
    def model(self) -> type[Model]:
        """What the action's ViewSet serves."""
        viewset = self.registry.viewset
        if viewset.queryset is not None:
            return viewset.queryset.model  # type: ignore[no-any-return]
        view = self.resource(self.bound, None).view
        return view.get_queryset().model  # type: ignore[no-any-return]

    def refusal(self, detail: str, **facts: Any) -> ActionError:
        """The refusal to do anything about this record."""
        return refusal(self.code, detail, **facts)

    def resource(
        self,
        bound: BoundAction,
        target: Any,
        data: Mapping[str, Any] | None = None,
        query: QueryDict | None = None,
        *,
        is_throttled: bool = True,
    ) -> ViewResource:
        """The action's ViewSet with a request as if the caller had sent it."""
        actor: Any = self.context.actor
        view = make_view(
            self.registry,
            bound,
            target=target,
            data=data or {},
            actor=actor,
            query=QueryDict() if query is None else query,
        )
        return ViewResource(view, is_throttled=is_throttled)

    def target(self) -> Any:
        """The object as `resource` takes it; None for an execution that was not about a single one.

        Raises:
            Http404: It is gone.
        """
        key = self.event.object_id
        if key is None or self.registry.viewset.lookup_field == "pk":
            return key
        found = next(self.rows([key]), None)
        if found is None:
            raise Http404
        return found

    def rows(self, keys: Collection[Any]) -> Iterator[Model]:
        """The rows with these keys, whoever may see them; those that are gone are left out."""
        rows = self.model._base_manager.using(self.context.using)
        try:
            yield from rows.filter(pk__in=keys)
        except (ValueError, ValidationError):
            return

    def perform(
        self, bound: BoundAction, target: Any, data: Any, *, query: QueryDict | None = None, watched: Collection[Any]
    ) -> Any:
        """Perform an action of the same resource as part of this call: what this call answers.

        Args:
            bound: The action.
            target: What `target` gave, or None.
            data: The payload.
            query: Says which objects are meant.
            watched: Keys of objects whose changes are this call's as well, for its preview and its own undo.
        """
        if watched and not bound.sensitive:
            # This call's record does not know which of the fields are secret there.
            self.context.changes.watch(*self.rows(watched))
        terms = self._terms(bound)
        resource = self.resource(bound, target, data, query)
        outcome = perform(bound, resource, lambda: data, door=self.context.door, terms=terms)
        return _passed_on(outcome, bool(bound.sensitive))

    def _found(self) -> tuple[ActionRegistry, BoundAction]:
        name = f"{self.event.resource}:{self.event.action}"
        try:
            registry, bound = find(name)
        except UnknownActionError as error:
            raise self.refusal(_('There is no action "%(name)s" any more.') % {"name": name}) from error
        if registry.viewset is None:
            raise self.refusal(_('No ViewSet serves "%(name)s" any more.') % {"name": name})
        return registry, bound

    def _terms(self, bound: BoundAction) -> Terms:
        """A key of its own where the action demands one: the record that this is about is no second call of it."""
        if bound.action.idempotency_key != DEMAND.REQUIRED.value:
            return PLAIN
        return Terms(key=self.context.idempotency_key or str(self.context.uid))


def refusal(code: str, detail: str, **facts: Any) -> ActionError:
    """409: the record cannot be used for this."""
    return ActionError(detail, status=409, code=code, **facts)


def is_masked(value: Any) -> bool:
    """Whether a recorded value has a secret in it, which is not recorded."""
    return any(each == MASK for each in _leaves(value))


def is_cut_off(value: Any) -> bool:
    """Whether a recorded value was nested more deeply than a record keeps."""
    return isinstance(value, list | dict) and any(each == CUT_OFF for each in _leaves(value))


def _leaves(value: Any) -> Iterator[Any]:
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, Mapping):
            left += each.values()
        elif isinstance(each, list):
            left += each
        else:
            yield each


def _passed_on(outcome: Outcome, has_secrets: bool) -> Any:
    """The answer of the performed action as this one's."""
    body = outcome.body
    if isinstance(body, HttpResponseBase):
        return body
    if has_secrets:
        # The caller gets them as from the action itself; of an answer in its final form, the record keeps the size.
        return JsonResponse(body, status=outcome.status, encoder=JSONEncoder, safe=False, headers=outcome.headers)
    if outcome.status != 200:
        return Response(body, status=outcome.status, headers=outcome.headers)
    return body
