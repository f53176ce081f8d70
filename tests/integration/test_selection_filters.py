"""A filter that selects nothing never means everything."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.filters import BaseFilterBackend
from rest_framework.test import APIClient

from example_app.models import Todo, TodoList
from example_app.views import TodoViewSet


@pytest.mark.parametrize("query", ["is_done=banana", "is_done=-1", "is_done=unknown", "search=,", "search=,%20,"])
def test_a_value_that_the_filter_passes_over_is_refused(api: APIClient, todos: list[Todo], query: str) -> None:
    response = api.post(f"/todos/mark_all_done/?{query}", {}, format="json")
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [query.partition("=")[0]]
    assert not Todo.objects.filter(is_done=True).exists()


def test_it_is_refused_beside_a_filter_that_selects_something(
    api: APIClient, todos: list[Todo], todo_list: TodoList
) -> None:
    response = api.post(f"/todos/mark_all_done/?list={todo_list.pk}&is_done=banana", {}, format="json")
    assert response.status_code == 400
    assert not Todo.objects.filter(is_done=True).exists()


@pytest.mark.parametrize("value", ["false", "False", "0"])
def test_a_yes_or_no_filter_understands_what_it_documents(api: APIClient, todos: list[Todo], value: str) -> None:
    response = api.post(f"/todos/mark_all_done/?is_done={value}", {}, format="json")
    assert (response.status_code, response.json()) == (200, {"done": 3})


def test_a_search_without_fields_to_search_in_is_refused(
    api: APIClient, todos: list[Todo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TodoViewSet, "search_fields", [])
    assert api.post("/todos/mark_all_done/?search=x", {}, format="json").status_code == 400


def test_a_filter_of_the_projects_own_that_leaves_all_is_refused(
    api: APIClient, todos: list[Todo], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mine(BaseFilterBackend):
        def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
            return queryset.filter(is_done=False) if request.query_params.get("mine") == "yes" else queryset

    monkeypatch.setattr(TodoViewSet, "filter_backends", [Mine])
    monkeypatch.setattr(TodoViewSet, "action_query_parameters", ["mine"])
    assert api.post("/todos/mark_all_done/?mine=perhaps", {}, format="json").status_code == 400
    assert api.post("/todos/mark_all_done/?mine=yes", {}, format="json").json() == {"done": 3}
