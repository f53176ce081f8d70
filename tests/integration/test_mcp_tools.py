"""Actions as tools: which there are for whom, what they take, and what comes of calling them."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from actions.mcp import streaming
from actions.mcp.protocol import Message
from actions.mcp.schemas import input_schema
from actions.mcp.tools import tool_name
from actions.models import EventAction, PendingCall
from tests.app.models import Article

from . import mcp_articles

pytestmark = [pytest.mark.django_db, pytest.mark.urls(mcp_articles.__name__)]


@pytest.fixture
def article(alice: User) -> Article:
    return Article.objects.create(title="News", author=alice)


def rpc(client: Any, method: str, params: Any = None, url: str = "/mcp/") -> Any:
    """The result of a request."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    answer = client.post(url, json.dumps(body), content_type="application/json").json()
    assert "result" in answer, answer
    return answer["result"]


def tools(client: Any, url: str = "/mcp/") -> dict[str, Any]:
    """The listed tools by name, without the resource in front."""
    return {tool["name"].removeprefix("mcp_article-"): tool for tool in rpc(client, "tools/list", None, url)["tools"]}


def call(client: Any, name: str, **arguments: Any) -> Any:
    """A tool's result; what it says has to fit its outputSchema, and its arguments its inputSchema."""
    result = rpc(client, "tools/call", {"name": f"mcp_article-{name}", "arguments": arguments})
    texts = [content["text"] for content in result["content"] if content["type"] == "text"]
    assert json.loads(texts[-1]) == result["structuredContent"]
    listed = tools(client).get(name)
    if listed is not None:
        jsonschema_rs.validate(listed["outputSchema"], result["structuredContent"])
    return result


def told(client: Any, name: str, **arguments: Any) -> Any:
    """What a tool's result says."""
    return call(client, name, **arguments)["structuredContent"]


# Which tools there are


def test_there_is_a_tool_for_each_action_that_the_caller_may_use(api: APIClient) -> None:
    assert list(tools(api)) == [
        *("publish", "retitle", "remove", "send", "count_up", "wait", "fail", "picture", "lie", "whoever"),
        *("once", "exact", "publish_all", "action-status"),
    ]


def test_a_permission_of_the_action_makes_it_a_tool(api: APIClient, alice: User) -> None:
    alice.user_permissions.add(Permission.objects.get(codename="change_article"))

    assert "guarded" in tools(api)


def test_a_permission_of_the_viewset_holds_for_its_tools(settings: Any) -> None:
    assert list(tools(APIClient(), "/open/")) == ["action-status"]


def test_alpha_actions_are_listed_where_the_project_shows_them(api: APIClient, settings: Any) -> None:
    settings.DJACTION_SHOW_ALPHA = True

    assert "new" in tools(api)


