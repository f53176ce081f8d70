"""Examples that a JSON Schema gives of itself."""

from __future__ import annotations

from typing import Any

import pytest

from actions.openapi.schema_examples import example_of

PLACE = {"type": "object", "properties": {"city": {"type": "string", "default": "Bonn"}}}


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"example": 1, "default": 2}, 1),
        ({"examples": [3, 4], "default": 2}, 3),
        ({"default": 2}, 2),
        ({"default": 0}, 0),
        ({"examples": []}, None),
        ({"type": "string"}, None),
        ({}, None),
    ],
)
def test_a_value_has_the_example_that_it_gives(schema: Any, example: Any) -> None:
    assert example_of(schema) == example


def test_an_object_is_made_of_the_fields_that_give_one() -> None:
    fields = {"done": {"type": "integer", "examples": [12]}, "note": {"type": "string"}, "next": {"default": None}}
    assert example_of({"type": "object", "properties": fields}) == {"done": 12, "next": None}


def test_an_objects_own_example_goes_before_those_of_its_fields() -> None:
    assert example_of({"examples": [{"done": 1}], "properties": {"done": {"default": 2}}}) == {"done": 1}


def test_a_list_holds_the_example_of_its_items() -> None:
    assert example_of({"type": "array", "items": PLACE}) == [{"city": "Bonn"}]


def test_a_reference_is_followed() -> None:
    schema = {"properties": {"place": {"$ref": "#/$defs/place"}}, "$defs": {"place": PLACE}}
    assert example_of(schema) == {"place": {"city": "Bonn"}}


def test_a_schema_that_contains_itself_comes_to_an_end() -> None:
    schema = {"properties": {"name": {"default": "a"}, "child": {"$ref": "#"}}}
    assert example_of(schema) == {"name": "a", "child": {"name": "a"}}


def test_what_does_not_fit_the_schema_is_no_example_of_it() -> None:
    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "note": {"default": ""}}}
    assert example_of(schema) is None
