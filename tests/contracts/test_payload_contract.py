"""The five ways to declare a payload agree on what is good, what is bad, and what a function gets."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pydantic
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.exceptions import InvalidPayloadError
from actions.payloads import MAX_DEPTH, Payload
from tests.contracts.payload_declarations import NESTING, PAYLOADS

Given = Mapping[str, Any]


@pytest.fixture(params=PAYLOADS)
def payload(request: pytest.FixtureRequest) -> Payload:
    return PAYLOADS[request.param]


@pytest.fixture(params=NESTING)
def nesting_payload(request: pytest.FixtureRequest) -> Payload:
    return PAYLOADS[request.param]


def plain(value: Any) -> Any:
    """Objects of classes as the dicts that other declarations make."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value.model_dump() if isinstance(value, pydantic.BaseModel) else value


def values_of(payload: Payload, data: Given) -> dict[str, Any]:
    """The validated values of the fields that were sent."""
    values = payload.validate(data)
    return {name: plain(values[name]) for name in data}


def errors_of(payload: Payload, data: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidPayloadError) as caught:
        payload.validate(data)
    return caught.value.errors


def refusal(payload: Payload, data: Any) -> dict[str, list[str]]:
    """The errors, if there are any. Another exception is the failure that is looked for."""
    try:
        payload.validate(data)
    except InvalidPayloadError as error:
        return error.errors
    return {}


def form(text: str, **files: Any) -> QueryDict:
    """What DRF's parsers make of a form: texts and files together."""
    data = QueryDict(text, mutable=True)
    for name, value in files.items():
        data[name] = value
    return data


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _level in range(depth):
        value = {"inner": value}
    return value


GOOD: list[tuple[str, Any, Any]] = [
    ("title", "Write tests", "Write tests"),
    ("title", "x" * 100, "x" * 100),
    ("title", "Grüße, 世界 🎉", "Grüße, 世界 🎉"),
    ("title", "{{ 7 * 7 }} %(x)s {0}", "{{ 7 * 7 }} %(x)s {0}"),
    ("count", 1, 1),
    ("count", 10, 10),
    ("urgent", True, True),
    ("urgent", False, False),
    ("due", "2026-11-30", dt.date(2026, 11, 30)),
    ("due", None, None),
    ("at", "2026-11-30T14:30:00Z", dt.datetime(2026, 11, 30, 14, 30, tzinfo=dt.UTC)),
    ("at", "2026-11-30T14:30:00.250+01:00", dt.datetime(2026, 11, 30, 13, 30, 0, 250000, tzinfo=dt.UTC)),
    ("tags", ["a", "b"], ["a", "b"]),
    ("tags", [], []),
    ("priority", "high", "high"),
    ("ratio", 0.25, Decimal("0.25")),
    ("ratio", "0.25", Decimal("0.25")),
    ("ratio", 1, Decimal(1)),
    ("address", {"city": "Bern", "zip_codes": [3000]}, {"city": "Bern", "zip_codes": [3000]}),
]

