"""What names an object in URLs, when `lookup_field` is a path."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import User
from django.core import validators

from actions.django_payloads.common import key_schema
from actions.django_payloads.form_schema import field_schema
from actions.keys import key_field, key_value
from tests.app.models import Article


@pytest.mark.parametrize(
    ("lookup_field", "expected"),
    [
        ("pk", "tests_app.Article.id"),
        ("title", "tests_app.Article.title"),
        ("author", "auth.User.id"),
        ("author__pk", "auth.User.id"),
        ("author__username", "auth.User.username"),
        ("author__groups__name", "auth.Group.name"),
        ("an_annotation", None),
        ("title__length", None),
        ("author__an_annotation", None),
    ],
)
def test_a_look_up_field_is_followed_through_relations(lookup_field: str, expected: str | None) -> None:
    field = key_field(Article, lookup_field)

    assert (field and str(field)) == expected


def test_its_value_is_read_through_relations() -> None:
    assert key_value(Article(author=User(username="alice")), "author__username") == "alice"
    assert key_value(Article(pk=7), "pk") == 7


@pytest.mark.parametrize(
    ("lookup_field", "schema"),
    [("author__pk", {"type": "integer"}), ("author__username", {"type": "string"}), ("x__y", {"type": "string"})],
)
def test_its_schema_is_that_of_the_field_behind(lookup_field: str, schema: dict[str, Any]) -> None:
    assert key_schema(Article, lookup_field) == schema


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Decimal("1e40"), {"maximum": 10**40}),
        (Decimal("0.5"), {"maximum": 0.5}),
        (2**200, {"maximum": 2**200}),
        (float("inf"), {}),
        (Decimal("NaN"), {}),
    ],
)
def test_a_limit_of_any_size_is_described(limit: Any, expected: dict[str, Any]) -> None:
    field = forms.FloatField(validators=[validators.MaxValueValidator(limit)])

    assert {key: value for key, value in field_schema(field).items() if key == "maximum"} == expected
