from __future__ import annotations

from datetime import UTC, datetime

from actions.models import EventAction
from example_app.factories import TodoFactory


def test_marking_a_todo_done_says_when_and_by_whom(alice, todo, as_user):
    response = as_user(alice).post(f"/todos/{todo.pk}/mark_done/")
    todo.refresh_from_db()
    assert response.status_code == 200, response.content
    assert todo.is_done
    assert response.json()["done_by"] == "alice"
    assert response.json()["id"] == todo.pk


def test_marking_it_again_keeps_the_time(alice, as_user):
    before = datetime(2026, 1, 1, tzinfo=UTC)
    todo = TodoFactory(owner=alice, is_done=True, done_at=before)
    assert as_user(alice).post(f"/todos/{todo.pk}/mark_done/").status_code == 200
    todo.refresh_from_db()
    assert todo.done_at == before


def test_a_note_is_appended(alice, as_user):
    todo = TodoFactory(owner=alice, note="Blue form.")
    as_user(alice).post(f"/todos/{todo.pk}/mark_done/", {"note": "Sent."}, format="json")
    todo.refresh_from_db()
    assert todo.note == "Blue form.\nSent."


def test_a_note_that_is_no_text_is_refused(alice, todo, as_user):
    response = as_user(alice).post(f"/todos/{todo.pk}/mark_done/", {"note": 7}, format="json")
    todo.refresh_from_db()
    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["note"]
    assert not todo.is_done


def test_a_todo_of_others_in_a_shared_list_is_forbidden(bob, alice, as_user):
    todo = TodoFactory(owner=alice, list__is_shared=True)
    response = as_user(bob).post(f"/todos/{todo.pk}/mark_done/")
    todo.refresh_from_db()
    assert response.status_code == 403
    assert not todo.is_done


def test_a_todo_that_the_caller_does_not_see_is_not_found(bob, todo, as_user):
    assert as_user(bob).post(f"/todos/{todo.pk}/mark_done/").status_code == 404


def test_the_call_is_recorded(alice, todo, as_user):
    as_user(alice).post(f"/todos/{todo.pk}/mark_done/", {"note": "Sent."}, format="json")
    event = EventAction.objects.get()
    assert (event.resource, event.action, event.object_id) == ("todo", "mark_done", str(todo.pk))
    assert event.actor_id == str(alice.pk)
    assert event.request_data == {"note": "Sent."}