def test_a_tool_that_cannot_be_described_takes_no_other_away(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(bound: Any, view: Any) -> Any:
        if bound.id == "publish":
            raise LookupError("no such field")
        return input_schema(bound, view)

    monkeypatch.setattr("actions.mcp.tools.input_schema", broken)

    listed = tools(api)

    assert "publish" not in listed
    assert "retitle" in listed
    assert [record.exc_info[1].args for record in caplog.records if record.exc_info] == [("no such field",)]


def test_an_address_may_serve_only_some(api: APIClient) -> None:
    assert list(tools(api, "/few/")) == ["publish", "action-status"]


def test_asking_changes_and_records_nothing(api: APIClient, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        # The caller's Django permissions, own and those of groups, for the one action that wants any.
        tools(api)


def test_a_tool_says_what_it_takes(api: APIClient) -> None:
    schema = tools(api)["publish"]["inputSchema"]

    assert list(schema["properties"]) == [
        *("id", "payload", "dry_run", "plan", "idempotency_key", "etag", "respond_async", "scheduled_time")
    ]
    assert schema["required"] == ["id"]
    assert schema["properties"]["id"]["type"] == "integer"
    assert list(schema["properties"]["payload"]["properties"]) == ["note"]


def test_a_tool_for_several_objects_says_how_they_are_named(api: APIClient) -> None:
    schema = tools(api)["publish_all"]["inputSchema"]

    assert {"ids", "filters", "all", "expect_count", "continue_on_error"} < set(schema["properties"])
    assert list(schema["properties"]["filters"]["properties"]) == ["is_published", "search", "title"]
    assert schema["required"] == []


def test_what_is_demanded_is_required(api: APIClient) -> None:
    assert tools(api)["once"]["inputSchema"]["required"] == ["id", "idempotency_key"]
    assert tools(api)["exact"]["inputSchema"]["required"] == ["id", "etag"]
    assert tools(api)["retitle"]["inputSchema"]["required"] == ["id", "payload"]


def test_hints_are_true(api: APIClient) -> None:
    hints = {name: tool["annotations"] for name, tool in tools(api).items()}

    assert hints["publish"] == {
        "title": "Publish",
        "readOnlyHint": False,
        "destructiveHint": False,
        "idempotentHint": True,
        "openWorldHint": False,
    }
    assert hints["remove"]["destructiveHint"]
    assert hints["send"]["openWorldHint"]
    assert hints["action-status"]["readOnlyHint"]


def test_every_schema_is_one(api: APIClient) -> None:
    for tool in tools(api).values():
        jsonschema_rs.Draft202012Validator(tool["inputSchema"])
        jsonschema_rs.Draft202012Validator(tool["outputSchema"])


def test_references_inside_a_payload_still_lead_somewhere() -> None:
    from actions.mcp.schemas import moved

    schema = {
        "$defs": {"word": {"type": "string"}, "tree": {"properties": {"inner": {"$ref": "#"}}}},
        "properties": {"a": {"$ref": "#/$defs/word"}, "b": {"$ref": "#/properties/a"}, "c": {"x-mcp-header": "C"}},
    }

    payload, definitions = moved(schema, "payload")
    whole = {"properties": {"payload": payload}, "$defs": definitions}

    assert payload["properties"]["b"] == {"$ref": "#/properties/payload/properties/a"}
    assert payload["properties"]["c"] == {}
    validator = jsonschema_rs.Draft202012Validator(whole)
    assert not validator.is_valid({"payload": {"b": 1}})
    assert validator.is_valid({"payload": {"b": "x"}})


@pytest.mark.parametrize(
    ("resource", "action_id", "name"),
    [
        ("todo", "mark_done", "todo-mark_done"),
        ("shop.order", "cancel", r"shop_order-cancel-[0-9a-f]{8}"),
        ("shop order", "cancel", r"shop_order-cancel-[0-9a-f]{8}"),
        ("action", "status", r"action-status-[0-9a-f]{8}"),
        ("x" * 100, "cancel", r"x{55}-[0-9a-f]{8}"),
    ],
)
def test_a_name_fits_every_client_and_stays(resource: str, action_id: str, name: str) -> None:
    import re

    assert re.fullmatch(name, tool_name(resource, action_id))
    assert len(tool_name(resource, action_id)) <= 64


def test_names_of_different_actions_never_meet() -> None:
    assert tool_name("shop.order", "cancel") != tool_name("shop order", "cancel") != tool_name("shop_order", "cancel")


# What comes of calling them


def test_a_permitted_call_is_done_and_recorded(api: APIClient, article: Article) -> None:
    result = told(api, "publish", id=article.pk, payload={"note": "x"})

    event = EventAction.objects.get()
    assert result == {
        "outcome": "succeeded",
        "event": event.pk,
        "uid": str(event.uid),
        "result": {"is_published": True, "door": "mcp"},
    }
    assert (event.door, event.object_id, event.actor_name) == ("mcp", str(article.pk), "alice")
    article.refresh_from_db()
    assert article.is_published
    assert article.body == "x"


def test_a_call_that_is_not_permitted_is_refused_and_recorded(api: APIClient, article: Article) -> None:
    result = call(api, "guarded", id=article.pk)

    assert result["isError"]
    assert result["structuredContent"]["outcome"] == "refused"
    assert result["structuredContent"]["error"]["status"] == 403
    assert EventAction.objects.get().outcome == "refused"


def test_an_object_permission_holds(client_of: Any, article: Article, bob: User) -> None:
    error = told(client_of(bob), "publish", id=article.pk)["error"]

    assert (error["status"], error["detail"]) == (403, "Only its author may do this.")


def test_the_viewsets_own_queryset_holds(api: APIClient, alice: User) -> None:
    hidden = Article.objects.create(title="Hidden", author=alice)

    assert told(api, "publish", id=hidden.pk)["error"]["status"] == 404


def test_a_condition_refuses(api: APIClient, article: Article) -> None:
    Article.objects.update(is_published=True)

    result = call(api, "publish", id=article.pk)

    assert result["isError"]
    assert result["structuredContent"]["error"]["code"] == "published"
    assert "It is published already." in result["content"][0]["text"]


def test_an_invalid_payload_is_told_by_field(api: APIClient, article: Article) -> None:
    error = told(api, "publish", id=article.pk, payload={"note": 7})["error"]

    assert (error["status"], error["code"]) == (400, "invalid_payload")
    assert list(error["errors"]) == ["note"]


def test_fields_may_have_the_names_of_arguments(api: APIClient, article: Article) -> None:
    result = told(api, "retitle", id=article.pk, payload={"id": "x", "ids": [1], "plan": "y"})

    assert result["result"] == {"id": "x", "ids": [1], "plan": "y"}


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"note": "x"}, "note"),
        ({"dryrun": True}, "dryrun"),
        ({"dry_run": "perhaps"}, "dry_run"),
        ({"respond_async": 7}, "respond_async"),
        ({"scheduled_time": "soon"}, "scheduled_time"),
        ({"idempotency_key": ""}, "idempotency_key"),
        ({"idempotency_key": "x" * 300}, "idempotency_key"),
        ({"idempotency_key": 7}, "idempotency_key"),
        ({"idempotency_key": "\ud800"}, "idempotency_key"),
        ({"etag": 'a"b'}, "etag"),
        ({"etag": []}, "etag"),
        ({"plan": "no plan"}, "plan"),
        ({"plan": "x"}, "plan"),
        ({"payload": {"ids": [1]}}, "payload.ids"),
        ({"payload": {"cron": "* * * * *"}}, "payload.cron"),
        ({"payload": [1]}, "non_field_errors"),
    ],
)
def test_an_argument_that_is_not_understood_is_named(
    api: APIClient, article: Article, arguments: Any, name: str
) -> None:
    result = call(api, "publish", id=article.pk, **arguments)

    assert result["isError"]
    assert result["structuredContent"]["error"]["status"] == 400
    assert list(result["structuredContent"]["error"]["errors"]) == [name]
    assert not Article.objects.filter(is_published=True).exists()


