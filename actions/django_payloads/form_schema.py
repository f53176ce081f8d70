"""The fields of a Django form as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.forms.utils import pretty_name
from django.utils.choices import flatten_choices

from .common import FILE, Schema, decimal_schema, described, enumeration, key_schema, limits, nullable, object_schema

_FORMATS: dict[type[forms.Field], str] = {
    forms.DateField: "date",
    forms.DateTimeField: "date-time",
    forms.SplitDateTimeField: "date-time",
    forms.TimeField: "time",
    forms.DurationField: "duration",
    forms.UUIDField: "uuid",
    forms.EmailField: "email",
    forms.URLField: "uri",
}


def form_schema(fields: Mapping[str, forms.Field]) -> Schema:
    """The schema of a form. Callable choices are asked for."""
    properties = {name: _titled(name, field) for name, field in fields.items() if not field.disabled}
    return object_schema(properties, [name for name in properties if fields[name].required])


def _titled(name: str, field: forms.Field) -> Schema:
    schema = field_schema(field)
    initial = None if callable(field.initial) or field.required else field.initial
    schema = described(schema, field.label or pretty_name(name), field.help_text, initial)
    return schema if field.required else nullable(schema)


def field_schema(field: forms.Field) -> Schema:
    """What a field takes, without what is said about it."""
    if getattr(field, "takes_list", False):
        return _list(field)
    describe = next((describe for kind, describe in _KINDS if isinstance(field, kind)), _text)
    schema = describe(field)
    return {**schema, **limits(field.validators, schema)}


def _text(field: Any) -> Schema:
    schema: Schema = {"type": "string"}
    for kind, name in _FORMATS.items():
        if isinstance(field, kind):
            schema["format"] = name
    if isinstance(field, forms.CharField) and field.required and "format" not in schema:
        schema["minLength"] = max(1, field.min_length or 1)
    if isinstance(field, forms.CharField) and isinstance(field.widget, forms.PasswordInput):
        schema |= {"format": "password", "writeOnly": True}
    return schema


def _list(field: Any) -> Schema:
    items = {"type": "string", **limits(field.validators, {"type": "string"})}
    return {"type": "array", "items": items, **({"minItems": 1} if field.required else {})}


def _models(field: Any) -> Schema:
    items = key_schema(field.queryset.model, field.to_field_name)
    return {"type": "array", "items": items, **({"minItems": 1} if field.required else {})}


def _options(field: Any) -> list[Any]:
    options: Iterable[tuple[Any, Any]] = flatten_choices(field.choices)
    return [value for value, _label in options if value != "" or not field.required]


def _multiple(field: Any) -> Schema:
    schema: Schema = {"type": "array", "items": enumeration(_options(field))}
    return {**schema, **({"minItems": 1} if field.required else {})}


def _decimal(field: Any) -> Schema:
    return decimal_schema(field.max_digits, field.decimal_places)


def _parts(field: Any) -> Schema:
    parts = [field_schema(part) for part in field.fields]
    return {"type": "array", "prefixItems": parts, "maxItems": len(parts)}


_KINDS: list[tuple[Any, Callable[[Any], Schema]]] = [
    (forms.ModelMultipleChoiceField, _models),
    (forms.ModelChoiceField, lambda field: key_schema(field.queryset.model, field.to_field_name)),
    (forms.MultipleChoiceField, _multiple),
    (forms.ChoiceField, lambda field: enumeration(_options(field))),
    (forms.NullBooleanField, lambda field: {"type": ["boolean", "null"]}),
    (forms.BooleanField, lambda field: {"type": "boolean", **({"const": True} if field.required else {})}),
    (forms.JSONField, lambda field: {}),
    (forms.FileField, lambda field: dict(FILE)),
    (forms.FloatField, lambda field: {"type": "number"}),
    (forms.DecimalField, _decimal),
    (forms.IntegerField, lambda field: {"type": "integer"}),
    (forms.SplitDateTimeField, _text),
    (forms.MultiValueField, _parts),
]


def takes_list(field: forms.Field | None) -> bool:
    """Whether the field's value is a list."""
    return isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField) or (
        field is not None and getattr(field, "takes_list", False)
    )
