"""A ViewSet as the executor sees it: its own permissions, queryset, filters and serializer, whatever the door."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.backends.base.features import BaseDatabaseFeatures
from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import clone_request
from rest_framework.views import APIView

from .conf import conf
from .exceptions import InvalidSelectionError, TooManyObjectsError
from .keys import key_value
from .models import EventAction
from .problem import flatten
from .selection import Selection, can_lock, counted, narrow, possible_keys, refuse_too_many, refuse_unnarrowed

if TYPE_CHECKING:
    from .binding import BoundAction

CHUNK = 2000
"""Objects that are in memory at once while each is looked at."""


class ViewResource:
    """One ViewSet instance with its request."""

    def __init__(self, view: Any, *, is_permitted: bool = False, is_throttled: bool = True) -> None:
        """Take the view.

        Args:
            view: A `GenericViewSet` instance with `request`, `kwargs` and `action` set.
            is_permitted: The view's own authentication, permissions and throttles have been asked already.
            is_throttled: Whether the view's and the action's throttles are asked at all.
        """
        self.view = view
        self._is_permitted = is_permitted
        self._is_throttled = is_throttled
        if not is_throttled:
            view.check_throttles = lambda request: None

    @cached_property
    def using(self) -> str:
        """The database that effect and record are written to."""
        if len(connections.settings) == 1:
            return DEFAULT_DB_ALIAS
        queryset = self.view.get_queryset()
        return queryset._db or router.db_for_write(queryset.model)  # noqa: SLF001 - what .using() was called with

    @property
    def using_at_first(self) -> str:
        """The same, as far as it can be told of a caller who is not permitted yet: `get_queryset` may count on that."""
        if len(connections.settings) == 1:
            return DEFAULT_DB_ALIAS
        queryset = self.view.queryset
        model = EventAction if queryset is None else queryset.model
        return getattr(queryset, "_db", None) or router.db_for_write(model)

    @property
    def lookup_value(self) -> Any:
        """The object's key as the URL has it, None for a list."""
        return self.view.kwargs.get(self.view.lookup_url_kwarg or self.view.lookup_field)

    def permit(self, bound: BoundAction) -> None:
        """Ask the view's permissions and throttles, then the action's own.

        Raises:
            APIException: One of them says no.
        """
        view, request = self.view, self.view.request
        if not self._is_permitted:
            view.initial(request, *view.args, **view.kwargs)
            self._is_permitted = True
        self.check_own_permissions(bound)
        if bound.throttle is not None and self._is_throttled:
            throttle = bound.throttle.for_call()  # type: ignore[attr-defined]
            if not throttle.allow_request(request, view):
                view.throttled(request, throttle.wait())

    def challenge(self, error: Exception) -> None:
        """Tell a caller who is not known what DRF's views do: 401 with the way to log in, 403 where there is none."""
        if isinstance(error, NotAuthenticated | AuthenticationFailed):
            error.auth_header = self.view.get_authenticate_header(self.view.request)  # type: ignore[union-attr]
            if not error.auth_header:  # type: ignore[union-attr]
                error.status_code = 403

    def check_permissions(self, bound: BoundAction, found: Model) -> None:
        """Ask the view's permissions and the action's own about an object that is there already.

        Raises:
            APIException: One of them says no.
        """
        request = self.view.request
        self.view.check_permissions(request)
        self.check_own_permissions(bound)
        self.view.check_object_permissions(request, found)
        self.check_object(bound.permissions, found)

    @contextmanager
    def as_if_performing(self, bound: BoundAction) -> Iterator[None]:
        """Let the view look as it will when the action is called: permissions ask for method and `action`."""
        view = self.view
        before = view.request, view.action
        view.request, view.action = clone_request(view.request, "POST"), bound.id
        try:
            yield
        finally:
            view.request, view.action = before

    def fetch(self, bound: BoundAction, is_locked: bool) -> Model:
        """The object, through the view's own `get_object()`, in the record's database and locked if wanted.

        Where the database refuses to lock the view's queryset (`distinct`, aggregates), or the view does not filter it,
        the row is locked by its key and the object read again.
        """
        is_locked = is_locked and self._features.has_select_for_update
        with _filters_understood():
            found: Model = self._found(is_locked)
        if bound.permission_classes:
            self.check_object(bound.permissions, found)
        return found

    def _found(self, is_locked: bool) -> Any:
        if is_locked or len(connections.settings) > 1:
            return self._written_object(is_locked)
        return self.view.get_object()

    def select(self, bound: BoundAction, selection: Selection, is_locked: bool) -> QuerySet[Any]:
        """The objects that the caller may see and means, as a queryset that has not been read yet.

        A permission class that looks at objects is asked for each of them, in chunks, and so is a view that checks
        them by itself: an object permission holds for lists, too.
        """
        queryset = narrow(self._filtered(selection), selection, self.view.lookup_field)
        if (limit := bound.action.max_objects) is not None:
            of_now, count = counted(queryset, limit)
            refuse_too_many(count, limit)
            queryset = of_now if selection.ids is None else queryset
        if is_locked:
            queryset = _lock_all(queryset)
        if checks := self.object_checks(bound):
            keys = self._check_each(queryset, checks)
            if selection.ids is None and self._features.has_select_for_update:
                # What comes into the selection after the check, by another transaction, was not checked.
                queryset = queryset.filter(pk__in=self._bounded(keys))
        return queryset

    def load(self, bound: BoundAction, selection: Selection, is_locked: bool) -> list[Model]:
        """The objects that the caller may see and means, in memory, of `ids` those that there are.

        The permission to do this with each of them has not been asked: see `object_checks`.
        """
        queryset = self._filtered(selection)
        if selection.ids is None:
            refuse_too_many(queryset.count(), min(filter(None, (bound.action.max_objects, conf.MAX_IDS))))
            return list(_lock_all(queryset) if is_locked else queryset)
        name = self.view.lookup_field
        keys = possible_keys(selection.ids, queryset.model, name)
        found: list[Model] = []
        for start in range(0, len(keys), CHUNK):
            rows = queryset.filter(**{f"{name}__in": keys[start : start + CHUNK]})
            found += _lock_all(rows) if is_locked else rows
        return found

    def key_of(self, found: Model) -> str:
        """What names the object in URLs and `ids`."""
        return str(key_value(found, self.view.lookup_field))

    def serialize(self, value: Any, several: bool, serializer_class: Any) -> Any:
        """The representation of one object or several, by the given serializer or the view's own."""
        if serializer_class is None:
            return self.view.get_serializer(value, many=several).data
        return serializer_class(value, many=several, context=self.view.get_serializer_context()).data

    @property
    def _features(self) -> BaseDatabaseFeatures:
        return connections[self.using].features

    def _written_object(self, is_locked: bool) -> Any:
        """The view's `get_object()`, its queryset sent to the right database, and locked if wanted."""
        view = self.view
        original = view.filter_queryset
        is_done = not is_locked

        def filter_queryset(queryset: QuerySet[Any]) -> QuerySet[Any]:
            nonlocal is_done
            queryset = self._for_writing(original(queryset))
            if not is_locked or not can_lock(queryset):
                return queryset
            is_done = True
            return _lock(queryset)

        view.filter_queryset = filter_queryset
        try:
            found = view.get_object()
            if not is_done:
                rows = type(found)._base_manager.using(self.using).filter(pk=found.pk)
                list(_lock(rows).values_list("pk"))
                found = view.get_object()
        finally:
            del view.filter_queryset
        return found

    def _filtered(self, selection: Selection) -> QuerySet[Any]:
        """What the caller may see, through the filters of the view's list."""
        everything = self.view.get_queryset()
        with _filters_understood():
            filtered = self.view.filter_queryset(everything)
        refuse_unnarrowed(self.view, everything, filtered, selection)
        return self._for_writing(filtered)

    def _for_writing(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What is checked and changed is read where it is written, not from a replica that may lag behind."""
        is_free = len(connections.settings) > 1 and getattr(queryset, "_db", None) is None
        return queryset.using(self.using) if is_free else queryset

    def check_own_permissions(self, bound: BoundAction) -> None:
        view, request = self.view, self.view.request
        for permission in bound.permissions:
            if not permission.has_permission(request, view):
                view.permission_denied(
                    request, message=getattr(permission, "message", None), code=getattr(permission, "code", None)
                )

    def check_object(self, permissions: tuple[BasePermission, ...], found: Model) -> None:
        view, request = self.view, self.view.request
        for permission in permissions:
            if not permission.has_object_permission(request, view, found):
                view.permission_denied(
                    request, message=getattr(permission, "message", None), code=getattr(permission, "code", None)
                )

    def object_checks(self, bound: BoundAction) -> list[Callable[[Model], bool]]:
        """What says whether the caller may do this with an object; nothing where no permission looks at objects."""
        view, request = self.view, self.view.request
        asked = [*view.get_permissions(), *bound.permissions]
        checks: list[Callable[[Model], bool]]
        checks = [partial(each.has_object_permission, request, view) for each in asked if _looks_at_objects(each)]
        return [*checks, self._view_allows] if _checks_by_itself(view) else checks

    def _view_allows(self, found: Model) -> bool:
        try:
            self.view.check_object_permissions(self.view.request, found)
        except (APIException, PermissionDenied, Http404):
            return False
        return True

    @staticmethod
    def _bounded(keys: list[Any]) -> list[Any]:
        if len(keys) > conf.MAX_IDS:
            detail = _("You may do this with at most %(limit)s objects at once: each of them has to be looked at.")
            raise TooManyObjectsError(detail % {"limit": conf.MAX_IDS})
        return keys

    def _check_each(self, queryset: QuerySet[Any], checks: list[Callable[[Model], bool]]) -> list[Any]:
        """The keys of the objects, all of them allowed; not many more than `MAX_IDS` are kept."""
        denied: list[str] = []
        keys: list[Any] = []
        limit = conf.MAX_IDS
        for found in queryset.iterator(chunk_size=CHUNK):
            if len(keys) <= limit:
                keys.append(found.pk)
            if not all(check(found) for check in checks):
                denied.append(str(found.pk))
                if len(denied) == 20:
                    break
        if denied:
            raise PermissionDenied(_("You may not do this with: %(ids)s.") % {"ids": ", ".join(denied)})
        return keys


@contextmanager
def _filters_understood() -> Iterator[None]:
    """Have a filter's errors be those of the selection: the payload is another part of the call.

    Raises:
        InvalidSelectionError: A filter does not take its value; `errors` names it.
    """
    try:
        yield
    except ValidationError as error:
        detail = _("A filter of the list is not understood.")
        raise InvalidSelectionError(detail, errors=flatten(error.detail)) from error


def _lock(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Locked rows of the model itself, not of what is joined to them; a parent's row of multi-table inheritance is."""
    if not connections[queryset.db].features.has_select_for_update_of:
        return queryset.select_for_update()
    parents = [field.name for field in queryset.model._meta.parents.values() if field is not None]
    local = [name for name in parents if any(field.name == name for field in queryset.model._meta.local_fields)]
    return queryset.select_for_update(of=("self", *local))


def _lock_all(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The queryset with its rows locked when it is read; where the database refuses that, now and by their keys."""
    if not connections[queryset.db].features.has_select_for_update:
        return queryset
    if can_lock(queryset):
        return _lock(queryset)
    keys = queryset.order_by().values("pk")
    rows = _lock(queryset.model._base_manager.using(queryset.db).filter(pk__in=keys))
    deque(rows.values_list("pk").iterator(chunk_size=CHUNK), maxlen=0)
    return queryset


def _checks_by_itself(view: Any) -> bool:
    """Whether the view has a `check_object_permissions` of its own, which may refuse more than its classes do."""
    own: Any = type(view).check_object_permissions
    return own is not APIView.check_object_permissions


def _looks_at_objects(permission: Any) -> bool:
    """Whether a permission has an object check of its own; one that was put together with & | ~ may."""
    own = getattr(type(permission), "has_object_permission", None)
    return own is not BasePermission.has_object_permission
