"""Fields of Django forms for what a JSON Schema declares, and what was filled in as JSON values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.forms.utils import pretty_name
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from actions.exceptions import InvalidPayloadError
from actions.inputs import KIND, Input
from actions.payloads.formats import parse_datetime

from .texts import with_code

OMITTED: Any = object()
"""Stands for a field that was left out."""
MAX_BOXES = 12
"""Choices up to which several of them are chosen by boxes to tick."""
Choices = Iterable[tuple[Any, str]]

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,100}(\.[0-9]{0,100})?|\.[0-9]{1,100})([eE][+-]?[0-9]{1,3})?")
_INPUT_TYPES = {
    KIND.EMAIL: "email",
    KIND.URI: "url",
    KIND.DATE: "date",
    KIND.DATETIME: "datetime-local",
    KIND.TIME: "time",
    KIND.INTEGER: "number",
    KIND.NUMBER: "number",
}


class SchemaField(forms.Field):
    """One field of a payload. It shows and reads; the payload checks."""

    text_widget: type[forms.Widget] = forms.TextInput
    area_widget: type[forms.Widget] = forms.Textarea
    password_attributes: dict[str, str] = {"autocomplete": "off"}

    def __init__(self, shown: Input, choices: Choices = ()) -> None:
        """Take the input.

        Args:
            shown: What the schema declares.
            choices: Values and their labels, where more is known than the schema says.
        """
        self.shown = shown
        self.choices = [(value, str(label)) for value, label in choices] or [
            (each, str(each)) for each in shown.choices
        ]
        super().__init__(
            required=shown.is_required and shown.kind is not KIND.BOOLEAN,
            label=shown.title or pretty_name(shown.name),
            # Pages take help texts for HTML.
            help_text=with_code(" ".join(filter(None, [shown.description, str(_HINTS.get(shown.kind, ""))]))),
            initial=_initial(shown),
            widget=self._widget(),
        )

    def read(self, raw: Any) -> Any:
        """What was filled in as a JSON value; `OMITTED` for nothing.

        Raises:
            InvalidPayloadError: It is no JSON where only that will do.
        """
        if self.choices and self.shown.kind is not KIND.SEVERAL:
            return self._chosen(raw) if raw else self._empty()
        if raw in (None, "") and self.shown.kind not in (KIND.BOOLEAN, KIND.SEVERAL, KIND.LINES):
            return self._empty()
        reader = _READERS.get(self.shown.kind)
        return raw if reader is None else reader(self, raw)

    def _chosen(self, text: Any) -> Any:
        """The value of a choice; what is none of them the payload will refuse."""
        return next((_json_value(value) for value, _label in self.choices if str(value) == str(text)), text)

    def _empty(self) -> Any:
        """What it means that nothing was filled in, where the default may stand for something else."""
        shown = self.shown
        is_text = shown.kind in (KIND.TEXT, KIND.LONG_TEXT, KIND.PASSWORD) and not self.choices
        if shown.default in (None, "") and not (shown.is_required and is_text):
            return OMITTED
        if is_text:
            return ""
        return None if shown.is_nullable else OMITTED

    def _widget(self) -> forms.Widget:
        shown = self.shown
        if self.choices:
            return self._choice_widget()
        if shown.kind is KIND.BOOLEAN:
            is_certain = shown.is_required or isinstance(shown.default, bool)
            return forms.CheckboxInput() if is_certain and not shown.is_nullable else forms.NullBooleanSelect()
        if shown.kind in (KIND.LONG_TEXT, KIND.LINES, KIND.JSON):
            return self.area_widget()
        if shown.kind is KIND.FILE:
            return forms.FileInput()
        if shown.kind is KIND.PASSWORD:
            return forms.PasswordInput(attrs=self.password_attributes)
        return self.text_widget(attrs=_attributes(shown))

    def _choice_widget(self) -> forms.Widget:
        shown, options = self.shown, [(str(value), label) for value, label in self.choices]
        if shown.kind is KIND.SEVERAL:
            kind = forms.CheckboxSelectMultiple if len(options) <= MAX_BOXES else forms.SelectMultiple
            return kind(choices=options)
        none = [] if shown.is_required and shown.default is not None else [("", "---------")]
        return forms.Select(choices=[*none, *options])


def _attributes(shown: Input) -> dict[str, Any]:
    said = {"type": _INPUT_TYPES.get(shown.kind), "min": shown.minimum, "max": shown.maximum}
    said["maxlength"] = shown.max_length
    if shown.kind is KIND.NUMBER:
        said["step"] = "any"
    return {name: value for name, value in said.items() if value is not None}


def _initial(shown: Input) -> Any:
    default = shown.default
    if default is None or shown.kind is KIND.PASSWORD:
        return None
    if shown.kind is KIND.JSON:
        return json.dumps(default, indent=2, ensure_ascii=False)
    if shown.kind is KIND.LINES:
        return "\n".join(map(str, default)) if isinstance(default, list) else None
    return _local(default) if shown.kind is KIND.DATETIME else default


def _local(text: Any) -> Any:
    """A moment as browsers write it: in the current time zone and without saying so."""
    try:
        moment = parse_datetime(text)
    except (TypeError, ValueError):
        return text
    naive = timezone.make_naive(moment) if timezone.is_aware(moment) else moment
    return naive.isoformat(timespec="minutes")


def _json_value(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)


def _integer(field: SchemaField, raw: Any) -> Any:
    text = str(raw).strip()
    return int(text) if _INTEGER.fullmatch(text) else text


def _number(field: SchemaField, raw: Any) -> Any:
    whole = _integer(field, raw)
    return float(whole) if isinstance(whole, str) and _NUMBER.fullmatch(whole) else whole


def _truth(field: SchemaField, raw: Any) -> Any:
    return OMITTED if raw is None else raw


def _some(field: SchemaField, raw: Any) -> Any:
    chosen = [field._chosen(text) for text in raw or ()]  # noqa: SLF001 - a part of that class
    return chosen if chosen or field.shown.is_required or field.shown.default else OMITTED


def _lines(field: SchemaField, raw: Any) -> Any:
    texts = [line.strip() for line in str(raw or "").splitlines() if line.strip()]
    read = {"integer": _integer, "number": _number}.get(field.shown.item_type)
    if not texts and not field.shown.is_required and not field.shown.default:
        return OMITTED
    return [read(field, text) for text in texts] if read else texts


def _json(field: SchemaField, raw: Any) -> Any:
    try:
        return json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidPayloadError(
            errors={field.shown.name: [_('JSON was expected, as in {"name": "value"}.')]}
        ) from error


def _refuse(name: str) -> Any:
    raise ValueError(name)


_READERS: dict[KIND, Callable[[SchemaField, Any], Any]] = {
    KIND.INTEGER: _integer,
    KIND.NUMBER: _number,
    KIND.BOOLEAN: _truth,
    KIND.SEVERAL: _some,
    KIND.LINES: _lines,
    KIND.JSON: _json,
}
_HINTS: dict[KIND, Any] = {
    KIND.LINES: _("One on each line."),
    KIND.JSON: _("As JSON."),
}
