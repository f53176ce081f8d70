"""Whatever is sent to processes and runs gets an answer that the project's document declares, and never a 500.

See `tests.integration.test_fuzz`, which does the same with the actions of a project.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import assume, given
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from actions.processes import services
from actions.processes.graph import Kind
from actions.processes.models import Run
from tests.contracts.openapi_documents import golden
from tests.integration.test_fuzz import (
    CHECKS,
    CONTENT_TYPES,
    TERMS,
    _thinned,
    assert_problem,
    bodies,
    bounded,
    no_failure,
    quoted,
)
from tests.processes import make_process, node, registered, task

AUTHORIZATION = "Basic " + base64.b64encode(b"staff:staff").decode()
SAID_SELDOM = ["Prefer", "Idempotency-Key", "If-Match", "scheduled_time", "unique_key", "queue", "priority", "cron"]
PLACES = ("/processes/", "/runs/", "/inputs/", "/schedules/", "/docs/")


@pytest.fixture(autouse=True)
def _kept_connections() -> Iterator[None]:
    """Requests leave the connection open that the test's transaction is in."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def run(staff: User) -> Iterator[Run]:
    """One that waits for an input, of a process that takes anything."""
    process = make_process(
        node("ask", Kind.INPUT, "do", run="form", register="answer"), task("do"), bodies={"do": lambda context: 1}
    )
    with registered(process):
        yield services.start("made", {"x": 1}, actor=staff)


def documented() -> list[tuple[str, str]]:
    """Every operation of processes, by its method and path."""
    found = golden()["paths"].items()
    return sorted(
        (method.upper(), path)
        for path, operations in found
        if path.startswith(PLACES)
        for method in operations
        if method in ("get", "post", "patch", "delete")
    )


@pytest.fixture(scope="module")
def schema() -> Any:
    made = schemathesis.openapi.from_dict(golden())
    made.app = get_wsgi_application()
    return made


@pytest.fixture(scope="module")
def listed(schema: Any) -> dict[tuple[str, str], Any]:
    """The operations of the document, by method and path."""
    found = (each.ok() for each in schema.get_all_operations())
    return {(each.method.upper(), each.path): each for each in found}


@pytest.mark.once
@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("method", "path"), documented(), ids=str)
def test_a_call_is_answered_as_the_document_declares(
    listed: Any, run: Run, method: str, path: str, mode: GenerationMode
) -> None:
    operation = listed[method, path]
    calls = operation.as_strategy(mode)
    if "{id}" in path:
        calls |= operation.as_strategy(mode, path_parameters={"id": run.pk})

    @bounded(3)
    @given(st.builds(_thinned, calls, st.sets(st.sampled_from(SAID_SELDOM), min_size=3)))
    def call(case: Any) -> None:
        key = str(case.path_parameters.get("id", run.pk))
        # Routes know numbers only; other calls are none of a run.
        assume(key.isascii() and key.isdecimal() and len(key) < 20)
        # A page for people is no part of the document.
        assume("format" not in (case.query or {}))
        case.call_and_validate(headers={"Authorization": AUTHORIZATION, "Accept": "application/json"}, checks=CHECKS)

    call()


@pytest.mark.parametrize(
    "path", ["/processes/", "/processes/made/", "/processes/signup-request/", "/runs/{}/provide_input/", "/schedules/"]
)
def test_no_body_makes_a_500(run: Run, path: str) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION})

    @bounded(15)
    @given(body=bodies(), content_type=st.sampled_from(CONTENT_TYPES), query=st.sampled_from(["", "?process_id=made"]))
    def call(body: bytes, content_type: str, query: str) -> None:
        assume(not (query and "rot13" in content_type))
        response = client.generic("POST", f"{path.format(run.pk)}{query}", body, content_type)
        no_failure(None, response, None)
        assert_problem(response)

    call()


def test_no_header_or_parameter_of_a_start_makes_a_500(run: Run) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION})
    texts = st.lists(st.sampled_from(TERMS), max_size=2).map(", ".join) | st.text(max_size=12)
    headers = st.dictionaries(
        st.sampled_from(["Prefer", "Idempotency-Key", "If-Match", "X-Request-ID"]), texts, max_size=3
    )
    names = st.sampled_from(["dry_run", "scheduled_time", "unique_key", "queue", "priority", "process_id", "dryrun"])

    @bounded(30)
    @given(headers, st.dictionaries(names, texts, max_size=3))
    def call(said: dict[str, str], query: dict[str, str]) -> None:
        text = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in query.items())
        sent = {name: value.encode("utf-8", "surrogatepass").decode("latin-1") for name, value in said.items()}
        response = client.post(f"/processes/made/?{text}", {}, "application/json", headers=sent)
        no_failure(None, response, None)
        assert_problem(response)

    call()


@pytest.mark.parametrize(
    "path",
    ["/runs/", "/processes/", "/inputs/", "/schedules/", "/docs/registry/", "/runs/{}/steps/", "/runs/{}/branches/"],
)
def test_no_query_makes_a_500(run: Run, path: str) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION})
    names = ["process", "status", "waiting_for", "actor_id", "correlation_id", "uid", "event_uid", "forked_from"]
    names += [
        "created_after",
        "created_before",
        "cursor",
        "page_size",
        "after",
        "search",
        "format",
        "is_active",
        "alpha",
    ]
    values = st.text(max_size=12) | st.integers().map(str) | st.sampled_from(TERMS)

    @bounded(15)
    @given(st.lists(st.tuples(st.sampled_from(names), values), max_size=3))
    def call(query: list[tuple[str, str]]) -> None:
        text = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in query)
        assert client.get(f"{path.format(run.pk)}?{text}").status_code < 500

    call()


@pytest.mark.parametrize("place", ["/processes/{}/", "/processes/{}", "/processes/{}/picture.svg", "/runs/{}/"])
def test_no_key_makes_a_500(run: Run, place: str) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION})

    @bounded(15)
    @given(st.text(min_size=1, max_size=20) | st.integers().map(str) | st.sampled_from(["9" * 400, "\x00", "..", "%"]))
    def call(key: str) -> None:
        for method in ("get", "post"):
            response = getattr(client, method)(place.format(quoted(key)), {}, "application/json")
            assert response.status_code < 500

    call()


@pytest.mark.once
@pytest.mark.parametrize("accept", ["application/json", "text/html", "image/png", "\x7f"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "NONSENSE"])
def test_no_method_makes_a_500(run: Run, method: str, accept: str) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION, "Accept": accept})
    places = ("/processes/", "/processes/made/", "/processes/made/picture.svg", "/runs/", f"/runs/{run.pk}/")
    others = (f"/runs/{run.pk}/picture.svg", "/inputs/", "/schedules/", "/docs/registry/", "/docs/registry/tasks/")
    for path in (*places, *others):
        assert client.generic(method, path, b"{}", "application/json").status_code < 500, path
