"""JSON as the data that a browser would send to a form, so that a form sees nothing it does not know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from django import forms
from django.core.files import File
from django.forms.widgets import MultiWidget
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.payloads.form_data import BOOLEANS
from actions.payloads.formats import as_text, parse_datetime, parse_time, parse_timedelta
from actions.payloads.wording import expected, must_be

from .common import Schema
from .form_schema import field_schema, takes_list

Parts = dict[str, list[Any]]
"""Values by their names in the form."""


class WrongKindError(ValueError):
    """A JSON value of a kind that the field cannot take."""

    def __init__(self, field: forms.Field, value: Any, schema: Schema | None = None) -> None:
        super().__init__(must_be(expected(schema or field_schema(field)) or _("a text"), value))


def form_parts(field: forms.Field | None, name: str, value: Any) -> Parts:
    """One field's JSON value under the names and in the texts of a form. Nothing for null: it was left empty.

    Raises:
        WrongKindError: A list where one text is expected, and so on. Whether the text is right is for the form to say.
    """
    if value is None:
        return {}
    if field is None:
        return {name: [value]}
    if isinstance(field.widget, MultiWidget):
        return _multi_parts(field, field.widget, name, value)
    return {name: _texts(field, value)}


def _texts(field: forms.Field, value: Any) -> list[Any]:
    if isinstance(field, forms.JSONField):
        return [json.dumps(value, default=as_text)]
    if isinstance(field, forms.FileField):
        if not isinstance(value, File):
            raise WrongKindError(field, value)
        return [value]
    if takes_list(field):
        return _list(field, value)
    if isinstance(field, forms.BooleanField):
        return [boolean_text(field, value)]
    return [_text(field, value)]


def _list(field: forms.Field, value: Any) -> list[Any]:
    """A list as the repeated texts of a browser, or as it is for a field that says it reads lists: `takes_list`."""
    reads_lists = getattr(field, "takes_list", False)
    if reads_lists and isinstance(value, str):
        return [value]
    if not isinstance(value, list | tuple | set):
        raise WrongKindError(field, value)
    return [list(value)] if reads_lists else [_text(field, item, {"type": "string"}) for item in value]


def is_unreadable(text: Any) -> bool:
    """Whether Python's JSON reader gives up on a text, which Django's field for JSON does not expect."""
    try:
        json.loads(text)
    except (json.JSONDecodeError, TypeError):
        # What Django's field refuses by itself.
        return False
    except (ValueError, RecursionError):
        return True
    return False


def boolean_text(field: forms.Field, value: Any) -> str:
    """Yes or no as the checkbox understands it; Django would take any text for yes.

    Raises:
        WrongKindError: It is neither.
    """
    known = (
        value if isinstance(value, bool) else BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None
    )
    if known is None:
        raise WrongKindError(field, value)
    return "true" if known else "false"


def _text(field: forms.Field, value: Any, schema: Schema | None = None) -> str:
    """A single value as the text that a form reads."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return _read_by_django(field, str(value))
    if isinstance(value, bool):
        if isinstance(field, forms.ChoiceField):
            return str(value)
        raise WrongKindError(field, value, schema)
    if isinstance(value, int | float | Decimal):
        return str(value)
    text = as_text(value)
    if text is None:
        raise WrongKindError(field, value, schema)
    return text


def _read_by_django(field: forms.Field, text: str) -> str:
    """Times with an offset and durations in weeks, which JSON Schema's formats have and Django's fields do not."""
    try:
        if isinstance(field, forms.TimeField):
            return parse_time(text).isoformat()
        if isinstance(field, forms.DurationField):
            return as_text(parse_timedelta(text)) or text
    except ValueError:
        # The field may know a form of its own; otherwise its own error says what is wrong.
        return text
    return text


def _multi_parts(field: forms.Field, widget: MultiWidget, name: str, value: Any) -> Parts:
    """A field that a form shows as several: a list of its parts, or for a date and time its ISO text."""
    if isinstance(field, forms.SplitDateTimeField) and isinstance(value, str):
        try:
            moment = parse_datetime(value)
        except ValueError as error:
            raise WrongKindError(field, value) from error
        local = timezone.make_naive(moment) if timezone.is_aware(moment) else moment
        value = [local.date().isoformat(), local.time().isoformat()]
    names = part_names(widget, name)
    if not isinstance(value, list | tuple) or len(value) > len(names):
        raise WrongKindError(field, value)
    items = zip(names, value, strict=False)
    return {part: [_text(field, item, {"type": "string"})] for part, item in items if item is not None}


def part_names(widget: forms.Widget, name: str) -> list[str]:
    """The names under which a form may send a field."""
    if isinstance(widget, MultiWidget):
        return [f"{name}{suffix}" for suffix in widget.widgets_names]  # type: ignore[attr-defined]
    if isinstance(widget, forms.SelectDateWidget):
        fields = (widget.year_field, widget.month_field, widget.day_field)
        return [name, *(field % name for field in fields)]
    if isinstance(widget, forms.ClearableFileInput):
        return [name, widget.clear_checkbox_name(name)]
    return [name]


def known_names(fields: Mapping[str, forms.Field]) -> dict[str, str]:
    """The name of the field by each name that a form may send for it."""
    names: dict[str, str] = {}
    for name, field in fields.items():
        if not field.disabled:
            hidden = [f"initial-{name}"] if field.show_hidden_initial else []
            names.update(dict.fromkeys((name, *part_names(field.widget, name), *hidden), name))
    return names
