"""Payloads declared by a Django form: JSON is read as carefully as what a browser sends."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict

from actions.django_payloads import FormPayload
from actions.exceptions import InvalidPayloadError
from actions.fields import CommaSeparatedCharField
from tests.app.models import Article


def payload_of(field: forms.Field) -> FormPayload:
    """The payload of a form with one field."""
    return FormPayload(type("OneForm", (forms.Form,), {"field": field}))


def value_of(field: forms.Field, sent: Any) -> Any:
    return payload_of(field).validate({"field": sent})["field"]


def errors_of(payload: FormPayload, data: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidPayloadError) as caught:
        payload.validate(data)
    return caught.value.errors


NUMBERS = [(1, "One"), (2, "Two")]


class TestJson:
    @pytest.mark.parametrize(
        ("field", "sent", "expected"),
        [
            (forms.CharField(), "text", "text"),
            (forms.CharField(), 5, "5"),
            (forms.IntegerField(), 5, 5),
            (forms.IntegerField(), 5.0, 5),
            (forms.FloatField(), 0.5, 0.5),
            (forms.DecimalField(), 0.1, Decimal("0.1")),
            (forms.DecimalField(), Decimal("0.10"), Decimal("0.10")),
            (forms.BooleanField(required=False), True, True),
            (forms.BooleanField(required=False), False, False),
            (forms.BooleanField(required=False), "false", False),
            (forms.NullBooleanField(required=False), True, True),
            (forms.NullBooleanField(required=False), False, False),
            (forms.NullBooleanField(required=False), None, None),
            (forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")]), ["a", "b"], ["a", "b"]),
            (forms.TypedMultipleChoiceField(choices=NUMBERS, coerce=int), [1, 2], [1, 2]),
            (forms.TypedChoiceField(choices=NUMBERS, coerce=int), 2, 2),
            (
                forms.TypedChoiceField(choices=[(True, "y"), (False, "n")], coerce=lambda text: text == "True"),
                False,
                False,
            ),
            (forms.JSONField(), {"a": [1, None]}, {"a": [1, None]}),
            (forms.JSONField(), "text", "text"),
            (forms.DateField(), dt.date(2026, 11, 30), dt.date(2026, 11, 30)),
            (forms.TimeField(), "14:30:00Z", dt.time(14, 30)),
            (forms.DurationField(), "P1W", dt.timedelta(weeks=1)),
            (forms.UUIDField(), "123e4567e89b12d3a456426614174000", UUID("123e4567e89b12d3a456426614174000")),
            (CommaSeparatedCharField(), ["a,b", 2], ["a,b", "2"]),
            (CommaSeparatedCharField(), "a, b", ["a", "b"]),
            (
                forms.SplitDateTimeField(),
                "2026-11-30T14:30:00Z",
                dt.datetime(2026, 11, 30, 14, 30, tzinfo=dt.UTC),
            ),
            (
                forms.SplitDateTimeField(),
                ["2026-11-30", "14:30"],
                dt.datetime(2026, 11, 30, 14, 30, tzinfo=dt.UTC),
            ),
            (forms.DateField(widget=forms.SelectDateWidget), "2026-11-30", dt.date(2026, 11, 30)),
        ],
    )
    def test_typed_values_reach_the_form(self, field: forms.Field, sent: Any, expected: Any, settings: Any) -> None:
        settings.TIME_ZONE = "UTC"

        assert value_of(field, sent) == expected

    @pytest.mark.parametrize(
        ("field", "sent"),
        [
            (forms.CharField(), ["a"]),
            (forms.CharField(), {"a": 1}),
            (forms.CharField(), True),
            (forms.IntegerField(), True),
            (forms.IntegerField(), 1.5),
            (forms.DateField(), 5),
            (forms.DateField(), [2026, 11, 30]),
            (forms.DateTimeField(), {}),
            (forms.TimeField(), 5),
            (forms.DurationField(), []),
            (forms.BooleanField(required=False), "perhaps"),
            (forms.BooleanField(required=False), 1),
            (forms.MultipleChoiceField(choices=NUMBERS), "1"),
            (forms.MultipleChoiceField(choices=NUMBERS), [[1]]),
            (forms.MultipleChoiceField(choices=NUMBERS), {"1": 1}),
            (forms.ChoiceField(choices=NUMBERS), [1]),
            (forms.FileField(), "text"),
            (CommaSeparatedCharField(), 5),
            (CommaSeparatedCharField(), [["a"]]),
            (CommaSeparatedCharField(), [True]),
            (forms.SplitDateTimeField(), 5),
            (forms.SplitDateTimeField(), "soon"),
            (forms.SplitDateTimeField(), ["2026-11-30", "14:30", "x"]),
            (forms.EmailField(), "x"),
            (forms.DecimalField(), "1e999999999"),
        ],
    )
    def test_values_of_another_kind_are_refused(self, field: forms.Field, sent: Any) -> None:
        assert set(errors_of(payload_of(field), {"field": sent})) == {"field"}

    def test_null_is_a_field_left_empty(self) -> None:
        assert value_of(forms.CharField(required=False), None) == ""
        assert errors_of(payload_of(forms.CharField()), {"field": None})

    @pytest.mark.parametrize(
        "field", [forms.IntegerField(required=False, initial=7), forms.IntegerField(required=False, initial=lambda: 7)]
    )
    def test_an_absent_field_gets_its_initial(self, field: forms.Field) -> None:
        assert payload_of(field).validate({})["field"] == 7
        assert payload_of(field).validate(QueryDict(""))["field"] == 7

    def test_a_field_that_is_sent_empty_does_not(self) -> None:
        assert payload_of(forms.IntegerField(required=False, initial=7)).validate(QueryDict("field="))["field"] is None

    def test_a_required_field_is_required_also_with_an_initial(self) -> None:
        assert errors_of(payload_of(forms.IntegerField(initial=7)), {})

    def test_an_unchecked_box_is_absent_in_a_form_and_default_in_json(self) -> None:
        payload = payload_of(forms.BooleanField(required=False, initial=True))

        assert payload.validate({})["field"] is True
        assert payload.validate(QueryDict(""))["field"] is False


class TestErrors:
    def test_those_of_the_whole_form_stand_by_themselves(self) -> None:
        class Form(forms.Form):
            a = forms.IntegerField()

            def clean(self) -> None:
                raise forms.ValidationError("Not together.")

        assert errors_of(FormPayload(Form), {"a": "x"})["non_field_errors"] == ["Not together."]

    def test_unknown_fields_and_the_form_s_own_errors_come_together(self) -> None:
        assert set(errors_of(payload_of(forms.IntegerField()), {"field": "x", "feild": 1})) == {"field", "feild"}

    def test_a_field_that_is_disabled_cannot_be_set(self) -> None:
        payload = payload_of(forms.IntegerField(disabled=True, initial=1))

        assert errors_of(payload, {"field": 5}) == {"field": ["This field cannot be set."]}
        assert payload.json_schema()["properties"] == {}
        assert payload.validate({}) == {"field": 1}

    def test_fields_that_the_form_adds_when_it_is_made_are_known(self) -> None:
        class Form(forms.Form):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.fields["added"] = forms.CharField()

        assert FormPayload(Form).validate({"added": "x"}) == {"added": "x"}

    def test_parts_of_a_field_may_be_sent_by_their_own_names(self) -> None:
        payload = payload_of(forms.SplitDateTimeField())

        assert payload.validate(QueryDict("field_0=2026-11-30&field_1=14:30"))["field"].hour == 14

    def test_a_file_in_place_of_a_text_is_refused(self) -> None:
        data = QueryDict(mutable=True)
        data["field"] = SimpleUploadedFile("a", b"b")

        assert errors_of(payload_of(forms.CharField(required=False)), data) == {
            "field": ["Must be a text, not a file."]
        }


class TestBuild:
    def test_a_model_form_gets_the_instance_and_changes_only_what_it_is_told(self) -> None:
        class Form(forms.ModelForm):
            class Meta:
                model = Article
                fields = ["title", "is_published", "likes"]

        article = Article(pk=1, title="old", likes=5, is_published=True)
        payload = FormPayload(Form)
        form = payload.build({"title": "new", "likes": 5, "is_published": True}, instance=article)

        assert payload.check(form)["title"] == "new"
        assert article.title == "new"

    def test_the_defaults_of_a_model_do_not_overwrite_an_instance(self) -> None:
        class Form(forms.ModelForm):
            class Meta:
                model = Article
                fields = ["title", "likes"]
                field_classes: dict[str, Any] = {}

            likes = forms.IntegerField(required=False, initial=0)

        form = FormPayload(Form).build({"title": "new"}, instance=Article(pk=1, title="old", likes=5))

        assert "likes" not in form.data

    def test_a_form_without_a_model_gets_the_instance_as_an_attribute_if_it_has_one(self) -> None:
        class Form(forms.Form):
            instance: Any = None

        article = Article(title="x")

        assert FormPayload(Form).build({}, instance=article).instance is article  # type: ignore[union-attr]
        assert not hasattr(FormPayload(forms.Form).build({}, instance=article), "instance")


class TestDocumentation:
    @pytest.mark.parametrize(
        ("field", "expected"),
        [
            (forms.CharField(max_length=5), {"type": "string", "minLength": 1, "maxLength": 5}),
            (forms.CharField(required=False, min_length=2), {"type": ["string", "null"], "minLength": 2}),
            (forms.EmailField(), {"type": "string", "format": "email", "maxLength": 320}),
            (forms.IntegerField(min_value=1, max_value=5), {"type": "integer", "minimum": 1, "maximum": 5}),
            (forms.FloatField(), {"type": "number"}),
            (
                forms.DecimalField(max_digits=4, decimal_places=2),
                {
                    "type": ["number", "string"],
                    "format": "decimal",
                    "multipleOf": 0.01,
                    "exclusiveMinimum": -100,
                    "exclusiveMaximum": 100,
                },
            ),
            (forms.BooleanField(), {"type": "boolean", "const": True}),
            (forms.BooleanField(required=False), {"type": ["boolean", "null"]}),
            (forms.DateField(), {"type": "string", "format": "date"}),
            (forms.ChoiceField(choices=[("G", [("a", "A")]), ("b", "B")]), {"type": "string", "enum": ["a", "b"]}),
            (forms.ChoiceField(choices=[("", "-"), ("a", "A")]), {"type": "string", "enum": ["a"]}),
            (
                forms.ChoiceField(choices=lambda: NUMBERS, required=False),
                {"type": ["integer", "null"], "enum": [1, 2, None]},
            ),
            (
                forms.MultipleChoiceField(choices=NUMBERS),
                {"type": "array", "items": {"type": "integer", "enum": [1, 2]}, "minItems": 1},
            ),
            (forms.ModelChoiceField(Article.objects.all()), {"type": "integer"}),
            (
                forms.ModelMultipleChoiceField(Article.objects.all(), required=False),
                {"type": ["array", "null"], "items": {"type": "integer"}},
            ),
            (forms.JSONField(), {}),
            (
                CommaSeparatedCharField(max_length=5),
                {"type": "array", "items": {"type": "string", "maxLength": 5}, "minItems": 1},
            ),
            (
                forms.CharField(widget=forms.PasswordInput),
                {"type": "string", "format": "password", "writeOnly": True, "minLength": 1},
            ),
            (forms.SplitDateTimeField(), {"type": "string", "format": "date-time"}),
        ],
    )
    def test_each_field_has_its_schema(self, field: forms.Field, expected: dict[str, Any]) -> None:
        schema = payload_of(field).json_schema()["properties"]["field"]

        assert {key: value for key, value in schema.items() if key != "title"} == expected

    def test_label_help_text_and_initial_are_shown(self) -> None:
        field = forms.IntegerField(label="How many", help_text="Not too many.", initial=3, required=False)
        schema = payload_of(field).json_schema()["properties"]["field"]

        assert (schema["title"], schema["description"], schema["default"]) == ("How many", "Not too many.", 3)
