"""Taking back what an action did, by the recorded changes: what is done, who may, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

import actions
from actions.exceptions import ActionError
from actions.models import ArchivedEventAction, EventAction
from actions.terms import Terms
from example_app.models import Todo, TodoList
from tests.records import make_events
from tests.undoing import EVENTS, newest, problem, refused, undo_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(api: APIClient, todo: Todo) -> EventAction:
    """The record of Alice's having done her todo, with a note."""
    assert api.post(f"/todos/{todo.pk}/mark_done/", {"note": "by post"}, format="json").status_code == 200
    return newest("mark_done")


class TestOverRest:
    def test_every_field_has_the_value_of_before(self, api: APIClient, todo: Todo, done: EventAction) -> None:
        response = api.post(undo_url(done))

        todo.refresh_from_db()
        assert (response.status_code, todo.is_done, todo.done_at, todo.note) == (200, False, None, "")
        body = response.json()
        assert body["event"] == done.pk
        assert {change["field"] for change in body["undone"]} == {"is_done", "done_at", "note"}

    def test_the_undo_has_a_record_of_its_own_with_all_that_it_changed(
        self, api: APIClient, todo: Todo, done: EventAction, alice: User
    ) -> None:
        api.post(undo_url(done))

        event = newest("undo")
        assert (event.resource, event.object_id, event.actor_id) == ("actionevent", str(done.pk), str(alice.pk))
        assert (event.outcome, event.is_complete) == ("succeeded", True)
        note = next(change for change in event.changes if change["field"] == "note")
        assert note == {
            "model": "example_app.todo", "key": str(todo.pk), "field": "note", "before": "by post", "after": "",
        }  # fmt: skip

    def test_the_record_says_whether_it_can_be_undone(self, api: APIClient, done: EventAction) -> None:
        told = {entry["name"]: entry["available"] for entry in api.get(f"{EVENTS}{done.pk}/actions/").json()}
        assert told == {"undo": True, "replay": False}

    def test_an_undo_is_undone_and_that_too(self, api: APIClient, todo: Todo, done: EventAction) -> None:
        states = []
        event = done
        for _time in range(4):
            assert api.post(undo_url(event)).status_code == 200
            event = newest("undo")
            todo.refresh_from_db()
            states.append((todo.is_done, todo.note, todo.done_at is not None))
        assert states == [(False, "", False), (True, "by post", True)] * 2

    def test_a_field_that_sets_itself_is_neither_compared_nor_written_back(
        self, api: APIClient, todo: Todo, done: EventAction
    ) -> None:
        Todo.objects.filter(pk=todo.pk).update(updated_at=datetime(2031, 1, 1, tzinfo=UTC))
        before = todo.updated_at

        assert api.post(undo_url(done)).status_code == 200
        todo.refresh_from_db()
        assert before < todo.updated_at < datetime(2031, 1, 1, tzinfo=UTC)

    def test_other_fields_may_have_changed(self, api: APIClient, todo: Todo, done: EventAction) -> None:
        Todo.objects.filter(pk=todo.pk).update(title="Water them twice")

        assert api.post(undo_url(done)).status_code == 200
        todo.refresh_from_db()
        assert todo.title == "Water them twice"

    def test_it_is_refused_with_the_fields_that_others_have_changed_since(
        self, api: APIClient, todo: Todo, done: EventAction
    ) -> None:
        Todo.objects.filter(pk=todo.pk).update(note="by hand")

        body = problem(api.post(undo_url(done)), "changed_since")
        key = str(todo.pk)
        changed = {"model": "example_app.todo", "key": key, "field": "note", "recorded": "by post", "now": "by hand"}
        assert body["changed"] == [changed]
        assert list(body["errors"]) == [f"example_app.todo.{key}.note"]
        todo.refresh_from_db()
        assert (todo.is_done, todo.note) == (True, "by hand")

    def test_a_second_time_there_is_nothing_as_it_was_left(self, api: APIClient, todo: Todo, done: EventAction) -> None:
        api.post(undo_url(done))
        assert len(problem(api.post(undo_url(done)), "changed_since")["changed"]) == 3

    def test_a_preview_shows_the_changes_back_and_nothing_stays(
        self, api: APIClient, todo: Todo, done: EventAction
    ) -> None:
        response = api.post(f"{undo_url(done)}?dry_run=true")

        body = response.json()
        assert (response.status_code, response["Dry-Run-Applied"]) == (200, "true")
        back = {change["field"]: (change["before"], change["after"]) for change in body["changes"]}
        assert (back["is_done"], back["note"]) == ((True, False), ("by post", ""))
        assert (body["changes_complete"], body["other_writes"], body["event"]) == (True, [], done.pk)
        todo.refresh_from_db()
        assert todo.is_done
        assert not EventAction.objects.filter(action="undo").exists()

    def test_a_plan_of_it_is_carried_out(self, api: APIClient, todo: Todo, done: EventAction) -> None:
        plan = api.post(f"{undo_url(done)}?dry_run=true").json()["plan"]

        assert api.post(undo_url(done), HTTP_IF_PLAN=plan).status_code == 200
        todo.refresh_from_db()
        assert not todo.is_done

    def test_a_key_that_is_sent_again_undoes_it_once(self, api: APIClient, todo: Todo, done: EventAction) -> None:
        first, second = (api.post(undo_url(done), HTTP_IDEMPOTENCY_KEY='"once-only"') for _time in range(2))

        assert (first.status_code, second.status_code, second["Idempotent-Replayed"]) == (200, 200, "true")
        assert EventAction.objects.filter(action="undo").count() == 1

    def test_several_are_undone_in_one_call_by_staff(
        self, api: APIClient, staff: User, todos: list[Todo], client_of: Callable[[User], APIClient]
    ) -> None:
        for todo in todos:
            api.post(f"/todos/{todo.pk}/mark_done/")
        keys = list(EventAction.objects.values_list("pk", flat=True))

        response = client_of(staff).post(f"{EVENTS}undo/", {"ids": keys}, format="json")
        assert (response.status_code, response.json()["counts"]["succeeded"]) == (200, 3)
        assert not Todo.objects.filter(is_done=True).exists()

    def test_undoing_several_is_itself_undone(
        self, api: APIClient, staff: User, todos: list[Todo], client_of: Callable[[User], APIClient]
    ) -> None:
        for todo in todos:
            api.post(f"/todos/{todo.pk}/mark_done/")
        client = client_of(staff)
        client.post(f"{EVENTS}undo/", {"ids": list(EventAction.objects.values_list("pk", flat=True))}, format="json")

        assert client.post(undo_url(newest("undo"))).status_code == 200
        assert Todo.objects.filter(is_done=True).count() == 3

    def test_an_action_on_several_objects_is_undone_as_one(self, api: APIClient, todos: list[Todo]) -> None:
        api.post("/todos/mark_done/", {"ids": [todo.pk for todo in todos], "note": "x"}, format="json")

        response = api.post(undo_url(newest("mark_done")))
        assert response.status_code == 200, response.content
        assert not Todo.objects.exclude(is_done=False, note="").exists()

    def test_the_statements_do_not_grow_with_the_fields(self, api: APIClient, todo: Todo, done: EventAction) -> None:
        with CaptureQueriesContext(connection) as many:
            api.post(undo_url(done))
        api.post(f"/todos/{todo.pk}/postpone/", {"days": 1}, format="json")
        event = newest("postpone")
        with CaptureQueriesContext(connection) as one:
            assert api.post(undo_url(event)).status_code == 200
        assert len(many) == len(one)


