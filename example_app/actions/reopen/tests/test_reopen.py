from __future__ import annotations

from example_app.factories import TodoFactory


def test_a_done_todo_is_open_again(alice, as_user):
    todo = TodoFactory(owner=alice, is_done=True)
    response = as_user(alice).post(f"/todos/{todo.pk}/reopen/")
    todo.refresh_from_db()
    assert response.status_code == 200, response.content
    assert response.json()["is_done"] is False
    assert (todo.is_done, todo.done_at) == (False, None)


def test_an_open_todo_is_refused_with_the_reason(alice, todo, as_user):
    response = as_user(alice).post(f"/todos/{todo.pk}/reopen/")
    assert response.status_code == 409
    assert response.json()["code"] == "not_done"
