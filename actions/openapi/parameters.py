"""Parameters of an operation; the query's by which a bulk action is told its objects."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from django_filters.utils import label_for_filter

from actions.definitions import SELECTION
from actions.django_payloads import FormPayload
from actions.django_payloads.common import key_schema
from actions.lifecycle import ALPHA
from actions.payloads.nodes import json_type
from actions.selection import ALL, IDS, query_parameters

if TYPE_CHECKING:
    from actions.binding import BoundAction

logger = logging.getLogger(__name__)

Schema = dict[str, Any]

QUERY, HEADER = "query", "header"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter."""

    name: str
    schema: Schema
    description: str
    is_comma_separated: bool = False
    """A list in one value, `?ids=7,8`, and not the name again for each."""
    place: str = QUERY
    is_required: bool = False
    component: str = ""
    """The name under which many operations share it, where the document can; "" for one of this operation alone."""


def selection_parameters(bound: BoundAction, view: Any) -> list[Parameter]:
    """`ids`, `all` and the filters of the list; nothing where the action takes no objects."""
    if bound.action.is_instance or bound.selection == SELECTION.NONE.value:
        return []
    filters = _filters(view)
    keys = {"type": "array", "items": keys_of(view), "minItems": 1}
    reserved = [
        Parameter(IDS, keys, _("Keys of the objects, separated by commas."), is_comma_separated=True),
        Parameter(ALL, {"type": "boolean"}, _("All objects of the list that you may see.")),
    ]
    return [*(parameter for parameter in reserved if parameter.name not in filters), *filters.values()]


def alpha_parameter() -> Parameter:
    """What asks a list of actions for those that are still being tried out."""
    return Parameter(ALPHA, {"type": "boolean"}, _("Whether actions with the status alpha are in the list."))


def listing_parameters(view: Any) -> list[Parameter]:
    """What a list of actions can be asked."""
    text = _("Answer which actions are available for these objects instead.")
    keys = {"type": "array", "items": keys_of(view), "minItems": 1}
    return [alpha_parameter(), Parameter(IDS, keys, text, is_comma_separated=True)]


def keys_of(view: Any) -> Schema:
    """The schema of the key by which the ViewSet finds its objects."""
    return key_schema(model_of(view), view.lookup_field)


def model_of(view: Any) -> type[models.Model] | None:
    """The model of the ViewSet's queryset or serializer; None where only a request would tell."""
    queryset = getattr(view, "queryset", None)
    known: Any = queryset if queryset is not None else getattr(getattr(view, "serializer_class", None), "Meta", None)
    return getattr(known, "model", None)


def _filters(view: Any) -> dict[str, Parameter]:
    """The parameters that narrow the list, by name and in order of their names."""
    try:
        names, _others = query_parameters(view)
        described = {parameter.name: parameter for parameter in _described(view)}
    except Exception:
        # A view that cannot say it to somebody anonymous must not take the whole document down.
        logger.warning(
            "The filters of %s cannot be read while a schema is generated. Where get_queryset() needs a user, let it"
            " look at getattr(self, 'swagger_fake_view', False) first.",
            type(view).__name__,
            exc_info=True,
        )
        return {}
    return {name: described.get(name) or Parameter(name, {"type": "string"}, "") for name in sorted(names)}


def _described(view: Any) -> Iterator[Parameter]:
    """What the filter backends tell of their parameters."""
    for backend_class in view.filter_backends:
        backend = backend_class()
        if isinstance(backend, DjangoFilterBackend):
            yield from _of_filterset(backend, view)
        elif hasattr(backend, "get_schema_operation_parameters"):
            for told in backend.get_schema_operation_parameters(view):
                yield Parameter(told["name"], told.get("schema", {"type": "string"}), str(told.get("description", "")))


def _of_filterset(backend: DjangoFilterBackend, view: Any) -> Iterator[Parameter]:
    queryset = view.get_queryset()
    filterset_class = backend.get_filterset_class(view, queryset)
    fields: dict[str, forms.Field] = {}
    labels: dict[str, str] = {}
    # A copy: django-filter keeps a filter's field on the class, made for whoever asked first.
    filters = copy.deepcopy(filterset_class.base_filters) if filterset_class else {}
    for name, filter_ in filters.items():
        label = filter_.extra.get("help_text") or filter_.label
        label = label or label_for_filter(
            queryset.model, filter_.field_name or name, filter_.lookup_expr, filter_.exclude
        )
        for part, field in _parts(name, filter_.field).items():
            fields[part] = field
            labels[part] = f"{label} ({part.removeprefix(f'{name}_')})" if part != name else str(label)
    schemas = FormPayload(type("Filters", (forms.Form,), fields)).json_schema()["properties"]
    for name, schema in schemas.items():
        yield Parameter(name, _sent(schema), labels[name])


def _parts(name: str, field: forms.Field) -> dict[str, forms.Field]:
    """The fields of a filter as the query names them: a range has two."""
    suffixes = getattr(field.widget, "suffixes", None)
    if not suffixes or not isinstance(field, forms.MultiValueField):
        return {name: field}
    names = [f"{name}_{suffix}" if suffix else name for suffix in suffixes]
    return dict(zip(names, field.fields, strict=False))


def _sent(schema: Schema) -> Schema:
    """The schema of a value that is there: null and "" mean that it is not."""
    schema = {key: value for key, value in schema.items() if key not in ("title", "description", "default")}
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value not in (None, "")]
        kinds = {json_type(value) for value in schema["enum"]}
    else:
        kinds = set(schema["type"]) if isinstance(schema.get("type"), list) else set()
    kinds -= {"null"}
    if len(kinds) == 1:
        schema["type"] = kinds.pop()
    return schema
