"""The form of an action: Django's own where the payload is one, else one made from the payload's JSON Schema.

It shows what there is to fill in, reads what was filled in as JSON values, and shows errors. Whether the values are
right is for the payload to say, in the call.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS as DJANGO_NON_FIELD_ERRORS
from django.core.files import File
from django.forms.utils import ErrorDict, ErrorList
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException
from rest_framework.relations import ManyRelatedField, RelatedField

from actions.django_payloads import FormPayload, SerializerPayload
from actions.exceptions import NON_FIELD_ERRORS, InvalidPayloadError
from actions.inputs import KIND, inputs_of

from .schema_fields import OMITTED, SchemaField

if TYPE_CHECKING:
    from django.db.models import Model
    from django.http import HttpRequest

    from actions.binding import BoundAction

    Base = forms.BaseForm
else:
    Base = object

logger = logging.getLogger(__name__)

MAX_CHOICES = 200
"""Objects up to which a field that names one offers them all."""


class ShownForm(Base):
    """Mixed into a form that is shown, read and given errors, and never cleans anything itself."""

    found: Mapping[str, list[str]] = {}
    """Errors by dotted path, as a call has refused with."""

    @property
    def errors(self) -> ErrorDict:
        """The call's errors at their fields; those of fields that are not shown, at the form."""
        errors = ErrorDict()
        for path, sentences in self.found.items():
            name, _dot, place = path.partition(".")
            if name not in self.fields:
                name, place = DJANGO_NON_FIELD_ERRORS, "" if path == NON_FIELD_ERRORS else path
            if name not in errors:
                errors[name] = self._no_errors(name)
            errors[name].extend(f"{place}: {sentence}" if place else sentence for sentence in sentences)
        return errors

    def _no_errors(self, name: str) -> ErrorList:
        if name == DJANGO_NON_FIELD_ERRORS:
            return self.error_class(error_class="nonfield", renderer=self.renderer)
        # The field's input says by this id what describes it.
        return self.error_class(renderer=self.renderer, field_id=self[name].auto_id)

    def payload(self) -> dict[str, Any]:
        """What was filled in, as JSON values and files.

        Raises:
            InvalidPayloadError: A text that has to be JSON is none.
        """
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for name, field in self.fields.items():
            if field.disabled:
                continue
            raw = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
            try:
                value = field.read(raw) if isinstance(field, SchemaField) else _declared(name, field, raw)
            except InvalidPayloadError as error:
                errors |= error.errors
                continue
            if value is not OMITTED:
                values[name] = value
        if errors:
            raise InvalidPayloadError(errors=errors)
        return values


class _SchemaForm(ShownForm, forms.Form):
    """Made from a JSON Schema."""


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
            return _shown(form_class)(*sent, **({"instance": target} if is_about_target else {}))
        except Exception:  # a form that takes arguments which only its own `get_form` knows
            logger.warning("%s cannot be made to be shown; its fields are taken.", form_class.__name__, exc_info=True)
    labelled = _related_choices(bound, view)
    form = _SchemaForm(*sent)
    for each in inputs_of(bound.payload.json_schema()):
        choices = labelled.get(each.name, ())
        kind = each.kind if not choices else KIND.SEVERAL if each.kind is KIND.LINES else KIND.CHOICE
        form.fields[each.name] = SchemaField(replace(each, kind=kind), choices)
    return form


STEP = "djaction-step"
"""The name of the buttons: no name of a field, which is an identifier."""


def is_sent(request: HttpRequest) -> bool:
    """Whether the request is a form of an action, and not the choice of objects in the list."""
    return request.method == "POST" and STEP in request.POST


def _shown(form_class: Any) -> Any:
    return type(form_class.__name__, (ShownForm, form_class), {"__module__": form_class.__module__})


def _declared(name: str, field: forms.Field, raw: Any) -> Any:
    """One value of a Django form as `FormPayload` takes it from JSON."""
    if isinstance(field, forms.FileField):
        return raw if isinstance(raw, File) else OMITTED
    if isinstance(field, forms.JSONField):
        try:
            return json.loads(raw) if raw else None
        except (ValueError, RecursionError) as error:
            raise InvalidPayloadError(errors={name: [_('JSON was expected, as in {"name": "value"}.')]}) from error
    return OMITTED if raw is None else raw


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
