"""Whatever is sent to an action gets an answer that the project's own document declares, and never a 500.

schemathesis makes calls from the OpenAPI document, good ones and such as break its rules; hypothesis makes the bodies,
headers, queries and keys that no document has a word for. Both make the same calls in every run; FUZZ_TIMES=50 makes
fifty times as many.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection
from django.test import Client
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from actions.api.views import EventActionViewSet
from example_app.models import Todo, TodoList
from example_app.views import TodoViewSet
from tests import FUZZ_TIMES
from tests.contracts.openapi_documents import golden


def no_failure(_context: Any, response: Any, _case: Any) -> None:
    """Nothing is too much for the server. 501 is a refusal: of an action that is promised, or that cannot do that."""
    assert response.status_code < 500 or response.status_code == 501


CHECKS = [no_failure, status_code_conformance, content_type_conformance, response_schema_conformance]
ACTIONS = [*TodoViewSet.action_registry.bound.values(), *EventActionViewSet.action_registry.bound.values()]
AUTHORIZATION = "Basic " + base64.b64encode(b"staff:staff").decode()


def bounded(examples: int) -> settings:
    """So many calls, the same ones every time; on other databases than SQLite the first fifth of them.

    Most of what can be wrong with a call is found before a database is asked.
    """
    some = examples if connection.vendor == "sqlite" else max(2, examples // 5)
    return settings(
        max_examples=some * FUZZ_TIMES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        # The calls of a test share its transaction: what one changes, the next may meet.
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def schema() -> Any:
    made = schemathesis.openapi.from_dict(golden())
    made.app = get_wsgi_application()
    return made


@pytest.fixture(autouse=True)
def _kept_connections() -> Iterator[None]:
    """Requests leave the connection open that the test's transaction is in, as those of Django's test client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _data(staff: User, todos: list[Todo], todo_list: TodoList) -> None:
    """There is something to act on."""


OF_PROCESSES = ("/api/", "/processes/", "/runs/", "/inputs/", "/schedules/", "/docs/")


def operations(schema: Any, action_id: str, method: str) -> Iterator[Any]:
    """The operations of one action; those of processes are tested with them."""
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.startswith(OF_PROCESSES):
            continue
        if operation.method.upper() == method and operation.path.rstrip("/").endswith(f"/{action_id}"):
            yield operation


SAID_SELDOM = ["Prefer", "Idempotency-Key", "If-Match", "If-Plan", "dry_run", "scheduled_time", "cron", "expect_count"]


def generated(operation: Any, mode: GenerationMode, todo: Todo) -> st.SearchStrategy[Any]:
    """Calls of one operation, half of them on an object that is there."""
    calls = operation.as_strategy(mode)
    if "{id}" in operation.path:
        calls |= operation.as_strategy(mode, path_parameters={"id": todo.pk})
    return st.builds(_thinned, calls, st.sets(st.sampled_from(SAID_SELDOM), min_size=3))


def _thinned(case: Any, left_out: set[str]) -> Any:
    """A call without some of its headers and parameters: one that says all at once is refused for one of them."""
    for said in (case.headers, case.query):
        for name in left_out.intersection(said or ()):
            del said[name]
    return case


@pytest.mark.once
@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("action_id", [bound.id for bound in ACTIONS])
def test_a_call_is_answered_as_the_document_declares(
    schema: Any, todos: list[Todo], action_id: str, mode: GenerationMode
) -> None:
    (operation,) = operations(schema, action_id, "POST")

    @bounded(8)
    @given(generated(operation, mode, todos[0]))
    def call(case: Any) -> None:
        # DRF's routes know no key with a dot or a slash: such a call is none of an action.
        assume(not set("./") & set(str(case.path_parameters.get("id", ""))))
        case.call_and_validate(headers={"Authorization": AUTHORIZATION}, checks=CHECKS)

    call()


@pytest.mark.once
@pytest.mark.parametrize("action_id", [*(bound.id for bound in ACTIONS), "actions"])
def test_documentation_is_answered_as_the_document_declares(schema: Any, todos: list[Todo], action_id: str) -> None:
    for operation in operations(schema, action_id, "GET"):

        @bounded(2)
        @given(generated(operation, GenerationMode.POSITIVE, todos[0]))
        def call(case: Any) -> None:
            case.call_and_validate(headers={"Authorization": AUTHORIZATION}, checks=CHECKS)

        call()


CONTENT_TYPES = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json; charset=utf-16",
    "application/json; charset=rot13",
    "application/x-www-form-urlencoded; charset=idna",
    "text/plain",
    "",
    ";;=",
]
JSON_TEXTS = [
    b"[]",
    b"null",
    b"1e999",
    b'{"a":1,"a":2}',
    b'{"note":"\\u0000"}',
    b'{"note":"\\ud800"}',
    b"NaN",
    b"[" * 5000,
]
JSON_TEXTS += [b'{"ids":[' + b"9" * 400 + b"]}", b'{"ids":[[]]}', b'{"days":1e400}', b'{"' + b"x" * 5000 + b'":1}']


