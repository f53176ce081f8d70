"""What the documents declare holds for real calls."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.response import Response
from rest_framework.test import APIClient

from example_app.models import Todo, TodoList
from tests.contracts.openapi_documents import golden, resolved, validator_of

# A document does not know which database answers.
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return golden()


def assert_declared(document: dict[str, Any], path: str, response: Response, method: str = "post") -> None:
    """Status, media type and body are as the document says."""
    declared = resolved(document, document["paths"][path][method])["responses"]
    assert str(response.status_code) in declared, response.content
    content = declared[str(response.status_code)]["content"]
    media_type = response["Content-Type"].partition(";")[0]
    assert media_type in content
    errors = [
        str(error) for error in validator_of(document, content[media_type]["schema"]).iter_errors(response.json())
    ]
    assert not errors, response.json()
    said = (HEADERS if response.status_code < 400 else HEADERS - OF_EVERY_REFUSAL).intersection(response.headers)
    assert said <= set(declared[str(response.status_code)].get("headers", {}))


HEADERS = frozenset(
    {
        *("Action-Event", "Action-Status", "Deprecation", "Dry-Run-Applied", "ETag", "Idempotent-Replayed", "Location"),
        *("Preference-Applied", "Retry-After", "Sunset"),
    }
)
"""What answers of actions have besides those of every answer."""
OF_EVERY_REFUSAL = frozenset({"Action-Status", "Deprecation", "Idempotent-Replayed", "Sunset"})
"""Written down with the successes only."""


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("mark_done", {}),
        ("mark_done", {"note": "Sent by post."}),
        ("postpone", {"days": 30}),
        ("assign", {"owner": "bob"}),
        ("mark_done", {"note": 5}),
        ("reopen", {}),
        ("assign", {"owner": "nobody"}),
    ],
)
def test_an_instance_action_answers_as_declared(
    document: dict[str, Any], api: APIClient, bob: User, todo: Todo, action: str, payload: Any
) -> None:
    response = api.post(f"/todos/{todo.pk}/{action}/", payload, format="json")
    assert_declared(document, f"/todos/{{id}}/{action}/", response)


@pytest.mark.parametrize("action", ["mark_done", "reopen"])
def test_a_missing_object_is_answered_as_declared(document: dict[str, Any], api: APIClient, action: str) -> None:
    response = api.post(f"/todos/999999/{action}/", {}, format="json")
    assert response.status_code == 404
    assert_declared(document, f"/todos/{{id}}/{action}/", response)


@pytest.mark.parametrize(
    ("action", "query", "payload"),
    [
        ("bulk_mark_done", "?all=true", {}),
        ("bulk_mark_done", "", {"ids": [1, 2, 999999]}),
        ("mark_all_done", "?is_done=false", {}),
        ("mark_all_done", "", {}),
        ("mark_all_done", "?nonsense=1", {}),
        ("mark_all_done", "?due_after=yesterday", {}),
    ],
)
def test_a_bulk_action_answers_as_declared(
    document: dict[str, Any], api: APIClient, todos: list[Todo], action: str, query: str, payload: Any
) -> None:
    response = api.post(f"/todos/{action}/{query}", payload, format="json")
    assert_declared(document, f"/todos/{action}/", response)


def test_moved_todos_are_answered_as_declared(
    document: dict[str, Any], api: APIClient, todos: list[Todo], todo_list: TodoList
) -> None:
    response = api.post("/todos/move/?all=true", {"to": todo_list.pk}, format="json")
    assert response.status_code == 200
    assert_declared(document, "/todos/move/", response)


@pytest.mark.parametrize(
    ("action", "query", "headers", "payload", "status"),
    [
        ("postpone", "?dry_run=true", {}, {"days": 3}, 200),
        ("mark_done", "", {"Prefer": "dry-run"}, {}, 200),
        ("postpone", "", {"Prefer": "respond-async"}, {"days": 3}, 202),
        ("mark_done", "?scheduled_time=2099-01-01T08:00Z", {}, {}, 202),
        ("remind", "", {}, {}, 400),
        ("mark_done", "", {"Prefer": "dryrun"}, {}, 400),
        ("mark_done", "?expect_count=1", {}, {}, 400),
        ("mark_done", "", {"If-Match": '"older"'}, {}, 412),
        ("swap_dates", "", {}, {"other": 1}, 428),
        ("share", "", {}, {}, 501),
    ],
)
def test_how_it_is_to_be_done_is_answered_as_declared(
    document: dict[str, Any],
    api: APIClient,
    todo: Todo,
    action: str,
    query: str,
    headers: Any,
    payload: Any,
    status: int,
) -> None:
    response = api.post(f"/todos/{todo.pk}/{action}/{query}", payload, format="json", headers=headers)
    assert response.status_code == status, response.content
    assert_declared(document, f"/todos/{{id}}/{action}/", response)


def test_a_repeated_key_is_answered_as_declared(document: dict[str, Any], api: APIClient, todo: Todo) -> None:
    for note, status in (("a", 200), ("a", 200), ("b", 422)):
        url, headers = f"/todos/{todo.pk}/mark_done/", {"Idempotency-Key": '"1"'}
        response = api.post(url, {"note": note}, format="json", headers=headers)
        assert response.status_code == status
        assert_declared(document, "/todos/{id}/mark_done/", response)


@pytest.mark.parametrize(
    ("query", "headers", "payload", "status"),
    [
        ("?all=true", {"Prefer": "continue-on-error"}, {}, 200),
        ("", {"Prefer": "continue-on-error"}, {"ids": [1, 999999]}, 200),
        ("?all=true&dry_run=1", {"Prefer": "continue-on-error"}, {}, 200),
        ("?all=true&dry_run=1", {}, {}, 200),
        ("?all=true&expect_count=50", {}, {}, 409),
        ("?all=true", {"Prefer": "respond-async"}, {}, 202),
        ("", {}, {"items": [{"id": 999999}]}, 400),
    ],
)
def test_how_it_is_to_be_done_to_several_is_answered_as_declared(
    document: dict[str, Any], api: APIClient, todos: list[Todo], query: str, headers: Any, payload: Any, status: int
) -> None:
    response = api.post(f"/todos/bulk_mark_done/{query}", payload, format="json", headers=headers)
    assert response.status_code == status, response.content
    assert_declared(document, "/todos/bulk_mark_done/", response)


def test_items_fit_the_declared_body_and_their_answer_the_declared_one(
    document: dict[str, Any], api: APIClient, todos: list[Todo]
) -> None:
    body = {"items": [{"id": todo.pk, "params": {"note": "x"}} for todo in todos]}
    declared = document["paths"]["/todos/bulk_mark_done/"]["post"]["requestBody"]["content"]["application/json"]
    assert not list(validator_of(document, declared["schema"]).iter_errors(body))
    response = api.post("/todos/bulk_mark_done/", body, format="json")
    assert response.status_code == 200
    assert response.json()["counts"]["succeeded"] == len(todos)
    assert_declared(document, "/todos/bulk_mark_done/", response)


@pytest.mark.parametrize(
    ("ids", "status"), [("{0},{1}", 200), ("{0},999999", 404), ("x", 400), ("{0}&alpha=perhaps", 400)]
)
def test_available_actions_of_several_are_answered_as_declared(
    document: dict[str, Any], api: APIClient, todos: list[Todo], ids: str, status: int
) -> None:
    response = api.get(f"/todos/actions/?ids={ids.format(*(todo.pk for todo in todos))}")
    assert response.status_code == status
    assert_declared(document, "/todos/actions/", response, "get")


@pytest.mark.parametrize("path", ["/todos/{id}/", "/todos/{id}/actions/"])
def test_the_version_of_an_object_is_declared(document: dict[str, Any], api: APIClient, todo: Todo, path: str) -> None:
    response = api.get(path.replace("{id}", str(todo.pk)))
    assert "ETag" in response
    assert_declared(document, path, response, "get")


def test_archived_records_are_answered_as_declared(document: dict[str, Any], staff: User, client_of: Any) -> None:
    path = "/dj-actions/actionevents/archive_actions/"
    response = client_of(staff).post(path, {"delete_before": "2026-01-01"}, format="json")
    assert response.status_code == 200
    assert_declared(document, path, response)


def test_somebody_unknown_is_answered_as_declared(document: dict[str, Any], todo: Todo, client_of: Any) -> None:
    response = client_of(None).post(f"/todos/{todo.pk}/mark_done/", {}, format="json")
    assert_declared(document, "/todos/{id}/mark_done/", response)


def test_a_broken_body_and_one_of_another_type_are_answered_as_declared(
    document: dict[str, Any], api: APIClient, todo: Todo
) -> None:
    for body, content_type in (("{", "application/json"), ("a,b", "text/csv")):
        response = api.post(f"/todos/{todo.pk}/mark_done/", body, content_type=content_type)
        assert_declared(document, "/todos/{id}/mark_done/", response)


@pytest.mark.parametrize(("body", "code"), [("{", "parse_error"), ('{"note":' + "[" * 100_000, "malformed")])
def test_the_code_for_a_body_that_cannot_be_read_is_declared(
    document: dict[str, Any], api: APIClient, todo: Todo, body: str, code: str
) -> None:
    response = api.post(f"/todos/{todo.pk}/mark_done/", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, code)
    for described in (document, golden("swagger.json")):
        declared = described["paths"]["/todos/{id}/mark_done/"]["post"]["responses"]["400"]
        assert f"`{code}`" in declared["description"]


def test_the_code_for_broken_json_has_an_example(document: dict[str, Any]) -> None:
    declared = document["paths"]["/todos/{id}/mark_done/"]["post"]["responses"]["400"]
    codes = [each["value"]["code"] for each in declared["content"]["application/problem+json"]["examples"].values()]
    assert codes == ["invalid_payload", "parse_error"]


def test_a_body_that_is_too_large_is_answered_as_declared(
    document: dict[str, Any], api: APIClient, todo: Todo, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    response = api.post(f"/todos/{todo.pk}/mark_done/", {"note": "longer than that"}, format="json")
    assert response.status_code == 413
    assert_declared(document, "/todos/{id}/mark_done/", response)


@pytest.mark.parametrize("path", ["/todos/actions/", "/todos/{id}/mark_done/", "/todos/move/", "/todos/{id}/assign/"])
def test_documentation_is_as_declared(document: dict[str, Any], api: APIClient, todo: Todo, path: str) -> None:
    response = api.get(path.replace("{id}", str(todo.pk)))
    assert response.status_code == 200
    assert_declared(document, path, response, "get")


def test_making_the_documents_does_not_change_what_filters_understand(
    api: APIClient, todos: list[Todo], todo_list: TodoList
) -> None:
    for path in ("/swagger.json?alpha=true", "/api/schema/?format=json&alpha=true"):
        assert api.get(path).status_code == 200
    response = api.post(f"/todos/mark_all_done/?list={todo_list.pk}", {}, format="json")
    assert (response.status_code, response.json()) == (200, {"done": 3})
