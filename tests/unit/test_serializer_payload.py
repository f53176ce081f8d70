"""Payloads declared by a DRF serializer."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from rest_framework import serializers

from actions.django_payloads import SerializerPayload
from actions.exceptions import InvalidPayloadError
from tests.app.models import Article, Parcel


class ItemSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=5)
    count = serializers.IntegerField(default=1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["count"] == 13:
            raise serializers.ValidationError("Not thirteen.")
        return attrs


class OrderSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(read_only=True)
    user = serializers.HiddenField(default="somebody")
    note = serializers.CharField(required=False, help_text="For the kitchen.", label="A note")
    first = ItemSerializer(required=False)
    items = ItemSerializer(many=True, required=False)
    labels = serializers.DictField(child=serializers.IntegerField(), required=False)
    password = serializers.CharField(write_only=True, required=False)

    def validate_note(self, note: str) -> str:
        if note == self.context.get("forbidden"):
            raise serializers.ValidationError("Not this one.")
        return note


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "body", "likes", "author"]


def errors_of(data: Any, serializer_class: Any = OrderSerializer) -> dict[str, list[str]]:
    with pytest.raises(InvalidPayloadError) as caught:
        SerializerPayload(serializer_class).validate(data)
    return caught.value.errors


def schema_of(field: serializers.Field[Any, Any, Any, Any]) -> dict[str, Any]:
    serializer_class = type("OneSerializer", (serializers.Serializer,), {"field": field})
    schema = SerializerPayload(serializer_class).json_schema()["properties"]["field"]
    return {key: value for key, value in schema.items() if key != "title"}


class TestErrors:
    @pytest.mark.parametrize(
        ("data", "paths"),
        [
            ({"first": {}}, {"first.name"}),
            ({"first": 5}, {"first"}),
            ({"first": {"name": "x", "count": 13}}, {"first"}),
            ({"items": [{"name": "x"}, {"name": "x" * 6, "count": "y"}]}, {"items.1.name", "items.1.count"}),
            ({"items": {"name": "x"}}, {"items"}),
            ({"items": [5]}, {"items.0"}),
            ({"labels": {"a": "x", "b": 1}}, {"labels.a"}),
            ({"noet": 1}, {"noet"}),
            ({"first": {"name": "x", "nam": 1}}, {"first.nam"}),
            ({"items": [{"name": "x"}, {"name": "x", "nam": 1}]}, {"items.1.nam"}),
            ({"items": [{"nam": 1}], "noet": 1}, {"items.0.name", "items.0.nam", "noet"}),
            ({"id": 5}, {"id"}),
            ({"user": "me"}, {"user"}),
        ],
    )
    def test_each_has_a_dotted_path(self, data: dict[str, Any], paths: set[str]) -> None:
        assert set(errors_of(data)) == paths

    def test_a_field_that_is_read_only_cannot_be_set(self) -> None:
        assert errors_of({"id": 5}) == {"id": ["This field cannot be set."]}

    @pytest.mark.parametrize(
        ("text", "paths"),
        [
            ("first.nam=1&first.name=x", {"first.nam"}),
            ("items[0]name=x&items[0]nam=1", {"items.0.nam"}),
            ("first=text", {"first"}),
            ("first=[1]", {"first"}),
            ("items={}", {"items"}),
            ("labels=[", {"labels"}),
            ("[=1", {"["}),
        ],
    )
    def test_those_of_a_form_have_the_same_paths(self, text: str, paths: set[str]) -> None:
        assert set(errors_of(QueryDict(text))) == paths


class TestForms:
    @pytest.mark.parametrize(
        "text",
        ["items[0]name=a&items[0]count=1&items[1]name=b", 'items=[{"name":"a","count":1},{"name":"b"}]'],
    )
    def test_lists_of_objects_are_written_as_drf_does_or_as_json(self, text: str) -> None:
        items = SerializerPayload(OrderSerializer).validate(QueryDict(text))["items"]

        assert [dict(item) for item in items] == [{"name": "a", "count": 1}, {"name": "b", "count": 1}]

    def test_a_dict_may_be_written_as_json(self) -> None:
        assert SerializerPayload(OrderSerializer).validate(QueryDict('labels={"a":1}'))["labels"] == {"a": 1}


class TestBuild:
    def test_the_serializer_gets_the_context(self) -> None:
        payload = SerializerPayload(OrderSerializer)

        assert payload.validate({"note": "x"})["note"] == "x"
        with pytest.raises(InvalidPayloadError):
            payload.validate({"note": "x"}, context={"forbidden": "x"})

    def test_a_serializer_can_be_built_for_an_instance(self) -> None:
        article = Article(title="old")
        payload = SerializerPayload(ArticleSerializer)
        serializer = payload.build({"title": "new"}, instance=article, partial=True)

        assert payload.check(serializer) == {"title": "new"}
        assert serializer.instance is article

    def test_hidden_fields_have_their_value(self) -> None:
        assert SerializerPayload(OrderSerializer).validate({}) == {"user": "somebody"}

    def test_a_serializer_that_declares_no_fields_takes_any(self) -> None:
        class AnySerializer(serializers.BaseSerializer[Any]):
            def to_internal_value(self, data: Any) -> Any:
                return data

        payload = SerializerPayload(AnySerializer)

        assert payload.validate({"a": 1}) == {"a": 1}
        assert payload.validate(QueryDict("a=1"))["a"] == "1"
        assert payload.json_schema() == {"type": "object"}


class TestDocumentation:
    def test_read_only_and_hidden_fields_are_left_out(self) -> None:
        names = list(SerializerPayload(OrderSerializer).json_schema()["properties"])

        assert names == ["note", "first", "items", "labels", "password"]

    def test_nested_serializers_are_described(self) -> None:
        properties = SerializerPayload(OrderSerializer).json_schema()["properties"]

        assert properties["first"]["properties"]["name"] == {
            "type": "string",
            "minLength": 1,
            "maxLength": 5,
            "title": "Name",
        }
        assert properties["items"]["items"]["required"] == ["name"]

    def test_label_help_text_and_secrecy_are_shown(self) -> None:
        properties = SerializerPayload(OrderSerializer).json_schema()["properties"]

        assert (properties["note"]["title"], properties["note"]["description"]) == ("A note", "For the kitchen.")
        assert properties["password"]["writeOnly"] is True

    @pytest.mark.parametrize(
        ("field", "expected"),
        [
            (serializers.CharField(allow_blank=True, allow_null=True), {"type": ["string", "null"]}),
            (serializers.IntegerField(min_value=1, default=2), {"type": "integer", "minimum": 1, "default": 2}),
            (
                serializers.ChoiceField(["a", "b"], allow_null=True),
                {"type": ["string", "null"], "enum": ["a", "b", None]},
            ),
            (serializers.ChoiceField([(1, "One")]), {"type": "integer", "enum": [1]}),
            (
                serializers.MultipleChoiceField(choices=["a"], allow_empty=False),
                {"type": "array", "items": {"type": "string", "enum": ["a"]}, "minItems": 1},
            ),
            (
                serializers.ListField(child=serializers.DateField(), max_length=3),
                {"type": "array", "items": {"type": "string", "format": "date"}, "maxItems": 3},
            ),
            (
                serializers.DictField(child=serializers.FloatField(allow_null=True)),
                {"type": "object", "additionalProperties": {"type": ["number", "null"]}},
            ),
            (serializers.JSONField(), {}),
            (serializers.UUIDField(), {"type": "string", "format": "uuid"}),
            (serializers.EmailField(), {"type": "string", "format": "email"}),
            (serializers.PrimaryKeyRelatedField(queryset=Parcel.objects.all()), {"type": "string", "format": "uuid"}),
            (
                serializers.PrimaryKeyRelatedField(queryset=Article.objects.all(), many=True),
                {"type": "array", "items": {"type": "integer"}},
            ),
            (serializers.SlugRelatedField(slug_field="label", queryset=Parcel.objects.all()), {"type": "string"}),
            (
                serializers.CharField(style={"input_type": "password"}),
                {"type": "string", "minLength": 1, "format": "password", "writeOnly": True},
            ),
        ],
    )
    def test_each_field_has_its_schema(self, field: Any, expected: dict[str, Any]) -> None:
        assert schema_of(field) == expected

    def test_a_model_serializer_is_described_from_the_model(self) -> None:
        schema = SerializerPayload(ArticleSerializer).json_schema()

        assert schema["required"] == ["title"]
        assert schema["properties"]["title"]["maxLength"] == 200
        assert schema["properties"]["author"]["type"] == ["integer", "null"]
