"""JSON Schema in the words of Swagger 2.0, OpenAPI 3.0 and 3.1."""

from __future__ import annotations

from typing import Any

import pytest

from actions.openapi.dialects import Dialect, SchemaWriter, camelized

SWAGGER, THREE, THREE_ONE = Dialect.SWAGGER_20, Dialect.OPENAPI_30, Dialect.OPENAPI_31


class Document:
    """The components of a document."""

    def __init__(self) -> None:
        self.schemas: dict[str, Any] = {}

    def reference(self, name: str) -> str:
        return f"#/{name}"

    def register(self, name: str, schema: dict[str, Any]) -> None:
        self.schemas.setdefault(name, schema)


def written(schema: dict[str, Any], dialect: Dialect) -> Any:
    """One property of a payload, as it stands in the document."""
    document = Document()
    SchemaWriter({"type": "object", "properties": {"field": schema}}, "Payload", dialect, document).whole()
    return document.schemas["Payload"]["properties"]["field"]


@pytest.mark.parametrize(
    ("schema", "swagger", "three"),
    [
        (
            {"type": ["string", "null"]},
            {"type": "string", "x-nullable": True},
            {"type": "string", "nullable": True},
        ),
        (
            {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None},
            {"type": "integer", "minimum": 1, "x-nullable": True},
            {"type": "integer", "minimum": 1, "nullable": True},
        ),
        ({"enum": ["a", None]}, {"enum": ["a"], "x-nullable": True}, {"enum": ["a"], "nullable": True}),
        ({"type": "null"}, {"x-nullable": True}, {"nullable": True}),
    ],
)
def test_null_is_a_mark_before_3_1(schema: Any, swagger: Any, three: Any) -> None:
    assert (written(schema, SWAGGER), written(schema, THREE), written(schema, THREE_ONE)) == (swagger, three, schema)


def test_a_constant_is_a_choice_of_one() -> None:
    assert written({"const": "cat"}, SWAGGER) == {"enum": ["cat"]}


def test_an_exclusive_bound_becomes_a_mark() -> None:
    lowered = {"type": "integer", "minimum": 3, "exclusiveMinimum": True}
    assert written({"type": "integer", "exclusiveMinimum": 3}, THREE) == lowered


def test_the_stronger_of_two_bounds_stays() -> None:
    assert written({"minimum": 5, "exclusiveMinimum": 3}, THREE) == {"minimum": 5}
    assert written({"maximum": 5, "exclusiveMaximum": 3}, THREE) == {"maximum": 3, "exclusiveMaximum": True}


def test_alternatives_stay_where_the_version_has_them() -> None:
    schema = {"oneOf": [{"type": "integer"}, {"type": "string"}]}
    assert written(schema, THREE) == schema


def test_alternatives_are_told_to_the_reader_of_swagger() -> None:
    schema = {"description": "How long.", "anyOf": [{"type": "integer"}, {"type": "string", "format": "duration"}]}
    assert written(schema, SWAGGER) == {"description": "How long. One of: integer, duration."}


def test_alternatives_of_one_type_keep_it() -> None:
    schema = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
    assert written(schema, SWAGGER) == {"type": "string", "description": "One of: date, date-time."}


def test_alternatives_of_objects_show_all_of_their_fields() -> None:
    branches = [{"type": "object", "properties": {"a": {"type": "string"}}}, {"properties": {"b": {"const": 1}}}]
    assert written({"oneOf": branches}, SWAGGER)["properties"] == {"a": {"type": "string"}, "b": {"enum": [1]}}


def test_a_field_that_several_alternatives_have_is_what_any_of_them_says() -> None:
    branches = [{"properties": {"kind": {"const": "cat"}}}, {"properties": {"kind": {"const": "dog"}}}]
    assert written({"oneOf": branches}, SWAGGER)["properties"] == {"kind": {"enum": ["cat", "dog"], "type": "string"}}


def test_constants_to_choose_from_are_one_choice() -> None:
    assert written({"oneOf": [{"const": 1}, {"enum": [2, 3]}]}, SWAGGER) == {"enum": [1, 2, 3], "type": "integer"}