@pytest.mark.parametrize("key", [None, True, 1.5, [], {}, "", "\ud800", "\0", "x" * 300])
def test_a_key_that_is_none_is_refused(api: APIClient, article: Article, key: Any) -> None:
    assert list(told(api, "publish", id=key)["error"]["errors"]) == ["id"]


def test_a_key_may_be_a_text_as_in_a_url(api: APIClient, article: Article) -> None:
    assert told(api, "publish", id=str(article.pk))["outcome"] == "succeeded"


def test_a_key_has_to_be_there(api: APIClient) -> None:
    assert told(api, "publish")["error"]["errors"] == {"id": ["Say which object is meant."]}


def test_a_preview_shows_and_changes_nothing(api: APIClient, article: Article) -> None:
    result = told(api, "publish", id=article.pk, dry_run=True)

    assert result["outcome"] == "previewed"
    assert {
        "model": "tests_app.article",
        "key": str(article.pk),
        "field": "is_published",
        "before": False,
        "after": True,
    } in result["preview"]["changes"]
    assert result["result"]["is_published"] is True
    assert not Article.objects.filter(is_published=True).exists()


def test_a_plan_is_carried_out_if_it_still_does_that(api: APIClient, article: Article) -> None:
    plan = told(api, "publish", id=article.pk, dry_run=True)["preview"]["plan"]

    assert told(api, "publish", id=article.pk, plan=plan)["outcome"] == "succeeded"


