"""The official client of the Model Context Protocol, over real WSGI: in both ways to begin, and with every refusal."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import mcp
import pytest
from django.contrib.auth.models import User
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from actions.models import EventAction
from example_app.models import Todo, TodoList
from tests.app.models import Article
from tests.integration import mcp_articles

# What the client is answered, tests of the door see on every database.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(mcp_articles.__name__), pytest.mark.once]

Session = Callable[[Any], Awaitable[Any]]


@pytest.fixture(scope="session", autouse=True)
def _database_first(django_db_setup: None) -> None:
    """Before the server: where it finds the database still in memory, its threads would share one connection."""


@pytest.fixture(params=["legacy", "auto"])
def mode(request: pytest.FixtureRequest) -> str:
    """How the client begins: with `initialize`, or as the newest revision does."""
    return str(request.param)


@pytest.fixture
def alice(transactional_db: None) -> User:
    return User.objects.create_user("alice", password="alice")


@pytest.fixture
def article(alice: User) -> Article:
    return Article.objects.create(title="News", author=alice)


@pytest.fixture
def talk(live_server: Any, mode: str, alice: User) -> Callable[..., Any]:
    """Connects as somebody, does what a session is to do, and returns what that returns."""

    def connect(session: Session, *, user: str = "alice", path: str = "/mcp/") -> Any:
        async def run() -> Any:
            authorization = "Basic " + b64encode(f"{user}:{user}".encode()).decode()
            async with (
                httpx2.AsyncClient(headers={"Authorization": authorization}) as http,
                mcp.Client(streamable_http_client(live_server.url + path, http_client=http), mode=mode) as client,
            ):
                return await session(client)

        return asyncio.run(run())

    return connect


def calling(name: str, **arguments: Any) -> Session:
    """A session that makes one call."""

    async def session(client: Any) -> Any:
        return await client.call_tool(f"mcp_article-{name}", arguments)

    return session


def test_the_newest_revision_of_each_way_is_agreed_on(talk: Any, mode: str) -> None:
    async def session(client: Any) -> Any:
        return client.protocol_version, client.server_info.name, client.instructions

    version, name, instructions = talk(session)

    assert version == {"legacy": "2025-11-25", "auto": "2026-07-28"}[mode]
    assert name == "dj-actions"
    assert "payload" in instructions


def test_tools_are_listed(talk: Any) -> None:
    async def session(client: Any) -> Any:
        return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in talk(session)}

    assert "mcp_article-guarded" not in tools
    publish = tools["mcp_article-publish"]
    assert publish.title == "Publish"
    assert publish.annotations.destructive_hint is False
    assert publish.annotations.idempotent_hint is True
    assert publish.input_schema["required"] == ["id"]
    assert tools["mcp_article-remove"].annotations.destructive_hint is True


def test_a_long_list_is_read_page_by_page(talk: Any) -> None:
    async def session(client: Any) -> Any:
        names, cursor = [], None
        while not names or cursor:
            page = await client.list_tools(cursor=cursor)
            names += [tool.name for tool in page.tools]
            cursor = page.next_cursor
        return names

    assert len(talk(session, path="/paged/")) == 14


def test_a_permitted_call_is_done(talk: Any, article: Article) -> None:
    result = talk(calling("publish", id=article.pk, payload={"note": "x"}))

    assert not result.is_error
    assert result.structured_content["result"] == {"is_published": True, "door": "mcp"}
    article.refresh_from_db()
    assert article.is_published


def test_a_call_without_permission_is_refused(talk: Any, article: Article) -> None:
    result = talk(calling("guarded", id=article.pk))

    assert result.is_error
    assert result.structured_content["error"]["status"] == 403


def test_a_call_that_a_condition_forbids_is_refused(talk: Any, article: Article) -> None:
    Article.objects.update(is_published=True)

    result = talk(calling("publish", id=article.pk))

    assert result.is_error
    assert result.structured_content["error"]["code"] == "published"


def test_an_invalid_call_is_refused(talk: Any, article: Article) -> None:
    result = talk(calling("publish", id=article.pk, payload={"note": 7}))

    assert result.is_error
    assert list(result.structured_content["error"]["errors"]) == ["note"]


def test_a_preview_changes_nothing(talk: Any, article: Article) -> None:
    result = talk(calling("publish", id=article.pk, dry_run=True))

    assert not result.is_error
    assert result.structured_content["outcome"] == "previewed"
    assert not Article.objects.filter(is_published=True).exists()


def test_a_destructive_call_is_done_with_its_plan(talk: Any, article: Article) -> None:
    async def session(client: Any) -> Any:
        first = await client.call_tool("mcp_article-remove", {"id": article.pk})
        plan = first.structured_content["preview"]["plan"]
        return first, await client.call_tool("mcp_article-remove", {"id": article.pk, "plan": plan})

    first, second = talk(session)

    assert not first.is_error
    assert first.content[0].text.startswith("Nothing was done yet")
    assert second.structured_content["result"] == {"removed": "News"}
    assert not Article.objects.exists()


def test_a_call_with_a_key_is_done_once(talk: Any, article: Article) -> None:
    async def session(client: Any) -> Any:
        arguments = {"id": article.pk, "idempotency_key": "8e03978e"}
        first = await client.call_tool("mcp_article-count_up", arguments)
        return first, await client.call_tool("mcp_article-count_up", arguments)

    first, second = talk(session)

    assert second.structured_content["result"] == first.structured_content["result"]
    assert second.structured_content["headers"]["Idempotent-Replayed"] == "true"
    assert EventAction.objects.count() == 1


def test_progress_is_reported_while_it_works(talk: Any, article: Article) -> None:
    reports = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        reports.append((progress, total, message))

    async def session(client: Any) -> Any:
        arguments = {"id": article.pk, "payload": {"steps": 4}}
        return await client.call_tool("mcp_article-count_up", arguments, progress_callback=note)

    result = talk(session)

    assert result.structured_content["result"] == {"likes": 4}
    assert reports == [(step, 4, f"Step {step}") for step in (1, 2, 3, 4)]
    article.refresh_from_db()
    assert article.likes == 4


def test_reports_do_not_wait_for_the_end(talk: Any, article: Article) -> None:
    mcp_articles.HEARD.clear()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        mcp_articles.HEARD.set()

    async def session(client: Any) -> Any:
        return await client.call_tool("mcp_article-wait", {"id": article.pk}, progress_callback=note)

    assert talk(session).structured_content["result"] == {"heard": True}


def test_a_refusal_ends_a_stream_like_an_answer(talk: Any, article: Article) -> None:
    async def note(progress: float, total: float | None, message: str | None) -> None:
        """Nothing is reported."""

    async def session(client: Any) -> Any:
        return await client.call_tool("mcp_article-guarded", {"id": article.pk}, progress_callback=note)

    assert talk(session).structured_content["error"]["status"] == 403


def test_a_call_for_later_can_be_asked_about(talk: Any, article: Article) -> None:
    async def session(client: Any) -> Any:
        first = await client.call_tool("mcp_article-publish", {"id": article.pk, "respond_async": True})
        return await client.call_tool("action-status", {"event": first.structured_content["event"]})

    assert talk(session).structured_content["outcome"] == "pending"


def test_every_answer_fits_the_schema_that_the_client_checks(talk: Any, article: Article) -> None:
    async def session(client: Any) -> Any:
        await client.list_tools()
        calls = [("picture", {}), ("lie", {}), ("whoever", {}), ("retitle", {"payload": {}}), ("send", {})]
        return [await client.call_tool(f"mcp_article-{name}", {"id": article.pk, **more}) for name, more in calls]

    # The client raises an error of its own for one that does not.
    assert [result.is_error for result in talk(session)] == [False, False, False, True, False]


def test_a_tool_that_is_none_is_an_error_of_the_protocol(talk: Any) -> None:
    async def session(client: Any) -> None:
        with pytest.raises(MCPError, match="There is no tool"):
            await client.call_tool("nothing", {})

    talk(session)


def test_nobody_gets_in(talk: Any) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - the client's task group wraps it
        talk(calling("publish"), user="nobody")

    assert "Invalid username/password" in str(raised.getrepr())


@pytest.mark.urls("example_app.urls")
def test_the_example_project_has_tools(talk: Any, alice: User) -> None:
    todo = Todo.objects.create(title="Water", list=TodoList.objects.create(name="Home", owner=alice), owner=alice)

    async def session(client: Any) -> Any:
        page = await client.list_tools()
        names = [tool.name for tool in page.tools]
        while page.next_cursor:
            page = await client.list_tools(cursor=page.next_cursor)
            names += [tool.name for tool in page.tools]
        return names, await client.call_tool("todo-postpone", {"id": todo.pk, "payload": {"days": 30}})

    names, result = talk(session)

    assert {"todo-postpone", "todo-mark_all_done", "action-status"} <= set(names)
    assert result.structured_content["result"]["due_date"]