BAD: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"title"}),
    ({"title": None}, {"title"}),
    ({"title": ""}, {"title"}),
    ({"title": "x" * 101}, {"title"}),
    ({"title": ["x"]}, {"title"}),
    ({"title": {"x": 1}}, {"title"}),
    ({"title": True}, {"title"}),
    ({"title": "x", "count": 0}, {"count"}),
    ({"title": "x", "count": 11}, {"count"}),
    ({"title": "x", "count": "many"}, {"count"}),
    ({"title": "x", "count": 1.5}, {"count"}),
    ({"title": "x", "count": [1]}, {"count"}),
    ({"title": "x", "count": 2**80}, {"count"}),
    ({"title": "x", "count": "9" * 30}, {"count"}),
    ({"title": "x", "urgent": "perhaps"}, {"urgent"}),
    ({"title": "x", "urgent": []}, {"urgent"}),
    ({"title": "x", "due": "30.11."}, {"due"}),
    ({"title": "x", "due": "2026-02-30"}, {"due"}),
    ({"title": "x", "due": {}}, {"due"}),
    ({"title": "x", "due": ["2026-11-30"]}, {"due"}),
    ({"title": "x", "at": "soon"}, {"at"}),
    ({"title": "x", "at": "0001-01-01T00:00:00+14:00"}, {"at"}),
    ({"title": "x", "at": "9999-12-31T23:59:59-14:00"}, {"at"}),
    ({"title": "x", "tags": {"a": 1}}, {"tags"}),
    ({"title": "x", "tags": 5.5, "count": 0}, {"tags", "count"}),
    ({"title": "x", "priority": "urgent"}, {"priority"}),
    ({"title": "x", "priority": ["low"]}, {"priority"}),
    ({"title": "x", "ratio": 1.5}, {"ratio"}),
    ({"title": "x", "ratio": "-1"}, {"ratio"}),
    ({"title": "x", "ratio": "NaN"}, {"ratio"}),
    ({"title": "x", "ratio": "1e999999999"}, {"ratio"}),
    ({"title": "x", "ratio": "half"}, {"ratio"}),
    ({"title": "x", "attachment": "a text"}, {"attachment"}),
    ({"title": "x", "titel": "y"}, {"titel"}),
    ({"titel": "x"}, {"title", "titel"}),
    ({"title": "x", "context": 1, "todo": 2}, {"context", "todo"}),
    ({"title": "", "count": 0, "due": "x", "priority": "x"}, {"title", "count", "due", "priority"}),
    ({"title": "a\0b"}, {"title"}),
    ({"title": "\ud800"}, {"title"}),
    ({"title": "x", "ratio": float("nan")}, {"ratio"}),
    ({"title": "x", "ratio": float("inf")}, {"ratio"}),
    ({"title": "x", "tags": ["a", "b\0"]}, {"tags.1"}),
    ({"title": "x", "address": {"city": "\udfff"}}, {"address.city"}),
]

BAD_INSIDE: list[tuple[Any, set[str]]] = [
    ({}, {"address.city"}),
    ({"city": ""}, {"address.city"}),
    ({"city": None}, {"address.city"}),
    ({"city": {"name": "Bern"}}, {"address.city"}),
    ({"city": "Bern", "zip_codes": [3000, "x", None]}, {"address.zip_codes.1", "address.zip_codes.2"}),
    ({"city": "Bern", "zip_codes": 3000}, {"address.zip_codes"}),
    ({"city": "Bern", "cty": 1}, {"address.cty"}),
    (["Bern"], {"address"}),
    ("Bern", {"address"}),
]


class TestGoodValues:
    @pytest.mark.parametrize(("name", "sent", "expected"), GOOD)
    def test_a_function_gets_the_same_value(self, payload: Payload, name: str, sent: Any, expected: Any) -> None:
        data = {"title": "x", name: sent}

        assert values_of(payload, data)[name] == expected

    @pytest.mark.parametrize(("name", "sent", "expected"), GOOD)
    def test_the_value_is_of_the_same_type(self, payload: Payload, name: str, sent: Any, expected: Any) -> None:
        assert isinstance(values_of(payload, {"title": "x", name: sent})[name], type(expected))

    def test_a_time_without_offset_is_in_the_current_zone(self, payload: Payload) -> None:
        with timezone.override("America/New_York"):
            at = payload.validate({"title": "x", "at": "2026-11-30T14:30:00"})["at"]

        assert at == dt.datetime(2026, 11, 30, 19, 30, tzinfo=dt.UTC)

    def test_defaults_are_filled_in(self, payload: Payload) -> None:
        values = payload.validate({"title": "x"})

        assert (values["count"], values["urgent"]) == (1, False)

    def test_the_data_stay_as_they_were(self, payload: Payload) -> None:
        data = {"title": "x", "due": "2026-11-30", "tags": ["a"], "address": {"city": "Bern", "zip_codes": [1]}}
        before = json.dumps(data)

        payload.validate(data)

        assert json.dumps(data) == before

    def test_changing_the_values_does_not_change_the_data(self, payload: Payload) -> None:
        data = {"title": "x", "tags": ["a"]}

        payload.validate(data)["tags"].append("b")

        assert data["tags"] == ["a"]