class TestWhoMay:
    def test_nobody_else_knows_of_the_record(
        self, done: EventAction, bob: User, client_of: Callable[[User], APIClient]
    ) -> None:
        assert client_of(bob).post(undo_url(done)).status_code == 404

    def test_nobody_in_particular_is_not_let_in(
        self, done: EventAction, client_of: Callable[[User | None], APIClient]
    ) -> None:
        assert client_of(None).post(undo_url(done)).status_code == 403

    def test_staff_may_whom_the_viewset_lets(
        self, todo: Todo, done: EventAction, staff: User, client_of: Callable[[User], APIClient]
    ) -> None:
        assert client_of(staff).post(undo_url(done)).status_code == 200
        todo.refresh_from_db()
        assert not todo.is_done

    def test_an_object_that_the_caller_does_not_see_any_more_is_not_found(
        self, api: APIClient, todo: Todo, done: EventAction, bob: User
    ) -> None:
        Todo.objects.update(owner=bob)
        TodoList.objects.update(owner=bob)

        problem(api.post(undo_url(done)), "not_found", 404)
        todo.refresh_from_db()
        assert todo.is_done

    def test_an_object_that_is_gone_is_not_found(self, api: APIClient, todo: Todo, done: EventAction) -> None:
        todo.delete()
        problem(api.post(undo_url(done)), "not_found", 404)

    def test_an_object_that_the_caller_may_only_see_is_refused(
        self, api: APIClient, todo: Todo, done: EventAction, bob: User
    ) -> None:
        Todo.objects.update(owner=bob, note="secret of bob's")
        TodoList.objects.update(owner=bob, is_shared=True)

        response = api.post(undo_url(done))
        problem(response, "permission_denied", 403)
        assert b"secret" not in response.content

    def test_whoever_may_not_change_the_object_may_not_do_so_by_undoing_an_undo(
        self, api: APIClient, todo: Todo, done: EventAction, bob: User
    ) -> None:
        api.post(undo_url(done))
        event = newest("undo")
        Todo.objects.update(owner=bob)
        TodoList.objects.update(owner=bob, is_shared=True)

        problem(api.post(undo_url(event)), "permission_denied", 403)
        TodoList.objects.update(is_shared=False)
        problem(api.post(undo_url(event)), "not_found", 404)
        todo.refresh_from_db()
        assert not todo.is_done

    def test_of_several_objects_each_is_looked_at(self, api: APIClient, todos: list[Todo], bob: User) -> None:
        api.post("/todos/mark_done/", {"ids": [todo.pk for todo in todos]}, format="json")
        event = newest("mark_done")
        Todo.objects.filter(pk=todos[1].pk).update(owner=bob, list=TodoList.objects.create(name="His", owner=bob))

        problem(api.post(undo_url(event)), "objects_not_found", 404)
        assert Todo.objects.filter(is_done=True).count() == 3

    def test_the_python_door_asks_the_same(self, todo: Todo, done: EventAction, alice: User, bob: User) -> None:
        with pytest.raises(ActionError) as refused:
            actions.perform("actionevent:undo", done.pk, actor=bob)
        assert refused.value.status == 404
        outcome = actions.perform("actionevent:undo", done.pk, actor=alice, terms=Terms(is_preview=True))
        assert outcome.preview is not None
        assert {change["field"] for change in outcome.preview.changes} >= {"is_done", "note"}


