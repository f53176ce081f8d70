"""Forms that are shown and read, and never clean anything themselves: whether it is right, the call says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS as DJANGO_NON_FIELD_ERRORS
from django.core.files import File
from django.forms.fields import InvalidJSONInput
from django.forms.utils import ErrorDict, ErrorList
from django.utils.translation import gettext as _

from actions.exceptions import NON_FIELD_ERRORS, InvalidPayloadError

from .schema_fields import OMITTED, SchemaField

if TYPE_CHECKING:
    Base = forms.BaseForm
else:
    Base = object


class ShownForm(Base):
    """Mixed into a form that is shown, read and given errors, and never cleans anything itself."""

    found: Mapping[str, list[str]] = {}
    """Errors by dotted path, as a call has refused with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.JSONField):
                # The form's own copy of the field.
                field.bound_data = partial(_as_sent, field.bound_data)  # type: ignore[method-assign]

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


class SchemaForm(ShownForm, forms.Form):
    """Made from a JSON Schema."""


def shown(form_class: Any) -> Any:
    """The form class, only shown and read."""
    return type(form_class.__name__, (ShownForm, form_class), {"__module__": form_class.__module__})


def _as_sent(bound_data: Callable[[Any, Any], Any], data: Any, initial: Any) -> Any:
    """JSON to be shown again; as it was sent where Python's reader gives up on it: too deep, too long a number."""
    try:
        return bound_data(data, initial)
    except (ValueError, RecursionError):
        return InvalidJSONInput(data)


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