def test_keywords_that_a_version_does_not_know_are_left_out() -> None:
    schema = {"type": "array", "prefixItems": [{"type": "integer"}], "contains": {"type": "string"}, "x-own": 1}
    assert written(schema, SWAGGER) == {"type": "array", "items": {}, "x-own": 1}


def test_fields_by_pattern_are_not_said_to_be_none() -> None:
    schema = {"type": "object", "patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False}
    assert written(schema, THREE) == {"type": "object"}


def test_what_is_no_schema_is_left_as_it_is() -> None:
    schema = {"type": "object", "default": {"properties": {"const": 1}}, "examples": [{"$ref": "#/nowhere"}]}
    assert written(schema, THREE_ONE) == schema


@pytest.mark.parametrize("dialect", Dialect)
def test_definitions_become_components_of_the_document(dialect: Dialect) -> None:
    document = Document()
    schema = {
        "type": "object",
        "properties": {"home": {"$ref": "#/$defs/postal_address"}},
        "$defs": {"postal_address": {"type": "object", "properties": {"city": {"type": "string"}}}},
    }
    assert SchemaWriter(schema, "Move", dialect, document).whole() == {"$ref": "#/Move"}
    assert document.schemas["Move"] == {"type": "object", "properties": {"home": {"$ref": "#/MovePostalAddress"}}}
    assert document.schemas["MovePostalAddress"]["properties"] == {"city": {"type": "string"}}


@pytest.mark.parametrize("dialect", Dialect)
def test_a_schema_may_refer_to_itself(dialect: Dialect) -> None:
    document = Document()
    schema = {
        "$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}, "top": {"$ref": "#"}}}},
        "properties": {"first": {"$ref": "#/$defs/node"}},
    }
    SchemaWriter(schema, "Chain", dialect, document).whole()
    properties = document.schemas["ChainNode"]["properties"]
    assert properties == {"next": {"$ref": "#/ChainNode"}, "top": {"$ref": "#/Chain"}}


def test_what_stands_beside_a_reference_is_kept() -> None:
    document = Document()
    schema = {"$defs": {"a": {"type": "string"}}, "properties": {"b": {"$ref": "#/$defs/a", "description": "B"}}}
    SchemaWriter(schema, "P", THREE, document).whole()
    assert document.schemas["P"]["properties"]["b"] == {"allOf": [{"$ref": "#/PA"}], "description": "B"}


def test_a_reference_to_elsewhere_means_anything() -> None:
    schema = {"$ref": "https://example.com/schema", "description": "Theirs."}
    assert written(schema, SWAGGER) == {"description": "Theirs."}


def test_alternatives_by_their_kind_lead_to_components() -> None:
    document = Document()
    schema = {
        "$defs": {"Cat": {"type": "object"}, "Dog": {"type": "object"}},
        "oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/$defs/Cat", "dog": "#/$defs/Dog"}},
    }
    SchemaWriter(schema, "Pet", THREE, document).whole()
    assert document.schemas["Pet"]["discriminator"]["mapping"] == {"cat": "#/PetCat", "dog": "#/PetDog"}


def test_two_definitions_never_share_a_component() -> None:
    document = Document()
    schema = {
        "$defs": {"a_b": {"type": "string"}, "aB": {"type": "integer"}},
        "properties": {"x": {"$ref": "#/$defs/a_b"}, "y": {"$ref": "#/$defs/aB"}},
    }
    SchemaWriter(schema, "P", THREE_ONE, document).whole()
    assert document.schemas["PAB"] == {"type": "string"}
    assert document.schemas["PAB2"] == {"type": "integer"}


def test_names_of_components_hold_letters_and_digits_only() -> None:
    assert camelized("todo:mark_done/2") == "TodoMarkDone2"


def test_a_decimal_is_a_text_where_it_cannot_be_a_number_too() -> None:
    schema = {"type": ["number", "string", "null"], "format": "decimal", "exclusiveMinimum": -1000, "default": 2.5}
    assert written(schema, SWAGGER) == {"type": "string", "format": "decimal", "x-nullable": True, "default": "2.5"}
