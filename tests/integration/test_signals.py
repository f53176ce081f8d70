"""The signals of executions: when they are sent, with what, and that they change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.dispatch import Signal
from rest_framework.test import APIClient

from actions import perform
from actions.models import EventAction
from actions.signals import action_failed, action_refused, action_started, action_succeeded
from example_app.models import Todo
from example_app.views import TodoListViewSet, TodoViewSet

pytestmark = pytest.mark.django_db

SIGNALS = {
    "started": action_started,
    "succeeded": action_succeeded,
    "failed": action_failed,
    "refused": action_refused,
}


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Any]]]:
    """What was sent, as (signal, arguments)."""
    found: list[tuple[str, Any]] = []
    receivers = []
    for name, signal in SIGNALS.items():

        def receive(_name: str = name, **kwargs: Any) -> None:
            found.append((_name, {**kwargs, "records": EventAction.objects.count()}))

        signal.connect(receive)
        receivers.append((signal, receive))
    yield found
    for signal, receive in receivers:
        signal.disconnect(receive)


def names(heard: list[tuple[str, Any]]) -> list[str]:
    return [name for name, _said in heard]


@pytest.mark.django_db(transaction=True)
def test_a_success_is_told_after_its_commit(api: APIClient, todo: Todo, heard: Any) -> None:
    api.post(f"/todos/{todo.pk}/mark_done/", {"note": "x"}, format="json")

    (_, started), (_, succeeded) = heard
    assert names(heard) == ["started", "succeeded"]
    assert (started["sender"], started["action"], started["records"]) == (TodoViewSet, "todo:mark_done", 0)
    assert started["context"].actor.username == "alice"
    event = EventAction.objects.get()
    assert (succeeded["sender"], succeeded["action"], succeeded["event"]) == (TodoViewSet, "todo:mark_done", event)
    assert (succeeded["outcome"], succeeded["status"], succeeded["error"]) == ("succeeded", 200, None)
    assert (succeeded["context"].uid, succeeded["records"]) == (event.uid, 1)


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_told_with_its_error_and_record(api: APIClient, todo: Todo, heard: Any) -> None:
    api.post(f"/todos/{todo.pk}/postpone/", {"days": 1000}, format="json")

    _, refused = heard[-1]
    assert names(heard) == ["started", "refused"]
    assert (refused["status"], refused["error"].code) == (400, "invalid_payload")
    assert refused["event"] == EventAction.objects.get()


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_told(api: APIClient, todo: Todo, heard: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise LookupError

    monkeypatch.setattr(Todo, "save", broken)
    api.raise_request_exception = False

    assert api.post(f"/todos/{todo.pk}/mark_done/", {}, format="json").status_code == 500
    assert names(heard) == ["started", "failed"]
    assert heard[-1][1]["error"].code == "failed"


@pytest.mark.django_db(transaction=True)
def test_what_a_caller_s_transaction_takes_back_is_not_told(todo: Todo, alice: Any, heard: Any) -> None:
    with transaction.atomic():
        perform("todo:mark_done", todo, actor=alice)
        assert names(heard) == ["started"]
        transaction.set_rollback(True)

    assert names(heard) == ["started"]


def test_a_preview_and_a_repeated_answer_are_not_told(
    api: APIClient, todo: Todo, heard: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        api.post(f"/todos/{todo.pk}/mark_done/?dry_run=true", {}, format="json")
    tried = names(heard)
    heard.clear()
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            api.post(f"/todos/{todo.pk}/mark_done/", {}, format="json", headers={"Idempotency-Key": "k"})

    assert tried == []
    assert names(heard) == ["started", "succeeded"]


def test_nobody_listens_to_other_viewsets(api: APIClient, todo: Todo, django_capture_on_commit_callbacks: Any) -> None:
    found = []

    def receive(**kwargs: Any) -> None:
        found.append(kwargs)

    action_succeeded.connect(receive, sender=TodoListViewSet)
    try:
        with django_capture_on_commit_callbacks(execute=True) as callbacks:
            api.post(f"/todos/{todo.pk}/mark_done/", {}, format="json")
    finally:
        action_succeeded.disconnect(receive, sender=TodoListViewSet)

    assert (found, callbacks) == ([], [])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("signal", [action_started, action_succeeded])
def test_a_receiver_that_fails_changes_nothing(
    api: APIClient, todo: Todo, signal: Signal, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**kwargs: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT no_such_column")

    signal.connect(broken)
    try:
        response = api.post(f"/todos/{todo.pk}/mark_done/", {}, format="json")
    finally:
        signal.disconnect(broken)

    assert response.status_code == 200
    assert EventAction.objects.get().outcome == "succeeded"
    assert Todo.objects.get().is_done
    assert any(record.exc_info for record in caplog.records)


def test_nothing_is_asked_of_the_database_for_signals(
    api: APIClient, todo: Todo, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(5):
        # The block with its end, the object, its change, the record: as without signals.
        api.post(f"/todos/{todo.pk}/mark_done/", {}, format="json")
