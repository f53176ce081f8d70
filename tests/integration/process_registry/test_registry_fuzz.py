"""Whatever is sent to the registry gets an answer that the project's document declares, and never a 500.

See `tests.integration.test_fuzz`, which does the same with the actions of a project.
"""

from __future__ import annotations

import base64
import json
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

from actions.process_registry import services
from actions.process_registry.models import ProcessDefinition
from actions.process_registry.programs import services as programs
from tests.contracts.openapi_documents import golden
from tests.integration.test_fuzz import CHECKS, CONTENT_TYPES, _thinned, bodies, bounded, no_failure, quoted

pytestmark = pytest.mark.django_db

AUTHORIZATION = "Basic " + base64.b64encode(b"staff:staff").decode()
SAID_SELDOM = ["Prefer", "Idempotency-Key", "If-Match", "If-Plan", "dry_run", "scheduled_time", "cron", "expect_count"]
PLACES = ("/api/process_definition/", "/api/program_run/")


@pytest.fixture(autouse=True)
def _kept_connections() -> Iterator[None]:
    """Requests leave the connection open that the test's transaction is in."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def row(staff: User) -> ProcessDefinition:
    """A definition with a run."""
    made = services.create(services.check({"exec": "/usr/bin/tr"}), owner=staff)
    programs.run(made, actor=staff)
    return made


def documented() -> list[tuple[str, str]]:
    """Every operation of the registry, by its method and path."""
    found = golden()["paths"].items()
    return sorted(
        (method.upper(), path)
        for path, operations in found
        if path.startswith(PLACES)
        for method in operations
        if method in ("get", "post", "put", "delete")
    )


@pytest.fixture(scope="module")
def listed() -> dict[tuple[str, str], Any]:
    """The operations of the document, by method and path."""
    schema = schemathesis.openapi.from_dict(golden())
    schema.app = get_wsgi_application()
    return {(each.method.upper(), each.path): each for each in (each.ok() for each in schema.get_all_operations())}


@pytest.mark.once
@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("method", "path"), documented(), ids=str)
def test_a_call_is_answered_as_the_document_declares(
    listed: Any, row: ProcessDefinition, method: str, path: str, mode: GenerationMode
) -> None:
    operation = listed[method, path]
    # What a run answers depends on what is run; the document says of 202 what it says of all actions.
    checks = [no_failure] if path.endswith("/run/") and method == "POST" else CHECKS
    calls = operation.as_strategy(mode)
    if "{id}" in path:
        others = {"number": 1} if "{number}" in path else {}
        calls |= operation.as_strategy(mode, path_parameters={"id": row.pk, **others})

    @bounded(2)
    @given(st.builds(_thinned, calls, st.sets(st.sampled_from(SAID_SELDOM), min_size=3)))
    def call(case: Any) -> None:
        keys = [str(value) for value in (case.path_parameters or {}).values()]
        # Routes know numbers only; other calls are none of a definition.
        assume(all(key.isascii() and key.isdecimal() and len(key) < 10 for key in keys))
        case.call_and_validate(headers={"Authorization": AUTHORIZATION}, checks=checks)

    call()


definitions = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
KEYS = ["exec", "argv", "tasks", "name", "timeout", "environment", "input_adapter", "output_adapter", "payload", "x"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_no_definition_makes_a_500(row: ProcessDefinition, method: str) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION})
    url = PLACES[0] if method == "POST" else f"{PLACES[0]}{row.pk}/"

    @bounded(25)
    @given(st.dictionaries(st.sampled_from(KEYS), definitions, max_size=5) | definitions)
    def call(definition: Any) -> None:
        response = client.generic(method, url, json.dumps({"definition": definition}), "application/json")
        no_failure(None, response, None)
        if response.status_code == 201:
            kept = client.get(response["Location"]).json()["definition"]
            assert json.dumps(kept) == json.dumps(definition)

    call()


@pytest.mark.parametrize("path", ["", "{}/", "{}/run/", "{}/restore/", "{}/share/"])
def test_no_body_makes_a_500(row: ProcessDefinition, path: str) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION})
    types = st.sampled_from([*CONTENT_TYPES, "application/yaml", "text/yaml"])

    @bounded(12)
    @given(bodies(), types, st.sampled_from(["POST", "PUT"]))
    def call(body: bytes, content_type: str, method: str) -> None:
        response = client.generic(method, PLACES[0] + path.format(row.pk), body, content_type)
        no_failure(None, response, None)

    call()


@pytest.mark.parametrize("path", ["/api/process_definition/", "/api/process_definition/{}/compare/", PLACES[1]])
def test_no_query_makes_a_500(row: ProcessDefinition, path: str) -> None:
    client = Client(headers={"Authorization": AUTHORIZATION})
    names = st.sampled_from(["limit", "offset", "format", "from", "to", "cursor", "status", "definition", "is_service"])
    values = st.text(max_size=12) | st.integers().map(str) | st.sampled_from(["9" * 400, "\x00", "-0", "1e3"])

    @bounded(15)
    @given(st.lists(st.tuples(names, values), max_size=3))
    def call(query: list[tuple[str, str]]) -> None:
        text = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in query)
        assert client.get(f"{path.format(row.pk)}?{text}").status_code < 500

    call()
