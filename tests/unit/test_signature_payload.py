"""Payloads declared by a function's parameters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum
from functools import partial, wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, NewType, NotRequired, TypedDict, Union
from uuid import UUID

import annotated_types
import pydantic
import pytest
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from typing_extensions import Doc

from actions.exceptions import InvalidPayloadError
from actions.payloads import SignaturePayload

if TYPE_CHECKING:
    from fractions import Fraction  # noqa: F401 - named in an annotation that cannot be resolved


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Choice(models.TextChoices):
    ONE = "1", "One"


class Odd(Enum):
    PAIR = (1, 2)


class Options(TypedDict):
    size: int
    label: NotRequired[str]


@dataclass
class Range:
    """From one number to another.

    Attributes:
        low: Where it begins.
    """

    low: int
    high: int = 10
    inner: Range | None = None
    colors: list[Color] = field(default_factory=lambda: [Color.RED])

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("The end lies before the beginning.")


TodoId = NewType("TodoId", int)


def payload_of(annotation: Any, default: Any = ...) -> SignaturePayload:
    """The payload of a function with one parameter."""

    def function(*, value: Any = default) -> None: ...

    function.__annotations__["value"] = annotation
    if default is ...:
        function.__kwdefaults__ = None
    return SignaturePayload(function)


def schema_of(annotation: Any) -> dict[str, Any]:
    schema = payload_of(annotation).json_schema()["properties"]["value"]
    assert isinstance(schema, dict)
    return {key: value for key, value in schema.items() if key != "title"}


def value_of(annotation: Any, sent: Any) -> Any:
    return payload_of(annotation).validate({"value": sent})["value"]


def errors_of(payload: SignaturePayload, data: Mapping[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(InvalidPayloadError) as caught:
        payload.validate(data)
    return caught.value.errors


class TestAnnotations:
    @pytest.mark.parametrize(
        ("annotation", "expected"),
        [
            (str, {"type": "string"}),
            (int, {"type": "integer"}),
            (float, {"type": "number"}),
            (bool, {"type": "boolean"}),
            (Decimal, {"type": ["number", "string"], "format": "decimal"}),
            (dt.date, {"type": "string", "format": "date"}),
            (dt.datetime, {"type": "string", "format": "date-time"}),
            (dt.time, {"type": "string", "format": "time"}),
            (dt.timedelta, {"type": "string", "format": "duration"}),
            (UUID, {"type": "string", "format": "uuid"}),
            (Any, {}),
            (object, {}),
            (None, {"type": "null"}),
            (Color, {"type": "string", "enum": ["red", "blue"]}),
            (Level, {"type": "integer", "enum": [1, 2]}),
            (Literal["a", None], {"type": ["string", "null"], "enum": ["a", None]}),  # noqa: PYI061 - is what is tested
            (list, {"type": "array"}),
            (list[int], {"type": "array", "items": {"type": "integer"}}),
            (Sequence[int], {"type": "array", "items": {"type": "integer"}}),
            (set[int], {"type": "array", "uniqueItems": True, "items": {"type": "integer"}}),
            (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
            (
                tuple[int, str],
                {
                    "type": "array",
                    "prefixItems": [{"type": "integer"}, {"type": "string"}],
                    "minItems": 2,
                    "maxItems": 2,
                },
            ),
            (dict, {"type": "object"}),
            (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
            (int | None, {"type": ["integer", "null"]}),
            (Union[None, Decimal], {"type": ["number", "string", "null"], "format": "decimal"}),  # noqa: UP007
            (int | str | None, {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}),
            (Color | None, {"anyOf": [{"type": "string", "enum": ["red", "blue"]}, {"type": "null"}]}),
            (TodoId, {"type": "integer"}),
            (
                UploadedFile,
                {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"},
            ),
            (
                Annotated[int, annotated_types.Ge(1), annotated_types.Lt(5)],
                {"type": "integer", "minimum": 1, "exclusiveMaximum": 5},
            ),
            (Annotated[float, annotated_types.MultipleOf(0.5)], {"type": "number", "multipleOf": 0.5}),
            (
                Annotated[Decimal, annotated_types.Gt(Decimal("0.5"))],
                {"type": ["number", "string"], "format": "decimal", "exclusiveMinimum": 0.5},
            ),
            (Annotated[str, annotated_types.Len(1, 5)], {"type": "string", "minLength": 1, "maxLength": 5}),
            (
                Annotated[list[int], annotated_types.MinLen(1)],
                {"type": "array", "items": {"type": "integer"}, "minItems": 1},
            ),
            (
                Annotated[str, pydantic.Field(max_length=5, description="Short.")],
                {"type": "string", "maxLength": 5, "description": "Short."},
            ),
            (Annotated[str | None, annotated_types.MaxLen(5)], {"type": ["string", "null"], "maxLength": 5}),
            (Annotated[str, Doc("Said by Doc."), "nothing to us"], {"type": "string", "description": "Said by Doc."}),
        ],
        ids=str,
    )
    def test_each_has_its_schema(self, annotation: Any, expected: dict[str, Any]) -> None:
        assert schema_of(annotation) == expected

    @pytest.mark.parametrize(
        ("annotation", "sent", "expected"),
        [
            (int, 3.0, 3),
            (float, 3, 3.0),
            (Color, "blue", Color.BLUE),
            (Choice, "1", Choice.ONE),
            (Level | None, 2, Level.HIGH),
            (Literal[Color.RED, "x"], "red", Color.RED),
            (Literal["a"], "a", "a"),
            (set[Color], ["red"], {Color.RED}),
            (frozenset[int], [1, 2], frozenset({1, 2})),
            (tuple[int, Color], [1, "red"], (1, Color.RED)),
            (tuple[int, ...] | None, [1, 2], (1, 2)),
            (tuple[int, ...] | None, None, None),
            (dict[str, dt.date], {"a": "2026-11-30"}, {"a": dt.date(2026, 11, 30)}),
            (int | Color, "red", Color.RED),
            (dt.date | str, "soon", "soon"),
            (dt.date | str, "2026-11-30", dt.date(2026, 11, 30)),
            (Range, {"low": 1}, Range(1)),
            (list[Range] | None, [{"low": 1, "inner": {"low": 2}}], [Range(1, inner=Range(2))]),
            (Options, {"size": 1}, {"size": 1}),
        ],
        ids=str,
    )
    def test_a_function_gets_what_it_asks_for(self, annotation: Any, sent: Any, expected: Any) -> None:
        value = value_of(annotation, sent)

        assert value == expected
        assert type(value) is type(expected)

    @pytest.mark.parametrize(
        ("annotation", "sent", "path"),
        [
            (int, "5", "value"),
            (int, True, "value"),
            (int, 2**63, "value"),
            (str, None, "value"),
            (Color, "green", "value"),
            (tuple[int, str], [1], "value"),
            (set[int], [1, 1], "value"),
            (set[Any], [[]], "value"),
            (list[Range], [{"low": "x"}], "value.0.low"),
            (Range, {"low": 11}, "value"),
            (list[Range], [{"low": 1}, {"low": 11}], "value.1"),
            (Range, {"low": 1, "hihg": 2}, "value.hihg"),
            (Options, {}, "value.size"),
            (Annotated[dt.date, annotated_types.Ge(dt.date(2026, 1, 1))], "2025-12-31", "value"),
            (Annotated[dt.timedelta, annotated_types.Lt(dt.timedelta(1))], "P1D", "value"),
            (Annotated[Decimal, annotated_types.Ge(1)], "0.5", "value"),
        ],
        ids=str,
    )
    def test_anything_else_is_refused_with_its_path(self, annotation: Any, sent: Any, path: str) -> None:
        assert set(errors_of(payload_of(annotation), {"value": sent})) == {path}

    def test_a_dataclass_says_itself_what_is_wrong(self) -> None:
        errors = errors_of(payload_of(Range), {"value": {"low": 11}})

        assert errors == {"value": ["The end lies before the beginning."]}

    def test_classes_stand_in_the_schema_once_and_may_contain_themselves(self) -> None:
        schema = payload_of(list[Range]).json_schema()

        assert list(schema["$defs"]) == ["Range"]
        assert schema["$defs"]["Range"]["properties"]["low"]["description"] == "Where it begins."
        assert schema["$defs"]["Range"]["properties"]["colors"]["default"] == ["red"]

    def test_a_naive_limit_is_in_the_zone_of_the_value(self) -> None:
        annotation = Annotated[dt.datetime, annotated_types.Ge(dt.datetime(2026, 1, 1))]  # noqa: DTZ001

        assert value_of(annotation, "2026-01-01T00:00:00+05:00")
        assert errors_of(payload_of(annotation), {"value": "2025-12-31T23:59:59+05:00"})


class TestProblems:
    @pytest.mark.parametrize(
        ("annotation", "words"),
        [
            (bytes, "bytes has no counterpart in JSON"),
            (complex, "complex has no counterpart in JSON"),
            (type[int], "has no counterpart in JSON"),
            (dict[int, str], "int is no key for JSON"),
            (list[bytes], "bytes has no counterpart"),
            (Odd, "a list is no value for JSON"),
            (pydantic.BaseModel, "a pydantic model"),
            ("Nowhere", "cannot be resolved"),
            ("Fraction", "cannot be resolved"),
            ("1 +", "cannot be resolved"),
        ],
        ids=str,
    )
    def test_an_annotation_without_counterpart_is_one(self, annotation: Any, words: str) -> None:
        ((name, message, remedy),) = payload_of(annotation).problems

        assert name == "value"
        assert words in message
        assert remedy

    def test_all_are_found_together(self) -> None:
        def function(first, second: bytes, /, *args: int, third: complex, fourth: str = "x") -> None:  # type: ignore[no-untyped-def]
            """Takes what JSON does not have."""

        names = [name for name, _message, _remedy in SignaturePayload(function, skip=("first",)).problems]

        assert names == ["second", "third"]

    def test_a_parameter_needs_an_annotation(self) -> None:
        def function(note="") -> None:  # type: ignore[no-untyped-def]
            """Says nothing about its parameter."""

        assert SignaturePayload(function).problems == [
            ("note", "it has no annotation.", "Write its type, such as note: str.")
        ]

    def test_a_default_must_fit_the_annotation(self) -> None:
        ((name, message, _remedy),) = payload_of(int, "many").problems

        assert name == "value"
        assert 'not "many"' in message

    def test_none_as_the_default_of_another_type_means_that_it_may_be_left_out(self) -> None:
        payload = payload_of(str, None)

        assert payload.problems == []
        assert payload.validate({}) == {}
        assert errors_of(payload, {"value": None})

    def test_models_are_no_payloads(self) -> None:
        from django.contrib.auth.models import User

        ((_name, message, remedy),) = payload_of(User).problems

        assert message == "User is a model."
        assert "key" in remedy


class TestParameters:
    def test_those_to_be_skipped_are_no_fields_and_need_no_annotation(self) -> None:
        def function(todo, note: str, context: Nowhere) -> None:  # type: ignore[name-defined,no-untyped-def]  # noqa: F821
            """Takes an object and the context."""

        payload = SignaturePayload(function, skip=("todo", "context"))

        assert payload.problems == []
        assert list(payload.json_schema()["properties"]) == ["note"]

    def test_defaults_are_documented_and_filled_in(self) -> None:
        def function(
            *,
            color: Color = Color.BLUE,
            due: dt.date = dt.date(2026, 1, 1),
            tags: list[str] = [],  # noqa: B006 - never changed
            wait: dt.timedelta = dt.timedelta(hours=1),
        ) -> None:
            """Has defaults of several types."""

        payload = SignaturePayload(function)
        documented = {name: schema["default"] for name, schema in payload.json_schema()["properties"].items()}

        assert documented == {"color": "blue", "due": "2026-01-01", "tags": [], "wait": "P0DT01H00M00S"}
        assert payload.validate({}) == {
            "color": Color.BLUE,
            "due": dt.date(2026, 1, 1),
            "tags": [],
            "wait": dt.timedelta(hours=1),
        }

    def test_a_default_that_json_cannot_say_stays_with_the_function(self) -> None:
        sentinel = object()
        payload = payload_of(Any, sentinel)

        assert "default" not in payload.json_schema()["properties"]["value"]
        assert payload.validate({}) == {}

    def test_the_docstring_describes_them(self) -> None:
        def function(*, note: str, count: int = 1) -> None:
            """Do it.

            Args:
                note (str): What to write,
                    on several lines.
                count: How often.

            Returns:
                note: Not this one.
            """

        properties = SignaturePayload(function).json_schema()["properties"]

        assert properties["note"]["description"] == "What to write, on several lines."
        assert properties["count"]["description"] == "How often."

    def test_they_have_titles(self) -> None:
        def function(*, due_date: dt.date) -> None:
            """Has a name of two words."""

        assert SignaturePayload(function).json_schema()["properties"]["due_date"]["title"] == "Due date"

    def test_further_keywords_take_further_fields_of_their_type(self) -> None:
        def function(todo: object, **counts: int) -> None:
            """Takes any names."""

        payload = SignaturePayload(function, skip=("todo",))

        assert payload.validate({"a": 1, "b": 2}) == {"a": 1, "b": 2}
        assert set(errors_of(payload, {"a": "x", "todo": 1})) == {"a", "todo"}

    def test_a_decorated_function_is_read_through_its_decorator(self) -> None:
        def function(*, note: str) -> None:
            """Is decorated."""

        @wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> None:
            """Takes anything."""

        assert list(SignaturePayload(decorated).json_schema()["properties"]) == ["note"]

    def test_partials_methods_and_callable_objects_are_functions_too(self) -> None:
        class Mark:
            def __call__(self, *, note: Color) -> None:
                """As an object."""

            def method(self, *, note: Color) -> None:
                """As a method."""

        for function in (Mark(), Mark().method, partial(Mark().method), partial(Mark())):
            assert SignaturePayload(function).validate({"note": "red"}) == {"note": Color.RED}
