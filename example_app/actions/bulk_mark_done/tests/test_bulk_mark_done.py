from __future__ import annotations

import pytest

from example_app.factories import TodoFactory, TodoListFactory
from example_app.models import Todo


@pytest.fixture
def todos(alice):
    """Three of one list, the last one done, and one of another list."""
    todo_list = TodoListFactory(owner=alice)
    listed = [TodoFactory(owner=alice, list=todo_list, is_done=is_done) for is_done in (False, False, True)]
    return [*listed, TodoFactory(owner=alice)]


def test_a_filter_says_which_todos_are_meant(alice, todos, as_user):
    response = as_user(alice).post(f"/todos/bulk_mark_done/?list={todos[0].list_id}")
    assert response.status_code == 200, response.content
    assert [result["id"] for result in response.json()["results"]] == [todos[0].pk, todos[1].pk]
    assert list(Todo.objects.filter(is_done=False)) == [todos[3]]


def test_ids_say_which_todos_are_meant(alice, todos, as_user):
    payload = {"ids": [todos[0].pk, todos[3].pk], "note": "Together."}
    assert as_user(alice).post("/todos/bulk_mark_done/", payload, format="json").status_code == 200
    assert set(Todo.objects.filter(note="Together.", is_done=True)) == {todos[0], todos[3]}


def test_without_a_choice_nothing_is_done(alice, todos, as_user):
    response = as_user(alice).post("/todos/bulk_mark_done/")
    assert (response.status_code, response.json()["code"]) == (400, "selection_required")
    assert Todo.objects.filter(is_done=False).count() == 3


def test_todos_that_the_caller_may_not_change_are_refused_by_name(alice, bob, as_user):
    shared = TodoListFactory(owner=alice, is_shared=True)
    foreign, _ = [TodoFactory(owner=owner, list=shared) for owner in (alice, bob)]
    response = as_user(bob).post(f"/todos/bulk_mark_done/?list={shared.pk}")
    assert response.status_code == 403
    assert str(foreign.pk) in response.json()["detail"]
    assert Todo.objects.filter(is_done=False).count() == 2