def test_a_destructive_call_is_only_tried_until_it_comes_with_the_plan(api: APIClient, article: Article) -> None:
    first = call(api, "remove", id=article.pk)

    assert first["isError"] is False
    assert first["structuredContent"]["outcome"] == "unconfirmed"
    plan = first["structuredContent"]["preview"]["plan"]
    assert first["content"][0]["text"].startswith("Nothing was done yet")
    assert f"plan={plan}" in first["content"][0]["text"]
    assert Article.objects.exists()
    assert not EventAction.objects.exists()

    assert told(api, "remove", id=article.pk, plan=plan)["outcome"] == "succeeded"
    assert not Article.objects.exists()


def test_a_destructive_plan_that_would_do_something_else_is_refused(api: APIClient, article: Article) -> None:
    plan = told(api, "remove", id=article.pk)["preview"]["plan"]
    Article.objects.update(title="Other news")

    assert told(api, "remove", id=article.pk, plan=plan)["error"]["status"] == 412
    assert Article.objects.exists()


def test_confirm_is_no_way_around_a_plan(api: APIClient, article: Article) -> None:
    assert told(api, "remove", id=article.pk, confirm=True)["outcome"] == "unconfirmed"
    assert Article.objects.exists()


def test_what_cannot_be_previewed_is_confirmed(api: APIClient, article: Article) -> None:
    assert told(api, "send", id=article.pk)["outcome"] == "unconfirmed"
    assert not EventAction.objects.exists()
    assert told(api, "send", id=article.pk, confirm=True)["result"] == {"sent": True}


def test_what_is_destructive_later_is_confirmed_after_a_preview(api: APIClient, article: Article) -> None:
    first = told(api, "remove", id=article.pk, respond_async=True)

    assert first["outcome"] == "unconfirmed"
    assert "confirm=true" in first["note"]
    assert not PendingCall.objects.exists()
    assert told(api, "remove", id=article.pk, respond_async=True, confirm=True)["outcome"] == "pending"


def test_a_key_makes_a_call_once(api: APIClient, article: Article) -> None:
    first = told(api, "count_up", id=article.pk, idempotency_key="a b")
    again = told(api, "count_up", id=article.pk, idempotency_key="a b")

    assert again["result"] == first["result"]
    assert again["headers"]["Idempotent-Replayed"] == "true"
    assert EventAction.objects.count() == 1


def test_a_key_is_the_same_at_the_rest_door(api: APIClient, article: Article) -> None:
    told(api, "count_up", id=article.pk, idempotency_key="8e03978e")

    assert told(api, "count_up", id=article.pk, idempotency_key='"8e03978e"')["headers"]["Idempotent-Replayed"]


def test_a_missing_key_is_told_by_the_name_of_the_argument(api: APIClient, article: Article) -> None:
    assert list(told(api, "once", id=article.pk)["error"]["errors"]) == ["idempotency_key"]


def test_another_version_is_left_alone(api: APIClient, article: Article) -> None:
    error = told(api, "exact", id=article.pk, etag="0000")["error"]

    assert error["status"] == 412
    assert told(api, "exact", id=article.pk)["error"]["status"] == 428


def test_null_says_nothing(api: APIClient, article: Article) -> None:
    assert told(api, "publish", id=article.pk, dry_run=None, etag=None)["outcome"] == "succeeded"


def test_a_failure_tells_nothing_of_its_inside(api: APIClient, article: Article) -> None:
    api.raise_request_exception = False

    result = call(api, "fail", id=article.pk)

    assert result["isError"]
    assert result["structuredContent"]["outcome"] == "failed"
    assert "broken" not in json.dumps(result)