class TestBadValues:
    @pytest.mark.parametrize(("data", "fields"), BAD)
    def test_the_same_fields_are_refused(self, payload: Payload, data: dict[str, Any], fields: set[str]) -> None:
        assert set(errors_of(payload, data)) == fields

    @pytest.mark.parametrize(("data", "fields"), BAD)
    def test_each_field_gets_sentences(self, payload: Payload, data: dict[str, Any], fields: set[str]) -> None:
        for sentences in errors_of(payload, data).values():
            assert sentences
            assert all(sentence.strip().endswith((".", "?")) for sentence in sentences), sentences

    @pytest.mark.parametrize(("address", "fields"), BAD_INSIDE)
    def test_errors_inside_of_an_object_have_its_path(
        self, nesting_payload: Payload, address: Any, fields: set[str]
    ) -> None:
        assert set(errors_of(nesting_payload, {"title": "x", "address": address})) == fields

    @pytest.mark.parametrize("data", [[], [{"title": "x"}], "title", 5, None, True])
    def test_what_is_no_object_is_refused_as_a_whole(self, payload: Payload, data: Any) -> None:
        assert set(errors_of(payload, data)) == {"non_field_errors"}

    def test_an_unknown_field_gets_a_suggestion(self, payload: Payload) -> None:
        assert "Did you mean 'title'?" in errors_of(payload, {"title": "x", "titel": 1})["titel"][0]

    def test_too_deep_nesting_is_refused(self, payload: Payload) -> None:
        data = {"title": "x", "address": nested(100_000)}

        (path,) = errors_of(payload, data)
        assert path.startswith("address.inner")

    def test_nesting_within_the_limit_is_the_declaration_s_concern(self, payload: Payload) -> None:
        errors = errors_of(payload, {"titel": nested(MAX_DEPTH - 2)})

        assert set(errors) == {"title", "titel"}

    def test_names_that_are_no_texts_are_refused(self, payload: Payload) -> None:
        assert set(errors_of(payload, {"title": "x", 1: 2})) == {"int"}

    def test_errors_can_be_sent_whatever_the_names_hold(self, payload: Payload) -> None:
        errors = errors_of(payload, {"\ud800\0\n": 1, "x" * 10_000: 1, "title": "x"})

        assert len(json.dumps(errors, ensure_ascii=False).encode()) < 2_000

    def test_a_flood_of_errors_is_cut(self, payload: Payload) -> None:
        errors = errors_of(payload, {f"field{number}": 1 for number in range(5_000)})

        assert len(errors) <= 101


