"""What is wrong with a JSON Schema is said when it is loaded: all of it, with the path to each value."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.payloads import SchemaPayload, check_schema


def field(schema: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"field": schema}, **more}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "array", "items": {"type": "string"}},
        field({"$ref": "#/$defs/x"}, **{"$defs": {"x": {"$anchor": "x"}}}),
        field({"$ref": "#x"}, **{"$defs": {"y": {"$anchor": "x"}}}),
        field({"type": "array", "items": {"$ref": "#"}}),
        field({"format": "date", "default": "2026-11-30", "examples": ["2026-12-01"]}),
        field({"type": "string", "format": "int64", "example": "x", "x-order": 1, "deprecated": True}),
        field({"enum": [{"type": "nonsense"}], "const": {"$ref": "nowhere"}}),
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/x"},
    ],
)
def test_a_good_schema_has_no_problems(schema: Any) -> None:
    assert check_schema(schema) == []


@pytest.mark.parametrize(
    ("schema", "path", "words"),
    [
        ([], (), "a mapping"),
        ("text", (), "a mapping"),
        ({"type": "strin"}, ("type",), "Did you mean 'string'?"),
        (field({"type": "int"}), ("properties", "field", "type"), "Did you mean 'integer'?"),
        (field(None), ("properties", "field"), "Must be"),
        ({"required": "a"}, ("required",), 'Must be a list, not "a".'),
        ({"minimum": "1"}, ("minimum",), 'Must be a number, not "1".'),
        ({"maxLength": -1}, ("maxLength",), "at least 0, not -1"),
        (field({"pattern": "(?=a)b"}), ("properties", "field", "pattern"), "look-around"),
        (field({"pattern": "(a"}), ("properties", "field", "pattern"), "no regular expression"),
        ({"patternProperties": {r"(a)\1": {}}}, ("patternProperties", r"(a)\1"), "back references"),
        ({"$ref": "#/$defs/x"}, ("$ref",), "nothing at"),
        ({"$ref": "#x"}, ("$ref",), "nothing at"),
        ({"$ref": "https://example.com/x"}, ("$ref",), "nothing is ever fetched"),
        ({"$ref": "other.json"}, ("$ref",), "nothing is ever fetched"),
        ({"$ref": "#"}, ("$ref",), "back to itself"),
        (field({"$id": "x"}), ("properties", "field", "$id"), "$anchor"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, ("$schema",), "2020-12"),
        (field({"type": "string", "default": 5}), ("properties", "field", "default"), "Must be a text, not 5."),
        (field({"type": "string", "examples": ["a", 5]}), ("properties", "field", "examples", 1), "not 5"),
        (field({"items": {"minimum": 1}, "default": [1, 0]}), ("properties", "field", "default", 1), "at least 1"),
        (field({"format": "date", "default": "soon"}), ("properties", "field", "default"), "a date"),
        (field({"minlength": 3}), ("properties", "field", "minlength"), "Did you mean 'minLength'?"),
        (field({"requierd": []}), ("properties", "field", "requierd"), "Did you mean 'required'?"),
        (field({"format": "datetime"}), ("properties", "field", "format"), "Did you mean 'date-time'?"),
        (field({"default": dt.date(2026, 1, 1)}), ("properties", "field", "default"), "put it into quotes"),
        ({"properties": {1: {}}}, ("properties", "int"), "must be a text"),
        (field({"const": float("nan")}), ("properties", "field", "const"), "finite"),
    ],
)
def test_each_problem_has_the_path_to_its_value(schema: Any, path: tuple[str | int, ...], words: str) -> None:
    problems = check_schema(schema)

    assert [found for found, _message in problems] == [path]
    assert words in problems[0][1]


def test_all_problems_are_found_together() -> None:
    schema = {"type": "objec", "properties": {"a": {"type": "strin"}, "b": {"minimum": "x"}}, "required": "a"}

    assert len(check_schema(schema)) == 4


@pytest.mark.parametrize("kind", ["allOf", "anyOf", "oneOf"])
def test_references_that_end_nowhere_are_found_through_other_keywords(kind: str) -> None:
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {kind: [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}}

    assert [message for _path, message in check_schema(schema) if "back to itself" in message]


def test_a_payload_is_an_object() -> None:
    assert check_schema({"type": "array"}, is_payload=True)[0][0] == ("type",)
    assert check_schema({"type": "object"}, is_payload=True) == []


def test_a_default_with_unknown_fields_does_not_fit_a_payload() -> None:
    schema = field({"properties": {"a": {}}, "default": {"b": 1}})

    assert check_schema(schema) == []
    assert check_schema(schema, is_payload=True)[0][0] == ("properties", "field", "default")


KEYWORDS = [
    "type",
    "properties",
    "items",
    "anyOf",
    "$ref",
    "$defs",
    "if",
    "not",
    "default",
    "enum",
    "pattern",
    "format",
]
SCHEMAS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYWORDS) | st.integers(0, 3),
            inner | st.sampled_from(["#", "#/$defs", "string", "(", "date", "#/properties"]),
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(SCHEMAS)
def test_anything_can_be_checked_and_what_passes_can_be_used(schema: Any) -> None:
    if not check_schema(schema, is_payload=True) and isinstance(schema, dict):
        payload = SchemaPayload(schema)
        payload.json_schema()
        payload._compiled  # noqa: B018 - compiles
