"""Which objects a bulk action is for: `ids`, a filter of the list, or `all=true`. Never everything by accident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Field, QuerySet
from django.forms import NullBooleanField
from django.http import Http404, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django_filters import LookupChoiceFilter
from django_filters import OrderingFilter as FilterSetOrdering
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import APIException
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.generics import GenericAPIView
from rest_framework.settings import api_settings

from .conf import conf
from .definitions import SELECTION
from .exceptions import (
    InvalidSelectionError,
    InvalidTermError,
    ObjectsNotFoundError,
    TooManyObjectsError,
    WrongActionTypeError,
)
from .keys import key_field
from .payloads.screening import dotted, is_unicode
from .terms import PARAMETERS, read_entity_tags

if TYPE_CHECKING:
    from .binding import BoundAction
    from .definitions import Action

IDS = "ids"
ALL = "all"
ITEMS = "items"
MEMBERS = frozenset({"id", "params", "etag"})
"""What an item may have."""
_STANDARD_BACKENDS = frozenset({DjangoFilterBackend, SearchFilter, OrderingFilter})
TRUE = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Selection:
    """What the caller said."""

    ids: tuple[Any, ...] | None = None
    """As they were sent; None where none were named."""
    filters: Mapping[str, str | list[str]] | None = None
    """The query's filters that have a value; a list where one was said more than once."""
    is_all: bool = False

    def as_record(self) -> dict[str, Any] | None:
        """For the EventAction."""
        said = {"ids": self.ids and list(self.ids), "filter": self.filters, "all": self.is_all}
        return {key: value for key, value in said.items() if value} or None