def bodies() -> st.SearchStrategy[bytes]:
    """Bytes, and JSON that is not what anybody declared."""
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["ids", "note", "to", "days"]) | st.text(), inner)
        ),
        max_leaves=8,
    )
    return st.binary(max_size=80) | st.sampled_from(JSON_TEXTS) | values.map(_json)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("bound", ACTIONS, ids=lambda bound: str(bound.id))
def test_no_body_makes_a_500(bound: Any, todos: list[Todo]) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION})
    place = f"{todos[0].pk}/" if bound.action.is_instance else ""
    resource = "/todos/" if bound.resource == "todo" else "/dj-actions/actionevents/"

    @bounded(20)
    @given(body=bodies(), content_type=st.sampled_from(CONTENT_TYPES), query=st.sampled_from(["", "?all=true"]))
    def call(body: bytes, content_type: str, query: str) -> None:
        # Django itself cannot make a request of a query beside a charset that is a codec, but none for text.
        assume(not (query and "rot13" in content_type))
        response = client.generic("POST", f"{resource}{place}{bound.id}/{query}", body, content_type)
        no_failure(None, response, None)
        assert_problem(response)

    call()


TERMS = [
    "dry-run",
    "respond-async",
    "continue-on-error",
    "wait=1",
    "handling=strict",
    "*",
    '"a"',
    'W/"b"',
    "a:b:c",
    "1",
]
TERMS += ["true", "2026-05-01T08:00Z", "0 8 * * 1", "9999-12-31T23:59:59+14:00", "@daily", "0 0 30 2 *", "9" * 40]


@pytest.mark.parametrize("action_id", ["mark_done", "remind", "mark_all_done", "archive_actions"])
def test_no_header_or_parameter_makes_a_500(todos: list[Todo], action_id: str) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION})
    bound = next(each for each in ACTIONS if each.id == action_id)
    place = f"{todos[0].pk}/" if bound.is_instance else ""
    resource = "/todos/" if bound.resource == "todo" else "/dj-actions/actionevents/"
    texts = st.lists(st.sampled_from(TERMS), max_size=3).map(", ".join) | st.text(max_size=12)
    headers = st.dictionaries(st.sampled_from(["Prefer", "Idempotency-Key", "If-Match", "If-Plan"]), texts, max_size=3)
    names = st.sampled_from(["dry_run", "scheduled_time", "cron", "expect_count", "all", "alpha", "dryrun"])
    queries = st.dictionaries(names, texts, max_size=3)

    @bounded(40)
    @given(headers, queries)
    def call(said: dict[str, str], query: dict[str, str]) -> None:
        text = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in query.items())
        # As servers hand them over: each byte as a character.
        sent = {name: value.encode("utf-8", "surrogatepass").decode("latin-1") for name, value in said.items()}
        response = client.post(f"{resource}{place}{action_id}/?{text}", {}, "application/json", headers=sent)
        no_failure(None, response, None)
        assert_problem(response)

    call()


@pytest.mark.parametrize("action_id", ["mark_all_done", "move"])
def test_no_query_makes_a_500(action_id: str) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION})
    names = st.sampled_from(["ids", "all", "list", "owner", "is_done", "priority", "due_after", "search", "ordering"])
    pairs = st.lists(st.tuples(names | st.text(max_size=5), st.text(max_size=12) | st.integers().map(str)), max_size=4)

    @bounded(20)
    @given(pairs)
    def call(query: list[tuple[str, str]]) -> None:
        text = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in query)
        response = client.post(f"/todos/{action_id}/?{text}", {}, "application/json")
        assert response.status_code < 500
        assert_problem(response)

    call()


@pytest.mark.parametrize("action", ["mark_done", "mark_all_done", "nothing"])
def test_no_key_makes_a_500(action: str) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION})

    @bounded(20)
    @given(st.text(min_size=1, max_size=20) | st.integers().map(str) | st.sampled_from(["9" * 400, "\x00", "..", "%"]))
    def call(key: str) -> None:
        for path in (f"/todos/{quoted(key)}/{action}/", f"/todos/{quoted(key)}/actions/{action}/"):
            assert client.post(path, {}, "application/json").status_code < 500

    call()


@pytest.mark.once
@pytest.mark.parametrize(
    "accept", ["application/json", "text/html", "application/problem+json", "*/*", "image/png", "\x7f"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "NONSENSE"])
def test_no_method_makes_a_500(todos: list[Todo], method: str, accept: str) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION, "Accept": accept})
    for path in (f"/todos/{todos[0].pk}/mark_done/", "/todos/mark_all_done/", "/todos/actions/"):
        assert client.generic(method, path, b"{}", "application/json").status_code < 500


def quoted(text: str) -> str:
    """A text as URLs write it, lone surrogates included."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def assert_problem(response: Any) -> None:
    """A refusal says what it is."""
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code
