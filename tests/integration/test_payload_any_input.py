"""Forms and serializers of models, which ask the database, answer any input with values or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import serializers

from actions.django_payloads import FormPayload, SerializerPayload
from actions.exceptions import InvalidPayloadError
from tests.app.models import Article, Parcel

FIELDS = ["title", "body", "is_published", "published_at", "likes", "author", "parcel", "parcels"]


class ArticleForm(forms.ModelForm):
    parcel = forms.ModelChoiceField(Parcel.objects.all(), required=False)
    parcels = forms.ModelMultipleChoiceField(Parcel.objects.all(), required=False)

    class Meta:
        model = Article
        fields = FIELDS[:6]


class ArticleSerializer(serializers.ModelSerializer[Article]):
    parcel = serializers.PrimaryKeyRelatedField(queryset=Parcel.objects.all(), required=False)
    parcels = serializers.PrimaryKeyRelatedField(queryset=Parcel.objects.all(), many=True, required=False)

    class Meta:
        model = Article
        fields = FIELDS


def refusal(validate: Callable[[Any], Any], data: Any) -> dict[str, list[str]]:
    try:
        validate(data)
    except InvalidPayloadError as error:
        return error.errors
    return {}


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["9" * 5000, "1e400", "nan", "-1", "\u0663", "0001-01-01T00:00:00+14:00", "None", "[]", "1.0"])
)
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "payload", [FormPayload(ArticleForm), SerializerPayload(ArticleSerializer)], ids=["form", "serializer"]
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4))
def test_models_are_asked_for_nothing_that_they_cannot_answer(payload: Any, data: dict[str, Any]) -> None:
    errors = refusal(payload.validate, data)

    assert all(isinstance(sentence, str) for sentences in errors.values() for sentence in sentences)