def take_ids(data: Any, bound: BoundAction) -> tuple[Any, Any]:
    """`ids` out of the body, and the body without them: (data, ids).

    An action whose payload has a field of that name keeps it for itself.
    """
    takes_ids = bound.selection != SELECTION.NONE.value and IDS not in bound.fields
    if not takes_ids or not isinstance(data, Mapping) or IDS not in data:
        return data, None
    if isinstance(data, MultiValueDict):
        rest = data.copy()
        # A form sends the empty text for a field that was left blank.
        found = [part.strip() for text in rest.pop(IDS) for part in str(text).split(",") if part.strip()]
        return rest, found or None
    return {key: value for key, value in data.items() if key != IDS}, data[IDS]


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a call for several, with what is to be done to it."""

    id: Any
    params: Any
    etag: tuple[str, ...] | None


def take_items(data: Any, bound: BoundAction) -> tuple[Any, Any]:
    """`items` out of the body, and the body without them: (data, items).

    An action whose payload has a field of that name keeps it for itself.
    """
    is_there = ITEMS not in bound.fields and isinstance(data, Mapping) and ITEMS in data
    if not is_there or isinstance(data, MultiValueDict):
        return data, None
    return {key: value for key, value in data.items() if key != ITEMS}, data[ITEMS]


def read_items(items: Any, payload: Mapping[str, Any]) -> list[Item]:
    """The items of a body: `[{"id": 7, "params": {…}, "etag": "…"}]`.

    Raises:
        InvalidSelectionError: They are none, with all their errors.
    """
    if payload:
        sentence = _("With items, what is to be done stands in each item's params.")
        raise InvalidSelectionError(errors={dotted([str(name)]): [sentence] for name in payload})
    if not isinstance(items, list) or not items:
        raise InvalidSelectionError(errors={ITEMS: [_('A list was expected, as in [{"id": 7, "params": {}}].')]})
    if len(items) > conf.MAX_IDS:
        sentence = _("At most %(limit)s items can be named at once.") % {"limit": conf.MAX_IDS}
        raise TooManyObjectsError(errors={ITEMS: [sentence]})
    errors: dict[str, list[str]] = {}
    seen: set[str] = set()
    read = []
    for index, item in enumerate(items):
        if wrong := _item_errors(item, seen):
            errors.update({f"{ITEMS}.{index}.{name}".removesuffix("."): [text] for name, text in wrong.items()})
        else:
            etag = item.get("etag")
            read.append(Item(item["id"], item.get("params", {}), etag and read_entity_tags("etag", etag)))
    if errors:
        raise InvalidSelectionError(errors=errors)
    return read


def _item_errors(item: Any, seen: set[str]) -> dict[str, str]:
    """What is wrong with an item, by the name of its member, "" for all of it."""
    if not isinstance(item, Mapping):
        return {"": _('An object was expected, as in {"id": 7, "params": {}}.')}
    errors = {dotted([str(name)]): _("An item has id, params and etag.") for name in item if name not in MEMBERS}
    key = item.get("id")
    if not _may_be_key(key):
        errors["id"] = _("The key of an object was expected.")
    elif str(key) in seen:
        errors["id"] = _("This object is named twice.")
    seen.add(str(key))
    if not isinstance(item.get("params", {}), Mapping):
        errors["params"] = _("An object of fields was expected.")
    if (etag := item.get("etag")) is not None:
        try:
            read_entity_tags("etag", etag)
        except InvalidTermError as error:
            errors["etag"] = error.errors["etag"][0]
    return errors


def read_selection(view: Any, bound: BoundAction, body_ids: Any) -> Selection:
    """What the query and the body say of the objects.

    Raises:
        InvalidSelectionError: A parameter is unknown or malformed, or nothing was said and the action does not mean
            all by itself.
    """
    query = view.request.query_params
    takes_objects = bound.selection != SELECTION.NONE.value
    filters, others = query_parameters(view) if takes_objects else (set(), {str(api_settings.URL_FORMAT_OVERRIDE)})
    reserved = {IDS, ALL, *PARAMETERS} if takes_objects else set(PARAMETERS)
    refuse_unknown(set(query), filters | others | reserved)
    if not takes_objects:
        return Selection()
    ids = body_ids
    if IDS in query and IDS not in filters:
        if ids is not None:
            raise InvalidSelectionError(errors={IDS: [_("Name them in the query or in the body, not in both.")]})
        ids = [part.strip() for part in query[IDS].split(",") if part.strip()]
    selection = Selection(
        ids=None if ids is None else checked_ids(ids),
        filters={name: _said(query, name) for name in sorted(filters & set(query)) if query[name].strip()},
        is_all=_is_all(query.get(ALL)) if ALL not in filters else False,
    )
    _refuse_ignored(view, selection.filters or {})
    is_silent = selection.ids is None and not selection.filters and not selection.is_all
    if is_silent and bound.is_instance:
        raise WrongActionTypeError(wrong_type_detail(bound.action))
    if is_silent and bound.selection == SELECTION.FILTER.value:
        detail = _("Say which objects are meant: ids, a filter of the list (%(filters)s), or ?all=true.")
        raise InvalidSelectionError(detail % {"filters": ", ".join(sorted(filters)) or "-"}, code="selection_required")
    if selection.is_all and (selection.ids is not None or selection.filters):
        raise InvalidSelectionError(errors={ALL: [_("All, and only some: say one of the two.")]})
    # Of an action that means all where nothing is said, the record says so.
    return Selection(is_all=True) if is_silent else selection


def wrong_type_detail(action: Action) -> str:
    """Where an action is that was called at the wrong place."""
    if action.is_instance:
        detail = _('"%(id)s" is done to one object. Try instance action: POST …/<id>/%(id)s/. Or name several in ids.')
        return detail % {"id": action.id}
    return _('"%(id)s" is done to the list. Try bulk action: POST …/%(id)s/ without an object\'s key.') % {
        "id": action.id
    }


def narrow(queryset: QuerySet[Any], selection: Selection, lookup_field: str) -> QuerySet[Any]:
    """The queryset with only the objects that `ids` name.

    Raises:
        InvalidSelectionError: An id is not of the key's kind.
        ObjectsNotFoundError: The caller's queryset does not have them all.
    """
    if selection.ids is None:
        return queryset
    ids = _converted(selection.ids, key_field(queryset.model, lookup_field))
    try:
        narrowed = queryset.filter(**{f"{lookup_field}__in": ids})
    except (ValueError, TypeError, ValidationError) as error:
        raise InvalidSelectionError(errors={IDS: [_("Not all of them are keys of these objects.")]}) from error
    found = set(narrowed.values_list(lookup_field, flat=True))
    if missing := [str(key) for key in ids if key not in found]:
        sentence = _("Not found: %(ids)s.") % {"ids": ", ".join(missing[:20])}
        raise ObjectsNotFoundError(errors={IDS: [sentence]})
    return narrowed


def can_lock(queryset: QuerySet[Any]) -> bool:
    """Whether databases lock the rows of this queryset; of what is grouped or counted over, they do not."""
    query = queryset.query
    if query.distinct or query.combinator or query.group_by is not None or query.is_sliced:
        return False
    return not any(annotation.contains_over_clause for annotation in query.annotations.values())


def refuse_too_many(count: int, limit: int) -> None:
    """Raise a TooManyObjectsError where `count` objects are more than `limit`."""
    if count > limit:
        detail = _("%(count)s objects are meant, at most %(limit)s can be taken at once.")
        raise TooManyObjectsError(detail % {"count": count, "limit": limit})


def counted(queryset: QuerySet[Any], limit: int) -> tuple[QuerySet[Any], int]:
    """The queryset with only the objects that it has now, and how many: what comes into it later was not counted.

    Of more than `limit` or `MAX_IDS` objects, of slices and of unions, which take no filter, only the number is told.
    """
    query = queryset.query
    if limit > conf.MAX_IDS or query.is_sliced or query.combinator:
        return queryset, queryset.count()
    keys = _first_keys(queryset, limit + 1)
    if len(keys) > limit:
        return queryset, queryset.count()
    return queryset.filter(pk__in=keys), len(keys)


def _first_keys(queryset: QuerySet[Any], number: int) -> list[Any]:
    """The keys of so many of its objects, which are locked now if the queryset locks them."""
    if can_lock(queryset) and not queryset.query.select_for_update:
        return list(queryset.order_by().values_list("pk", flat=True)[:number])
    # Of keys alone a DISTINCT may leave fewer, and the lock would be one on every table that is joined.
    return [found.pk for found in queryset.prefetch_related(None)[:number].iterator()]


def query_parameters(view: Any) -> tuple[set[str], set[str]]:
    """The names of query parameters that the view's list understands: those that filter, and others.

    A filter backend of the project's own that has no `get_schema_operation_parameters` is not known to anybody; the
    view names its parameters in `action_query_parameters`.
    """
    filters = set(getattr(view, "action_query_parameters", ()))
    others = {str(api_settings.URL_FORMAT_OVERRIDE)}
    for backend_class in view.filter_backends:
        backend = backend_class()
        if isinstance(backend, DjangoFilterBackend):
            of_set, ordering = _filterset_parameters(backend, view)
            filters |= of_set
            others |= ordering
        elif isinstance(backend, SearchFilter):
            filters.add(backend.search_param)
        elif isinstance(backend, OrderingFilter):
            others.add(backend.ordering_param)
        elif hasattr(backend, "get_schema_operation_parameters"):
            filters |= {parameter["name"] for parameter in backend.get_schema_operation_parameters(view)}
    return filters, others


def _filterset_parameters(backend: DjangoFilterBackend, view: Any) -> tuple[set[str], set[str]]:
    """Names of a filterset's filters, as the query has them: a range has two. And of those that only sort.

    A filter's `field` is left alone: django-filter keeps it on the class, made for the request that asked first.
    """
    filterset_class = backend.get_filterset_class(view, view.get_queryset())
    names: set[str] = set()
    ordering: set[str] = set()
    for name, filter_ in filterset_class.base_filters.items() if filterset_class else ():
        if isinstance(filter_, FilterSetOrdering):
            ordering.add(name)
            continue
        widget = filter_.extra.get("widget") or getattr(filter_.field_class, "widget", None)
        suffixes = [None, "lookup"] if isinstance(filter_, LookupChoiceFilter) else getattr(widget, "suffixes", [None])
        names |= {f"{name}_{suffix}" if suffix else name for suffix in suffixes}
    return names, ordering


def refuse_unknown(sent: set[str], known: Iterable[str]) -> None:
    errors = {}
    for name in sorted(sent - set(known)):
        near = get_close_matches(name, known, n=1)
        hint = (
            _('Did you mean "%(near)s"?') % {"near": near[0]}
            if near
            else _("Known: %(names)s.") % {"names": ", ".join(sorted(known))}
        )
        errors[name] = [_("This query parameter is not known.") + " " + hint]
    if errors:
        raise InvalidSelectionError(_("The query is not understood."), errors=errors, code="unknown_parameter")


def refuse_unnarrowed(view: Any, everything: QuerySet[Any], filtered: QuerySet[Any], selection: Selection) -> None:
    """Refuse filters of any kind that left the list as it was: everything has to be asked for in so many words.

    Raises:
        InvalidSelectionError: They did, and nothing else says which objects are meant.
    """
    if not selection.filters or selection.ids is not None:
        return
    query = filtered.query
    if _narrows_always(view):
        everything = _without_query(view, everything)
    if query.where == everything.query.where and not query.is_sliced and query.combinator is None:
        raise _nothing_in_particular(selection.filters)


def _narrows_always(view: Any) -> bool:
    """Whether the view may filter by more than what the query says, such as by who asks."""
    own: Any = type(view).filter_queryset
    return own is not GenericAPIView.filter_queryset or not _STANDARD_BACKENDS.issuperset(view.filter_backends)


def _without_query(view: Any, everything: QuerySet[Any]) -> QuerySet[Any]:
    """The list that the caller would get who says nothing."""
    request = view.request._request  # noqa: SLF001 - DRF documents it
    said = request.GET
    request.GET = QueryDict()
    try:
        return view.filter_queryset(everything)  # type: ignore[no-any-return]
    except (APIException, ValidationError, Http404):
        # Without its parameters a filter of the project's own does not even work: they select.
        return everything
    finally:
        request.GET = said


def _refuse_ignored(view: Any, filters: Mapping[str, Any]) -> None:
    """Refuse values that a filter would pass over in silence: on a list that is harmless, here it would mean more.

    django-filter's yes-or-no filters take "banana" for no answer, and DRF's search takes "," for no words.
    """
    ignored = set()
    for backend_class in view.filter_backends if filters else ():
        backend = backend_class()
        if isinstance(backend, SearchFilter) and backend.search_param in filters:
            if not backend.get_search_fields(view, view.request) or not any(backend.get_search_terms(view.request)):
                ignored.add(backend.search_param)
        elif isinstance(backend, DjangoFilterBackend):
            filterset_class = backend.get_filterset_class(view, view.get_queryset())
            declared = filterset_class.base_filters if filterset_class else {}
            ignored |= {name for name in filters if name in declared and _is_no_answer(view, declared[name], name)}
    if ignored:
        raise _nothing_in_particular(ignored)


def _nothing_in_particular(names: Iterable[str]) -> InvalidSelectionError:
    sentence = _("This value selects nothing in particular.")
    return InvalidSelectionError(errors={name: [sentence] for name in sorted(names)})


def _said(query: QueryDict, name: str) -> str | list[str]:
    values: list[str] = query.getlist(name)
    return values[0] if len(values) == 1 else values


def _is_no_answer(view: Any, filter_: Any, name: str) -> bool:
    if not issubclass(filter_.field_class, NullBooleanField):
        return False
    # A copy, because django-filter keeps the field on the class.
    field = deepcopy(filter_).field
    return field.clean(field.widget.value_from_datadict(view.request.query_params, {}, name)) is None


def checked_ids(ids: Any) -> tuple[Any, ...]:
    if not isinstance(ids, list | tuple) or any(isinstance(key, _NO_SCALARS) for key in ids):
        raise InvalidSelectionError(errors={IDS: [_("A list of keys was expected, as in [7, 8].")]})
    if not ids:
        raise InvalidSelectionError(errors={IDS: [_("At least one key was expected.")]})
    if len(ids) > conf.MAX_IDS:
        raise TooManyObjectsError(
            errors={IDS: [_("At most %(limit)s keys can be named at once.") % {"limit": conf.MAX_IDS}]}
        )
    sentence = _("The key of an object was expected.")
    if errors := {f"{IDS}.{index}": [sentence] for index, key in enumerate(ids) if not _may_be_key(key)}:
        raise InvalidSelectionError(errors=errors)
    return tuple(ids)


_NO_SCALARS = (dict, list, bool, float, type(None))


def _may_be_key(key: Any) -> bool:
    """Whether it is a number or a text that can be written: no answer has half a surrogate pair, no database NUL."""
    if isinstance(key, _NO_SCALARS):
        return False
    return not isinstance(key, str) or ("\0" not in key and is_unicode(key))


def _is_all(value: str | None) -> bool:
    if value is None:
        return False
    if value.lower() not in TRUE:
        raise InvalidSelectionError(errors={ALL: [_('"true" or "false" was expected.')]})
    return TRUE[value.lower()]


def _checked_key(key: Any, field: Field[Any, Any]) -> Any:
    value = field.to_python(key)
    field.run_validators(value)
    return value


def _converted(ids: tuple[Any, ...], field: Field[Any, Any] | None) -> list[Any]:
    """The ids as Python values of the key's kind, each once, in their order."""
    converted, errors = [], {}
    for index, key in enumerate(ids):
        try:
            converted.append(_as_key(key, field))
        except _NO_KEY:
            errors[f"{IDS}.{index}"] = [_("%(key)r is not a key of these objects.") % {"key": key}]
    if errors:
        raise InvalidSelectionError(errors=errors)
    return list(dict.fromkeys(converted))


_NO_KEY = (ValidationError, TypeError, ValueError, OverflowError)


def _as_key(key: Any, field: Field[Any, Any] | None) -> Any:
    value = key if field is None else _checked_key(key, field)
    # Half of a surrogate pair, which JSON can hold and no database.
    str(value).encode()
    return value


def possible_keys(ids: Iterable[Any], model: Any, lookup_field: str) -> list[Any]:
    """Those of the ids that may be keys of these objects, as Python values."""
    field = key_field(model, lookup_field)
    keys = []
    for key in ids:
        try:
            keys.append(_as_key(key, field))
        except _NO_KEY:
            continue
    return keys


def key_text(key: Any, model: Any, lookup_field: str) -> str:
    """A key as URLs have it, however it was written; "" for what is none."""
    try:
        return str(_as_key(key, key_field(model, lookup_field)))
    except _NO_KEY:
        return ""
