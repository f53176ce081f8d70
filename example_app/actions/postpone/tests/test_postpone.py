from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from example_app.actions.postpone.action import postpone
from example_app.factories import TodoFactory


def test_days_are_counted_from_the_due_date(alice):
    todo = TodoFactory(owner=alice, due_date=date(2026, 2, 27))
    assert postpone(todo, days=2).due_date == date(2026, 3, 1)


def test_days_are_counted_from_today_where_there_is_no_date(alice):
    assert postpone(TodoFactory(owner=alice)).due_date == timezone.localdate() + timedelta(days=7)


def test_a_week_is_meant_where_nothing_is_said(alice, as_user):
    todo = TodoFactory(owner=alice, due_date=date(2026, 3, 1))
    response = as_user(alice).post(f"/todos/{todo.pk}/postpone/")
    assert response.status_code == 200, response.content
    assert response.json()["due_date"] == "2026-03-08"


@pytest.mark.parametrize("days", [0, 366, 1.5, "soon", None])
def test_what_the_schema_does_not_allow_is_refused(alice, todo, as_user, days):
    response = as_user(alice).post(f"/todos/{todo.pk}/postpone/", {"days": days}, format="json")
    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["days"]


def test_a_done_todo_is_not_postponed(alice, as_user):
    todo = TodoFactory(owner=alice, is_done=True, due_date=date(2026, 3, 1))
    response = as_user(alice).post(f"/todos/{todo.pk}/postpone/")
    todo.refresh_from_db()
    assert (response.status_code, response.json()["code"]) == (409, "already_done")
    assert todo.due_date == date(2026, 3, 1)
