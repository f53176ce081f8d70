"""The fields of a DRF serializer as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework import fields, relations, serializers

from .common import FILE, Schema, decimal_schema, described, enumeration, key_schema, limits, nullable, object_schema

_FORMATS: dict[type[fields.Field[Any, Any, Any, Any]], str] = {
    fields.DateField: "date",
    fields.DateTimeField: "date-time",
    fields.TimeField: "time",
    fields.DurationField: "duration",
    fields.UUIDField: "uuid",
    fields.EmailField: "email",
    fields.URLField: "uri",
}


def serializer_schema(serializer: Any) -> Schema:
    """The schema of what a serializer takes: fields that are read-only or hidden are left out."""
    if not isinstance(serializer, serializers.Serializer):
        return {"type": "object"}
    writable = writable_fields(serializer)
    properties = {name: _titled(field) for name, field in writable.items()}
    return object_schema(properties, [name for name, field in writable.items() if field.required])


def writable_fields(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    """The fields that a caller may send, by name."""
    return {
        name: field
        for name, field in serializer.fields.items()
        if not field.read_only and not isinstance(field, fields.HiddenField)
    }


def _titled(field: Any) -> Schema:
    default = None if field.default is fields.empty or callable(field.default) else field.default
    schema = described(field_schema(field), field.label, field.help_text, default)
    if field.write_only:
        schema["writeOnly"] = True
    return nullable(schema) if field.allow_null else schema


def field_schema(field: Any) -> Schema:
    """What a field takes, without what is said about it."""
    describe = next((describe for kind, describe in _KINDS if isinstance(field, kind)), None)
    schema = {} if describe is None else describe(field)
    return {**schema, **limits(field.validators, schema)}


def _text(field: Any) -> Schema:
    schema: Schema = {"type": "string"}
    for kind, name in _FORMATS.items():
        if isinstance(field, kind):
            schema["format"] = name
    if isinstance(field, fields.CharField) and not field.allow_blank and "format" not in schema:
        schema["minLength"] = max(1, field.min_length or 1)
    if field.style.get("input_type") == "password":
        schema |= {"format": "password", "writeOnly": True}
    return schema


def _list(field: Any) -> Schema:
    schema: Schema = {"type": "array", "items": _inner(field.child)}
    for keyword, limit in (("minItems", field.min_length), ("maxItems", field.max_length)):
        if limit is not None:
            schema[keyword] = limit
    return schema if field.allow_empty else {**schema, "minItems": max(1, schema.get("minItems", 1))}


def _inner(field: Any) -> Schema:
    schema = field_schema(field)
    return nullable(schema) if field.allow_null else schema


def _related(field: Any) -> Schema:
    model = None if field.queryset is None else field.queryset.model
    if isinstance(field, relations.HyperlinkedRelatedField):
        return {"type": "string", "format": "uri-reference"}
    if isinstance(field, relations.SlugRelatedField):
        return key_schema(model, field.slug_field) if "__" not in str(field.slug_field) else {}
    if isinstance(field, relations.PrimaryKeyRelatedField) and field.pk_field is not None:
        return field_schema(field.pk_field)
    return key_schema(model) if isinstance(field, relations.PrimaryKeyRelatedField) else {}


def _options(field: Any) -> list[Any]:
    return [*field.choices, *([""] if field.allow_blank else [])]


def _many_related(field: Any) -> Schema:
    items = {"type": "array", "items": _related(field.child_relation)}
    return items if field.allow_empty else {**items, "minItems": 1}


def _multiple(field: Any) -> Schema:
    schema: Schema = {"type": "array", "items": enumeration(field.choices)}
    return schema if field.allow_empty else {**schema, "minItems": 1}


_KINDS: list[tuple[Any, Callable[[Any], Schema]]] = [
    (serializers.ListSerializer, lambda field: {**_list(field), "items": serializer_schema(field.child)}),
    (serializers.BaseSerializer, serializer_schema),
    (relations.ManyRelatedField, _many_related),
    (relations.RelatedField, _related),
    (fields.MultipleChoiceField, _multiple),
    (fields.ChoiceField, lambda field: enumeration(_options(field))),
    (fields.BooleanField, lambda field: {"type": "boolean"}),
    (fields.IntegerField, lambda field: {"type": "integer"}),
    (fields.FloatField, lambda field: {"type": "number"}),
    (fields.DecimalField, lambda field: decimal_schema(field.max_digits, field.decimal_places)),
    (fields.FileField, lambda field: dict(FILE)),
    (fields.ListField, _list),
    (fields.DictField, lambda field: {"type": "object", "additionalProperties": _inner(field.child)}),
    (fields.JSONField, lambda field: {}),
    (tuple(_FORMATS), _text),
    (fields.CharField, _text),
]
