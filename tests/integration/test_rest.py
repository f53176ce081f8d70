"""Actions over REST: what is done, what is refused, and what is documented."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from actions.models import EventAction
from example_app.models import Todo, TodoList

pytestmark = pytest.mark.django_db

PROBLEM = "application/problem+json"


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal, which has to be one."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == PROBLEM
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["code"] == code, body
    assert body["detail"]
    return body


class TestInstanceActions:
    def test_an_action_changes_its_object_and_answers_with_its_result(self, api: APIClient, todo: Todo) -> None:
        response = api.post(f"/todos/{todo.pk}/mark_done/", {"note": "at last"}, format="json")

        todo.refresh_from_db()
        assert (response.status_code, todo.is_done, todo.note) == (200, True, "at last")
        assert response.json()["done_by"] == "alice"

    def test_the_older_route_performs_the_same(self, api: APIClient, todo: Todo) -> None:
        response = api.post(f"/todos/{todo.pk}/actions/mark_done/", {}, format="json")

        assert response.status_code == 200
        assert EventAction.objects.get().action == "mark_done"

    def test_a_body_is_not_needed_where_no_field_is(self, api: APIClient, todo: Todo) -> None:
        assert api.post(f"/todos/{todo.pk}/mark_done/").status_code == 200

    def test_a_form_encoded_body_is_read_by_the_declared_types(self, api: APIClient, todo: Todo) -> None:
        response = api.post(f"/todos/{todo.pk}/postpone/", {"days": "3"}, format="multipart")

        assert response.status_code == 200, response.content

    def test_a_form_that_saves_answers_with_the_object_and_its_meta(
        self, api: APIClient, todo: Todo, bob: User
    ) -> None:
        response = api.post(f"/todos/{todo.pk}/assign/", {"owner": "bob"}, format="json")

        todo.refresh_from_db()
        assert todo.owner == bob
        assert response.json()["previous_owner"] == "alice"
        assert response.json()["id"] == todo.pk

    def test_an_invalid_payload_names_its_fields_and_changes_nothing(self, api: APIClient, todo: Todo) -> None:
        response = api.post(f"/todos/{todo.pk}/postpone/", {"days": 0, "weeks": 1}, format="json")

        assert set(problem(response, 400, "invalid_payload")["errors"]) == {"days", "weeks"}

    def test_a_condition_refuses_with_its_own_code(self, api: APIClient, todo: Todo) -> None:
        Todo.objects.update(is_done=True)

        body = problem(api.post(f"/todos/{todo.pk}/postpone/", {}, format="json"), 409, "already_done")
        assert body["detail"] == "The todo is done already."

    def test_an_object_outside_of_the_views_queryset_does_not_exist(
        self, todo: Todo, bob: User, client_of: Any
    ) -> None:
        problem(client_of(bob).post(f"/todos/{todo.pk}/mark_done/", {}, format="json"), 404, "not_found")

    def test_an_object_permission_of_the_view_holds(
        self, todo: Todo, todo_list: TodoList, bob: User, client_of: Any
    ) -> None:
        TodoList.objects.update(is_shared=True)

        body = problem(client_of(bob).post(f"/todos/{todo.pk}/mark_done/", {}, format="json"), 403, "permission_denied")
        assert body["detail"] == "Only its owner may change this."
        assert not Todo.objects.get().is_done

    def test_an_anonymous_caller_is_not_let_in(self, todo: Todo, client_of: Any) -> None:
        response = client_of(None).post(f"/todos/{todo.pk}/mark_done/", {}, format="json")

        problem(response, 403, "not_authenticated")

    @pytest.mark.parametrize("key", ["abc", "0", "-1", "999999999999999999999999", "7%00", "7.5", "%F0%9F%92%A5"])
    def test_a_key_that_no_object_has_is_404(self, api: APIClient, todo: Todo, key: str) -> None:
        assert api.post(f"/todos/{key}/mark_done/", {}, format="json").status_code == 404


class TestBulkActions:
    def test_a_filter_of_the_list_chooses_the_objects(
        self, api: APIClient, todos: list[Todo], todo_list: TodoList, alice: User
    ) -> None:
        other = Todo.objects.create(
            title="Elsewhere", list=TodoList.objects.create(name="Work", owner=alice), owner=alice
        )

        response = api.post(f"/todos/mark_all_done/?list={todo_list.pk}", {}, format="json")

        other.refresh_from_db()
        assert response.json() == {"done": 3}
        assert not other.is_done

    @pytest.mark.parametrize("way", ["body", "query", "form"])
    def test_ids_choose_the_objects(self, api: APIClient, todos: list[Todo], way: str) -> None:
        keys = [todo.pk for todo in todos[:2]]
        text = ",".join(map(str, keys))
        if way == "body":
            response = api.post("/todos/mark_all_done/", {"ids": keys}, format="json")
        elif way == "query":
            response = api.post(f"/todos/mark_all_done/?ids={text}", {}, format="json")
        else:
            response = api.post("/todos/mark_all_done/", {"ids": text}, format="multipart")

        assert response.json() == {"done": 2}
        assert not Todo.objects.get(pk=todos[2].pk).is_done

    def test_nothing_said_is_refused_rather_than_all_meant(self, api: APIClient, todos: list[Todo]) -> None:
        problem(api.post("/todos/mark_all_done/", {}, format="json"), 400, "selection_required")
        assert not Todo.objects.filter(is_done=True).exists()

    def test_all_is_said_with_all(self, api: APIClient, todos: list[Todo]) -> None:
        assert api.post("/todos/mark_all_done/?all=true", {}, format="json").json() == {"done": 3}

    @pytest.mark.parametrize(
        ("query", "field"),
        [("lst=3", "lst"), ("page=2", "page"), ("all=perhaps", "all"), ("ids=1&ids=x", "ids.0"), ("ids=", "ids")],
    )
    def test_a_query_that_is_not_understood_is_refused(
        self, api: APIClient, todos: list[Todo], query: str, field: str
    ) -> None:
        response = api.post(f"/todos/mark_all_done/?{query}", {}, format="json")

        assert response.status_code == 400
        assert field in response.json()["errors"]
        assert not Todo.objects.filter(is_done=True).exists()

    def test_an_empty_filter_is_no_filter(self, api: APIClient, todos: list[Todo]) -> None:
        problem(api.post("/todos/mark_all_done/?list=", {}, format="json"), 400, "selection_required")

    def test_a_filter_with_a_wrong_value_is_refused(self, api: APIClient, todos: list[Todo]) -> None:
        for path in ("/todos/mark_all_done/", f"/todos/{todos[0].pk}/mark_done/"):
            for value in ("abc", "999999"):
                body = problem(api.post(f"{path}?list={value}", {}, format="json"), 400, "invalid_selection")
                assert list(body["errors"]) == ["list"]
                assert body["detail"] == "A filter of the list is not understood."

    def test_a_missing_object_is_named_and_nothing_done(self, api: APIClient, todos: list[Todo]) -> None:
        response = api.post("/todos/mark_all_done/", {"ids": [todos[0].pk, 999_999]}, format="json")

        assert "999999" in problem(response, 404, "objects_not_found")["errors"]["ids"][0]
        assert not Todo.objects.filter(is_done=True).exists()

    @pytest.mark.parametrize("ids", ["1", 7, [], [None], [[1]], [{"id": 1}], ["x"], [10**30], [True]])
    def test_ids_of_a_wrong_form_are_refused(self, api: APIClient, todos: list[Todo], ids: Any) -> None:
        response = api.post("/todos/mark_all_done/", {"ids": ids}, format="json")

        problem(response, 400, "invalid_selection")

    def test_an_object_permission_holds_for_every_object_of_the_list(
        self, api: APIClient, todos: list[Todo], bob: User, alice: User
    ) -> None:
        shared = TodoList.objects.create(name="Shared", owner=bob, is_shared=True)
        foreign = Todo.objects.create(title="Bob's", list=shared, owner=bob)

        response = api.post("/todos/mark_all_done/", {"ids": [todos[0].pk, foreign.pk]}, format="json")

        assert str(foreign.pk) in problem(response, 403, "permission_denied")["detail"]
        assert not Todo.objects.filter(is_done=True).exists()

    def test_results_of_several_objects_stand_under_results(self, api: APIClient, todos: list[Todo]) -> None:
        response = api.post("/todos/bulk_mark_done/", {"ids": [todo.pk for todo in todos]}, format="json")

        assert [row["id"] for row in response.json()["results"]] == [todo.pk for todo in todos]
        assert response.json()["meta"] == {}


class TestWrongPlaces:
    def test_an_unknown_action_is_404_with_what_may_have_been_meant(self, api: APIClient, todo: Todo) -> None:
        for path in (f"/todos/{todo.pk}/mark_don/", f"/todos/{todo.pk}/actions/mark_don/"):
            body = problem(api.post(path, {}, format="json"), 404, "unknown_action")
            assert 'Did you mean "mark_done"?' in body["detail"]
        problem(api.post("/todos/actions/mark_don/", {}, format="json"), 404, "unknown_action")

    def test_an_instance_action_on_the_list_is_told_where_it_is(self, api: APIClient, todo: Todo) -> None:
        for path in ("/todos/mark_done/", "/todos/actions/mark_done/"):
            body = problem(api.post(path, {}, format="json"), 404, "wrong_action_type")
            assert "Try instance action" in body["detail"]

    def test_a_bulk_action_on_an_object_is_told_where_it_is(self, api: APIClient, todo: Todo) -> None:
        for path in (f"/todos/{todo.pk}/mark_all_done/", f"/todos/{todo.pk}/actions/mark_all_done/"):
            body = problem(api.post(path, {}, format="json"), 404, "wrong_action_type")
            assert "Try bulk action" in body["detail"]

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_another_method_is_405(self, api: APIClient, todo: Todo, method: str) -> None:
        response = getattr(api, method)(f"/todos/{todo.pk}/mark_done/", {}, format="json")

        problem(response, 405, "method_not_allowed")
        assert set(response["Allow"].split(", ")) == {"GET", "POST", "HEAD", "OPTIONS"}

    def test_the_resources_own_routes_are_what_they_were(self, api: APIClient, todo: Todo) -> None:
        assert api.get(f"/todos/{todo.pk}/").json()["title"] == todo.title
        assert api.post(f"/todos/{todo.pk}/", {}, format="json").json() == {"detail": 'Method "POST" not allowed.'}
        assert api.get("/todos/none/").status_code == 404
        assert api.patch(f"/todos/{todo.pk}/", {"title": "New"}, format="json").json()["title"] == "New"


class TestDocumentation:
    def test_an_action_documents_itself(self, api: APIClient, todo: Todo) -> None:
        body = api.get(f"/todos/{todo.pk}/mark_done/").json()

        assert (body["id"], body["type"], body["status"]) == ("mark_done", "instance", "prod")
        assert body["url"] == f"/todos/{todo.pk}/mark_done/"
        assert [(field["name"], field["required"], field["type"]) for field in body["fields"]] == [
            ("note", False, "string")
        ]
        assert body["fields"][0]["description"]
        assert body["example_response"]["is_done"] is True

    def test_the_older_documentation_gives_the_main_url(self, api: APIClient, todo: Todo) -> None:
        assert api.get(f"/todos/{todo.pk}/actions/mark_done/").json()["url"] == f"/todos/{todo.pk}/mark_done/"

    @pytest.mark.parametrize("path", ["/todos/actions/", "/todos/actions/list/"])
    def test_the_registry_documents_all_in_its_order(self, api: APIClient, path: str) -> None:
        body = api.get(path).json()

        assert (body["resource"], body["basepath"]) == ("todo", "/todos/")
        assert "actions" not in body
        assert [(row["id"], row["url"]) for row in body["bulk_actions"]] == [
            ("bulk_mark_done", "/todos/bulk_mark_done/"),
            ("mark_all_done", "/todos/mark_all_done/"),
            ("move", "/todos/move/"),
            ("delete_done", "/todos/delete_done/"),
        ]
        assert body["instance_actions"][0]["url"] == "/todos/:pk/mark_done/"

    def test_reading_writes_nothing_into_the_registry(self, api: APIClient, todo: Todo) -> None:
        before = api.get("/todos/actions/").json()
        api.get(f"/todos/{todo.pk}/mark_done/")

        assert api.get("/todos/actions/").json() == before

    def test_options_shows_the_fields_of_the_payload(self, api: APIClient, todo: Todo) -> None:
        body = api.options(f"/todos/{todo.pk}/postpone/").json()

        assert body["name"] == "Postpone a todo"
        assert body["actions"]["POST"]["days"]["type"] == "integer"

    def test_head_is_answered_as_get_without_a_body(self, api: APIClient, todo: Todo) -> None:
        response = api.head(f"/todos/{todo.pk}/mark_done/")

        assert (response.status_code, response.content) == (200, b"")

    def test_the_browsable_api_shows_the_form_of_the_action(self, api: APIClient, todo: Todo) -> None:
        page = api.get(f"/todos/{todo.pk}/postpone/", HTTP_ACCEPT="text/html").content.decode()

        assert 'name="days"' in page
        assert 'name="title"' not in page
        assert "older" not in page

    def test_documentation_asks_for_the_views_permission(self, todo: Todo, client_of: Any) -> None:
        problem(client_of(None).get(f"/todos/{todo.pk}/mark_done/"), 403, "not_authenticated")
        problem(client_of(None).get("/todos/actions/"), 403, "not_authenticated")


class TestBodies:
    """Whatever a caller sends is data or a clear refusal."""

    @pytest.mark.parametrize(
        ("body", "content_type", "status"),
        [
            (b"{", "application/json", 400),
            (b"[1, 2]", "application/json", 400),
            (b'"text"', "application/json", 400),
            (b"null", "application/json", 400),
            (b'{"note": 5}', "application/json", 400),
            (b'{"note": NaN}', "application/json", 400),
            (b'{"note": 1e999}', "application/json", 400),
            (b'{"note": "\\u0000"}', "application/json", 400),
            (b'{"note": "\\ud800"}', "application/json", 400),
            (b'{"note": "\xff"}', "application/json", 400),
            (b'{"note":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "application/json", 400),
            (b'{"note":' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}", "application/json", 400),
            (b'{"n": ' + b"1" * 5000 + b"}", "application/json", 400),
            (b'{"note": "x"}', "application/json; charset=hex", 415),
            (b'{"note": "x"}', "application/json; charset=zlib", 415),
            (b'{"note": "x"}', "application/json; charset=no-such", 415),
            (b'{"note": "x"}', "application/json; charset=utf-16", 400),
            (b"<note/>", "application/xml", 415),
            (b"x", "multipart/form-data", 400),
            (b"note=%00", "application/x-www-form-urlencoded", 400),
            (b'{"note": "' + b"x" * 10_000_000 + b'"}', "application/json", 413),
            (b"note=" + b"x" * 10_000_000, "application/x-www-form-urlencoded", 413),
        ],
    )
    def test_a_body_that_makes_no_sense_is_refused(
        self, api: APIClient, todo: Todo, body: bytes, content_type: str, status: int
    ) -> None:
        response = api.generic("POST", f"/todos/{todo.pk}/mark_done/", body, content_type)

        assert response.status_code == status, response.content
        assert response["Content-Type"] == PROBLEM
        assert not Todo.objects.get().is_done

    def test_an_answer_in_a_form_that_nobody_speaks_is_406(self, api: APIClient, todo: Todo) -> None:
        response = api.post(f"/todos/{todo.pk}/mark_done/", {}, format="json", HTTP_ACCEPT="application/x-none")

        assert response.status_code == 406
        assert not Todo.objects.get().is_done

    def test_a_charset_that_the_body_is_in_is_read(self, api: APIClient, todo: Todo) -> None:
        body = '{"note": "Grüße"}'.encode("utf-16")

        api.generic("POST", f"/todos/{todo.pk}/mark_done/", body, "application/json; charset=utf-16")
        assert Todo.objects.get().note == "Grüße"


def test_a_call_costs_one_statement_more_than_its_own(api: APIClient, todo: Todo) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        api.post(f"/todos/{todo.pk}/mark_done/", {}, format="json")

    kinds = [query["sql"].split()[0] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert kinds == ["SELECT", "UPDATE", "INSERT"]