class TestForms:
    """Form-encoded and multipart data: everything is a text or a file."""

    @pytest.mark.parametrize(
        ("text", "name", "expected"),
        [
            ("count=5", "count", 5),
            ("urgent=on", "urgent", True),
            ("urgent=true", "urgent", True),
            ("urgent=1", "urgent", True),
            ("urgent=false", "urgent", False),
            ("urgent=0", "urgent", False),
            ("urgent=false&urgent=on", "urgent", True),
            ("due=2026-11-30", "due", dt.date(2026, 11, 30)),
            ("due=", "due", None),
            ("at=2026-11-30T14:30:00Z", "at", dt.datetime(2026, 11, 30, 14, 30, tzinfo=dt.UTC)),
            ("tags=a&tags=b", "tags", ["a", "b"]),
            ("tags=a", "tags", ["a"]),
            ("priority=high", "priority", "high"),
            ("ratio=0.25", "ratio", Decimal("0.25")),
            ('address={"city":"Bern","zip_codes":[3000]}', "address", {"city": "Bern", "zip_codes": [3000]}),
            ('address={"city":"Bern","zip_codes":[1,2]}', "address", {"city": "Bern", "zip_codes": [1, 2]}),
        ],
    )
    def test_texts_become_what_is_declared(self, payload: Payload, text: str, name: str, expected: Any) -> None:
        assert plain(payload.validate(form(f"title=x&{text}"))[name]) == expected

    @pytest.mark.parametrize(
        ("text", "fields"),
        [
            ("", {"title"}),
            ("title=", {"title"}),
            ("title=x&count=0", {"count"}),
            ("title=x&count=many", {"count"}),
            ("title=x&count=5.5", {"count"}),
            ("title=x&count=" + "9" * 18, {"count"}),
            ("title=x&count=" + "9" * 19, {"count"}),
            ("title=x&count=" + "9" * 5000, {"count"}),
            ("title=x&urgent=perhaps", {"urgent"}),
            ("title=x&due=tomorrow", {"due"}),
            ("title=x&ratio=nan", {"ratio"}),
            ("title=x&ratio=2", {"ratio"}),
            ("title=x&priority=urgent", {"priority"}),
            ("title=x&attachment=text", {"attachment"}),
            ("title=x&nope=1", {"nope"}),
            ("title=x&titel=1&count=0", {"titel", "count"}),
            ("title=a%00b", {"title"}),
            ("title=x&address=Bern", {"address"}),
        ],
    )
    def test_the_same_fields_are_refused(self, payload: Payload, text: str, fields: set[str]) -> None:
        assert set(errors_of(payload, form(text))) == fields

    @pytest.mark.parametrize(
        ("text", "fields"),
        [
            ("address.zip_codes=1", {"address.city"}),
            ("address.city=", {"address.city"}),
            ("address.city=Bern&address.cty=1", {"address.cty"}),
            ('address={"cty":1,"city":"Bern"}', {"address.cty"}),
            ('address={"city":"a\\u0000b"}', {"address.city"}),
        ],
    )
    def test_fields_inside_of_an_object_are_refused_alike(
        self, nesting_payload: Payload, text: str, fields: set[str]
    ) -> None:
        assert set(errors_of(nesting_payload, form(f"title=x&{text}"))) == fields

    def test_an_object_may_be_written_as_several_fields(self, nesting_payload: Payload) -> None:
        values = nesting_payload.validate(form("title=x&address.city=Bern&address.zip_codes=1&address.zip_codes=2"))

        assert plain(values["address"]) == {"city": "Bern", "zip_codes": [1, 2]}

    def test_of_a_repeated_single_field_the_last_counts(self, payload: Payload) -> None:
        assert payload.validate(form("title=a&title=b"))["title"] == "b"

    def test_a_file_arrives_as_it_is(self, payload: Payload) -> None:
        file = SimpleUploadedFile("note.txt", b"content")

        assert payload.validate(form("title=x", attachment=file))["attachment"] is file

    def test_a_file_is_refused_where_a_text_belongs(self, payload: Payload) -> None:
        file = SimpleUploadedFile("note.txt", b"content")

        assert set(errors_of(payload, form("", title=file))) == {"title"}

    def test_a_file_that_nobody_declared_is_refused(self, payload: Payload) -> None:
        file = SimpleUploadedFile("note.txt", b"content")

        assert set(errors_of(payload, form("title=x", other=file))) == {"other"}

    @pytest.mark.parametrize("name", ["csrfmiddlewaretoken", "_content_type", "_content"])
    def test_what_browsers_and_drf_add_is_passed_over(self, payload: Payload, name: str) -> None:
        assert name not in payload.validate(form(f"title=x&{name}=y"))

    def test_in_json_the_same_names_are_unknown_fields(self, payload: Payload) -> None:
        assert set(errors_of(payload, {"title": "x", "csrfmiddlewaretoken": "y"})) == {"csrfmiddlewaretoken"}


