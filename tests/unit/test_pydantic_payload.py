"""Payloads declared by a pydantic model."""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import QueryDict
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    NaiveDatetime,
    field_validator,
    model_validator,
)

from actions.exceptions import InvalidPayloadError, MissingExtraError
from actions.payloads import PydanticPayload, is_pydantic_model


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    a: int = 1


class Ignoring(BaseModel):
    model_config = ConfigDict(extra="ignore")

    a: int = 1


class Forbidding(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: int = 1


class Plain(BaseModel):
    note: str = ""


class Aliased(BaseModel):
    note: str = Field(alias="Note")
    size: int = Field(1, validation_alias=AliasChoices("size", "dimension", AliasPath("sizes", 0)))


class Person(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = Field(max_length=5)
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    others: list[Plain] = []
    by_name: dict[str, Plain] = {}
    value: int | Plain = 0
    born: dt.datetime | None = None
    local: NaiveDatetime | None = None
    ratio: Decimal = Field(Decimal(1), ge=0)
    key: UUID | None = None
    photo: UploadedFile | None = None

    @field_validator("name")
    @classmethod
    def is_capitalized(cls, name: str) -> str:
        if name.islower():
            raise ValueError(f"{name} begins with a small letter")
        return name

    @model_validator(mode="after")
    def knows_one(self) -> Person:
        if self.name == "Noone":
            raise ValueError("There is nobody.")
        return self


def errors_of(model: type[BaseModel], data: Any, **kwargs: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidPayloadError) as caught:
        PydanticPayload(model, **kwargs).validate(data)
    return caught.value.errors


def validate(model: type[BaseModel], data: Any) -> dict[str, Any]:
    return PydanticPayload(model).validate(data)


class TestErrors:
    @pytest.mark.parametrize(
        ("data", "paths"),
        [
            ({}, {"name"}),
            ({"name": "X" * 6}, {"name"}),
            ({"name": "X", "pet": {"kind": "dog"}}, {"pet.name"}),
            ({"name": "X", "pet": {"kind": "cow"}}, {"pet"}),
            ({"name": "X", "others": [{}, {"note": 5}]}, {"others.1.note"}),
            ({"name": "X", "value": {"note": 5}}, {"value", "value.note"}),
            ({"name": "X", "by_name": {"a": {"note": 5}}}, {"by_name.a.note"}),
            ({"name": "Noone"}, {"non_field_errors"}),
            ({"name": "X", "key": "9" * 32 + "x"}, {"key"}),
            ({"name": "X", "born": "0001-01-01T00:00:00+14:00"}, {"born"}),
        ],
    )
    def test_each_has_the_path_in_the_data(self, data: dict[str, Any], paths: set[str]) -> None:
        assert set(errors_of(Person, data)) == paths

    def test_a_validator_s_own_words_are_kept(self) -> None:
        assert errors_of(Person, {"name": "ann"}) == {"name": ["ann begins with a small letter."]}

    def test_a_secret_is_not_repeated(self) -> None:
        assert "ann" not in str(errors_of(Person, {"name": "ann"}, sensitive=["name"]))


class TestUnknownFields:
    @pytest.mark.parametrize(
        ("data", "paths"),
        [
            ({"name": "X", "nmae": 1}, {"nmae"}),
            ({"name": "X", "others": [{"not": 1}]}, {"others.0.not"}),
            ({"name": "X", "by_name": {"a": {"not": 1}}}, {"by_name.a.not"}),
            ({"name": "X", "pet": {"kind": "cat", "lifes": 1}}, {"pet.lifes"}),
            ({"name": "X", "value": {"not": 1}}, {"value.not"}),
            ({"nmae": "X"}, {"nmae", "name"}),
        ],
    )
    def test_they_are_refused_at_any_depth(self, data: dict[str, Any], paths: set[str]) -> None:
        assert set(errors_of(Person, data)) == paths

    def test_they_are_refused_where_the_model_forbids_them(self) -> None:
        assert errors_of(Forbidding, {"nota": 1}) == {"nota": ["There is no such field. Did you mean 'note'?"]}

    def test_they_are_kept_where_the_model_allows_them(self) -> None:
        assert validate(Open, {"b": 2}) == {"a": 1, "b": 2}

    def test_they_are_dropped_where_the_model_says_that_it_ignores_them(self) -> None:
        assert validate(Ignoring, {"b": 2}) == {"a": 1}

    @pytest.mark.parametrize(
        ("model", "is_closed"), [(Open, True), (Ignoring, True), (Forbidding, False), (Plain, False)]
    )
    def test_the_documentation_says_so(self, model: type[BaseModel], is_closed: bool) -> None:
        assert PydanticPayload(model).json_schema()["additionalProperties"] is is_closed

    @pytest.mark.parametrize(
        "data", [{"Note": "x", "dimension": 2}, {"Note": "x", "sizes": [2]}, {"Note": "x", "size": 2}]
    )
    def test_fields_are_known_by_their_aliases(self, data: dict[str, Any]) -> None:
        assert validate(Aliased, data) == {"note": "x", "size": 2}

    def test_a_field_with_an_alias_is_not_known_by_its_own_name(self) -> None:
        assert set(errors_of(Aliased, {"note": "x"})) == {"note", "Note"}


class TestValues:
    def test_nested_models_arrive_as_they_are(self) -> None:
        assert validate(Person, {"name": "X", "pet": {"kind": "cat"}})["pet"] == Cat(kind="cat")

    def test_a_moment_without_offset_is_in_the_current_zone(self) -> None:
        assert validate(Person, {"name": "X", "born": "2026-11-30T10:00"})["born"].tzinfo is not None

    def test_a_moment_that_is_asked_to_be_naive_stays_so(self) -> None:
        assert validate(Person, {"name": "X", "local": "2026-11-30T10:00"})["local"].tzinfo is None

    def test_a_form_is_read_by_the_model_s_types(self) -> None:
        file = SimpleUploadedFile("a", b"")
        data = QueryDict('name=X&pet={"kind":"cat","lives":1}&ratio=0.5&value=7', mutable=True)
        data["photo"] = file

        values = validate(Person, data)

        assert values["pet"] == Cat(kind="cat", lives=1)
        assert (values["ratio"], values["value"], values["photo"]) == (Decimal("0.5"), 7, file)

    def test_files_and_decimals_are_documented_as_elsewhere(self) -> None:
        properties = PydanticPayload(Person).json_schema()["properties"]

        assert properties["ratio"]["format"] == "decimal"
        assert properties["photo"]["anyOf"][0]["format"] == "binary"


def test_without_pydantic_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = PydanticPayload(Plain)
    monkeypatch.setitem(sys.modules, "pydantic", None)

    with pytest.raises(MissingExtraError, match=r"dj-actions\[pydantic\]"):
        payload.validate({})


@pytest.mark.parametrize(("value", "expected"), [(Plain, True), (Plain(), False), (dict, False), ("Plain", False)])
def test_a_model_class_is_told_from_anything_else(value: Any, expected: bool) -> None:
    assert is_pydantic_model(value) is expected