class TestNotUndoable:
    @pytest.mark.parametrize(
        ("columns", "reason"),
        [
            ({"outcome": "pending"}, "not ended"),
            ({"outcome": "running"}, "not ended"),
            ({"outcome": "cancelled"}, "did not succeed"),
            ({"outcome": "refused"}, "did not succeed"),
            ({"outcome": "failed"}, "did not succeed"),
            ({"action": "gone"}, "any more"),
            ({"resource": "gone"}, "any more"),
            ({"is_complete": False}, "Not all"),
            ({"changes": None}, "changed nothing"),
            ({"changes": []}, "changed nothing"),
        ],
    )
    def test_the_reason_is_told(
        self, columns: dict[str, Any], reason: str, todo: Todo, done: EventAction, alice: User
    ) -> None:
        EventAction.objects.filter(pk=done.pk).update(**columns)
        error = refused(done, alice)
        assert (error.status, error.code) == (409, "not_undoable")
        assert reason in error.detail

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"field": None, "before": None, "after": {"title": "x"}}, "made or deleted"),
            ({"model": "gone.thing"}, "no such model"),
            ({"model": "nothing"}, "no such model"),
            ({"field": "gone"}, "no such field"),
            ({"field": "done_at", "before": "soon"}, "does not understand"),
            ({"key": "seven"}, "does not understand"),
            ({"before": "********"}, "secret"),
        ],
    )
    def test_a_change_that_cannot_be_written_back_is_named(
        self, change: dict[str, Any], reason: str, todo: Todo, done: EventAction, alice: User
    ) -> None:
        changes = [*done.changes, {**done.changes[0], **change}]
        EventAction.objects.filter(pk=done.pk).update(changes=changes)
        error = refused(done, alice)
        assert error.code == "not_undoable"
        assert reason in str(error.errors)
        todo.refresh_from_db()
        assert todo.is_done

    def test_an_archived_record_is_refused_to_whoever_may_see_it(
        self, api: APIClient, done: EventAction, bob: User, client_of: Callable[[User], APIClient]
    ) -> None:
        names = [field.name for field in ArchivedEventAction._meta.concrete_fields if field.name != "archived_at"]
        ArchivedEventAction.objects.create(**{name: getattr(done, name) for name in names})
        done_pk = done.pk
        EventAction.objects.all().delete()

        problem(api.post(f"{EVENTS}{done_pk}/undo/"), "not_undoable")
        problem(api.post(f"{EVENTS}{done_pk}/replay/"), "not_replayable")
        assert client_of(bob).post(f"{EVENTS}{done_pk}/undo/").status_code == 404
        assert api.get(f"{EVENTS}{done_pk}/").status_code == 404

    def test_an_undo_of_a_record_that_is_archived_stays(self, api: APIClient, todo: Todo, done: EventAction) -> None:
        api.post(undo_url(done))
        done.delete()
        assert "archived" in problem(api.post(undo_url(newest("undo"))), "not_undoable")["detail"]


def test_records_of_before_there_were_changes_are_refused(alice: User) -> None:
    event = make_events(1, actor_id=str(alice.pk), changes={"is_done": {"before": False, "after": True}})[0]
    assert refused(event, alice).code == "not_undoable"
