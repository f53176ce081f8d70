"""Activities for Stream.io, told to a local server that answers like theirs and keeps what it got."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from actions.exceptions import MissingExtraError
from actions.senders import Parcel, PermanentError, TemporaryError, sender_of
from actions.senders.stream import StreamSender, stream_id

pytest.importorskip("getstream")
jwt = pytest.importorskip("jwt")  # comes with it

API_KEY = "hgfc7rt5k2w9"
API_SECRET = "s3cr3t-" * 8
UID = UUID("0b7e2f7c-5d0a-4c4f-9d0e-2a6f0a4b9c11")
PATIENCE_SECONDS = 60
MADE_AT = 1_772_366_400_000_000_000
"""Stream.io tells instants in nanoseconds."""

MESSAGE = {
    "type": "todo.mark_done.succeeded",
    "verb": "mark_done",
    "actor": "user:3",
    "actor_name": "alice",
    "object": "todo:7",
    "text": "alice: Mark a todo as done",
    "time": "2026-03-01T12:00:00+00:00",
    "foreign_id": "5f6d1c1e-91b7-4a39-8d0e-0d3c9d4f2b57",
    "data": {
        "resource": "todo",
        "action": "mark_done",
        "title": "Mark a todo as done",
        "outcome": "succeeded",
        "status_code": 200,
        "object_id": "7",
        "request": {"note": "for me only"},
        "response": {"note": "for me only"},
        "correlation_id": None,
    },
}


class Handler(BaseHTTPRequestHandler):
    """One request to the server below."""

    protocol_version = "HTTP/1.1"
    server: FeedsServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((self.command, self.path, dict(self.headers), body))
        scripted = self.server.scripted or self.server.add
        self._answer(*scripted(body))

    def do_GET(self) -> None:
        uid = urlsplit(self.path).path.rpartition("/")[2]
        self.server.got.append((self.command, self.path, dict(self.headers), None))
        self._answer(*self.server.find(uid))

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


class FeedsServer(ThreadingHTTPServer):
    """Adds activities as Stream.io does: a second one with the same id is a conflict."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.got: list[tuple[str, str, dict[str, str], Any]] = []
        self.activities: dict[str, Any] = {}
        self.find_status = 200
        self.scripted: Callable[[Any], tuple[Any, ...]] | None = None
        self.released = Event()

    def add(self, body: Any) -> tuple[Any, ...]:
        if body["id"] in self.activities:
            return refusal(409, "AddActivity failed: the activity is there already")
        self.activities[body["id"]] = activity = activity_of(body)
        return 201, {"duration": "1.00ms", "activity": activity}

    def find(self, uid: str) -> tuple[Any, ...]:
        if self.find_status != 200:
            return refusal(self.find_status, "GetActivity failed")
        if uid not in self.activities:
            return refusal(404, f'Can\'t find activity with id "{uid}"')
        return 200, {"duration": "1.00ms", "activity": self.activities[uid]}

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Answer so from now on."""
        self.scripted = lambda sent: (status, body, headers)

    def hang(self) -> None:
        """Answer nothing before the end of the test."""

        def wait(sent: Any) -> tuple[Any, ...]:
            self.released.wait(PATIENCE_SECONDS)
            return 201, b""

        self.scripted = wait


def activity_of(body: Any) -> dict[str, Any]:
    """An activity with every field that Stream.io never leaves out."""
    lists = (
        "attachments comments filter_tags interest_tags latest_reactions mentioned_users own_bookmarks own_reactions"
    )
    numbers = "bookmark_count comment_count popularity reaction_count score share_count"
    told = {name: body.get(name) for name in ("id", "type", "feeds", "custom", "text")}
    return {
        **{name: [] for name in lists.split()},
        **{name: {} for name in ("collections", "reaction_groups", "search_data")},
        **dict.fromkeys(numbers.split(), 0),
        **told,
        "user": user_of(body["user_id"]),
        "hidden": False,
        "preview": False,
        "restrict_replies": "everyone",
        "visibility": "public",
        "created_at": MADE_AT,
        "updated_at": MADE_AT,
    }


def user_of(uid: str) -> dict[str, Any]:
    return {
        "id": uid,
        "role": "user",
        "language": "",
        "custom": {},
        **{name: [] for name in ("blocked_user_ids", "teams")},
        **dict.fromkeys(("banned", "invisible", "online", "shadow_banned"), False),
        "created_at": MADE_AT,
        "updated_at": MADE_AT,
    }


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> tuple[Any, ...]:
    envelope = {
        "code": 4,
        "message": message,
        "StatusCode": status,
        "duration": "0.10ms",
        "more_info": "",
        "details": [],
    }
    return status, envelope, headers


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FeedsServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FeedsServer() as made:
        thread = Thread(target=made.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield made
        made.released.set()
        made.shutdown()
        thread.join(PATIENCE_SECONDS)


@pytest.fixture
def sender() -> Iterator[StreamSender]:
    made = StreamSender()
    yield made
    for client in made._clients.values():
        client.client.close()


@pytest.fixture
def options(server: FeedsServer) -> dict[str, Any]:
    feeds = ["user:{actor_id}", "todo:{object_id}", "timeline:all"]
    return {"api_key": API_KEY, "api_secret": API_SECRET, "base_url": server.url, "feeds": feeds, "timeout": 20}


def parcel_of(options: dict[str, Any], **changed: Any) -> Parcel:
    return Parcel(UID, "feeds", options, MESSAGE | changed)


def sent(server: FeedsServer) -> Any:
    """The body of the last activity that arrived."""
    return server.got[-1][3]


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_an_activity_arrives_as_one_request(sender: StreamSender, options: dict[str, Any], server: FeedsServer) -> None:
    receipt = sender.send(parcel_of(options))
    [(method, target, headers, body)] = server.got
    assert (method, urlsplit(target).path) == ("POST", "/api/v2/feeds/activities")
    assert parse_qs(urlsplit(target).query) == {"api_key": [API_KEY]}
    assert jwt.decode(headers["Authorization"], API_SECRET, ["HS256"]) == {}
    assert headers["stream-auth-type"] == "jwt"
    assert body == {
        "type": "mark_done",
        "feeds": ["user:3", "todo:7", "timeline:all"],
        "user_id": "3",
        "create_users": True,
        "id": str(UID),
        "text": "alice: Mark a todo as done",
        "custom": {
            "actor": "user:3",
            "actor_name": "alice",
            "object": "todo:7",
            "foreign_id": MESSAGE["foreign_id"],
            "time": MESSAGE["time"],
            "resource": "todo",
            "action": "mark_done",
            "title": "Mark a todo as done",
            "outcome": "succeeded",
            "object_id": "7",
            "status_code": 200,
        },
    }
    assert receipt.facts == {"activity_id": str(UID), "feeds": body["feeds"]}
    assert receipt.again_in is None


def test_without_an_actor_the_system_did_it(sender: StreamSender, options: dict[str, Any], server: FeedsServer) -> None:
    sender.send(parcel_of(options, actor="", actor_name=""))
    assert sent(server)["user_id"] == "system"
    assert sent(server)["feeds"] == ["todo:7", "timeline:all"]


def test_another_user_may_stand_for_nobody(sender: StreamSender, options: dict[str, Any], server: FeedsServer) -> None:
    sender.send(parcel_of(options | {"user_id": "robot"}, actor=""))
    assert sent(server)["user_id"] == "robot"


def test_users_are_not_made_where_the_option_says_so(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer
) -> None:
    sender.send(parcel_of(options | {"create_users": False}))
    assert sent(server)["create_users"] is False


def test_the_facts_that_go_along_can_be_chosen(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer
) -> None:
    sender.send(parcel_of(options | {"facts": ["response", "no_such_fact"]}))
    assert sent(server)["custom"]["response"] == {"note": "for me only"}
    assert {"resource", "no_such_fact"}.isdisjoint(sent(server)["custom"])


def test_a_feed_that_two_templates_name_gets_it_once(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer
) -> None:
    sender.send(parcel_of(options | {"feeds": ["todo:7", "{resource}:{object_id}", "log:{resource}_{action}"]}))
    assert sent(server)["feeds"] == ["todo:7", "log:todo_mark_done"]


def test_an_activity_without_any_feed_is_never_sent(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer
) -> None:
    with pytest.raises(PermanentError, match=r'No feed is left: what DJACTION_HOOKS\["feeds"\]\["feeds"\]'):
        sender.send(parcel_of(options | {"feeds": ["todo:{object_id}"]}, object=""))
    assert not server.got


def test_ids_with_other_characters_are_replaced(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer
) -> None:
    sender.send(parcel_of(options | {"feeds": ["user:{actor_id}"]}, actor="user:ann@example.com"))
    assert sent(server)["user_id"] == stream_id("ann@example.com")
    assert sent(server)["feeds"] == [f"user:{stream_id('ann@example.com')}"]


@pytest.mark.parametrize("plain", ["7", "a_b-C", "0b7e2f7c-5d0a-4c4f-9d0e-2a6f0a4b9c11"])
def test_an_id_that_stream_takes_stays(plain: str) -> None:
    assert stream_id(plain) == plain


def test_two_values_never_share_an_id() -> None:
    values = ["a.b", "a:b", "a-b", "a b", "ä-b", "ö-b", "a/../b"]
    ids = {stream_id(value) for value in values}
    assert len(ids) == len(values)
    assert all(stream_id(made) == made for made in ids)


def test_one_client_serves_all_messages_with_the_same_keys(sender: StreamSender, options: dict[str, Any]) -> None:
    assert sender._client(options) is sender._client(dict(options))
    assert sender._client(options | {"api_secret": "another-" * 8}) is not sender._client(options)


def test_without_a_time_out_the_one_of_all_hooks_counts(
    sender: StreamSender, options: dict[str, Any], settings: Any
) -> None:
    settings.DJACTION_DELIVERY_TIMEOUT_SECONDS = 3
    del options["timeout"]
    sender.send(parcel_of(options))
    assert sender._client(options).client.timeout.read == 3
    assert sender._client(options).client.timeout.connect == 3


# --- what comes back --------------------------------------------------------------------------------------------------


def test_a_double_is_taken_as_delivered(sender: StreamSender, options: dict[str, Any], server: FeedsServer) -> None:
    sender.send(parcel_of(options))
    receipt = sender.send(parcel_of(options))
    assert receipt.facts == {"activity_id": str(UID), "feeds": ["user:3", "todo:7", "timeline:all"], "double": True}
    assert list(server.activities) == [str(UID)]


def test_a_double_may_also_be_told_by_400(sender: StreamSender, options: dict[str, Any], server: FeedsServer) -> None:
    sender.send(parcel_of(options))
    server.answer(*refusal(400, "AddActivity failed: the id is taken"))
    assert sender.send(parcel_of(options)).facts["double"] is True


def test_a_conflict_about_something_else_is_tried_again(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer
) -> None:
    server.answer(*refusal(409, "The user is being made"))
    with pytest.raises(TemporaryError, match="409: The user is being made"):
        sender.send(parcel_of(options))


def test_a_conflict_that_cannot_be_looked_into_is_tried_again(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer
) -> None:
    server.answer(*refusal(400, "The id is taken"))
    server.find_status = 503
    with pytest.raises(TemporaryError, match="503"):
        sender.send(parcel_of(options))


@pytest.mark.parametrize("status", [400, 404, 405, 410, 413, 422])
def test_a_message_that_is_wrong_is_never_sent_again(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer, status: int
) -> None:
    server.answer(*refusal(status, 'feed group "todo" does not exist'))
    with pytest.raises(PermanentError, match='feed group "todo" does not exist') as caught:
        sender.send(parcel_of(options))
    assert caught.value.status == status


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_named_by_its_setting(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer, status: int
) -> None:
    server.answer(*refusal(status, "signature is not valid"))
    with pytest.raises(TemporaryError, match=r'DJACTION_HOOKS\["feeds"\]\["api_key"\] and \["api_secret"\]') as caught:
        sender.send(parcel_of(options))
    assert caught.value.status == status


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_an_overloaded_stream_is_tried_again(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer, status: int
) -> None:
    server.answer(*refusal(status, "later", {"Retry-After": "90"}))
    with pytest.raises(TemporaryError) as caught:
        sender.send(parcel_of(options))
    assert (caught.value.status, caught.value.retry_after) == (status, timedelta(seconds=90))


@pytest.mark.parametrize("header", ["", "soon", "-1", "9" * 30])
@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_that_says_nothing_is_left_out(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer, header: str, status: int
) -> None:
    server.answer(*refusal(status, "later", {"Retry-After": header}))
    with pytest.raises(TemporaryError) as caught:
        sender.send(parcel_of(options))
    assert caught.value.retry_after is None


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"[]"])
def test_an_error_without_json_is_told_by_its_status(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer, body: bytes
) -> None:
    server.answer(502, body)
    with pytest.raises(TemporaryError, match="502"):
        sender.send(parcel_of(options))


@pytest.mark.filterwarnings("ignore:Missing value of non-optional type:RuntimeWarning")
@pytest.mark.parametrize(
    "body", [b"", b"{", b"<html>", b"[]", b"null", b"{}", b'{"duration": "1ms"}', b'{"activity": 1}', b"\xff\xfe"]
)
def test_a_success_without_an_activity_is_a_broken_answer(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer, body: bytes
) -> None:
    server.answer(201, body)
    with pytest.raises(TemporaryError, match="broken answer"):
        sender.send(parcel_of(options))


@pytest.mark.filterwarnings("ignore:Missing value of non-optional type:RuntimeWarning")
@pytest.mark.parametrize("body", [b"", b"<html>Moved</html>"])
def test_a_redirect_is_not_followed(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer, body: bytes
) -> None:
    server.answer(302, body, {"Location": f"{server.url}/elsewhere"})
    with pytest.raises(PermanentError) as caught:
        sender.send(parcel_of(options))
    assert caught.value.status == 302
    assert len(server.got) == 1


def test_no_answer_within_the_time_out_is_tried_again(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer
) -> None:
    server.hang()
    with pytest.raises(TemporaryError, match="timeout") as caught:
        sender.send(parcel_of(options | {"timeout": 0.2}))
    assert caught.value.status is None


def test_a_refused_connection_is_tried_again(sender: StreamSender, options: dict[str, Any]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TemporaryError, match="was not reached"):
        sender.send(parcel_of(options | {"base_url": f"http://127.0.0.1:{port}"}))


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_no_error_repeats_a_secret(
    sender: StreamSender, options: dict[str, Any], server: FeedsServer, status: int
) -> None:
    def repeat(body: Any) -> tuple[Any, ...]:
        token = server.got[0][2]["Authorization"]
        return refusal(status, f"api_key {API_KEY}, secret {API_SECRET}, token {token} is not known")

    server.scripted = repeat
    with pytest.raises((TemporaryError, PermanentError), match="is not known") as caught:
        sender.send(parcel_of(options))
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    for secret in (API_KEY, API_SECRET, server.got[0][2]["Authorization"]):
        assert secret not in told


# --- options ----------------------------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {"api_key": API_KEY, "api_secret": API_SECRET, "feeds": ["user:{actor_id}", "timeline:all"]}


def test_good_options_have_no_problems() -> None:
    further = {
        "base_url": "https://feeds.example.com",
        "user_id": "robot",
        "facts": ["changes"],
        "create_users": False,
        "timeout": 2.5,
    }
    assert list(StreamSender().check(GOOD)) == []
    assert list(StreamSender().check(GOOD | further)) == []


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("api_key", "", "is missing"),
        ("api_secret", None, "is missing"),
        ("feeds", None, "is missing"),
        ("feeds", [], "is missing"),
        ("feeds", "user:1", "is not a list"),
        ("feeds", ["user"], "has 'user', which is not of the form group:id"),
        ("feeds", ["user:"], "has 'user:', which is not of the form group:id"),
        ("feeds", ["user:1:2"], "has 'user:1:2', which is not of the form group:id"),
        ("feeds", ["user:a b"], "has 'user:a b', which is not of the form group:id"),
        ("feeds", [7], "has 7, which is not of the form group:id"),
        ("feeds", ["user:{actor}"], "has the placeholder {actor} in 'user:{actor}'"),
        ("feeds", ["user:{actor_id!r}"], "has the placeholder {actor_id!r} in 'user:{actor_id!r}'"),
        ("base_url", "ftp://example.com", "is not an address"),
        ("base_url", "example.com", "is not an address"),
        ("base_url", "http://[::1", "is not an address"),
        ("base_url", "http://localhost:99999", "is not an address"),
        ("base_url", None, "is not an address"),
        ("user_id", "", "is not an id of a user"),
        ("user_id", "the system", "is not an id of a user"),
        ("facts", "title", "is not a list of names"),
        ("create_users", "yes", "is neither true nor false"),
        ("timeout", 0, "is not a number above zero"),
        ("timeout", "10", "is not a number above zero"),
        ("timeout", True, "is not a number above zero"),
        ("timeout", float("nan"), "is not a number above zero"),
        ("key", "x", "is not an option of Stream.io"),
    ],
)
def test_a_wrong_option_is_named(option: str, value: Any, message: str) -> None:
    [problem] = StreamSender().check(GOOD | {option: value})
    assert (problem.option, problem.message) == (option, message)
    assert problem.remedy


def test_every_missing_option_is_named_at_once() -> None:
    assert [problem.option for problem in StreamSender().check({})] == ["api_key", "api_secret", "feeds"]


def test_a_misspelt_option_gets_a_proposal() -> None:
    [problem] = StreamSender().check(GOOD | {"baseurl": "https://example.com"})
    assert problem.remedy == 'Did you mean "base_url"?'


def test_wrong_options_keep_the_message_until_they_are_mended(sender: StreamSender) -> None:
    with pytest.raises(TemporaryError, match=r'DJACTION_HOOKS\["feeds"\]\["api_secret"\] is missing'):
        sender.send(parcel_of({"api_key": API_KEY, "feeds": ["timeline:all"], "timeout": 1}))


def test_a_missing_library_is_named_with_its_extra(
    sender: StreamSender, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "getstream", None)
    [problem] = sender.check(GOOD)
    assert problem.remedy == 'pip install "dj-actions[stream]"'
    with pytest.raises(MissingExtraError, match=r'pip install "dj-actions\[stream\]"'):
        sender.send(parcel_of(options))


def test_the_library_is_not_imported_before_it_is_used() -> None:
    program = "import sys, actions.senders.stream; sys.exit('getstream' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE_SECONDS)


def test_the_hook_type_stream_is_this_sender() -> None:
    assert isinstance(sender_of("stream"), StreamSender)
