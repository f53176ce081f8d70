"""A JSON Schema as a DRF serializer, for what DRF shows of a payload: forms of the browsable API, OPTIONS.

It only shows. What is sent is checked by the payload's own adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework import serializers

from .inputs import KIND, Input, inputs_of

_FIELDS: dict[KIND, Callable[..., serializers.Field[Any, Any, Any, Any]]] = {
    KIND.DATE: serializers.DateField,
    KIND.DATETIME: serializers.DateTimeField,
    KIND.TIME: serializers.TimeField,
    KIND.EMAIL: serializers.EmailField,
    KIND.URI: serializers.URLField,
    KIND.UUID: serializers.UUIDField,
    KIND.FILE: serializers.FileField,
    KIND.INTEGER: serializers.IntegerField,
    KIND.NUMBER: serializers.FloatField,
    KIND.BOOLEAN: serializers.BooleanField,
    KIND.SEVERAL: serializers.JSONField,
    KIND.LINES: serializers.JSONField,
    KIND.JSON: serializers.JSONField,
}
_STYLES = {KIND.PASSWORD: {"input_type": "password"}, KIND.LONG_TEXT: {"base_template": "textarea.html"}}


def serializer_for(schema: Mapping[str, Any], name: str = "Payload") -> type[serializers.Serializer[Any]]:
    """A serializer class with a field for each property of the schema."""
    fields = {each.name: _field(each) for each in inputs_of(schema)}
    return type(name, (serializers.Serializer,), fields)


def _field(shown: Input) -> serializers.Field[Any, Any, Any, Any]:
    options: dict[str, Any] = {"required": shown.is_required, "help_text": shown.description}
    if shown.title:
        options["label"] = shown.title
    if not shown.is_required and shown.default is not None:
        options["initial"] = shown.default
    if shown.kind is KIND.CHOICE:
        return serializers.ChoiceField(list(shown.choices), allow_blank=not shown.is_required, **options)
    if shown.kind in _STYLES:
        options["style"] = _STYLES[shown.kind]
    return _FIELDS.get(shown.kind, serializers.CharField)(**options)
