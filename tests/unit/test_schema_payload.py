"""Payloads declared by a JSON Schema."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils import translation

from actions.exceptions import ConfigurationError, InvalidPayloadError
from actions.payloads import SchemaPayload


def one(field: dict[str, Any], **more: Any) -> SchemaPayload:
    """A payload with one field."""
    return SchemaPayload({"type": "object", "properties": {"field": field}, **more})


def value_of(field: dict[str, Any], value: Any, **more: Any) -> Any:
    return one(field, **more).validate({"field": value})["field"]


def errors_of(payload: SchemaPayload, data: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidPayloadError) as caught:
        payload.validate(data)
    return caught.value.errors


def sentence_of(field: dict[str, Any], value: Any, **more: Any) -> str:
    (sentence,) = errors_of(one(field, **more), {"field": value})["field"]
    return sentence


class TestValues:
    @pytest.mark.parametrize(
        ("field", "sent", "expected"),
        [
            ({"type": "string", "format": "date"}, "2026-11-30", dt.date(2026, 11, 30)),
            ({"type": "string", "format": "time"}, "14:30", dt.time(14, 30)),
            ({"type": "string", "format": "duration"}, "PT5M", dt.timedelta(minutes=5)),
            ({"format": "uuid"}, "123e4567e89b12d3a456426614174000", UUID("123e4567e89b12d3a456426614174000")),
            ({"format": "decimal"}, "1.10", Decimal("1.10")),
            ({"format": "decimal"}, 1.1, Decimal("1.1")),
            ({"type": ["string", "null"], "format": "date"}, None, None),
            ({"items": {"format": "date"}}, ["2026-11-30"], [dt.date(2026, 11, 30)]),
            ({"prefixItems": [{"format": "date"}, {}]}, ["2026-11-30", "x"], [dt.date(2026, 11, 30), "x"]),
            ({"additionalProperties": {"format": "date"}}, {"a": "2026-11-30"}, {"a": dt.date(2026, 11, 30)}),
            (
                {"patternProperties": {"_on$": {"format": "date"}}},
                {"a_on": "2026-11-30"},
                {"a_on": dt.date(2026, 11, 30)},
            ),
            ({"anyOf": [{"format": "date", "type": "string"}, {"type": "null"}]}, "2026-11-30", dt.date(2026, 11, 30)),
            ({"anyOf": [{"format": "date", "type": "string"}, {"type": "string"}]}, "soon", "soon"),
            ({"oneOf": [{"type": "integer"}, {"type": "string", "format": "date"}]}, 5, 5),
            ({"allOf": [{"type": "string"}, {"format": "date"}]}, "2026-11-30", dt.date(2026, 11, 30)),
            ({"type": "integer"}, 3.0, 3),
            ({"type": "number"}, 3, 3),
            ({"format": "color"}, "red", "red"),
        ],
    )
    def test_texts_become_what_their_format_says(self, field: dict[str, Any], sent: Any, expected: Any) -> None:
        value = value_of(field, sent)

        assert value == expected
        assert type(value) is type(expected)

    def test_alternatives_are_told_apart_by_their_fields(self) -> None:
        field = {
            "oneOf": [
                {"properties": {"kind": {"const": "date"}, "value": {"format": "date"}}, "required": ["kind"]},
                {"properties": {"kind": {"const": "text"}, "value": {"type": "string"}}, "required": ["kind"]},
            ]
        }

        assert value_of(field, {"kind": "date", "value": "2026-11-30"})["value"] == dt.date(2026, 11, 30)
        assert value_of(field, {"kind": "text", "value": "2026-11-30"})["value"] == "2026-11-30"

    @pytest.mark.parametrize(("kind", "expected"), [("date", dt.date(2026, 11, 30)), ("text", "2026-11-30")])
    def test_conditions_decide(self, kind: str, expected: Any) -> None:
        payload = SchemaPayload(
            {
                "properties": {"kind": {"type": "string"}, "value": {"type": "string"}},
                "if": {"properties": {"kind": {"const": "date"}}},
                "then": {"properties": {"value": {"format": "date"}}},
            }
        )

        assert payload.validate({"kind": kind, "value": "2026-11-30"})["value"] == expected

    def test_a_schema_may_contain_itself(self) -> None:
        tree = {"properties": {"on": {"format": "date"}, "children": {"items": {"$ref": "#/$defs/tree"}}}}
        value = value_of({"$ref": "#/$defs/tree"}, {"children": [{"on": "2026-11-30"}]}, **{"$defs": {"tree": tree}})

        assert value == {"children": [{"on": dt.date(2026, 11, 30)}]}

    def test_a_schema_with_a_name_of_its_own_refers_to_itself_all_the_same(self) -> None:
        field = {"anyOf": [{"$ref": "#/$defs/on"}, {"type": "string"}]}
        more = {"$id": "https://example.com/payload", "$defs": {"on": {"type": "string", "format": "date"}}}

        assert value_of(field, "2026-11-30", **more) == dt.date(2026, 11, 30)
        assert value_of(field, "soon", **more) == "soon"

    def test_names_with_special_characters_are_found(self) -> None:
        field = {"anyOf": [{"type": "string", "format": "date"}, {"type": "integer"}, {"type": "string"}]}
        payload = SchemaPayload({"properties": {"a/b~c %d": field}})

        assert payload.validate({"a/b~c %d": "2026-11-30"}) == {"a/b~c %d": dt.date(2026, 11, 30)}

    def test_a_whole_number_beyond_64_bits_is_refused_also_as_a_float(self) -> None:
        assert "Must be between" in sentence_of({"type": "integer"}, 1e300)

    @pytest.mark.parametrize(
        ("sent", "is_good"), [("0", True), ("1.00", True), ("1.01", False), ("-0.01", False), (2, False)]
    )
    def test_limits_of_decimals_hold_for_numbers_and_texts(self, sent: Any, is_good: bool) -> None:
        payload = one({"format": "decimal", "minimum": 0, "maximum": 1})

        if is_good:
            assert payload.validate({"field": sent})["field"] == Decimal(str(sent))
        else:
            assert set(errors_of(payload, {"field": sent})) == {"field"}

    @pytest.mark.parametrize(
        ("field", "value", "expected"),
        [
            ({"format": "date"}, dt.date(2026, 11, 30), dt.date(2026, 11, 30)),
            ({"format": "decimal"}, Decimal("1.5"), Decimal("1.5")),
            ({"type": "string"}, Enum("E", {"A": "a"}).A, "a"),  # type: ignore[attr-defined]
            ({"type": "array"}, ("a", "b"), ["a", "b"]),
        ],
    )
    def test_a_caller_within_python_may_give_the_values_themselves(
        self, field: dict[str, Any], value: Any, expected: Any
    ) -> None:
        assert value_of(field, value) == expected


class TestDefaults:
    def test_a_default_is_filled_in_as_the_value_it_stands_for(self) -> None:
        assert one({"format": "date", "default": "2026-11-30"}).validate({}) == {"field": dt.date(2026, 11, 30)}

    def test_defaults_inside_of_objects_and_lists_are_filled_in(self) -> None:
        field = {"items": {"properties": {"count": {"default": 1}}}}

        assert value_of(field, [{}, {"count": 2}]) == [{"count": 1}, {"count": 2}]

    def test_the_default_of_an_object_gets_the_defaults_inside(self) -> None:
        assert one({"properties": {"a": {"default": 1}}, "default": {}}).validate({}) == {"field": {"a": 1}}

    def test_an_absent_object_without_default_stays_absent(self) -> None:
        assert one({"properties": {"a": {"default": 1}}}).validate({}) == {}

    def test_each_call_gets_a_default_of_its_own(self) -> None:
        payload = one({"default": [[]]})
        payload.validate({})["field"][0].append(1)

        assert payload.validate({}) == {"field": [[]]}

    def test_a_default_does_not_make_a_required_field_optional(self) -> None:
        assert set(errors_of(one({"default": 1}, required=["field"]), {})) == {"field"}

    def test_null_is_a_value_and_not_absent(self) -> None:
        assert value_of({"default": 1}, None) is None


class TestUnknownFields:
    @pytest.mark.parametrize(
        "schema",
        [
            {},
            {"type": "object"},
            {"properties": {"a": {}}},
            {"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]},
            {"$ref": "#/$defs/x", "$defs": {"x": {"properties": {"a": {}}}}},
            {"properties": {"a": {}}, "$ref": "#/$defs/x", "$defs": {"x": {"properties": {"b": {}}}}},
            {"anyOf": [{"properties": {"a": {}}}, {"type": "string"}]},
            {"properties": {"a": {}}, "if": {"required": ["a"]}, "then": {"properties": {"b": {}}}},
        ],
    )
    def test_they_are_refused_where_nothing_else_is_said(self, schema: dict[str, Any]) -> None:
        assert set(errors_of(SchemaPayload(schema), {"nope": 1})) == {"nope"}

    @pytest.mark.parametrize(
        "schema",
        [
            {"additionalProperties": True},
            {"additionalProperties": {"type": "integer"}},
            {"unevaluatedProperties": {"type": "integer"}},
            {"patternProperties": {"^n": {}}},
        ],
    )
    def test_they_are_taken_where_the_schema_says_so(self, schema: dict[str, Any]) -> None:
        assert SchemaPayload(schema).validate({"nope": 1}) == {"nope": 1}

    def test_they_are_refused_inside_of_declared_objects(self) -> None:
        field = {"items": {"properties": {"name": {}}}}

        assert errors_of(one(field), {"field": [{}, {"nam": 1}]}) == {
            "field.1.nam": ["There is no such field. Did you mean 'name'?"]
        }

    def test_an_object_of_which_nothing_is_declared_takes_any_fields(self) -> None:
        assert value_of({"type": "object"}, {"a": {"b": 1}}) == {"a": {"b": 1}}

    def test_the_parts_of_a_whole_know_each_other_s_fields(self) -> None:
        base = {"properties": {"a": {"type": "integer"}}}
        field = {"allOf": [{"$ref": "#/$defs/base"}], "properties": {"b": {"type": "integer"}}}
        payload = one(field, **{"$defs": {"base": base}})

        assert payload.validate({"field": {"a": 1, "b": 2}}) == {"field": {"a": 1, "b": 2}}
        assert set(errors_of(payload, {"field": {"a": "x", "b": "y", "c": 1}})) == {"field.a", "field.b", "field.c"}

    def test_what_is_refused_is_documented(self) -> None:
        assert one({"properties": {"a": {}}}).json_schema() == {
            "type": "object",
            "properties": {"field": {"properties": {"a": {}}, "additionalProperties": False}},
            "additionalProperties": False,
        }

    def test_the_declaration_itself_stays_as_it_is(self) -> None:
        schema: dict[str, Any] = {"properties": {"a": {"properties": {}}}}
        SchemaPayload(schema).json_schema()

        assert schema == {"properties": {"a": {"properties": {}}}}


class TestSentences:
    @pytest.mark.parametrize(
        ("field", "value", "expected"),
        [
            ({"type": "string"}, 5, "Must be a text, not 5."),
            ({"type": "integer"}, "5", 'Must be a whole number, not "5".'),
            ({"type": ["null", "integer"]}, [], "Must be a whole number or null, not a list."),
            ({"type": "boolean"}, {}, "Must be true or false, not an object."),
            ({"type": "string", "maxLength": 1}, "ab", "Must have at most 1 character, not 2."),
            ({"type": "string", "minLength": 2}, "a", "Must have at least 2 characters, not 1."),
            ({"type": "string", "minLength": 1}, "", "Must not be empty."),
            ({"minItems": 2}, [1], "Must have at least 2 items, not 1."),
            ({"minimum": 5}, 4, "Must be at least 5, not 4."),
            ({"exclusiveMaximum": 5}, 5, "Must be less than 5, not 5."),
            ({"multipleOf": 5}, 7, "Must be a multiple of 5, not 7."),
            ({"enum": ["a", 1, None]}, "b", 'Must be one of "a", 1, null, not "b".'),
            ({"const": "a"}, "b", 'Must be "a", not "b".'),
            ({"pattern": "^a+$"}, "b", 'Must match the pattern "^a+$", not "b".'),
            ({"format": "date"}, "x", 'Must be a date such as 2026-11-30, not "x".'),
            ({"type": "string", "format": "date"}, 5, "Must be a date such as 2026-11-30, not 5."),
            ({"format": "email"}, "x", 'Must be an e-mail address, not "x".'),
            ({"uniqueItems": True}, [1, 1], "Each item may occur only once."),
            ({"not": {"type": "string"}}, "x", "Is of a kind that is excluded here."),
            ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "x", 'Must be a whole number or null, not "x".'),
            ({"anyOf": [{"type": "integer", "minimum": 5}, {"type": "null"}]}, 1, "Must be at least 5, not 1."),
            (
                {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]},
                "x",
                'Must be a date and time such as 2026-11-30T14:30:00+01:00 or a date such as 2026-11-30, not "x".',
            ),
            (
                {"anyOf": [{"type": "string", "format": "date"}, {"format": "email"}, {"type": "null"}]},
                "x",
                'Must be a date such as 2026-11-30 or an e-mail address or null, not "x".',
            ),
            ({"anyOf": [{"format": "date"}, {"maxLength": 3}]}, "long", "Fits none of the possible forms."),
            ({"oneOf": [{"minimum": 1}, {"maximum": 9}]}, 5, "Must fit exactly one of the possible forms."),
            ({"type": "string", "maxLength": 3}, 'x"\n' * 100, "Must have at most 3 characters, not 300."),
            ({"type": "integer"}, "x" * 500, f'Must be a whole number, not "{"x" * 60}…".'),
            ({"type": "integer"}, "a\n\u202eb", 'Must be a whole number, not "a\\n\\u202eb".'),
        ],
    )
    def test_each_says_what_was_due_and_what_came(self, field: dict[str, Any], value: Any, expected: str) -> None:
        assert sentence_of(field, value) == expected

    def test_the_alternative_that_was_meant_is_explained(self) -> None:
        field = {
            "oneOf": [
                {"properties": {"kind": {"const": "a"}, "n": {"type": "integer"}}, "required": ["kind"]},
                {"properties": {"kind": {"const": "b"}, "n": {"type": "boolean"}}, "required": ["kind"]},
            ]
        }

        assert errors_of(one(field), {"field": {"kind": "b", "n": 5}}) == {"field.n": ["Must be true or false, not 5."]}

    def test_a_name_of_digits_is_found_in_an_object(self) -> None:
        errors = errors_of(SchemaPayload({"additionalProperties": {"type": "integer"}}), {"12": "x"})

        assert errors == {"12": ['Must be a whole number, not "x".']}

    @pytest.mark.parametrize(
        ("field", "sensitive"),
        [
            ({"type": "integer", "writeOnly": True}, ()),
            ({"type": "string", "format": "password", "pattern": "^a"}, ()),
            ({"enum": ["a"]}, ("field",)),
            ({"type": "string", "minLength": 50}, ("field",)),
            ({"const": "a"}, ("field",)),
        ],
    )
    def test_secrets_are_not_repeated(self, field: dict[str, Any], sensitive: tuple[str, ...]) -> None:
        payload = SchemaPayload({"properties": {"field": field}}, sensitive=sensitive)

        assert "hunter2" not in str(errors_of(payload, {"field": "hunter2"}))

    def test_sentences_are_in_the_language_of_the_call(self) -> None:
        payload = one({}, required=["field"])

        with translation.override("de"):
            german = errors_of(payload, {})["field"]
        with translation.override("en"):
            english = errors_of(payload, {})["field"]

        assert german != english

    def test_not_more_errors_than_an_answer_can_bear(self) -> None:
        assert len(errors_of(one({"items": {"type": "integer"}}), {"field": ["x"] * 900})) == 100

    def test_of_very_large_data_the_first_error_is_explained(self) -> None:
        payload = one({"items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}})
        start = time.perf_counter()

        assert set(errors_of(payload, {"field": ["x"] * 300_000})) == {"field.0"}
        assert time.perf_counter() - start < 3


class TestSafety:
    @pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(.*a){20}$"])
    def test_no_pattern_takes_exponential_time(self, pattern: str) -> None:
        payload = one({"type": "string", "pattern": pattern})
        start = time.perf_counter()
        errors_of(payload, {"field": "a" * 50_000 + "!"})

        assert time.perf_counter() - start < 2

    def test_a_pattern_for_names_is_matched_by_the_same_engine(self) -> None:
        field = {"patternProperties": {"^(a+)+$": {"format": "date"}}, "additionalProperties": {}}
        start = time.perf_counter()
        value_of(field, {"a" * 5_000 + "!": 1})

        assert time.perf_counter() - start < 2

    @pytest.mark.parametrize(
        "schema", [{"type": "strin"}, {"$ref": "http://127.0.0.1:9/x"}, {"$ref": "#/nowhere"}, {"pattern": "(?=a)"}]
    )
    def test_a_schema_that_was_not_checked_is_a_fault_of_the_project(self, schema: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError):
            SchemaPayload(schema).validate({})

    def test_nothing_is_compiled_before_the_first_call(self) -> None:
        assert SchemaPayload({"type": "strin"})


class TestFiles:
    FIELD = {"type": "string", "format": "binary"}

    @pytest.fixture
    def file(self) -> SimpleUploadedFile:
        return SimpleUploadedFile("a.txt", b"content")

    @pytest.mark.parametrize(
        "field",
        [{"format": "binary"}, {"contentMediaType": "image/png"}, {"contentMediaType": "application/octet-stream"}],
    )
    def test_a_field_may_be_declared_as_a_file_in_the_words_of_each_openapi(
        self, field: dict[str, Any], file: SimpleUploadedFile
    ) -> None:
        assert value_of(field, file) is file

    def test_a_media_type_of_texts_makes_no_file(self) -> None:
        assert value_of({"type": "string", "contentMediaType": "application/json"}, "{}") == "{}"

    def test_several_files_arrive_in_their_order(self, file: SimpleUploadedFile) -> None:
        other = SimpleUploadedFile("b.txt", b"")
        data = QueryDict(mutable=True)
        data.setlist("field", [other, file])

        assert one({"type": "array", "items": self.FIELD}).validate(data)["field"] == [other, file]

    def test_a_text_cannot_pass_for_a_file(self) -> None:
        assert sentence_of(self.FIELD, "file:0") == 'Must be a file, not "file:0".'

    @pytest.mark.parametrize("field", [{"type": "string"}, {}, {"maxLength": 3}, {"enum": ["a"]}])
    def test_a_file_is_refused_where_none_is_declared(self, field: dict[str, Any], file: SimpleUploadedFile) -> None:
        assert "a file" in sentence_of(field, file)


class TestForms:
    @pytest.mark.parametrize(
        ("field", "text", "expected"),
        [
            ({"type": "integer"}, "field=%2B5", 5),
            ({"type": "number"}, "field=1e3", 1000.0),
            ({"type": ["integer", "null"]}, "field=", None),
            ({"type": "string"}, "field=", ""),
            ({"enum": [1, 2]}, "field=2", 2),
            ({"enum": ["1", "2"]}, "field=2", "2"),
            ({"$ref": "#/$defs/x"}, "field=2", 2),
            ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "field=2", 2),
            ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "field=2", "2"),
            ({}, "field=2", "2"),
            ({"type": "array", "items": {"type": "integer"}}, "field=1&field=2", [1, 2]),
            ({"type": "array", "items": {"type": "integer"}}, "field=[1,2]", [1, 2]),
            ({"type": "array", "items": {"type": "string"}}, "field=[1,2]", ["[1,2]"]),
            ({"type": "array", "items": {"type": "object"}}, 'field=[{"a":1}]', [{"a": 1}]),
            ({"type": "array"}, "field=", []),
            ({"type": "object"}, 'field={"a":"1"}', {"a": "1"}),
        ],
    )
    def test_texts_are_read_as_declared(self, field: dict[str, Any], text: str, expected: Any) -> None:
        payload = one(field, **{"$defs": {"x": {"type": "integer"}}})

        assert payload.validate(QueryDict(text)) == {"field": expected}

    @pytest.mark.parametrize("text", ["field=", "other=", ""])
    def test_a_field_that_was_left_empty_is_absent(self, text: str) -> None:
        payload = SchemaPayload(
            {"properties": {"field": {"type": "integer", "default": 7}, "other": {"type": "string", "format": "date"}}}
        )

        assert payload.validate(QueryDict(text)) == {"field": 7}

    @pytest.mark.parametrize("text", ["[" * 5000, "{" * 5000, "NaN", '{"a":NaN}', "nope", "{", "[1]", '"text"'])
    def test_what_is_no_json_object_is_refused(self, text: str) -> None:
        data = QueryDict(mutable=True)
        data["field"] = text

        assert set(errors_of(one({"type": "object"}), data)) == {"field"}

    def test_json_in_a_field_is_screened_like_any_other(self) -> None:
        data = QueryDict(mutable=True)
        data["field"] = '{"a": ["\\u0000"]}'

        assert set(errors_of(one({"type": "object"}), data)) == {"field.a.0"}

    def test_very_many_levels_of_dots_are_one_unknown_name(self) -> None:
        tree = {"type": "object", "properties": {"a": {"$ref": "#/$defs/tree"}}}
        data = QueryDict(mutable=True)
        data["a." * 20_000 + "a"] = "1"

        assert len(errors_of(SchemaPayload({**tree, "$defs": {"tree": tree}}), data)) == 1
