from __future__ import annotations

import pytest

from example_app.factories import TodoFactory, TodoListFactory
from example_app.models import Todo


@pytest.fixture
def todos(alice):
    """An open one and two done ones of one list."""
    todo_list = TodoListFactory(owner=alice)
    return [TodoFactory(owner=alice, list=todo_list, is_done=is_done) for is_done in (False, True, True)]


def test_done_todos_of_the_selection_are_deleted_and_open_ones_stay(alice, todos, as_user):
    other = TodoFactory(owner=alice, is_done=True)
    response = as_user(alice).post(f"/todos/delete_done/?list={todos[0].list_id}")
    assert response.status_code == 200, response.content
    assert response.json() == {"deleted": 2}
    assert set(Todo.objects.all()) == {todos[0], other}


def test_a_preview_shows_each_row_that_would_be_lost_and_deletes_none(alice, todos, as_user):
    response = as_user(alice).post(f"/todos/delete_done/?dry_run=true&list={todos[0].list_id}")
    lost = [(change["key"], change["field"], change["after"]) for change in response.json()["changes"]]
    assert lost == [(str(todo.pk), None, None) for todo in todos[1:]]
    assert response.json()["changes_complete"]
    assert Todo.objects.count() == 3


def test_todos_that_the_caller_does_not_see_stay(bob, todos, as_user):
    assert as_user(bob).post("/todos/delete_done/?all=true").json() == {"deleted": 0}
    assert Todo.objects.count() == 3
