"""`CommaSeparatedCharField`: texts separated by commas, or a list."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from actions.fields import CommaSeparatedCharField


class Form(forms.Form):
    ids = CommaSeparatedCharField(max_length=3)


@pytest.mark.parametrize(
    ("sent", "items"),
    [
        ("1, 2,,", ["1", "2"]),
        ("1", ["1"]),
        (["1", 2, " 3 ", ""], ["1", "2", "3"]),
        (["a,b"], ["a,b"]),
        (("x",), ["x"]),
        (5, ["5"]),
    ],
)
def test_the_items_are_a_list_without_empty_ones(sent: Any, items: list[str]) -> None:
    assert CommaSeparatedCharField().clean(sent) == items


@pytest.mark.parametrize("sent", ["", " ", ",,", None, [], [" "]])
def test_a_required_field_needs_an_item(sent: Any) -> None:
    with pytest.raises(ValidationError, match="required"):
        CommaSeparatedCharField().clean(sent)


@pytest.mark.parametrize("sent", ["", None, []])
def test_an_optional_field_may_be_empty(sent: Any) -> None:
    assert CommaSeparatedCharField(required=False).clean(sent) == []


@pytest.mark.parametrize("sent", [[["a"]], [{}], [None], [True]])
def test_items_that_are_no_texts_are_refused(sent: Any) -> None:
    with pytest.raises(ValidationError, match="text or a number"):
        CommaSeparatedCharField().clean(sent)


def test_limits_hold_for_each_item() -> None:
    assert Form({"ids": "111,222,333"}).is_valid()
    assert not Form({"ids": "1111"}).is_valid()


@pytest.mark.parametrize("data", [QueryDict("ids=a&ids=b"), QueryDict("ids=a,b"), {"ids": ["a", "b"]}, {"ids": "a,b"}])
def test_a_form_may_send_it_in_several_ways(data: Any) -> None:
    form = Form(data)

    assert form.is_valid()
    assert form.cleaned_data == {"ids": ["a", "b"]}


def test_it_is_shown_as_one_line_that_may_be_longer_than_an_item() -> None:
    html = str(Form(initial={"ids": ["a", "b"]})["ids"])

    assert 'value="a, b"' in html
    assert "maxlength" not in html


def test_the_same_items_are_no_change() -> None:
    field = CommaSeparatedCharField()

    assert not field.has_changed(["a", "b"], "a, b")
    assert field.has_changed(["a"], "a, b")
    assert field.has_changed(["a"], [["b"]])
