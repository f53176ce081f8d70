"""The protocol: what a client that speaks it gets, and what one that does not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from actions.models import EventAction
from tests.app.models import Article

from . import mcp_articles

pytestmark = [pytest.mark.django_db, pytest.mark.urls(mcp_articles.__name__), pytest.mark.once]

JSON = "application/json"
MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.fixture
def article(alice: User) -> Article:
    return Article.objects.create(title="News", author=alice)


def send(client: Any, body: Any, url: str = "/mcp/", **headers: str) -> Any:
    """The response to a body."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(url, text, content_type=headers.pop("content_type", JSON), headers=headers)


def request(method: str, params: Any = None, **members: Any) -> dict[str, Any]:
    """A request's message."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}, **members}


def modern(method: str, params: dict[str, Any] | None = None, meta: Any = None) -> tuple[Any, dict[str, str]]:
    """A request of the newest revision, and its headers."""
    params = {**(params or {}), "_meta": META if meta is None else meta}
    headers = {"mcp-protocol-version": MODERN, "mcp-method": method}
    if "name" in params:
        headers["mcp-name"] = params["name"]
    return request(method, params), headers


@pytest.mark.parametrize("version", ["2025-03-26", "2025-06-18", "2025-11-25"])
def test_initialize_answers_with_the_revision_that_was_asked_for(api: APIClient, version: str) -> None:
    result = send(api, request("initialize", {"protocolVersion": version})).json()["result"]

    assert result["protocolVersion"] == version
    assert result["capabilities"] == {"tools": {}}
    assert result["serverInfo"]["name"] == "dj-actions"
    assert "payload" in result["instructions"]


@pytest.mark.parametrize("version", ["2024-11-05", "2999-01-01", 7, None, MODERN])
def test_a_revision_that_does_not_begin_so_gets_the_newest_that_does(api: APIClient, version: Any) -> None:
    answer = send(api, request("initialize", {"protocolVersion": version})).json()

    assert answer["result"]["protocolVersion"] == "2025-11-25"


def test_no_session_is_made(api: APIClient) -> None:
    response = send(api, request("initialize"), **{"mcp-session-id": "7"})

    assert "Mcp-Session-Id" not in response


def test_a_ping_is_answered(api: APIClient) -> None:
    assert send(api, request("ping", id="x")).json() == {"jsonrpc": "2.0", "id": "x", "result": {}}


@pytest.mark.parametrize("method", ["notifications/initialized", "notifications/cancelled"])
@pytest.mark.parametrize("version", ["2025-11-25", MODERN])
def test_a_notification_is_accepted(api: APIClient, method: str, version: str) -> None:
    response = send(api, {"jsonrpc": "2.0", "method": method}, **{"mcp-protocol-version": version})

    assert (response.status_code, response.content) == (202, b"")


def test_a_call_without_an_id_is_refused_and_not_done(api: APIClient, article: Article) -> None:
    params = {"name": "mcp_article-publish", "arguments": {"id": article.pk}}

    response = send(api, {"jsonrpc": "2.0", "method": "tools/call", "params": params})

    assert (response.status_code, response.json()["error"]["code"]) == (400, -32600)
    assert not EventAction.objects.exists()


def test_an_answer_of_the_clients_is_accepted(api: APIClient) -> None:
    assert send(api, {"jsonrpc": "2.0", "id": 1, "result": {}}).status_code == 202


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", "[" * 100_000, '{"id": NaN}', '{"id": ' + "9" * 5000 + "}", '{"jsonrpc": "2.0"} x'],
)
def test_what_is_no_json_is_a_parse_error(api: APIClient, body: Any) -> None:
    response = send(api, body)

    assert response.status_code == 400
    assert response.json()["error"]["code"] == -32700
    assert response.json()["id"] is None


@pytest.mark.parametrize(
    "body",
    [
        *(1, '"x"', None, True, {}, []),
        {"id": 1, "method": "ping"},
        {"jsonrpc": "1.0", "id": 1, "method": "ping"},
        request("ping", id=None),
        request("ping", id=True),
        request("ping", id=1.5),
        request("ping", id={}),
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": 1, "method": 7},
        {"jsonrpc": "2.0", "id": 1, "method": ""},
        {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]},
    ],
)
def test_what_is_no_message_is_an_invalid_request(api: APIClient, body: Any) -> None:
    response = send(api, body)

    assert (response.status_code, response.json()["error"]["code"]) == (400, -32600)


@pytest.mark.parametrize("method", ["tools/nothing", "resources/list", "prompts/list", "server/discover", "post"])
def test_an_unknown_method_is_said_to_be_one(api: APIClient, method: str) -> None:
    response = send(api, request(method))

    assert (response.status_code, response.json()["error"]["code"]) == (200, -32601)
    assert response.json()["id"] == 1


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"name": 7},
        {"name": "nothing"},
        {"name": "mcp_article-nothing"},
        {"name": "mcp_article-publish", "arguments": [1]},
        {"name": "mcp_article-publish", "arguments": "x"},
        {"name": "\ud800"},
    ],
)
def test_a_call_of_nothing_is_an_error_of_the_protocol(api: APIClient, params: Any) -> None:
    assert send(api, request("tools/call", params)).json()["error"]["code"] == -32602


@pytest.mark.parametrize("params", [{}, {"name": None}, {"name": ""}, {"arguments": {"id": 1}}])
def test_a_call_without_a_name_is_told_where_it_stands(api: APIClient, params: Any) -> None:
    assert send(api, request("tools/call", params)).json()["error"]["message"] == "Say which tool: params.name."


@pytest.mark.parametrize("cursor", ["x", "=", 7, {}, "\ud800", base64.b64encode(b"nothing").decode()])
def test_a_cursor_of_somebody_elses_is_refused(api: APIClient, cursor: Any) -> None:
    assert send(api, request("tools/list", {"cursor": cursor})).json()["error"]["code"] == -32602


def test_a_long_list_comes_in_pages(api: APIClient) -> None:
    names: list[str] = []
    pages, cursor = 0, None
    while pages == 0 or cursor is not None:
        params = {} if cursor is None else {"cursor": cursor}
        result = send(api, request("tools/list", params), "/paged/").json()["result"]
        names += [tool["name"] for tool in result["tools"]]
        pages, cursor = pages + 1, result.get("nextCursor")

    whole = send(api, request("tools/list")).json()["result"]["tools"]
    assert pages == 3
    assert names == [tool["name"] for tool in whole]


def test_several_messages_in_one_body_are_for_the_oldest_revision(api: APIClient) -> None:
    body = [request("ping"), {"jsonrpc": "2.0", "method": "notifications/x"}, request("nothing", id=2), 7]

    answers = send(api, body).json()

    assert [answer["id"] for answer in answers] == [1, 2, None]
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, -32601, -32600]


def test_several_messages_are_refused_where_the_revision_has_none(api: APIClient) -> None:
    response = send(api, [request("ping")], **{"mcp-protocol-version": "2025-06-18"})

    assert (response.status_code, response.json()["error"]["code"]) == (400, -32600)


def test_notifications_alone_are_only_accepted(api: APIClient) -> None:
    assert send(api, [{"jsonrpc": "2.0", "method": "notifications/x"}]).status_code == 202


def test_too_many_messages_are_refused(api: APIClient) -> None:
    assert send(api, [request("ping")] * 101).status_code == 400


def test_every_message_of_a_body_counts_for_the_throttle(api: APIClient) -> None:
    answers = send(api, [request("ping")] * 4, "/slow/").json()

    assert [answer.get("error", {}).get("code") for answer in answers] == [None, None, 429, 429]
    assert send(api, request("ping"), "/slow/").status_code == 429


@pytest.mark.parametrize("method", ["get", "delete", "put", "patch", "head", "options"])
def test_only_post_is_there(api: APIClient, method: str) -> None:
    response = getattr(api, method)("/mcp/")

    assert (response.status_code, response["Allow"]) == (405, "POST")


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "application/x"])
def test_a_body_of_another_type_is_refused(api: APIClient, content_type: str) -> None:
    assert send(api, "x", content_type=content_type).status_code == 415


def test_a_charset_is_no_other_type(api: APIClient) -> None:
    assert send(api, request("ping"), content_type="application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize(
    ("accept", "status", "content_type"),
    [
        ("application/json, text/event-stream", 200, JSON),
        ("application/json", 200, JSON),
        ("*/*", 200, JSON),
        ("text/event-stream", 200, "text/event-stream"),
        ("text/html", 406, JSON),
    ],
)
def test_an_answer_has_the_form_that_the_client_accepts(
    api: APIClient, accept: str, status: int, content_type: str
) -> None:
    response = send(api, request("ping"), accept=accept)

    assert (response.status_code, response["Content-Type"]) == (status, content_type)
    if content_type == "text/event-stream":
        assert response.content == b'event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'


def test_nobody_is_turned_away_with_a_status(article: Article) -> None:
    response = send(APIClient(), request("tools/list"))

    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Basic")
    assert response.json()["error"]["code"] == 401
    assert response.json()["error"]["data"]["code"] == "not_authenticated"


def test_a_session_needs_its_csrf_token(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert send(client, request("ping")).status_code == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://testserver", 200),
        ("https://a.pages.io", 200),
        ("https://trusted.example", 200),
        ("https://testserver", 403),
        ("http://testserver:8000", 403),
        ("http://a.pages.io", 403),
        ("https://pages.io.evil.example", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("", 403),
        ("http://[", 403),
    ],
)
def test_a_page_of_an_unknown_origin_may_not_call(origin: str, status: int, settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example"]

    assert send(APIClient(), request("ping"), "/open/", origin=origin).status_code == status


def test_a_host_that_is_not_this_one_is_no_origin(settings: Any) -> None:
    settings.MIDDLEWARE = []

    response = send(APIClient(), request("ping"), "/open/", origin="http://evil.example", host="evil.example")

    assert response.status_code == 403


@pytest.mark.parametrize("version", ["2024-11-05", "1900-01-01", "", "x"])
def test_an_unknown_revision_in_the_header_is_refused(api: APIClient, version: str) -> None:
    response = send(api, request("ping"), **{"mcp-protocol-version": version})

    assert (response.status_code, response.json()["error"]["code"]) == (400, -32022)
    assert response.json()["error"]["data"]["supported"] == [MODERN, "2025-11-25", "2025-06-18", "2025-03-26"]


def test_the_newest_revision_needs_no_beginning(api: APIClient) -> None:
    body, headers = modern("server/discover")

    result = send(api, body, **headers).json()["result"]

    assert result["supportedVersions"][0] == MODERN
    assert result["resultType"] == "complete"
    assert (result["ttlMs"], result["cacheScope"]) == (0, "private")
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "dj-actions"


@pytest.mark.parametrize(
    ("changes", "meta", "code"),
    [
        ({"mcp-protocol-version": "2025-11-25"}, META, -32020),
        ({"mcp-method": "tools/list"}, META, -32020),
        ({"mcp-name": "other"}, META, -32020),
        ({"mcp-name": "=?base64?%%%?="}, META, -32020),
        ({}, {}, -32602),
        ({}, {"io.modelcontextprotocol/protocolVersion": MODERN}, -32602),
        ({}, {**META, "io.modelcontextprotocol/protocolVersion": 7}, -32602),
    ],
)
def test_headers_that_contradict_the_body_are_refused(api: APIClient, changes: Any, meta: Any, code: int) -> None:
    body, headers = modern("tools/call", {"name": "mcp_article-publish", "arguments": {"id": 1}}, meta)

    response = send(api, body, **{**headers, **changes})

    assert (response.status_code, response.json()["error"]["code"]) == (400, code)
    assert not EventAction.objects.exists()


@pytest.mark.parametrize("missing", ["mcp-protocol-version", "mcp-method", "mcp-name"])
def test_headers_that_the_newest_revision_wants_have_to_be_there(api: APIClient, missing: str) -> None:
    body, headers = modern("tools/call", {"name": "mcp_article-publish"})
    del headers[missing]

    assert send(api, body, **headers).json()["error"]["code"] == -32020


def test_a_name_may_be_written_in_base64(api: APIClient, article: Article) -> None:
    body, headers = modern("tools/call", {"name": "mcp_article-publish", "arguments": {"id": article.pk}})
    headers["mcp-name"] = f"=?base64?{base64.b64encode(b'mcp_article-publish').decode()}?="

    assert send(api, body, **headers).json()["result"]["isError"] is False


@pytest.mark.parametrize(
    ("method", "params", "status", "code"),
    [("ping", {}, 404, -32601), ("initialize", {}, 404, -32601), ("tools/call", {"name": "nothing"}, 400, -32602)],
)
def test_errors_of_the_newest_revision_have_a_status(
    api: APIClient, method: str, params: Any, status: int, code: int
) -> None:
    body, headers = modern(method, params)

    response = send(api, body, **headers)

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    "headers", [{"prefer": "dry-run"}, {"idempotency-key": "x"}, {"if-match": '"x"'}, {"if-plan": "x"}, {"prefer": "="}]
)
def test_terms_of_the_rest_door_are_not_passed_over(api: APIClient, headers: Any, article: Article) -> None:
    params = {"name": "mcp_article-publish", "arguments": {"id": article.pk}}

    response = send(api, request("tools/call", params), **headers)

    assert (response.status_code, response.json()["error"]["code"]) == (400, -32600)
    assert not Article.objects.filter(is_published=True).exists()


def test_a_body_that_is_too_large_is_refused(api: APIClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    assert send(api, request("ping")).status_code == 413


def test_halves_of_surrogate_pairs_come_back_as_they_were(api: APIClient) -> None:
    assert send(api, request("ping", id="\ud800")).json()["id"] == "\ud800"


def test_what_the_project_has_set_up_wrongly_is_said_to_nobody(api: APIClient) -> None:
    api.raise_request_exception = False

    response = send(api, request("tools/list"), "/wrong/")

    assert (response.status_code, response.json()["error"]["code"]) == (500, -32603)
    assert "nothing" not in response.content.decode()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just("\ud800\0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = ["id", "payload", "ids", "filters", "all", "dry_run", "plan", "idempotency_key", "etag", "respond_async"]
names += ["scheduled_time", "expect_count", "continue_on_error", "confirm", "event", "note"]


@settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(["publish", "retitle", "remove", "send", "publish_all", "status"]),
    arguments=st.dictionaries(st.sampled_from(names), values, max_size=4),
    params=st.dictionaries(st.sampled_from(["_meta", "cursor"]), values, max_size=2),
)
def test_nothing_that_is_sent_is_a_500(
    api: APIClient, article: Article, name: str, arguments: Any, params: Any
) -> None:
    if "id" not in arguments and name not in ("publish_all", "status"):
        arguments = {"id": article.pk, **arguments}
    tool = "action-status" if name == "status" else f"mcp_article-{name}"

    response = send(api, request("tools/call", {**params, "name": tool, "arguments": arguments}))

    assert response.status_code in (200, 400)
    result = response.json().get("result", {"structuredContent": {}})
    assert result["structuredContent"].get("error", {}).get("status", 400) not in (500, 503)
