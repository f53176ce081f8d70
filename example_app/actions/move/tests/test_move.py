from __future__ import annotations

from example_app.factories import TodoFactory, TodoListFactory


def test_todos_go_to_the_list_that_is_named(alice, as_user):
    todos = TodoFactory.create_batch(2, owner=alice)
    target = TodoListFactory(owner=alice)
    payload = {"ids": [todo.pk for todo in todos], "to": target.pk}
    response = as_user(alice).post("/todos/move/", payload, format="json")
    assert response.status_code == 200, response.content
    assert response.json()["moved"] == 2
    assert target.todos.count() == 2


def test_a_list_that_the_caller_does_not_see_does_not_exist_for_them(alice, bob, todo, as_user):
    foreign = TodoListFactory(owner=bob)
    response = as_user(alice).post("/todos/move/", {"ids": [todo.pk], "to": foreign.pk}, format="json")
    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["to"]
    assert foreign.todos.count() == 0