def test_a_file_comes_as_content(api: APIClient, article: Article) -> None:
    result = call(api, "picture", id=article.pk)

    assert result["structuredContent"]["result"] == {"status": 200, "content_type": "image/png", "size": 4}
    assert result["content"][1] == {"type": "image", "data": "iVBORw==", "mimeType": "image/png"}


def test_a_result_that_is_not_what_was_declared_fails_no_client(
    api: APIClient, article: Article, caplog: pytest.LogCaptureFixture
) -> None:
    result = told(api, "lie", id=article.pk)

    assert result["undeclared_result"] == {"likes": "many"}
    assert "something else than its definition says" in caplog.text


def test_an_action_sees_the_callers_own_request(alice: User, article: Article) -> None:
    client = APIClient(REMOTE_ADDR="10.0.0.7", headers={"host": "localhost"})
    client.force_authenticate(alice, token="token-of-alice")  # type: ignore[arg-type]

    result = told(client, "whoever", id=article.pk)["result"]

    assert result == {"auth": "token-of-alice", "url": "http://localhost/", "address": "10.0.0.7"}


@pytest.mark.parametrize(
    "arguments",
    [{"ids": [1, 2]}, {"filters": {"is_published": False}}, {"filters": {"title": "News"}}, {"all": True}],
)
def test_several_objects_are_named_as_at_the_list(api: APIClient, alice: User, arguments: Any) -> None:
    made = [Article.objects.create(title="News", author=alice) for _ in range(2)]
    if "ids" in arguments:
        arguments = {"ids": [article.pk for article in made]}

    assert told(api, "publish_all", **arguments, expect_count=2)["result"] == {"published": 2}


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"ids": None}, "ids"),
        ({"ids": []}, "ids"),
        ({"ids": 7}, "ids"),
        ({"filters": None}, "filters"),
        ({"filters": [1]}, "filters"),
        ({"filters": {"colour": "red"}}, "filters.colour"),
        ({"filters": {"all": True}}, "filters.all"),
        ({"filters": {"dry_run": True}}, "filters.dry_run"),
        ({"filters": {"title": {"x": 1}}}, "filters.title"),
        ({"filters": {"title": []}}, "filters.title"),
        ({"filters": {"title": "\ud800"}}, "filters.title"),
        ({"filters": {"title": ""}}, None),
        ({"all": "yes"}, "all"),
        ({"all": False}, None),
        ({}, None),
        ({"ids": [1], "payload": []}, "payload"),
    ],
)
def test_a_selection_that_selects_nothing_in_particular_does_nothing(
    api: APIClient, article: Article, arguments: Any, name: str | None
) -> None:
    error = told(api, "publish_all", **arguments)["error"]

    assert error["status"] == 400
    assert list(error.get("errors", {})) == ([] if name is None else [name])
    assert not Article.objects.filter(is_published=True).exists()


def test_a_report_tells_of_each_object(api: APIClient, article: Article) -> None:
    result = told(api, "publish_all", ids=[article.pk, 999], continue_on_error=True)

    assert result["report"]["counts"] == {"total": 2, "succeeded": 1, "failed": 1}


def test_a_call_for_later_answers_with_its_event(api: APIClient, article: Article) -> None:
    result = told(api, "count_up", id=article.pk, respond_async=True)

    assert result["outcome"] == "pending"
    assert result["headers"]["Retry-After"]
    assert told_status(api, result["event"])["outcome"] == "pending"


def told_status(client: Any, event: Any) -> Any:
    """What action-status says of an event."""
    result = rpc(client, "tools/call", {"name": "action-status", "arguments": {"event": event}})
    jsonschema_rs.validate(tools(client)["action-status"]["outputSchema"], result["structuredContent"])
    return result["structuredContent"]


