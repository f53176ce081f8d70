"""What no payload may hold is refused before any declaration is looked at, with its path."""

from __future__ import annotations

import datetime as dt
import enum
import json
from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict

from actions.exceptions import InvalidPayloadError
from actions.payloads import MAX_DEPTH, dotted, screen, screen_values
from actions.payloads.screening import MAX_INTEGER, MAX_PROBLEMS, MIN_INTEGER, kind_of


class Color(enum.Enum):
    RED = "red"


class Text(str):
    __slots__ = ()


@dataclass
class Point:
    x: float


def paths_of(data: Any) -> set[str]:
    with pytest.raises(InvalidPayloadError) as caught:
        screen(data)
    return set(caught.value.errors)


def chain(depth: int) -> Any:
    value: Any = "end"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


class TestScreen:
    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"a": 1, "b": "text", "c": [1.5, None, True, {"d": []}]},
            {"ü": "世界 🎉"},
            {"a": MAX_INTEGER, "b": MIN_INTEGER},
        ],
    )
    def test_json_values_pass_and_are_said_to_be_plain(self, data: Any) -> None:
        assert screen(data) is True

    @pytest.mark.parametrize(
        "value",
        [
            dt.date(2026, 1, 1),
            dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            dt.timedelta(1),
            uuid4(),
            Decimal("1.5"),
            Color.RED,
            Text("x"),
            ("a", 1),
            {"a", "b"},
            OrderedDict(a=1),
            MappingProxyType({"a": 1}),
            SimpleUploadedFile("x", b""),
        ],
    )
    def test_values_of_python_pass_but_are_not_plain(self, value: Any) -> None:
        assert screen({"a": value}) is False

    @pytest.mark.parametrize(
        "value",
        [
            "a\0",
            "\ud800",
            "a\udfffb",
            float("nan"),
            float("inf"),
            float("-inf"),
            MAX_INTEGER + 1,
            MIN_INTEGER - 1,
            10**4000,
            Text("\0"),
            Decimal("NaN"),
            Decimal("1e999999"),
            dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            b"bytes",
            object(),
            1j,
            ("a", object()),
            MappingProxyType({"a": float("nan")}),
        ],
    )
    def test_anything_else_is_refused(self, value: Any) -> None:
        paths = paths_of({"ok": 1, "list": [1, {"bad": value}]})

        assert all(path.startswith("list.1.bad") for path in paths)

    @pytest.mark.parametrize("data", [None, [], "text", 5, {"a"}])
    def test_what_is_no_mapping_is_refused(self, data: Any) -> None:
        assert paths_of(data) == {"non_field_errors"}

    @pytest.mark.parametrize(("key", "path"), [(1, "int"), (None, "NoneType"), ("\0", r"\x00"), ("\ud800", r"\ud800")])
    def test_a_bad_name_is_refused(self, key: Any, path: str) -> None:
        assert paths_of({"a": {key: 1}}) == {f"a.{path}"}

    def test_all_problems_are_named(self) -> None:
        assert paths_of({"a": "\0", "b": [float("nan"), 1, "\ud800"]}) == {"a", "b.0", "b.2"}

    def test_not_more_problems_than_an_answer_can_bear(self) -> None:
        assert len(paths_of({"a": ["\0"] * 100_000})) == MAX_PROBLEMS

    def test_the_deepest_nesting_passes(self) -> None:
        assert screen({"a": chain(MAX_DEPTH - 1)})

    @pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000])
    def test_deeper_nesting_is_refused(self, depth: int) -> None:
        assert len(paths_of({"a": chain(depth)})) == 1

    def test_a_value_that_contains_itself_is_refused(self) -> None:
        data: dict[str, Any] = {}
        data["self"] = data

        assert len(paths_of(data)) == 1

    def test_a_form_is_screened_by_field(self) -> None:
        assert paths_of(QueryDict("a=x%00&a=y%00&b%00=1&c=2")) == {"a", r"b\x00"}


class TestScreenValues:
    def test_objects_of_any_class_are_passed_over(self) -> None:
        screen_values({"a": object(), "b": [b"bytes"]})

    @pytest.mark.parametrize("value", [float("nan"), 2**70, {"a": Decimal("Infinity")}, [Point(float("inf"))]])
    def test_numbers_that_a_database_cannot_hold_are_refused(self, value: Any) -> None:
        with pytest.raises(InvalidPayloadError):
            screen_values({"a": value})

    def test_fields_of_dataclasses_are_named(self) -> None:
        with pytest.raises(InvalidPayloadError) as caught:
            screen_values({"a": [Point(float("nan"))]})

        assert set(caught.value.errors) == {"a.0.x"}


class TestDotted:
    def test_parts_are_joined(self) -> None:
        assert dotted(("items", 0, "name")) == "items.0.name"

    def test_the_whole_has_a_name_of_its_own(self) -> None:
        assert dotted(()) == "non_field_errors"

    @pytest.mark.parametrize("part", ["\ud800", "\0", "a\nb", "x" * 5000, "\u202e"])
    def test_whatever_a_caller_wrote_fits_into_an_answer(self, part: str) -> None:
        text = dotted(("a", part))

        assert len(json.dumps(text, ensure_ascii=False).encode()) < 500
        assert text.isprintable()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        (5, "a number"),
        (1.5, "a number"),
        ([], "a list"),
        ({}, "an object"),
        ("x", "a text"),
    ],
)
def test_what_a_body_is_instead_of_fields_is_said_in_words(value: Any, words: str) -> None:
    assert kind_of(value) == words
