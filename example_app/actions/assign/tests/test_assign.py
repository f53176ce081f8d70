from __future__ import annotations

from example_app.factories import UserFactory


def test_the_todo_gets_another_owner_and_the_answer_names_both(alice, bob, todo, as_user):
    response = as_user(alice).post(f"/todos/{todo.pk}/assign/", {"owner": "bob"}, format="json")
    todo.refresh_from_db()
    assert response.status_code == 200, response.content
    assert todo.owner == bob
    assert (response.json()["owner"], response.json()["previous_owner"]) == ("bob", "alice")


def test_a_form_encoded_call_does_the_same(alice, bob, todo, as_user):
    response = as_user(alice).post(f"/todos/{todo.pk}/assign/", {"owner": "bob"})
    todo.refresh_from_db()
    assert response.status_code == 200, response.content
    assert todo.owner == bob


def test_somebody_who_is_not_there_is_refused(alice, todo, as_user):
    UserFactory(username="carol", is_active=False)
    response = as_user(alice).post(f"/todos/{todo.pk}/assign/", {"owner": "carol"}, format="json")
    todo.refresh_from_db()
    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["owner"]
    assert todo.owner == alice
