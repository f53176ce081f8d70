"""Payloads declared by a Django form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS as DJANGO_NON_FIELD_ERRORS
from django.core.files import File
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from actions.exceptions import NON_FIELD_ERRORS
from actions.payloads import IGNORED_FORM_FIELDS, screen, screen_values
from actions.payloads.wording import must_be, unknown_field

from .common import Errors, Schema, refuse
from .form_data import WrongKindError, boolean_text, form_parts, is_unreadable, known_names
from .form_schema import form_schema

if TYPE_CHECKING:
    # Django's forms take no type arguments outside of its stubs.
    FormClass = type[forms.Form | forms.ModelForm[Any]]
    AnyForm = forms.Form | forms.ModelForm[Any]


class FormPayload:
    """A payload that a Django form, or a ModelForm, describes.

    JSON reaches the form as the texts that a browser would send; null is a field left empty. A field that is absent
    and not required gets its `initial`, as in a browser, where it would have been filled in.
    """

    def __init__(self, form_class: FormClass) -> None:
        self.form_class = form_class

    def validate(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """See `Payload`. The values are the form's `cleaned_data`."""
        return self.check(self.build(data))

    def json_schema(self) -> Schema:
        """See `Payload`. Fields that the form's `__init__` adds are not seen."""
        return form_schema(self.form_class.base_fields)

    def build(self, data: Mapping[str, Any], **kwargs: Any) -> AnyForm:
        """The form with the data, not yet cleaned.

        Args:
            kwargs: For the form. `instance` reaches a ModelForm as its argument, another form as an attribute, if it
                has one of that name.

        Raises:
            InvalidPayloadError: The data cannot be the form's at all: unknown fields, lists where there are texts. With
                the form's own errors besides.
        """
        screen(data)
        is_form_data = isinstance(data, MultiValueDict)
        reader = _Reader(self.form_class.base_fields)
        if isinstance(data, MultiValueDict):
            reader.read_form(data)
        else:
            reader.read_json(data)
        instance = kwargs.get("instance")
        if "instance" in kwargs and not issubclass(self.form_class, forms.BaseModelForm):
            del kwargs["instance"]
        if instance is None or not issubclass(self.form_class, forms.BaseModelForm):
            reader.fill_in(is_form_data)
        form = self.form_class(reader.values, reader.files, **kwargs)
        if instance is not None and hasattr(form, "instance") and not isinstance(form, forms.BaseModelForm):
            form.instance = instance
        problems = reader.problems | _unknown(form, data)
        if problems:
            refuse(form_errors(form) | problems)
        return form

    def check(self, form: AnyForm) -> dict[str, Any]:
        """The form's cleaned values.

        Raises:
            InvalidPayloadError: The form's errors, by field.
        """
        refuse(form_errors(form))
        values = dict(form.cleaned_data)
        screen_values(values)
        return values


def form_errors(form: AnyForm) -> Errors:
    """The form's errors by field, whole-form ones under `non_field_errors`."""
    return {
        NON_FIELD_ERRORS if name == DJANGO_NON_FIELD_ERRORS else name: [error["message"] for error in errors]
        for name, errors in form.errors.get_json_data().items()
    }


def _unknown(form: AnyForm, data: Mapping[str, Any]) -> Errors:
    """Fields that the form does not have, or that it does not let anyone change."""
    names = known_names(form.fields)
    ignored = IGNORED_FORM_FIELDS if isinstance(data, MultiValueDict) else frozenset()
    shown = [name for name, field in form.fields.items() if not field.disabled]
    errors: Errors = {}
    for name in data:
        if name in names or name in ignored:
            continue
        errors[name] = [_("This field cannot be set.") if name in form.fields else unknown_field(name, shown)]
    return errors


class _Reader:
    """Turns data of either kind into what a form takes."""

    def __init__(self, fields: Mapping[str, forms.Field]) -> None:
        self.fields = fields
        self.values: MultiValueDict[str, Any] = MultiValueDict()
        self.files: MultiValueDict[str, Any] = MultiValueDict()
        self.problems: Errors = {}

    def read_json(self, data: Mapping[str, Any]) -> None:
        """Take values as JSON has them."""
        for name, value in data.items():
            field = self.fields.get(name)
            try:
                parts = form_parts(field, name, value)
            except WrongKindError as error:
                self.problems[name] = [str(error)]
                continue
            for part, texts in parts.items():
                (self.files if isinstance(field, forms.FileField) else self.values).setlist(part, texts)

    def read_form(self, data: MultiValueDict[str, Any]) -> None:
        """Take what a browser sends."""
        for name, values in data.lists():
            field = self.fields.get(name)
            texts = [value for value in values if not isinstance(value, File)]
            files = [value for value in values if isinstance(value, File)]
            if (files and not isinstance(field, forms.FileField | None)) or (
                any(texts) and isinstance(field, forms.FileField)
            ):
                self.problems[name] = [must_be(_("a file") if texts else _("a text"), (texts or files)[0])]
            elif files:
                self.files.setlist(name, files)
            else:
                self._read_texts(field, name, texts)

    def _read_texts(self, field: forms.Field | None, name: str, texts: list[Any]) -> None:
        if isinstance(field, forms.JSONField) and texts and is_unreadable(texts[-1]):
            self.problems[name] = [_("It is nested too deeply, or has a number with too many digits.")]
            return
        if isinstance(field, forms.BooleanField) and texts and texts[-1] != "":
            try:
                texts = [boolean_text(field, texts[-1])]
            except WrongKindError as error:
                self.problems[name] = [str(error)]
                return
        self.values.setlist(name, texts)

    def fill_in(self, is_form_data: bool) -> None:
        """Give absent fields their `initial`. In form data, an unchecked box is absent, and that is its value."""
        for name, field in self.fields.items():
            if field.required or field.initial is None or field.disabled or name in self.problems:
                continue
            is_absent = not any(part in self.values or part in self.files for part in known_names({name: field}))
            if is_form_data and not field.widget.value_omitted_from_data(self.values, self.files, name):
                is_absent = False
            if is_absent:
                self._fill_in(name, field)

    def _fill_in(self, name: str, field: forms.Field) -> None:
        initial = field.initial() if callable(field.initial) else field.initial
        try:
            parts = form_parts(field, name, initial)
        except WrongKindError:
            # A value that no caller could send, such as a model's instance: the form is left to do without it.
            return
        for part, texts in parts.items():
            self.values.setlist(part, texts)