def test_progress_can_be_asked_for(api: APIClient, article: Article) -> None:
    event = told(api, "count_up", id=article.pk, respond_async=True)["event"]
    EventAction.objects.update(outcome="running")
    PendingCall.objects.update(progress={"done": 1, "total": 3, "message": "Step 1"})

    status = told_status(api, event)

    assert status["outcome"] == "running"
    assert status["progress"] == {"done": 1, "total": 3, "message": "Step 1"}


def test_the_end_can_be_asked_for(api: APIClient, article: Article) -> None:
    event = told(api, "count_up", id=article.pk)["event"]

    assert told_status(api, event) == {
        "outcome": "succeeded",
        "event": event,
        "uid": str(EventAction.objects.get(pk=event).uid),
        "action": "mcp_article:count_up",
        "scheduled_at": None,
        "result": {"likes": 3},
    }


def test_events_of_others_are_not_told(api: APIClient, article: Article, bob: User, client_of: Any) -> None:
    event = told(api, "publish", id=article.pk)["event"]

    assert told_status(client_of(bob), event)["error"]["status"] == 404
    assert told_status(api, 10**9)["error"]["status"] == 404


@pytest.mark.parametrize("event", [None, True, 0, 1 << 63, 1.5, "x", [], "\ud800"])
def test_an_event_that_is_none_is_named(api: APIClient, event: Any) -> None:
    assert list(told_status(api, event)["error"]["errors"]) == ["event"]


# Progress


def streamed(work: Any, *, is_stoppable: bool = False) -> Any:
    message = Message("tools/call", 1, {"_meta": {"progressToken": "p"}})
    return streaming.events(message, work, is_stoppable=is_stoppable)


def parsed(event: bytes) -> Any:
    return json.loads(event.decode().partition("data: ")[2])


def test_reports_come_before_the_answer() -> None:
    def work(on_progress: Any) -> dict[str, Any]:
        for done in (1, 1, 2):
            on_progress(done, None if done == 1 else 2, "")
        return {"x": 1}

    assert list(map(parsed, streamed(work))) == [
        {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": "p", "progress": 1}},
        {
            "jsonrpc": "2.0",
            "method": "notifications/progress",
            "params": {"progressToken": "p", "progress": 2, "total": 2},
        },
        {"jsonrpc": "2.0", "id": 1, "result": {"x": 1}},
    ]


def test_a_broken_function_still_ends_the_stream(caplog: pytest.LogCaptureFixture) -> None:
    def work(on_progress: Any) -> dict[str, Any]:
        raise ValueError("broken")

    (event,) = streamed(work)

    assert parsed(event)["error"] == {"code": -32603, "message": "The server failed."}
    assert "broken" in caplog.text


def test_silence_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    monkeypatch.setattr(streaming, "KEEP_ALIVE_SECONDS", 0.01)
    may_end = Event()
    stream = streamed(lambda on_progress: {"ended": may_end.wait()})

    assert next(stream) == streaming.KEEP_ALIVE
    may_end.set()
    assert parsed([event for event in stream if event != streaming.KEEP_ALIVE][-1])["result"] == {"ended": True}


@pytest.mark.parametrize("is_stoppable", [True, False])
def test_a_client_that_goes_away_ends_what_can_be_ended(is_stoppable: bool) -> None:
    from threading import Event

    is_gone, reached = Event(), []

    def work(on_progress: Any) -> dict[str, Any]:
        on_progress(1, None, "")
        is_gone.wait(5)
        reached.append("before")
        on_progress(2, None, "")
        reached.append("after")
        return {}

    stream = streamed(work, is_stoppable=is_stoppable)
    next(stream)
    closing = _Closing(stream, is_gone)
    closing.close()

    assert reached == (["before"] if is_stoppable else ["before", "after"])


class _Closing:
    """Closes a stream; the work goes on only when that has begun."""

    def __init__(self, stream: Any, is_gone: Any) -> None:
        self._stream = stream
        self._is_gone = is_gone

    def close(self) -> None:
        from threading import Timer

        timer = Timer(0.1, self._is_gone.set)
        timer.start()
        self._stream.close()
        timer.join()