class TestDocumentation:
    def test_it_is_a_schema_of_an_object(self, payload: Payload) -> None:
        schema = payload.json_schema()

        assert schema["type"] == "object"
        jsonschema_rs.meta.validate(schema)

    def test_it_names_the_same_fields(self, payload: Payload) -> None:
        schema = payload.json_schema()

        assert list(schema["properties"]) == list(PAYLOADS["schema"].json_schema()["properties"])
        assert schema["required"] == ["title"]

    def test_it_says_that_further_fields_are_refused(self, payload: Payload) -> None:
        assert payload.json_schema()["additionalProperties"] is False

    @pytest.mark.parametrize(
        ("name", "keywords"),
        [
            ("title", {"type": "string", "minLength": 1, "maxLength": 100}),
            ("count", {"minimum": 1, "maximum": 10, "default": 1}),
            ("attachment", {"type": "string", "format": "binary"}),
        ],
    )
    def test_it_says_what_is_checked(self, payload: Payload, name: str, keywords: dict[str, Any]) -> None:
        described = payload.json_schema()["properties"][name]
        if name == "attachment" and isinstance(described["type"], list):
            described["type"] = described["type"][0]

        assert keywords.items() <= described.items()

    def test_it_is_a_copy(self, payload: Payload) -> None:
        payload.json_schema()["properties"].clear()

        assert payload.json_schema()["properties"]

    def test_what_it_allows_is_accepted(self, payload: Payload) -> None:
        """For values of each field, made at random, but of a kind that the field is about."""
        validator = jsonschema_rs.Draft202012Validator(payload.json_schema(), validate_formats=True)

        @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(LIKELY)
        def check(data: dict[str, Any]) -> None:
            if validator.is_valid(data):
                payload.validate(data)

        check()


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), max_size=120)
MOMENTS = st.datetimes(timezones=st.just(dt.UTC)).filter(lambda moment: moment.year > 1)
LIKELY = st.fixed_dictionaries(
    {"title": TEXTS},
    optional={
        "count": st.integers(-2, 12) | st.none(),
        "urgent": st.booleans(),
        "due": st.dates().map(str) | st.none(),
        "at": MOMENTS.map(dt.datetime.isoformat) | st.none(),
        "tags": st.lists(TEXTS.filter(bool).filter(lambda text: text == text.strip()), max_size=3),
        "priority": st.sampled_from(["low", "high", "other"]),
        "ratio": st.sampled_from([0, 1, 0.5, "0.25", 2, -1]),
    },
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(list(PAYLOADS["schema"].json_schema()["properties"]))
ANYTHING = st.dictionaries(NAMES | st.text(st.characters(), max_size=8), JSON, max_size=6)
FORM_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["1", "-1", "1e999", "nan", "{}", "[]", "[[", '{"city":[]}', "on", "2026-13-01", "24:00", "P", "true", "\0"]
)
FORM_NAMES = NAMES | st.sampled_from(
    ["address.city", "address.zip_codes[0]", "address[0]city", "tags[0]", "a.b.c", ".", "["]
)


class TestAnyInput:
    @pytest.mark.parametrize("name", PAYLOADS)
    def test_json_is_accepted_or_refused_and_nothing_else(self, name: str) -> None:
        self.run(PAYLOADS[name], ANYTHING, lambda data: data)

    @pytest.mark.parametrize("name", PAYLOADS)
    def test_a_form_is_accepted_or_refused_and_nothing_else(self, name: str) -> None:
        fields = st.dictionaries(FORM_NAMES, st.lists(FORM_TEXTS, min_size=1, max_size=3), max_size=6)

        def as_form(data: dict[str, list[str]]) -> QueryDict:
            result = QueryDict(mutable=True)
            for key, values in data.items():
                result.setlist(key, values)
            return result

        self.run(PAYLOADS[name], fields, as_form)

    @staticmethod
    def run(payload: Payload, inputs: st.SearchStrategy[Any], make: Callable[[Any], Any]) -> None:
        @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(inputs)
        def check(data: Any) -> None:
            errors = refusal(payload, make(data))

            assert json.dumps(errors, ensure_ascii=False).encode()

        check()
