"""Which actions a caller may do with an object now, and why not the others.

It asks what `execution.perform` asks and does nothing. Between the answer and a call things may change: the call is
checked anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.encoding import escape_uri_path
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException
from rest_framework.generics import GenericAPIView
from rest_framework.settings import api_settings

from .conditions import ConditionsOfMany, fixes_of, refusals
from .documentation import place_of
from .exceptions import ActionError, ConfigurationError, FailedActionError, ObjectsNotFoundError
from .execution import make_context
from .lifecycle import ALPHA, check_lifecycle
from .problem import to_error
from .selection import IDS, Selection, checked_ids, narrow, possible_keys, refuse_unknown
from .versions import etag_of

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import QueryDict

    from .binding import BoundAction
    from .context import Refusal
    from .resource import ViewResource

logger = logging.getLogger(__name__)

PERMISSION, STATE, LIFECYCLE = "permission", "state", "lifecycle"
OF_CALLER = frozenset({401, 403, 404})
"""Status of a refusal that is about the caller, whoever raised it."""
BESIDE_IDS = frozenset({ALPHA, str(api_settings.URL_FORMAT_OVERRIDE)})
"""Query parameters that may stand beside `ids`."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an action is not available."""

    code: str
    detail: str
    kind: str
    """"permission": not for this caller; "state": not with this object now; "lifecycle": not yet, or not any more."""
    fix: tuple[str, ...] = ()
    """Actions that would make it available, where the condition says so."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"code": self.code, "detail": self.detail, "kind": self.kind, "fix": list(self.fix)}


def availability(
    actions: Iterable[BoundAction], resource: ViewResource, target: Model, path: str, door: str
) -> list[dict[str, Any]]:
    """Every instance action, whether it is available, and if not all the reasons.

    Args:
        actions: What the ViewSet serves, in the registry's order.
        resource: The ViewSet with the caller's request.
        target: The object, which the caller sees.
        path: The URL path of the question: `/todos/7/actions/`.
        door: The way in, which conditions may look at.
    """
    return availability_of_each(actions, resource, [target], lambda found: path, door)[0]


def availability_of_many(
    actions: Iterable[BoundAction], resource: ViewResource, ids: Sequence[str], path: str, door: str
) -> list[dict[str, Any]]:
    """Of each object its key, its version and what `availability` says, in the order of the ids.

    Args:
        actions: What the ViewSet serves, in the registry's order.
        resource: The ViewSet with the caller's request.
        ids: Keys as the caller wrote them.
        path: The URL path of the question: `/todos/actions/`.
        door: The way in, which conditions may look at.

    Raises:
        InvalidSelectionError: There are none, or one is no key.
        TooManyObjectsError: There are more than `MAX_IDS`.
        ObjectsNotFoundError: The caller does not see them all.
    """
    objects, (base, end) = _named_objects(resource, ids), place_of(path)

    def path_of(found: Model) -> str:
        return f"{base}{resource.key_of(found)}/actions{end}"

    each = availability_of_each(actions, resource, list(objects.values()), path_of, door)
    return [
        {"id": key, "etag": etag_of(resource.view, found), "actions": entries}
        for (key, found), entries in zip(objects.items(), each, strict=True)
    ]


def availability_of_each(
    actions: Iterable[BoundAction],
    resource: ViewResource,
    objects: Sequence[Model],
    path_of: Callable[[Model], str],
    door: str,
) -> list[list[dict[str, Any]]]:
    """What `availability` says of each of the objects, which the caller sees.

    What can be asked for all at once is: permissions of the caller, conditions with a form over a queryset. Paths are
    unquoted, as `request.path` is.
    """
    places = [place_of(escape_uri_path(path_of(found))) for found in objects]
    visible = _queryset(resource.view, objects)
    answers: list[list[dict[str, Any]]] = [[] for _ in objects]
    for bound in actions:
        if not bound.is_instance:
            continue
        schema = bound.payload.json_schema()
        each = reasons_of_many(bound, resource, objects, visible, door)
        for answer, (place, end), found in zip(answers, places, each, strict=True):
            answer.append(_entry(bound, f"{place}{bound.id}{end}", schema, found))
    return answers


def reasons(bound: BoundAction, resource: ViewResource, target: Model, door: str) -> list[Reason]:
    """Why the caller may not do this to the object now; empty where they may."""
    return reasons_of_many(bound, resource, [target], _queryset(resource.view, [target]), door)[0]


def reasons_of_many(
    bound: BoundAction, resource: ViewResource, objects: Sequence[Model], visible: QuerySet[Any] | None, door: str
) -> list[list[Reason]]:
    """Of each object, one of the `visible`, why the caller may not do this to it now; empty where they may.

    Whoever lacks a permission is told of that alone, and nothing of the object's state.

    Raises:
        ConfigurationError: A condition is written wrongly. What permissions and conditions raise besides becomes a
            reason: a call would be refused, too.
    """
    try:
        check_lifecycle(bound.action)
    except ActionError as error:
        return [[Reason(error.code, error.detail, LIFECYCLE)] for _found in objects]
    with resource.as_if_performing(bound):
        return _Question(bound, resource, door, visible).answers(objects)


def read_ids(query: QueryDict) -> list[str]:
    """The keys of `?ids=7,8,9`, also of `?ids=7&ids=8`.

    Raises:
        InvalidSelectionError: The query says something else besides.
    """
    refuse_unknown(set(query), {IDS, *BESIDE_IDS})
    return [part.strip() for text in query.getlist(IDS) for part in text.split(",") if part.strip()]


class _Question:
    """Whether a caller may perform an action, while the ViewSet looks as it will when they do."""

    def __init__(self, bound: BoundAction, resource: ViewResource, door: str, visible: QuerySet[Any] | None) -> None:
        self._bound = bound
        self._resource = resource
        self._door = door
        self._visible = visible
        self._hidden: set[Any] = set()
        self._is_logged = False

    def answers(self, objects: Sequence[Model]) -> list[list[Reason]]:
        """Of each object what is against it."""
        refused = self._refusal(PERMISSION, self._check_caller, objects)
        if refused is not None:
            return [[refused] for _found in objects]
        refusals_of = [self._refusal(PERMISSION, self._check_seen, found) for found in objects]
        permitted = [found for found, refused in zip(objects, refusals_of, strict=True) if refused is None]
        states = iter(self._states(permitted))
        return [next(states) if refused is None else [refused] for refused in refusals_of]

    def _check_caller(self, objects: Sequence[Model]) -> None:
        """What does not depend on the object; and which objects the ViewSet does not have for this action."""
        view = self._resource.view
        view.check_permissions(view.request)
        self._resource.check_own_permissions(self._bound)
        own = _queryset(view, objects)
        if own is not None and self._visible is not None and own.query.where != self._visible.query.where:
            keys = [found.pk for found in objects]
            self._hidden = set(keys).difference(own.filter(pk__in=keys).values_list("pk", flat=True))

    def _check_seen(self, found: Model) -> None:
        if found.pk in self._hidden:
            raise Http404
        view = self._resource.view
        view.check_object_permissions(view.request, found)
        self._resource.check_object(self._bound.permissions, found)

    def _states(self, objects: Sequence[Model]) -> list[list[Reason]]:
        """What the conditions have against each of the objects."""
        bound = self._bound
        if not bound.conditions:
            return [[] for _found in objects]
        context = make_context(bound, self._resource, self._door)
        ask: Callable[[Model], Iterator[Refusal]] = partial(refusals, bound, context=context)
        if len(objects) > 1 and self._visible is not None:
            try:
                ask = ConditionsOfMany(bound, objects, self._visible, context).refusals
            except Exception as error:  # noqa: BLE001 - whatever a condition raises
                failed = self._reason(error, STATE)
                return [[failed] for _found in objects]
        return [self._state(ask(found)) for found in objects]

    def _state(self, refused: Iterator[Refusal]) -> list[Reason]:
        """The reasons that conditions give, asked one after the other."""
        state: list[Reason] = []
        while True:
            try:
                refusal = next(refused, None)
            except Exception as error:  # noqa: BLE001 - whatever a condition raises
                # It may count on those before it: after a refusal, a call would not have come to it.
                if not state or isinstance(error, ConfigurationError):
                    state.append(self._reason(error, STATE))
                return state
            if refusal is None:
                return state
            fixes = fixes_of(refusal, self._resource.view)
            state.append(Reason(refusal.code, str(refusal.detail), STATE, fixes))

    def _refusal(self, kind: str, check: Callable[[Any], None], subject: Any) -> Reason | None:
        try:
            check(subject)
        except Exception as error:  # noqa: BLE001 - whatever a permission raises
            return self._reason(error, kind)
        return None

    def _reason(self, error: Exception, kind: str) -> Reason:
        """What a call would be refused with. Nobody may learn more of an object than that it is not for them."""
        if isinstance(error, ConfigurationError):
            raise error
        refused = to_error(error)
        if isinstance(refused, FailedActionError):
            if not self._is_logged:
                self._is_logged = True
                logger.error("%s: whether it is available cannot be told.", self._bound.name, exc_info=error)
            detail = _("Whether this is possible cannot be told: finding it out failed.")
            return Reason(refused.code, detail, kind)
        return Reason(refused.code, refused.detail, PERMISSION if refused.status in OF_CALLER else kind)


def _named_objects(resource: ViewResource, ids: Sequence[str]) -> dict[Any, Model]:
    """The objects by key, in the order of the ids. Those that the caller may not look at do not exist."""
    view = resource.view
    selection = Selection(ids=checked_ids(list(ids)))
    rows = narrow(view.filter_queryset(view.get_queryset()), selection, view.lookup_field)
    found = {getattr(each, view.lookup_field): each for each in rows if _may_look(view, each)}
    keys = list(dict.fromkeys(possible_keys(selection.ids or (), rows.model, view.lookup_field)))
    if missing := [str(key) for key in keys if key not in found]:
        raise ObjectsNotFoundError(errors={IDS: [_("Not found: %(ids)s.") % {"ids": ", ".join(missing[:20])}]})
    return {key: found[key] for key in keys}


def _may_look(view: Any, found: Model) -> bool:
    try:
        view.check_object_permissions(view.request, found)
    except (APIException, PermissionDenied, Http404):
        return False
    return True


def _queryset(view: Any, objects: Sequence[Model]) -> QuerySet[Any] | None:
    """The ViewSet's objects, from the database that these came from; None where it has a `get_object` instead."""
    if view.queryset is None and type(view).get_queryset is GenericAPIView.get_queryset:
        return None
    queryset: QuerySet[Any] = view.get_queryset()
    using = next((found._state.db for found in objects if found._state.db), None)
    return queryset.using(using) if using else queryset


def _entry(bound: BoundAction, href: str, schema: dict[str, Any], found: list[Reason]) -> dict[str, Any]:
    action = bound.action
    return {
        "name": bound.id,
        "title": action.title,
        "href": href,
        "method": "POST",
        "status": action.status,
        "available": not found,
        "reasons": [reason.as_dict() for reason in found],
        "schema": schema,
        "destructive": action.destructive,
        "idempotent": action.idempotent,
    }
