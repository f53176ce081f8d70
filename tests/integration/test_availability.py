"""`GET /todos/7/actions/`: what this caller may do with this object now, and why not."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework import routers, viewsets
from rest_framework.permissions import BasePermission
from rest_framework.test import APIClient

from actions import Action, Refusal
from actions.exceptions import ConfigurationError
from actions.mixins import ActionMixin
from actions.models import EventAction
from example_app.models import Todo, TodoList
from example_app.serializers import TodoSerializer
from example_app.urls import urlpatterns as example_urlpatterns

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def put_off(todo: Todo, context: Any) -> None:
    """A function that is never called here."""


def cancelled(todo: Todo, context: Any) -> Refusal | None:
    """The first condition of some actions below."""
    return Refusal("cancelled", "It is cancelled.") if todo.note == "cancelled" else None


def broken(todo: Todo, context: Any) -> Refusal | None:
    """A condition with a mistake in it."""
    return Refusal("never", str(1 // 0))


def closed_to_callers(todo: Todo, context: Any) -> Refusal | None:
    """A condition that raises instead of returning a Refusal."""
    raise PermissionDenied("Only on weekdays.")


def chatty(todo: Todo, context: Any) -> Any:
    """A condition that returns what it must not."""
    return "no"


class OwnPermission(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return request.user.username == "nobody"


class BrokenPermission(BasePermission):
    def has_object_permission(self, request: Any, view: Any, obj: Todo) -> bool:
        return bool(obj.note[100])


class Todos(ActionMixin, viewsets.ModelViewSet[Todo]):
    serializer_class = TodoSerializer
    permission_classes = []
    filter_backends = []
    action_registry = [
        Action(id="broken", function=put_off, conditions=(cancelled, broken)),
        Action(id="weekdays", function=put_off, conditions=(closed_to_callers,)),
        Action(id="own", function=put_off, permissions=(OwnPermission,)),
        Action(id="slips", function=put_off, permissions=(BrokenPermission,)),
        Action(id="planned", status="todo"),
        Action(id="retired", function=put_off, sunset="2020-01-01", conditions=(broken,)),
        Action(id="elsewhere", function=put_off),
        Action(id="bulk", function=put_off, type="bulk", selection="all"),
    ]
    queryset = Todo.objects.all()

    def get_queryset(self) -> Any:
        """One action is for other objects than the rest."""
        return Todo.objects.filter(note="elsewhere") if self.action == "elsewhere" else Todo.objects.all()


class ChattyTodos(Todos):
    action_registry = [Action(id="chatty", function=put_off, conditions=(chatty,))]


router = routers.SimpleRouter()
router.register("rough", Todos, basename="rough")
router.register("chatty", ChattyTodos, basename="chatty")
urlpatterns = [*router.urls, *example_urlpatterns]


def available(client: APIClient, todo: Todo) -> dict[str, dict[str, Any]]:
    """The answer by name."""
    response = client.get(f"/todos/{todo.pk}/actions/", {"alpha": "true"})
    assert response.status_code == 200, response.content
    return {entry["name"]: entry for entry in response.json()}


def test_every_instance_action_is_listed_with_all_that_a_front_end_needs(api: APIClient, todo: Todo) -> None:
    entry = available(api, todo)["postpone"]

    assert list(available(api, todo)) == ["mark_done", "reopen", "postpone", "assign", "remind", "swap_dates", "share"]
    assert entry.pop("schema")["properties"]["days"]["maximum"] == 365
    assert entry == {
        "name": "postpone",
        "title": "Postpone a todo",
        "href": f"/todos/{todo.pk}/postpone/",
        "method": "POST",
        "status": "beta",
        "available": True,
        "reasons": [],
        "destructive": False,
        "idempotent": False,
    }


def test_a_state_that_forbids_names_what_would_mend_it(api: APIClient, todo: Todo) -> None:
    entry = available(api, todo)["reopen"]

    assert not entry["available"]
    assert entry["reasons"] == [
        {"code": "not_done", "detail": "The todo is not done yet.", "kind": "state", "fix": ["mark_done"]}
    ]


def test_what_is_said_is_what_a_call_does(api: APIClient, todo: Todo) -> None:
    payloads: dict[str, Any] = {"assign": {"owner": "alice"}, "swap_dates": {"other": todo.pk}}
    headers = {"Idempotency-Key": "7f3a", "If-Match": "*"}
    User.objects.update(email="alice@example.com")
    for name, entry in available(api, todo).items():
        response = api.post(entry["href"], payloads.get(name, {}), format="json", headers=headers)
        assert (response.status_code == 200) == entry["available"], name
        Todo.objects.update(is_done=False)


def test_a_missing_permission_is_the_only_reason_given(todo: Todo, bob: User, client_of: Any) -> None:
    TodoList.objects.update(is_shared=True)

    entries = available(client_of(bob), todo)

    assert not any(entry["available"] for entry in entries.values())
    # What is only promised is so for everybody.
    assert entries.pop("share")["reasons"][0]["kind"] == "lifecycle"
    assert {reason["kind"] for entry in entries.values() for reason in entry["reasons"]} == {"permission"}
    assert entries["reopen"]["reasons"][0]["detail"] == "Only its owner may change this."


def test_what_the_caller_may_not_see_does_not_exist(todo: Todo, bob: User, client_of: Any) -> None:
    response = client_of(bob).get(f"/todos/{todo.pk}/actions/")

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_asking_changes_and_records_nothing(api: APIClient, todo: Todo) -> None:
    with CaptureQueriesContext(connection) as queries:
        available(api, todo)

    assert [query["sql"].split()[0] for query in queries] == ["SELECT"]
    assert not EventAction.objects.exists()


def rough(client: APIClient, todo: Todo) -> dict[str, dict[str, Any]]:
    """What the ViewSet above answers, by name."""
    response = client.get(f"/rough/{todo.pk}/actions/", {"alpha": "true"})
    assert response.status_code == 200, response.content
    return {entry["name"]: entry for entry in response.json()}


def only_reason(entry: dict[str, Any]) -> dict[str, Any]:
    """The one reason why it is not available."""
    assert not entry["available"]
    [reason] = entry["reasons"]
    return dict(reason)


def test_bulk_actions_are_not_in_it(api: APIClient, todo: Todo) -> None:
    assert list(rough(api, todo)) == [
        "broken",
        "weekdays",
        "own",
        "slips",
        "planned",
        "retired",
        "elsewhere",
    ]


def test_a_condition_that_breaks_is_a_reason_and_is_logged(
    api: APIClient, todo: Todo, caplog: pytest.LogCaptureFixture
) -> None:
    reason = only_reason(rough(api, todo)["broken"])

    assert (reason["code"], reason["kind"]) == ("failed", "state")
    assert reason["detail"] == "Whether this is possible cannot be told: finding it out failed."
    [record] = [record for record in caplog.records if "todo:broken" in record.message]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_a_condition_may_count_on_those_before_it(api: APIClient, todo: Todo, caplog: pytest.LogCaptureFixture) -> None:
    Todo.objects.update(note="cancelled")

    assert only_reason(rough(api, todo)["broken"])["code"] == "cancelled"
    assert not [record for record in caplog.records if "todo:broken" in record.message]


def test_a_refusal_that_is_raised_is_a_reason_in_its_own_words(api: APIClient, todo: Todo) -> None:
    reason = only_reason(rough(api, todo)["weekdays"])

    assert (reason["code"], reason["kind"]) == ("permission_denied", "permission")
    assert reason["detail"] == "Only on weekdays."


def test_the_permissions_of_an_action_are_asked(api: APIClient, todo: Todo) -> None:
    assert only_reason(rough(api, todo)["own"])["kind"] == "permission"


def test_a_permission_that_breaks_permits_nothing(api: APIClient, todo: Todo) -> None:
    reason = only_reason(rough(api, todo)["slips"])

    assert (reason["code"], reason["kind"]) == ("failed", "permission")


@pytest.mark.parametrize(("name", "code"), [("planned", "not_implemented"), ("retired", "retired")])
def test_what_is_not_there_yet_or_any_more_has_its_life_as_the_only_reason(
    api: APIClient, todo: Todo, name: str, code: str
) -> None:
    reason = only_reason(rough(api, todo)[name])

    assert (reason["code"], reason["kind"]) == (code, "lifecycle")


def test_an_object_that_the_viewset_does_not_have_for_an_action_is_not_found(api: APIClient, todo: Todo) -> None:
    reason = only_reason(rough(api, todo)["elsewhere"])

    assert (reason["code"], reason["kind"]) == ("not_found", "permission")
    assert api.post(f"/rough/{todo.pk}/elsewhere/", {}, format="json").status_code == 404
    Todo.objects.update(note="elsewhere")
    assert rough(api, todo)["elsewhere"]["available"]


def test_a_condition_that_is_written_wrongly_is_never_passed_over(api: APIClient, todo: Todo) -> None:
    with pytest.raises(ConfigurationError, match="todo:chatty: condition chatty returned 'no'"):
        api.get(f"/chatty/{todo.pk}/actions/", {"alpha": "true"})
