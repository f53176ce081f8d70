"""One payload, declared in each of the five ways."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import annotated_types
import pydantic
from django import forms
from django.core.files.uploadedfile import UploadedFile
from rest_framework import serializers

from actions.django_payloads import FormPayload, SerializerPayload
from actions.fields import CommaSeparatedCharField
from actions.payloads import Payload, PydanticPayload, SchemaPayload, SignaturePayload

PRIORITIES = ["low", "high"]


class Priority(StrEnum):
    LOW = "low"
    HIGH = "high"


@dataclass
class Address:
    city: Annotated[str, annotated_types.Len(1)]
    zip_codes: list[int] = field(default_factory=list)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": 100},
        "count": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
        "urgent": {"type": "boolean", "default": False},
        "due": {"type": ["string", "null"], "format": "date"},
        "at": {"type": ["string", "null"], "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "priority": {"enum": PRIORITIES},
        "ratio": {"type": ["number", "string"], "format": "decimal", "minimum": 0, "maximum": 1},
        "attachment": {"type": "string", "format": "binary"},
        "address": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "minLength": 1},
                "zip_codes": {"type": "array", "items": {"type": "integer"}},
            },
            "required": ["city"],
        },
    },
    "required": ["title"],
}


def by_signature(
    todo: object,
    *,
    title: Annotated[str, annotated_types.Len(1, 100)],
    count: Annotated[int, annotated_types.Interval(ge=1, le=10)] = 1,
    urgent: bool = False,
    due: dt.date | None = None,
    at: dt.datetime | None = None,
    tags: list[str] = [],  # noqa: B006 - never changed: each call gets a copy
    priority: Priority = Priority.LOW,
    ratio: Annotated[Decimal, annotated_types.Interval(ge=0, le=1)] = Decimal(0),
    attachment: UploadedFile = None,  # type: ignore[assignment]
    address: Address = None,  # type: ignore[assignment]
    context: object,
) -> None:
    """An action, as a function."""


class AddressModel(pydantic.BaseModel):
    city: str = pydantic.Field(min_length=1)
    zip_codes: list[int] = []


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)

    title: str = pydantic.Field(min_length=1, max_length=100)
    count: int = pydantic.Field(1, ge=1, le=10)
    urgent: bool = False
    due: dt.date | None = None
    at: dt.datetime | None = None
    tags: list[str] = []
    priority: Priority = Priority.LOW
    ratio: Decimal = pydantic.Field(Decimal(0), ge=0, le=1)
    attachment: UploadedFile = None  # type: ignore[assignment]
    address: AddressModel = None  # type: ignore[assignment]


class AddressSerializer(serializers.Serializer[Any]):
    city = serializers.CharField()
    zip_codes = serializers.ListField(child=serializers.IntegerField(), required=False)


class Serializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=100)
    count = serializers.IntegerField(min_value=1, max_value=10, default=1)
    urgent = serializers.BooleanField(default=False)
    due = serializers.DateField(required=False, allow_null=True)
    at = serializers.DateTimeField(required=False, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    priority = serializers.ChoiceField(PRIORITIES, required=False)
    ratio = serializers.DecimalField(max_digits=5, decimal_places=4, min_value=0, max_value=1, required=False)
    attachment = serializers.FileField(required=False)
    address = AddressSerializer(required=False)


class Form(forms.Form):
    """Forms are flat: an object is a JSON field, which does not look into it."""

    title = forms.CharField(max_length=100)
    count = forms.IntegerField(min_value=1, max_value=10, required=False, initial=1)
    urgent = forms.BooleanField(required=False)
    due = forms.DateField(required=False)
    at = forms.DateTimeField(required=False)
    tags = CommaSeparatedCharField(required=False)
    priority = forms.ChoiceField(choices=[(value, value.title()) for value in PRIORITIES], required=False)
    ratio = forms.DecimalField(min_value=0, max_value=1, required=False)
    attachment = forms.FileField(required=False)
    address = forms.JSONField(required=False)


PAYLOADS: dict[str, Payload] = {
    "schema": SchemaPayload(SCHEMA),
    "signature": SignaturePayload(by_signature, skip=("todo", "context")),
    "pydantic": PydanticPayload(Model),
    "serializer": SerializerPayload(Serializer),
    "form": FormPayload(Form),
}
NESTING = [name for name in PAYLOADS if name != "form"]
"""The ways that know what is inside of an object."""
