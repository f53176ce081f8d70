"""What a serializer answers with, as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework import fields, relations, serializers
from rest_framework.settings import api_settings

from actions.django_payloads.common import Schema, enumeration, nullable
from actions.django_payloads.serializer_schema import field_schema

_SAID = ("type", "format", "enum", "items", "additionalProperties")
"""What a caller sees of a field. How long a text may be that is sent, say, is nothing that is answered."""
_NOT_WRITTEN = ("password", "uri-reference")
"""Formats that say how a value is shown or sent."""


def output_schema(serializer: Any) -> Schema:
    """The schema of what a serializer writes; nothing of one that does not name its fields."""
    if isinstance(serializer, serializers.ListSerializer):
        return {"type": "array", "items": output_schema(serializer.child)}
    if not isinstance(serializer, serializers.Serializer):
        return {}
    shown = {name: field for name, field in serializer.fields.items() if not field.write_only}
    properties = {name: _field(field) for name, field in shown.items() if not isinstance(field, fields.HiddenField)}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _field(field: Any) -> Schema:
    schema = _written(field)
    is_perhaps_null = field.allow_null or isinstance(field, fields.FileField)
    return nullable(schema) if is_perhaps_null else schema


def _written(field: Any) -> Schema:
    describe = next((describe for kind, describe in _KINDS if isinstance(field, kind)), _plain)
    return describe(field)


def _plain(field: Any) -> Schema:
    schema = {key: value for key, value in field_schema(field).items() if key in _SAID}
    return {key: value for key, value in schema.items() if value not in _NOT_WRITTEN}


def _decimal(field: Any) -> Schema:
    is_text = getattr(field, "coerce_to_string", api_settings.COERCE_DECIMAL_TO_STRING)
    return {"type": "string", "format": "decimal"} if is_text else {"type": "number"}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_KINDS: list[tuple[Any, Callable[[Any], Schema]]] = [
    (serializers.BaseSerializer, output_schema),
    (relations.ManyRelatedField, lambda field: _list(_written(field.child_relation))),
    (fields.MultipleChoiceField, lambda field: _list(enumeration(field.choices))),
    (fields.ListField, lambda field: _list(_field(field.child))),
    (fields.DictField, lambda field: {"type": "object", "additionalProperties": _field(field.child)}),
    (fields.DecimalField, _decimal),
    ((fields.FileField, relations.StringRelatedField), lambda field: {"type": "string"}),
]
