"""The form of an action: Django's own where the payload is one, else one made from the payload's JSON Schema.

It shows what there is to fill in, reads what was filled in as JSON values, and shows errors. Whether the values are
right is for the payload to say, in the call.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404
from rest_framework.exceptions import APIException
from rest_framework.relations import ManyRelatedField, RelatedField

from actions.django_payloads import FormPayload, SerializerPayload
from actions.forms.shown import SchemaForm, shown
from actions.inputs import KIND, inputs_of

from .schema_fields import AdminSchemaField

if TYPE_CHECKING:
    from django.db.models import Model
    from django.http import HttpRequest

    from actions.binding import BoundAction

logger = logging.getLogger(__name__)

MAX_CHOICES = 200
"""Objects up to which a field that names one offers them all."""


def payload_form(bound: BoundAction, view: Any, target: Model | None, request: HttpRequest) -> Any:
    """The action's form, filled in with what the request sends, if it is a POST of it.

    Args:
        bound: The action.
        view: Its ViewSet, with the caller's request: for choices that depend on the caller.
        target: The object, for the values of a ModelForm.
        request: The admin's request.
    """
    sent = (request.POST, request.FILES) if is_sent(request) else ()
    if isinstance(bound.payload, FormPayload):
        form_class: Any = bound.payload.form_class
        is_about_target = issubclass(form_class, forms.BaseModelForm) and target is not None
        try:
            return shown(form_class)(*sent, **({"instance": target} if is_about_target else {}))
        except Exception:  # a form that takes arguments which only its own `get_form` knows
            logger.warning("%s cannot be made to be shown; its fields are taken.", form_class.__name__, exc_info=True)
    labelled = _related_choices(bound, view)
    form = SchemaForm(*sent)
    for each in inputs_of(bound.payload.json_schema()):
        choices = labelled.get(each.name, ())
        kind = each.kind if not choices else KIND.SEVERAL if each.kind is KIND.LINES else KIND.CHOICE
        form.fields[each.name] = AdminSchemaField(replace(each, kind=kind), choices)
    return form


STEP = "djaction-step"
"""The name of the buttons: no name of a field, which is an identifier."""


def is_sent(request: HttpRequest) -> bool:
    """Whether the request is a form of an action, and not the choice of objects in the list."""
    return request.method == "POST" and STEP in request.POST


def _related_choices(bound: BoundAction, view: Any) -> dict[str, list[tuple[Any, str]]]:
    """The objects that a serializer's fields may name, as far as the caller sees them."""
    payload = bound.payload
    if not isinstance(payload, SerializerPayload):
        return {}
    serializer = payload.serializer_class(context=view.get_serializer_context())
    found = {}
    for name, field in getattr(serializer, "fields", {}).items():
        related = field.child_relation if isinstance(field, ManyRelatedField) else field
        if field.read_only or not isinstance(related, RelatedField):
            continue
        try:
            choices = list(related.get_choices(cutoff=MAX_CHOICES + 1).items())
        except (APIException, Http404, AttributeError, TypeError, ValueError):
            # Such as a hyperlink that needs the request it is made for. The field takes its value as a text.
            continue
        if 0 < len(choices) <= MAX_CHOICES:
            found[name] = [(value, str(label)) for value, label in choices]
    return found
