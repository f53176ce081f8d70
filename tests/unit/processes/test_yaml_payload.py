"""What a process takes, as its file declares it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict
from rest_framework.serializers import ValidationError as SerializerError

from actions.exceptions import ActionError, InvalidPayloadError, RefusedError
from actions.processes.authoring.validations import Check, WholeCheck, from_function

from .compiling import problems, process

pytestmark = pytest.mark.once


def _payload(*fields: str) -> Any:
    return process(f"name: A\npayload: [{', '.join(fields)}]\ntasks: []").payload


def _refused(payload: Any, data: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidPayloadError) as caught:
        payload.validate(data)
    return caught.value.errors


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("string", "a", 1),
        ("number", 1.5, "1"),
        ("number", 1, True),
        ("integer", 1, 1.5),
        ("object", {"a": 1}, []),
        ("array", [1], {}),
        ("list", [1], "a"),
        ("boolean", True, 1),
    ],
)
def test_a_key_has_a_type(kind: str, right: Any, wrong: Any) -> None:
    payload = _payload(f"{{key: a, type: {kind}}}")
    assert payload.validate({"a": right}) == {"a": right}
    assert list(_refused(payload, {"a": wrong})) == ["a"]


def test_a_missing_key_is_named() -> None:
    assert _refused(_payload("{key: a, type: string, required: true}"), {}) == {"a": ["This field is required."]}


def test_required_false_is_not_required() -> None:
    assert _payload("{key: a, type: string, required: false}").validate({}) == {}


def test_default_none_of_a_required_key_is_no_default() -> None:
    payload = _payload("{key: a, type: string, required: true, default: none}")
    assert "a" in _refused(payload, {})


def test_default_none_of_what_is_no_text_is_no_default() -> None:
    assert _payload("{key: a, type: number, default: none}").validate({}) == {}


def test_default_none_of_an_optional_text_is_that_text() -> None:
    assert _payload("{key: a, type: string, default: none}").validate({}) == {"a": "none"}


def test_a_default_is_used_where_nothing_is_given() -> None:
    payload = _payload("{key: a, type: integer, default: 5}")
    assert payload.validate({}) == {"a": 5}
    assert payload.validate({"a": 7}) == {"a": 7}


def test_null_counts_as_not_given() -> None:
    payload = _payload("{key: a, type: integer, default: 5}", "{key: b, type: string}")
    assert payload.validate({"a": None, "b": None}) == {"a": 5}
    assert "c" in _refused(_payload("{key: c, required: true}"), {"c": None})


def test_an_optional_key_without_default_is_left_out() -> None:
    assert _payload("{key: a, type: string}").validate({}) == {}


def test_a_key_that_is_not_declared_is_refused() -> None:
    assert list(_refused(_payload("{key: name, type: string}"), {"nmae": "x"})) == ["nmae"]


def test_a_process_that_takes_nothing_takes_nothing() -> None:
    payload = process("name: A\npayload: []\ntasks: []").payload
    assert payload.validate({}) == {}
    assert list(_refused(payload, {"a": 1})) == ["a"]


def test_form_data_are_read_as_what_the_keys_declare() -> None:
    assert _payload("{key: a, type: integer}").validate(QueryDict("a=5")) == {"a": 5}


@pytest.mark.parametrize(
    ("kind", "check", "right", "wrong"),
    [
        ("string", "validation.min_length:8", "a" * 8, "a" * 7),
        ("string", "max_length:2", "ab", "abc"),
        ("list", "min_length:1", [1], []),
        ("string", "length:3", "abc", "ab"),
        ("number", "min:3", 3, 2.9),
        ("number", "max:3", 3, 3.1),
        ("integer", "multiple_of:3", 6, 7),
        ("string", "pattern:^a:b$", "a:b", "ab"),
        ("string", "one_of:red, green", "green", "blue"),
        ("integer", "one_of:1,2", 2, 3),
        ("string", "not_blank", "a", "  "),
        ("list", "unique", [1, 2], [1, 1]),
        ("string", "email", "a@example.com", "a"),
        ("string", "url", "https://example.com/", "example"),
        ("string", "hostname", "example.com", "a b"),
        ("string", "date", "2026-11-30", "30.11."),
        ("string", "datetime", "2026-11-30T08:00:00+01:00", "tomorrow"),
        ("string", "time", "08:00", "8 o'clock"),
        ("string", "uuid", "123e4567-e89b-12d3-a456-426614174000", "1"),
    ],
)
def test_the_package_brings_validations(kind: str, check: str, right: Any, wrong: Any) -> None:
    payload = _payload(f'{{key: a, type: {kind}, validate: ["{check}"]}}')
    assert payload.validate({"a": right}) == {"a": right}
    assert list(_refused(payload, {"a": wrong})) == ["a"]


def test_what_json_schema_can_say_is_in_the_schema() -> None:
    schema = _payload(
        '{key: a, type: string, validate: ["validation.min_length:8"], description: Secret}'
    ).json_schema()
    assert schema["properties"]["a"] == {"type": "string", "description": "Secret", "minLength": 8}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('{key: a, validate: ["validation.min_lenght:8"]}', '"validation.min_lenght". Did you mean "min_length"?'),
        ('{key: a, validate: ["min_length"]}', "it needs an argument"),
        ('{key: a, validate: ["email:x"]}', "it takes no argument"),
        ('{key: a, validate: ["min_length:x"]}', '"x" is no whole number from 0 on'),
        ('{key: a, validate: ["min:x"]}', '"x" is no number'),
        ('{key: a, validate: ["pattern:("]}', "no regular expression"),
        ('{key: a, validate: ["one_of:,"]}', "it names nothing"),
        ("{key: a, validate: [broken]}", 'the validation "broken" cannot be imported: SyntaxError: no Python.'),
        ("{key: a, type: number, default: x}", 'Must be a number, not "x".'),
        ("{key: a, type: strin}", 'must be one of "string", "number"'),
        ("{key: a}, {key: a}", 'the key "a" is declared twice.'),
        ("{key: a b}", "must match the pattern"),
        ("{type: string}", 'the key "key" is missing. Add it: key: …'),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_found(field: str, expected: str) -> None:
    found = problems(f"name: A\npayload: [{field}]\ntasks: []")
    assert len(found) == 1
    assert expected in found[0]


def test_a_validation_gets_the_whole_payload() -> None:
    (check,) = process("name: A\npayload: [{key: name}]\nvalidations: [validation.is_new]\ntasks: []").validations
    check({"name": "free"})
    with pytest.raises(InvalidPayloadError):
        check({"name": "taken"})


def test_a_validation_of_one_value_cannot_check_the_payload() -> None:
    (problem,) = problems("name: A\nvalidations: [min_length]\ntasks: []")
    assert "checks one value, not the payload." in problem


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("No."), {"non_field_errors": ["No."]}),
        (ValidationError("No."), {"non_field_errors": ["No."]}),
        (ValidationError({"name": ["Taken."]}), {"name": ["Taken."]}),
        (SerializerError({"name": ["Taken."]}), {"name": ["Taken."]}),
        (SerializerError("No."), {"non_field_errors": ["No."]}),
        (InvalidPayloadError(errors={"name": ["Taken."]}), {"name": ["Taken."]}),
    ],
)
def test_a_validation_refuses_by_any_error_that_django_has_for_it(error: Exception, expected: Any) -> None:
    def refuse(payload: Any) -> None:
        raise error

    with pytest.raises(InvalidPayloadError) as caught:
        WholeCheck(Check(from_function("refuse", refuse)))({})
    assert caught.value.errors == expected


def test_a_refusal_and_a_mistake_of_a_validation_are_not_hidden() -> None:
    def refuse(payload: Any) -> None:
        raise RefusedError("Closed.")

    def mistake(payload: Any) -> None:
        raise KeyError("name")

    with pytest.raises(RefusedError, match="Closed"):
        WholeCheck(Check(from_function("x", refuse)))({})
    with pytest.raises(ActionError, match="The validation x failed: KeyError") as caught:
        WholeCheck(Check(from_function("x", mistake)))({})
    assert caught.value.status == 500


def test_an_argument_is_read_as_the_function_declares_it() -> None:
    def at_most(value: Any, limit: int) -> bool:
        return bool(value <= limit)

    validation = from_function("at_most", at_most)
    assert Check(validation, validation.read_argument("5")).errors(5) == {}
    assert Check(validation, validation.read_argument("5")).errors(6)
    with pytest.raises(ValueError, match='"x" is no int'):
        validation.read_argument("x")


@pytest.mark.parametrize("key", ["password", "iban"])
def test_secrets_are_not_repeated_in_errors(key: str) -> None:
    text = f"name: A\npayload: [{{key: {key}, type: number}}]\nsensitive: [iban]\ntasks: []"
    (sentence,) = _refused(process(text).payload, {key: "hunter2"})[key]
    assert "hunter2" not in sentence


def test_an_example_that_would_be_refused_is_found() -> None:
    (problem,) = problems("name: A\npayload: [{key: a, type: number}]\nexamples: [{payload: {a: x}}]\ntasks: []")
    assert "examples > 0 > payload: this example would be refused" in problem
