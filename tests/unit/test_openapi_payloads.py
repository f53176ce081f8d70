"""Payloads of every kind make valid documents, in every version of OpenAPI."""

from __future__ import annotations

import datetime as dt
import warnings
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from django import forms
from pydantic import BaseModel, Field
from rest_framework import serializers

from actions.definitions import Action

from .test_openapi_operations import three, two, viewset


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = Field(9, gt=0, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]
    owner: str | None = None


class Household(BaseModel):
    """Whoever lives there."""

    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    others: list[Cat | Dog] = []
    rent: Decimal = Decimal("0.50")
    since: dt.datetime | None = None
    token: UUID | int | None = None
    parts: list[Household] = []
    sizes: dict[str, tuple[int, str]] = {}


class Colour(Enum):
    RED = "red"
    NONE = None


class PaintForm(forms.Form):
    picture = forms.ImageField(required=False)
    files = forms.FileField()
    colour = forms.ChoiceField(choices=[("red", "Red"), ("blue", "Blue")], required=False)
    colours = forms.MultipleChoiceField(choices=[(1, "One"), (2, "Two")], required=False)
    price = forms.DecimalField(max_digits=6, decimal_places=2, initial=Decimal("2.50"))
    until = forms.DateField(required=False)
    is_sure = forms.NullBooleanField(required=False)

    def save(self, request: Any, pk: Any) -> Any: ...


class Line(serializers.Serializer[Any]):
    amount = serializers.DecimalField(max_digits=8, decimal_places=2, allow_null=True)
    priority = serializers.ChoiceField(choices=[1, 2, 3], default=2)


class Order(serializers.Serializer[Any]):
    lines = Line(many=True)
    address = serializers.DictField(child=serializers.CharField(), required=False)
    secret = serializers.CharField(write_only=True, style={"input_type": "password"}, required=False)
    anything = serializers.JSONField(required=False, allow_null=True)


TREE: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "tree": {"$ref": "#/$defs/tree", "description": "From the root."},
        "either": {"oneOf": [{"const": "a"}, {"type": "integer", "exclusiveMinimum": 0}, {"type": "null"}]},
        "both": {"type": ["string", "number", "null"], "default": None},
        "pair": {"type": "array", "prefixItems": [{"type": "integer"}, True], "items": False},
        "open": True,
        "pattern": {"type": "object", "patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False},
        "examples": {"type": "string", "examples": ["a", "b"], "deprecated": True},
    },
    "if": {"properties": {"both": {"const": "x"}}},
    "then": {"required": ["either"]},
    "dependentRequired": {"tree": ["open"]},
    "$defs": {
        "tree": {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}, "right": {"$ref": "#/$defs/tree"}}}
    },
}


def paint(
    todo: Any, *, colour: Colour = Colour.RED, at: dt.time | None = None, wait: dt.timedelta | None = None
) -> None: ...
def whole(todo: Any, *, payload: Any) -> None: ...


ACTIONS = [
    Action(id="pydantic", function=whole, schema=Household),
    Action(id="form", form=PaintForm),
    Action(id="serializer", function=whole, serializer=Order),
    Action(id="tree", function=whole, schema=TREE),
    Action(id="signature", function=paint),
]


def test_payloads_of_every_kind_are_valid_swagger() -> None:
    with warnings.catch_warnings():
        # The validator's own dependencies complain when they are imported.
        warnings.simplefilter("ignore")
        from swagger_spec_validator.validator20 import validate_spec
    made = two(viewset(*ACTIONS))
    validate_spec(made)
    assert len([path for path in made["paths"] if "{id}/" in path]) == len(ACTIONS) + 2


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_payloads_of_every_kind_are_valid_openapi(version: str) -> None:
    from openapi_spec_validator import validate

    made = three(viewset(*ACTIONS), version)
    validate(made)
    assert len([path for path in made["paths"] if "{id}/" in path]) == len(ACTIONS) + 2


def test_a_payload_stays_as_strict_as_it_was_in_openapi_3_1() -> None:
    import jsonschema_rs

    made = three(viewset(*ACTIONS))
    reference = {"$ref": "#/components/schemas/TodoTreePayload", "components": made["components"]}
    validator = jsonschema_rs.Draft202012Validator(reference)
    right = {"tree": {"left": {"right": {}}}, "open": 1, "both": 1, "pair": [1, 2]}
    assert validator.is_valid(right)
    for wrong in ({"both": "x"}, {"pair": [1, 2, 3]}, {"unknown": 1}, {"tree": {"left": 1}}, {"pattern": {"y": 1}}):
        assert not validator.is_valid({**right, **wrong})
