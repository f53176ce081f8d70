from __future__ import annotations

from datetime import date

import pytest

from actions.models import EventAction
from example_app.factories import TodoFactory, TodoListFactory

SOON, LATER = date(2026, 3, 1), date(2026, 4, 1)


@pytest.fixture
def pair(alice):
    """A todo that is due soon, and one that is due later."""
    return [TodoFactory(owner=alice, due_date=day) for day in (SOON, LATER)]


def swap(client, todo, other):
    """The answer; whatever version the todo is in."""
    path = f"/todos/{todo.pk}/swap_dates/"
    return client.post(path, {"other": other.pk}, format="json", headers={"If-Match": "*"})


def test_each_gets_the_date_of_the_other(alice, pair, as_user):
    response = swap(as_user(alice), *pair)
    for todo in pair:
        todo.refresh_from_db()
    assert response.status_code == 200, response.content
    assert response.json()["due_date"] == "2026-04-01"
    assert [todo.due_date for todo in pair] == [LATER, SOON]


def test_both_are_recorded_and_go_back_by_one_undo(alice, pair, as_user):
    event = swap(as_user(alice), *pair)["Action-Event"]
    assert {change["key"] for change in EventAction.objects.get(pk=event).changes} == {str(todo.pk) for todo in pair}
    response = as_user(alice).post(f"/dj-actions/actionevents/{event}/undo/")
    for todo in pair:
        todo.refresh_from_db()
    assert response.status_code == 200, response.content
    assert [todo.due_date for todo in pair] == [SOON, LATER]


def test_a_call_that_names_no_version_is_refused(alice, pair, as_user):
    response = as_user(alice).post(f"/todos/{pair[0].pk}/swap_dates/", {"other": pair[1].pk}, format="json")
    assert (response.status_code, response.json()["code"]) == (428, "version_required")


def test_the_other_has_to_be_one_that_the_caller_may_change(alice, bob, pair, as_user):
    shared = TodoFactory(owner=bob, list=TodoListFactory(owner=bob, is_shared=True), due_date=LATER)
    hidden = TodoFactory(owner=bob, due_date=LATER)
    for other in (shared, hidden):
        response = swap(as_user(alice), pair[0], other)
        assert (response.status_code, list(response.json()["errors"])) == (400, ["other"])
