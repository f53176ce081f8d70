"""The tasks http.request, http.get and http.post against servers of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actions.processes.core_tasks.http.get import get
from actions.processes.core_tasks.http.post import post
from actions.processes.core_tasks.http.request import request
from actions.processes.exceptions import StepError
from actions.senders.addresses import AddressRefusedError
from actions.senders.base import PermanentError, TemporaryError
from example_app.models import Todo
from tests.receivers import Raw, Receiver, Reply, _Handler
from tests.unit.processes.contexts import KEY, make_step

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def _receivers_are_allowed(settings: Any) -> None:
    settings.DJACTION_PRIVATE_HOSTS = ("127.0.0.1",)


@pytest.fixture
def serve() -> Iterator[Callable[..., Receiver]]:
    """Start a server that answers as it is told."""
    started: list[Receiver] = []

    def start(*answers: Any) -> Receiver:
        started.append(Receiver(*answers))
        return started[-1].__enter__()

    yield start
    for receiver in started:
        receiver.__exit__(None, None, None)


def test_json_is_read(serve: Any) -> None:
    server = serve(Reply.of({"id": 7}))
    answer = get(f"{server.url}/orders/7/", params={"full": "yes", "tag": ["a", "b"]})
    assert (answer["status"], answer["body"]) == (200, {"id": 7})
    assert server.requests[0].method == "GET"
    assert server.requests[0].path == "/orders/7/?full=yes&tag=a&tag=b"


def test_a_text_is_read_in_its_charset(serve: Any) -> None:
    server = serve(Reply(200, {"Content-Type": 'text/plain; charset="latin-1"'}, "Grüße".encode("latin-1")))
    assert get(server.url)["body"] == "Grüße"


@pytest.mark.parametrize("charset", ["idna", "zlib", "unicode_escape", "no-such", "iso-8859-99", ""])
def test_a_text_in_a_charset_of_no_texts_is_read_as_utf_8(serve: Any, charset: str) -> None:
    server = serve(Reply(200, {"Content-Type": f"text/plain; charset={charset}"}, "Grüße\\n".encode()))
    assert get(server.url)["body"] == "Grüße\\n"


def test_an_empty_answer_of_json_is_nothing(serve: Any) -> None:
    assert get(serve(Reply(204, {"Content-Type": "application/json"})).url)["body"] is None


def test_what_only_calls_itself_json_is_refused(serve: Any) -> None:
    with pytest.raises(PermanentError, match="calls itself JSON"):
        get(serve(Reply(200, {"Content-Type": "application/problem+json"}, b"<html>")).url)


def test_cookies_are_not_kept(serve: Any) -> None:
    assert "set-cookie" not in get(serve(Reply(200, {"Set-Cookie": "session=secret"})).url)["headers"]


def test_a_body_is_sent_as_json_with_the_key_of_the_step(serve: Any) -> None:
    server = serve()
    post(server.url, json={"number": 7}, context=make_step())
    assert server.requests[0].json == {"number": 7}
    assert server.requests[0].headers["content-type"] == "application/json"
    assert server.requests[0].headers["idempotency-key"] == KEY


def test_a_form_is_sent_as_one(serve: Any) -> None:
    server = serve()
    post(server.url, form={"number": "7", "tag": ["a", "b"]})
    assert server.requests[0].body == b"number=7&tag=a&tag=b"


def test_reading_carries_no_key(serve: Any) -> None:
    server = serve()
    get(server.url, context=make_step())
    assert "idempotency-key" not in server.requests[0].headers


def test_a_header_of_the_process_goes_before_the_task_s_own(serve: Any) -> None:
    server = serve()
    post(server.url, headers={"idempotency-key": "mine", "X-Shop": "7"}, context=make_step())
    assert server.requests[0].headers["idempotency-key"] == "mine"
    assert server.requests[0].headers["x-shop"] == "7"


@pytest.mark.parametrize("method", ["put", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_every_method_goes_out_as_it_is(serve: Any, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("do_HEAD", "do_OPTIONS"):
        monkeypatch.setattr(_Handler, name, _Handler.handle_any, raising=False)
    server = serve()
    request(method, server.url)
    assert server.requests[0].method == method.upper()


def test_a_token_comes_out_of_the_environment(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve()
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    get(server.url, token_from="SHOP_TOKEN")
    assert server.requests[0].headers["authorization"] == "Bearer s3cret"


def test_a_token_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    with pytest.raises(StepError, match="SHOP_TOKEN is not set"):
        get("http://127.0.0.1", token_from="SHOP_TOKEN")


@pytest.mark.parametrize("status", [500, 503, 408, 429])
def test_what_may_pass_is_a_temporary_error(serve: Any, status: int) -> None:
    with pytest.raises(TemporaryError, match=f"answered {status}"):
        get(serve(Reply(status)).url)


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_what_stays_is_a_permanent_error(serve: Any, status: int) -> None:
    with pytest.raises(PermanentError, match=f"answered {status}"):
        post(serve(Reply(status)).url)


def test_a_refusal_can_be_an_answer(serve: Any) -> None:
    answer = get(serve(Reply.of({"detail": "no"}, 404)).url, raises=False)
    assert (answer["status"], answer["body"]) == (404, {"detail": "no"})


def test_a_long_answer_is_refused(serve: Any) -> None:
    server = serve(Reply(200, {}, b"x" * 101))
    assert len(get(server.url, max_bytes=101)["body"]) == 101
    with pytest.raises(PermanentError, match="longer than 100 bytes"):
        get(server.url, max_bytes=100)


def test_a_silent_server_is_given_up(serve: Any) -> None:
    began = time.monotonic()
    with pytest.raises(TemporaryError, match=r"did not answer within 0\.2 seconds"):
        get(serve(Raw(hangs=True)).url, timeout=0.2)
    assert time.monotonic() - began < 2


def test_compression_that_nobody_asked_for_is_refused(serve: Any) -> None:
    with pytest.raises(PermanentError, match="compressed"):
        get(serve(Reply(200, {"Content-Encoding": "gzip"}, b"x")).url)


class TestAddresses:
    def test_a_private_address_is_refused(self, serve: Any, settings: Any) -> None:
        settings.DJACTION_PRIVATE_HOSTS = ()
        server = serve()
        with pytest.raises(AddressRefusedError, match="loopback"):
            get(server.url)
        assert server.requests == []

    def test_a_redirect_to_a_private_address_is_refused(self, serve: Any, settings: Any) -> None:
        inner = serve()
        outer = serve(Reply(302, {"Location": f"{inner.url}/admin"}))
        settings.DJACTION_PRIVATE_HOSTS = (f"127.0.0.1:{outer.port}",)
        with pytest.raises(AddressRefusedError):
            get(outer.url)
        assert inner.requests == []

    @pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/"])
    def test_a_redirect_to_another_scheme_is_refused(self, serve: Any, target: str) -> None:
        with pytest.raises(PermanentError, match="does not begin with http"):
            get(serve(Reply(302, {"Location": target})).url)

    def test_a_redirect_is_followed_within_a_host(self, serve: Any) -> None:
        server = serve(Reply(301, {"Location": "/new"}), Reply.of({"id": 7}))
        assert get(f"{server.url}/old", headers={"Authorization": "Bearer x"})["body"] == {"id": 7}
        assert server.requests[1].path == "/new"
        assert server.requests[1].headers["authorization"] == "Bearer x"

    def test_a_secret_is_not_taken_to_another_host(self, serve: Any) -> None:
        second = serve()
        first = serve(Reply(302, {"Location": second.url}))
        get(first.url, headers={"Authorization": "Bearer x", "Cookie": "a=b", "X-Api-Key": "s3cret"})
        assert "s3cret" in first.requests[0].headers.values()
        assert set(second.requests[0].headers) == {"host", "accept", "accept-encoding", "user-agent"}

    def test_redirects_in_a_circle_end(self, serve: Any) -> None:
        server = serve(Reply(302, {"Location": "/again"}))
        with pytest.raises(PermanentError, match="More than 5 redirects"):
            get(server.url)
        assert len(server.requests) == 6

    def test_what_changes_something_is_not_redirected(self, serve: Any) -> None:
        server = serve(Reply(307, {"Location": "/elsewhere"}))
        with pytest.raises(PermanentError, match="Redirects are followed for GET and HEAD only"):
            post(server.url, json={})
        assert len(server.requests) == 1


class TestMistakes:
    def test_a_method_that_there_is_not(self) -> None:
        with pytest.raises(StepError, match="no method"):
            request("FETCH\r\nX: 1", "http://127.0.0.1")

    def test_two_bodies(self) -> None:
        with pytest.raises(StepError, match="one body"):
            post("http://127.0.0.1", json={}, form={})

    @pytest.mark.parametrize("body", [{"todo": object()}, {"number": float("nan")}, Todo()])
    def test_a_body_that_is_no_json(self, body: Any) -> None:
        with pytest.raises(StepError, match="no JSON"):
            post("http://127.0.0.1", json=body)

    def test_a_header_of_two_lines(self) -> None:
        with pytest.raises(PermanentError, match="X-Shop"):
            get("http://127.0.0.1", headers={"X-Shop": "7\r\nX-Evil: 1"})

    @pytest.mark.parametrize("limits", [{"timeout": 0}, {"timeout": -1}, {"max_bytes": 0}])
    def test_limits_that_make_no_sense(self, limits: dict[str, Any]) -> None:
        with pytest.raises(StepError, match="above 0"):
            get("http://127.0.0.1", **limits)


def test_values_of_python_are_sent_as_the_rest_framework_writes_them(serve: Any) -> None:
    server = serve()
    post(server.url, json={"at": make_step().entered_at})
    assert json.loads(server.requests[0].body) == {"at": "2025-01-31T00:00:00Z"}
