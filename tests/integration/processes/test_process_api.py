"""Processes over REST: started and documented."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from actions.payloads import SchemaPayload
from actions.processes.expressions import literal
from actions.processes.graph import Kind
from actions.processes.models import Run
from actions.processes.policies import Policy
from actions.processes.process import Process
from tests.processes import make_process, node, registered, task

pytestmark = pytest.mark.django_db

HELLO = "/processes/hello-world/"
STRICT = SchemaPayload(
    {
        "type": "object",
        "properties": {"name": {"type": "string", "minLength": 2}, "count": {"type": "integer"}},
        "required": ["name"],
        "additionalProperties": False,
    }
)


def made(*nodes: Any, payload: Any = None, **options: Any) -> Process:
    """A process of one step that adds to what it was given, or of these nodes."""
    nodes = nodes or (task("add", register="sum"),)
    bodies = options.pop("bodies", {"add": lambda context: context.payload.get("count", 0) + 1})
    process = make_process(*nodes, bodies=bodies, **options)
    return process if payload is None else Process(**{**vars(process), "payload": payload})


def test_a_post_starts_a_run_and_answers_where_it_is(api: APIClient, alice: User) -> None:
    with registered(made(payload=STRICT)):
        response = api.post("/processes/made/", {"name": "Ada", "count": 2}, format="json")
    assert response.status_code == 201
    run = Run.objects.get()
    assert urlsplit(response["Location"]).path == f"/runs/{run.pk}/"
    assert response["X-Request-ID"] == run.correlation_id
    shown = response.data
    assert (shown["id"], shown["status"], shown["state"], shown["actor_id"]) == (
        *(run.pk, "succeeded", {"sum": 3}),
        str(alice.pk),
    )


def test_a_process_of_the_project_s_files_is_started(api: APIClient) -> None:
    response = api.post(HELLO, {}, format="json")
    assert (response.status_code, response.data["status"], response.data["title"]) == (201, "succeeded", "HelloWorld")


@pytest.mark.parametrize("path", ["/processes/made", "/processes/made/"])
def test_the_final_slash_may_be_left_out(api: APIClient, path: str) -> None:
    with registered(made()):
        assert api.post(path, {"count": 1}, format="json").status_code == 201
        assert api.get(path).status_code == 200


def test_the_final_slash_of_a_process_of_the_project_s_files_may_be_left_out(api: APIClient) -> None:
    assert api.post("/processes/hello-world", {}, format="json").status_code == 201


def test_a_payload_may_be_sent_as_a_form(api: APIClient) -> None:
    with registered(made(payload=STRICT)):
        response = api.post("/processes/made/", "name=Ada&count=4", content_type="application/x-www-form-urlencoded")
    assert (response.status_code, response.data["payload"]) == (201, {"name": "Ada", "count": 4})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/processes/", {"process_id": "made", "count": 1}),
        ("/processes/?process_id=made", {"count": 1}),
    ],
)
def test_body_or_query_may_name_the_process(api: APIClient, path: str, body: dict[str, Any]) -> None:
    with registered(made()):
        response = api.post(path, body, format="json")
        assert (response.status_code, response.data["payload"]) == (201, {"count": 1})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/processes/", "process_id=made&name=Ada&count=1"),
        ("/processes/?process_id=made", "name=Ada&count=1"),
    ],
)
def test_a_form_may_name_the_process(api: APIClient, path: str, body: str) -> None:
    with registered(made(payload=STRICT)):
        response = api.post(path, body, content_type="application/x-www-form-urlencoded")
    assert (response.status_code, response.data["payload"]) == (201, {"name": "Ada", "count": 1})


@pytest.mark.parametrize("process_id", [None, 5, [], {}, ""])
def test_a_start_of_no_process_is_refused(api: APIClient, process_id: Any) -> None:
    response = api.post("/processes/", {"process_id": process_id}, format="json")
    assert (response.status_code, list(response.json()["errors"])) == (400, ["process_id"])


def test_an_unknown_process_is_not_found_and_what_may_be_meant_is_said(api: APIClient) -> None:
    response = api.post("/processes/helo-world/", {}, format="json")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert response.json()["code"] == "unknown_process"
    assert "hello-world" in response.json()["detail"]


@pytest.mark.parametrize(
    "body", ["[]", "5", '"x"', "null", "true", "{", "{'a': 1}", "\x00", '{"a": NaN}', "[" * 50_000]
)
def test_a_body_that_is_no_object_is_refused(api: APIClient, body: str) -> None:
    with registered(made()):
        response = api.generic("POST", "/processes/made/", body, content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert not Run.objects.exists()


def test_a_missing_key_is_named_and_nothing_is_started(api: APIClient) -> None:
    with registered(made(payload=STRICT)):
        response = api.post("/processes/made/", {"count": 1}, format="json")
    assert (response.status_code, list(response.json()["errors"])) == (400, ["name"])
    assert not Run.objects.exists()


def test_nobody_starts_nothing(client_of: Any) -> None:
    with registered(made()):
        anonymous = client_of(None)
        assert anonymous.post("/processes/made/", {}, format="json").status_code in (401, 403)
        for path in ("/processes/", "/processes/made/", "/processes/made/picture.svg"):
            assert anonymous.get(path).status_code in (401, 403), path
    assert not Run.objects.exists()


def test_a_run_that_waits_is_answered_with_201(api: APIClient) -> None:
    with registered(made(task("add", policy=Policy(wait_for=literal(60))))):
        response = api.post("/processes/made/", {}, format="json")
    assert (response.status_code, response.data["status"], response.data["waiting_for"]) == (201, "waiting", "time")
    assert int(response["Retry-After"]) > 0


def test_a_run_that_fails_says_why_without_a_traceback(api: APIClient) -> None:
    def boom(context: Any) -> None:
        raise ValueError("no")

    with registered(made(task("add"), bodies={"add": boom})):
        response = api.post("/processes/made/", {}, format="json")
    assert (response.status_code, response.data["status"]) == (201, "failed")
    assert response.data["error"] == {"type": "ValueError", "detail": "no", "node": "add"}


@pytest.mark.parametrize("said", [{"HTTP_PREFER": "respond-async"}, {}])
def test_a_run_that_goes_on_elsewhere_is_answered_with_202(api: APIClient, settings: Any, said: Any) -> None:
    if not said:
        settings.DJACTION_RUNNER = "worker"
    with registered(made()):
        response = api.post("/processes/made/", {}, format="json", **said)
    assert (response.status_code, response.data["status"]) == (202, "pending")
    assert response.get("Preference-Applied") == said.get("HTTP_PREFER")
    assert Run.objects.get().status == "pending"


def test_a_start_may_be_for_later(api: APIClient) -> None:
    at = timezone.now() + timedelta(days=1)
    with registered(made()):
        response = api.post(f"/processes/made/?scheduled_time={at:%Y-%m-%dT%H:%M:%SZ}", {}, format="json")
    assert response.status_code == 202
    assert Run.objects.get().due_at == at.replace(microsecond=0)


def test_the_same_key_starts_one_run(api: APIClient) -> None:
    with registered(made()):
        first = api.post("/processes/made/", {"count": 1}, format="json", HTTP_IDEMPOTENCY_KEY='"k1"')
        again = api.post("/processes/made/", {"count": 1}, format="json", HTTP_IDEMPOTENCY_KEY='"k1"')
        other = api.post("/processes/made/", {"count": 2}, format="json", HTTP_IDEMPOTENCY_KEY='"k1"')
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.data["id"] == again.data["id"]
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert other.json()["code"] == "key_reused"


def test_there_is_one_unfinished_run_with_a_unique_key(api: APIClient) -> None:
    with registered(made(task("add", policy=Policy(wait_for=literal(60))))):
        first = api.post("/processes/made/?unique_key=4711", {}, format="json")
        second = api.post("/processes/made/?unique_key=4711", {}, format="json")
    assert (first.status_code, second.status_code) == (201, 409)
    assert (second.json()["code"], second.json()["run"]) == ("already_running", first.data["id"])


def test_queue_and_priority_are_for_who_may_change_runs(
    api: APIClient, client_of: Any, staff: User, settings: Any
) -> None:
    settings.DJACTION_QUEUES = ["default", "slow"]
    with registered(made()):
        assert api.post("/processes/made/?queue=slow", {}, format="json").status_code == 403
        assert api.post("/processes/made/?priority=5", {}, format="json").status_code == 403
        response = client_of(staff).post("/processes/made/?queue=slow&priority=5", {}, format="json")
        other = client_of(staff).post("/processes/made/?queue=nope", {}, format="json")
    assert response.status_code == 201
    assert Run.objects.values_list("queue", "priority").get() == ("slow", 5)
    assert (other.status_code, other.json()["code"]) == (400, "invalid_term")


def test_a_moment_may_be_said_in_any_time_zone(api: APIClient) -> None:
    at = timezone.now().replace(microsecond=0) + timedelta(days=2)
    said = (at + timedelta(hours=19)).strftime("%Y-%m-%dT%H:%M:%S") + "%2B19:00"
    with registered(made()):
        response = api.post(f"/processes/made/?scheduled_time={said}", {}, format="json")
    assert (response.status_code, Run.objects.get().due_at) == (202, at)


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("dry_run=true", {}, 501),
        ("cron=0 8 * * 1", {}, 501),
        ("expect_count=1", {}, 501),
        ("", {"HTTP_IF_MATCH": '"x"'}, 501),
        ("", {"HTTP_PREFER": "continue-on-error"}, 501),
        ("", {"HTTP_PREFER": "respond-asinc"}, 400),
        ("", {"HTTP_IDEMPOTENCY_KEY": ""}, 400),
        ("scheduled_time=tomorrow", {}, 400),
        ("scheduled_time=1999-01-01T00:00Z", {}, 400),
        ("dryrun=true", {}, 400),
        ("unique_key=", {}, 400),
        ("unique_key=a%00b", {}, 400),
        ("unique_key=a&unique_key=b", {}, 400),
        ("priority=9999999999999999999999", {}, 400),
        ("priority=999999", {}, 400),
        ("queue=../x", {}, 400),
    ],
)
def test_what_cannot_be_said_of_a_start_is_refused(
    client_of: Any, staff: User, query: str, headers: dict[str, str], status: int
) -> None:
    with registered(made()):
        response = client_of(staff).post(f"/processes/made/?{query}", {}, format="json", **headers)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), response.content
    assert not Run.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_nothing_is_written_but_by_a_start(api: APIClient, method: str) -> None:
    for path in ("/processes/", HELLO):
        response = getattr(api, method)(path, {}, format="json")
        assert (response.status_code, response["Content-Type"]) == (405, "application/problem+json")


def test_secrets_of_the_payload_are_not_shown(api: APIClient) -> None:
    process = made(
        task("add", register="sum"), bodies={"add": lambda context: f"PIN {context.payload['pin']}"}, sensitive=("pin",)
    )
    with registered(process):
        response = api.post("/processes/made/", {"pin": "secret-1", "password": "secret-2"}, format="json")
    assert response.status_code == 201
    assert "secret-" not in response.content.decode()


def test_a_process_documents_itself(api: APIClient) -> None:
    process = made(
        task("add", "ask", title="Add", register="sum", args={"n": literal(1)}),
        node("ask", Kind.INPUT, run="form", policy=Policy(timeout_seconds=60)),
        payload=STRICT,
        title="Sums",
        description="Adds.",
        tags=("maths",),
        forms={"form": {"type": "object"}},
        examples=({"title": "One", "payload": {"name": "Ada"}},),
    )
    with registered(process):
        shown = api.get("/processes/made/").data
    assert (shown["id"], shown["title"], shown["tags"], shown["payload"]) == (
        *("made", "Sums", ["maths"]),
        STRICT.json_schema(),
    )
    assert [step["name"] for step in shown["steps"]] == ["add", "ask"]
    assert shown["steps"][0]["next"] == [{"target": "ask", "name": "next"}]
    assert shown["steps"][1]["schema"] == {"type": "object"}
    assert urlsplit(shown["picture"]).path == "/processes/made/picture.svg"


@pytest.mark.parametrize(
    ("suffix", "kind", "begin"),
    [("svg", "image/svg+xml", "<svg"), ("mmd", "text/vnd.mermaid; charset=utf-8", "")],
)
@pytest.mark.parametrize("accept", ["*/*", "image/png", "text/html"])
def test_a_process_has_pictures(api: APIClient, suffix: str, kind: str, begin: str, accept: str) -> None:
    response = api.get(f"/processes/hello-world/picture.{suffix}", HTTP_ACCEPT=accept)
    assert (response.status_code, response["Content-Type"]) == (200, kind)
    assert response.content.decode().startswith(begin)
    assert "default-src 'none'" in response["Content-Security-Policy"]


def test_the_picture_of_an_unknown_process_is_a_problem(api: APIClient) -> None:
    response = api.get("/processes/nothing/picture.svg", HTTP_ACCEPT="image/*")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_the_list_has_the_caller_s_runs(api: APIClient, client_of: Any, bob: User, staff: User) -> None:
    with registered(made()):
        api.post("/processes/made/", {}, format="json")
        client_of(bob).post("/processes/made/", {}, format="json")
        assert len(api.get("/processes/").data["results"]) == 1
        assert len(client_of(staff).get("/processes/?process=made").data["results"]) == 2
        assert client_of(staff).get("/processes/?process=other").data["results"] == []
