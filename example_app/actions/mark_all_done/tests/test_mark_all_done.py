from __future__ import annotations

from example_app.factories import TodoFactory, TodoListFactory
from example_app.models import Todo


def test_every_open_todo_of_the_selection_is_marked(alice, as_user):
    todo_list = TodoListFactory(owner=alice)
    TodoFactory.create_batch(3, owner=alice, list=todo_list)
    TodoFactory(owner=alice, list=todo_list, is_done=True)
    other = TodoFactory(owner=alice)
    response = as_user(alice).post(f"/todos/mark_all_done/?list={todo_list.pk}")
    assert response.status_code == 200, response.content
    assert response.json()["done"] == 3
    assert list(Todo.objects.filter(is_done=False)) == [other]


def test_everything_is_meant_only_where_the_caller_says_so(alice, todo, as_user):
    assert as_user(alice).post("/todos/mark_all_done/").status_code == 400
    response = as_user(alice).post("/todos/mark_all_done/?all=true")
    assert response.json()["done"] == 1


def test_todos_that_the_caller_does_not_see_stay_open(bob, todo, as_user):
    assert as_user(bob).post("/todos/mark_all_done/?all=true").json()["done"] == 0
    assert not Todo.objects.get().is_done
