"""Webhooks over a real connection, to a receiver that answers in every way."""

from __future__ import annotations

import json
import logging
import math
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import pytest
import trustme
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from actions import __version__
from actions.exceptions import MissingExtraError
from actions.senders import GoneError, Parcel, PermanentError, Receipt, TemporaryError, http_connection, sender_of
from actions.senders.addresses import AddressRefusedError
from actions.senders.http import Answer, post, problem_of, retry_after
from actions.senders.webhook import WebhookSender
from actions.signatures import new_secret, verify
from tests.receivers import Raw, Receiver, Reply, unused_port

pytestmark = pytest.mark.once

OLD, NEW = new_secret(), new_secret()
UID = UUID("0190f5c4-1111-7000-8000-000000000001")
MESSAGE = {
    "type": "todo.mark_done.succeeded",
    "verb": "mark_done",
    "actor": "user:3",
    "actor_name": "alice",
    "object": "todo:7",
    "text": "alice: Mark a todo as done, größer",
    "time": "2026-11-21T12:00:00+00:00",
    "foreign_id": "0190f5c4-2222-7000-8000-000000000002",
    "data": {"uid": "0190f5c4-2222-7000-8000-000000000002", "outcome": "succeeded", "status_code": 200},
}
HEAD = b"HTTP/1.1 200 OK\r\n"
sender = WebhookSender()


@pytest.fixture(autouse=True)
def _local_receivers_are_meant(settings: Any) -> None:
    settings.DJACTION_PRIVATE_HOSTS = ("127.0.0.1",)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def parcel(url: str = "", **changes: Any) -> Parcel:
    message = changes.pop("message", MESSAGE)
    facts = {name: changes.pop(name) for name in ("correlation_id", "traceparent", "attempt") if name in changes}
    return Parcel(UID, "crm", {"url": url, "secret": OLD, "timeout": 5, **changes}, message, **facts)


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_message_arrives_signed_with_its_headers(receiver: Receiver) -> None:
    receipt = sender_of("webhook").send(
        parcel(f"{receiver.url}/in?tenant=ä", correlation_id="abc-1", traceparent="00-0af7-b7ad-01")
    )

    assert receipt == Receipt({"status": 200})
    (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", "/in?tenant=%C3%A4")
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"dj-actions/{__version__}"
    assert request.headers["webhook-id"] == str(UID)
    assert request.headers["x-request-id"] == "abc-1"
    assert request.headers["traceparent"] == "00-0af7-b7ad-01"
    verify(request.headers, request.body, OLD)


def test_the_body_is_compact_json_of_type_time_and_data(receiver: Receiver) -> None:
    sender.send(parcel(receiver.url))

    (request,) = receiver.requests
    words = {name: MESSAGE[name] for name in ("text", "verb", "object")}
    assert request.json == {
        "type": "todo.mark_done.succeeded",
        "timestamp": "2026-11-21T12:00:00+00:00",
        "data": {**MESSAGE["data"], **words},  # type: ignore[dict-item]
    }
    assert json.dumps(request.json, separators=(",", ":")).encode() == request.body


def test_every_attempt_has_the_same_id_and_a_time_of_its_own(receiver: Receiver, monkeypatch: Any) -> None:
    for now in (1_000_000_000.9, 2_000_000_000.1):
        monkeypatch.setattr("actions.senders.webhook.time.time", lambda now=now: now)
        sender.send(parcel(receiver.url))

    assert [request.headers["webhook-timestamp"] for request in receiver.requests] == ["1000000000", "2000000000"]
    assert {request.headers["webhook-id"] for request in receiver.requests} == {str(UID)}


def test_while_a_secret_is_exchanged_old_and_new_receivers_are_content(receiver: Receiver) -> None:
    sender.send(parcel(receiver.url, secret=[NEW, OLD]))

    (request,) = receiver.requests
    assert len(request.headers["webhook-signature"].split()) == 2
    verify(request.headers, request.body, OLD)
    verify(request.headers, request.body, NEW)


def test_headers_of_one_s_own_are_sent(receiver: Receiver) -> None:
    sender.send(parcel(receiver.url, headers={"Authorization": "Bearer x"}))

    assert receiver.requests[0].headers["authorization"] == "Bearer x"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "ä", "\0"])
def test_what_a_caller_calls_his_request_cannot_add_headers(receiver: Receiver, value: str) -> None:
    sender.send(parcel(receiver.url, correlation_id=value, traceparent=value))

    assert not {"x-request-id", "traceparent", "x-evil"} & set(receiver.requests[0].headers)


@pytest.mark.parametrize("value", [math.nan, object(), {1, 2}])
def test_a_message_that_is_not_json_will_never_be(receiver: Receiver, value: Any) -> None:
    with pytest.raises(PermanentError, match="JSON"):
        sender.send(parcel(receiver.url, message={**MESSAGE, "data": {"response": value}}))
    assert receiver.requests == []


def test_proxies_of_the_environment_are_left_alone(receiver: Receiver, monkeypatch: Any) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")

    assert sender.send(parcel(receiver.url)).facts == {"status": 200}


# --- what is answered -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_status_of_success_is_a_receipt(receiver: Receiver, status: int) -> None:
    receiver.answers = [Reply(status)]

    assert sender.send(parcel(receiver.url)) == Receipt({"status": status})


@pytest.mark.parametrize("status", [401, 403, 408, 425, 429, 500, 502, 503, 504, 599, 600, 999])
def test_what_may_go_well_later_is_temporary(receiver: Receiver, status: int) -> None:
    receiver.answers = [Reply(status)]

    with pytest.raises(TemporaryError) as caught:
        sender.send(parcel(receiver.url))
    assert caught.value.status == status
    assert str(status) in caught.value.detail
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 400, 402, 404, 405, 409, 413, 422, 451, 499])
def test_what_will_never_go_well_is_permanent(receiver: Receiver, status: int) -> None:
    receiver.answers = [Reply(status)]

    with pytest.raises(PermanentError) as caught:
        sender.send(parcel(receiver.url))
    assert (type(caught.value), caught.value.status) == (PermanentError, status)


def test_a_receiver_that_is_gone_is_gone(receiver: Receiver) -> None:
    receiver.answers = [Reply(410)]

    with pytest.raises(GoneError) as caught:
        sender.send(parcel(receiver.url))
    assert caught.value.status == 410
    assert not isinstance(problem_of(Answer(410)), GoneError), "only for webhooks"


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_names_its_setting(receiver: Receiver, status: int) -> None:
    receiver.answers = [Reply(status)]

    with pytest.raises(TemporaryError, match=r'DJACTION_HOOKS\["crm"\]\["secret"\]'):
        sender.send(parcel(receiver.url))


@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_receiver_may_say_when_to_come_again(receiver: Receiver, status: int) -> None:
    receiver.answers = [Reply(status, {"Retry-After": "7"})]

    with pytest.raises(TemporaryError) as caught:
        sender.send(parcel(receiver.url))
    assert caught.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *[("0", 0), ("7", 7), (" 007 ", 7), ("86400", 86_400), ("86401", 86_400), ("9" * 5000, 86_400)],
        *[("", None), ("-1", None), ("1.5", None), ("soon", None), ("٣", None), ("Wed, 99 Foo 2026", None)],
        *[("Wed, 21 Oct 2015 07:28:00 GMT", None), ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400)],
        ("Fri, 31 Dec 9999 23:59:59 -2300", 86_400),
    ],
)
def test_retry_after_is_read_in_seconds(value: str, seconds: int | None) -> None:
    assert retry_after(value) == (None if seconds is None else timedelta(seconds=seconds))


def test_retry_after_is_read_as_a_date() -> None:
    wait = retry_after(format_datetime(timezone.now() + timedelta(minutes=5), usegmt=True))

    assert wait is not None
    assert timedelta(minutes=4) < wait <= timedelta(minutes=5)


@given(st.text())
def test_retry_after_may_be_anything(value: str) -> None:
    wait = retry_after(value)

    assert wait is None or timedelta(0) <= wait <= timedelta(days=1)


def test_a_huge_answer_is_read_to_the_limit_only(receiver: Receiver) -> None:
    receiver.answers = [Reply(200, body=b"x" * 5_000_000)]

    assert len(post(receiver.url, b"", {}, timeout=5).body) == 65_536
    assert post(receiver.url, b"", {}, timeout=5, read_limit=3).body == b"xxx"


def test_an_answer_in_chunks_is_put_together(receiver: Receiver) -> None:
    chunks = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    receiver.answers = [Raw([HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks])]

    assert post(receiver.url, b"", {}, timeout=5).body == b"abcde"


def test_nothing_is_decompressed(receiver: Receiver) -> None:
    receiver.answers = [Reply(200, {"Content-Encoding": "gzip"}, b"not gzip")]

    assert post(receiver.url, b"", {}, timeout=5).body == b"not gzip"
    assert receiver.requests[0].headers["accept-encoding"] == "identity"


def test_a_receiver_that_answers_before_it_has_read_everything_is_heard() -> None:
    def answer_at_once() -> None:
        connected, _ = server.accept()
        with connected:
            connected.recv(100)
            connected.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer_at_once)
        thread.start()
        answer = post(f"http://127.0.0.1:{server.getsockname()[1]}", b"x" * 10_000_000, {}, timeout=5)
        thread.join()

    assert answer.status == 413


# --- no answer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Raw(hangs=True), id="silent"),
        pytest.param(Raw([HEAD], hangs=True), id="in the headers"),
        pytest.param(Raw([HEAD + b"Content-Length: 10\r\n\r\n12"], hangs=True), id="in the body"),
        pytest.param(Raw([b"H", *[b"T"] * 600], pause=0.05), id="a dripping status"),
        pytest.param(Raw([HEAD, *[b"X: y\r\n"] * 99, *[b"x"] * 500], pause=0.02), id="dripping headers"),
        pytest.param(Raw([HEAD + b"\r\n", *[b"x"] * 600], pause=0.05), id="a dripping body"),
        pytest.param(
            Raw([HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 600], pause=0.05), id="chunks"
        ),
        pytest.param(Raw([b"HTTP/1.1 100 Continue\r\n\r\n"] * 600, pause=0.05), id="more to come"),
    ],
)
def test_the_time_out_is_for_everything_together(receiver: Receiver, answer: Raw) -> None:
    receiver.answers = [answer]

    with pytest.raises(TemporaryError, match=r"did not answer within 0\.4 seconds"):
        sender.send(parcel(receiver.url, timeout=0.4))


def test_a_name_that_is_looked_up_for_too_long_is_a_time_out(monkeypatch: Any) -> None:
    with Receiver() as receiver:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: receiver.is_over.wait(20) and [])
        with pytest.raises(TemporaryError, match="did not answer within"):
            sender.send(parcel("http://crm.example", timeout=0.1))


def test_the_project_s_time_out_is_the_default(receiver: Receiver, settings: Any) -> None:
    settings.DJACTION_DELIVERY_TIMEOUT_SECONDS = 0.3
    receiver.answers = [Raw(hangs=True)]

    with pytest.raises(TemporaryError, match=r"0\.3 seconds"):
        sender.send(parcel(receiver.url, timeout=None))


def test_a_refused_connection_is_temporary() -> None:
    with pytest.raises(TemporaryError, match="refused the connection"):
        sender.send(parcel(f"http://127.0.0.1:{unused_port()}/"))


def test_a_name_without_an_address_is_temporary(monkeypatch: Any) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(TemporaryError, match="Temporary failure in name resolution"):
        sender.send(parcel("http://crm.example"))


BROKEN = {
    "nothing": [b""],
    "no HTTP": [b"SSH-2.0-OpenSSH_9.6\r\n"],
    "half a status": [b"HTTP/1.1 2"],
    "no status": [b"HTTP/1.1 abc OK\r\n\r\n"],
    "an endless line": [b"HTTP/1.1 200 " + b"x" * 100_000],
    "a thousand headers": [HEAD + b"X: y\r\n" * 1000 + b"\r\n"],
    "closed in the body": [HEAD + b"Content-Length: 10\r\n\r\n12"],
    "closed in a chunk": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc"],
    "no size of a chunk": [HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"],
    "a negative chunk": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n"],
    "two lengths": [HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
}


@pytest.mark.parametrize("pieces", BROKEN.values(), ids=BROKEN.keys())
def test_an_answer_that_is_broken_off_or_garbage_is_temporary(receiver: Receiver, pieces: list[bytes]) -> None:
    receiver.answers = [Raw(pieces)]

    with pytest.raises(TemporaryError, match="broke off, or answered with something that is not HTTP"):
        sender.send(parcel(receiver.url))


@hypothesis_settings(deadline=None)
@given(garbage=st.binary(max_size=200), head=st.sampled_from([b"", b"HTTP/1.1 ", HEAD, HEAD + b"\r\n"]))
def test_whatever_is_answered_only_errors_of_deliveries_are_raised(garbage: bytes, head: bytes) -> None:
    with Receiver(Raw([head + garbage])) as receiver, suppress(TemporaryError, PermanentError):
        sender.send(parcel(receiver.url))


def test_broken_headers_log_no_path(receiver: Receiver, caplog: Any) -> None:
    receiver.answers = [Raw([HEAD + b"Good: 1\r\nbroken\r\nBad: 2\r\n\r\n"])]

    with caplog.at_level(logging.DEBUG):
        sender.send(parcel(f"{receiver.url}/hooks/S3CRET"))
    assert "S3CRET" not in caplog.text


@pytest.mark.parametrize("answer", [Reply(404), Reply(503), Reply(302), Reply(401), Raw()])
def test_errors_show_no_secret(receiver: Receiver, answer: Any) -> None:
    receiver.answers = [answer]

    with pytest.raises((TemporaryError, PermanentError)) as caught:
        sender.send(parcel(f"{receiver.url}/hooks/S3CRET?key=S3CRET", headers={"Authorization": "S3CRET"}))
    assert "S3CRET" not in str(caught.value)
    assert OLD not in str(caught.value)


# --- where to ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    with Receiver() as private:
        receiver.answers = [Reply(status, {"Location": private.url})]
        with pytest.raises(PermanentError, match="not followed"):
            sender.send(parcel(receiver.url))
        assert private.requests == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001"])
def test_a_private_address_is_refused(receiver: Receiver, settings: Any, name: str) -> None:
    settings.DJACTION_PRIVATE_HOSTS = ()

    with pytest.raises(AddressRefusedError, match="DJACTION_PRIVATE_HOSTS"):
        sender.send(parcel(f"http://{name}:{receiver.port}/"))
    assert receiver.requests == []


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.1:{port}", "127.0.0.0/8"])
def test_a_private_address_that_the_setting_names_is_reached(receiver: Receiver, settings: Any, entry: str) -> None:
    settings.DJACTION_PRIVATE_HOSTS = (entry.format(port=receiver.port),)

    assert sender.send(parcel(receiver.url)).facts == {"status": 200}


def test_another_port_of_it_is_not(receiver: Receiver, settings: Any) -> None:
    settings.DJACTION_PRIVATE_HOSTS = (f"127.0.0.1:{receiver.port + 1}",)

    with pytest.raises(AddressRefusedError):
        sender.send(parcel(receiver.url))


@pytest.fixture
def names(monkeypatch: Any) -> Callable[..., list[str]]:
    """Have names looked up here: each look-up takes the next answer, and the names asked for are returned."""

    def set_answers(*answers: str | list[str]) -> list[str]:
        asked: list[str] = []

        def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
            asked.append(host)
            found = answers[min(len(asked), len(answers)) - 1]
            return [(0, 0, 0, "", (one, port)) for one in ([found] if isinstance(found, str) else found)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return set_answers


def test_what_was_checked_is_connected_to(receiver: Receiver, settings: Any, names: Any) -> None:
    settings.DJACTION_PRIVATE_HOSTS = ("127.0.0.1/32",)
    asked = names("127.0.0.1", "127.0.0.99")

    sender.send(parcel(f"http://crm.example:{receiver.port}/"))

    assert asked == ["crm.example"]
    assert receiver.requests[0].headers["host"] == f"crm.example:{receiver.port}"


def test_a_name_that_moves_to_a_private_address_gains_nothing(settings: Any, names: Any, monkeypatch: Any) -> None:
    settings.DJACTION_PRIVATE_HOSTS = ()
    asked = names("93.184.215.14", "127.0.0.1")
    reached: list[Any] = []

    def connect(self: Any, address: Any) -> None:
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(http_connection.TimedSocket, "connect", connect)
    with pytest.raises(TemporaryError, match="refused"):
        sender.send(parcel("http://crm.example/"))
    assert (asked, reached) == (["crm.example"], [("93.184.215.14", 80)])


def test_a_name_with_one_private_address_is_refused(receiver: Receiver, settings: Any, names: Any) -> None:
    settings.DJACTION_PRIVATE_HOSTS = ()
    names(["93.184.215.14", "127.0.0.1"])

    with pytest.raises(AddressRefusedError):
        sender.send(parcel(f"http://crm.example:{receiver.port}/"))
    assert receiver.requests == []


def test_the_next_address_is_tried_where_nobody_is_at_the_first(receiver: Receiver, settings: Any, names: Any) -> None:
    settings.DJACTION_PRIVATE_HOSTS = ("crm.example",)
    names(["::1", "127.0.0.1"])

    assert sender.send(parcel(f"http://crm.example:{receiver.port}/")).facts == {"status": 200}


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://crm.example/", "does not begin with http"),
        ("file:///etc/passwd", "does not begin with http"),
        ("crm.example/hook", "does not begin with http"),
        ("//crm.example/", "does not begin with http"),
        ("http://", "has no host"),
        ("http:///hook", "has no host"),
        ("https://:443/", "has no host"),
        ("https://me@crm.example/", "user name"),
        ("https://me:S3CRET@crm.example/", "user name"),
        ("https://crm.example:99999/", "cannot be"),
        ("https://crm.example:0/", "cannot be"),
        ("https://crm.example:x/", "cannot be"),
        ("https://crm..example/", "cannot be"),
        ("https://crm%2eexample/", "cannot be"),
        ("https://-crm.example/", "cannot be"),
        ("https://[::1/", "cannot be"),
        ("https://[fe80::1%25eth0]/", "cannot be"),
        ("https://x[::1]/", "cannot be"),
        ("https://crm.example\\@evil.example/", "backslash"),
        ("https://crm.example/a b", "space"),
        ("https://crm.example/a\r\nX-Evil: 1", "space"),
        ("https://crm.example/\0", "control character"),
        (7, "is not a text"),
    ],
)
def test_a_malformed_url_will_never_be_sent_to(url: Any, sentence: str) -> None:
    with pytest.raises(PermanentError, match=sentence) as caught:
        post(url, b"", {}, timeout=1)
    assert "S3CRET" not in str(caught.value)
    assert [(problem.option, sentence in problem.message) for problem in sender.check(parcel(url).options)] == [
        ("url", True)
    ]


# --- TLS --------------------------------------------------------------------------------------------------------------

TRUST_OF_THE_MACHINE = http_connection._tls


@pytest.fixture
def secure(monkeypatch: Any, names: Any, settings: Any) -> Iterator[Receiver]:
    """A receiver with a certificate for crm.example, which is here."""
    settings.DJACTION_PRIVATE_HOSTS = ("127.0.0.1/32",)
    names("127.0.0.1")
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("crm.example").configure_cert(context)
    trusting = ssl.create_default_context()
    trusting.sslsocket_class = http_connection.TimedTLSSocket
    authority.configure_trust(trusting)
    monkeypatch.setattr(http_connection, "_tls", lambda: trusting)
    with Receiver(tls=context) as receiver:
        yield receiver


def test_tls_is_with_the_name_in_the_url(secure: Receiver) -> None:
    assert sender.send(parcel(f"https://crm.example:{secure.port}/")).facts == {"status": 200}
    assert secure.requests[0].headers["host"] == f"crm.example:{secure.port}"
    verify(secure.requests[0].headers, secure.requests[0].body, OLD)


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_a_certificate_for_another_name_is_not_trusted(secure: Receiver, host: str) -> None:
    with pytest.raises(TemporaryError, match=r"certificate of .* is not trusted"):
        sender.send(parcel(f"https://{host}:{secure.port}/"))
    assert secure.requests == []


def test_a_certificate_of_an_unknown_authority_is_not_trusted(secure: Receiver, monkeypatch: Any) -> None:
    monkeypatch.setattr(http_connection, "_tls", TRUST_OF_THE_MACHINE)

    with pytest.raises(TemporaryError, match=r"certificate of .* is not trusted"):
        sender.send(parcel(f"https://crm.example:{secure.port}/"))
    assert secure.requests == []


def test_a_receiver_without_tls_is_temporary(receiver: Receiver) -> None:
    with pytest.raises(TemporaryError, match="TLS"):
        sender.send(parcel(receiver.url.replace("http:", "https:")))


@pytest.mark.parametrize(
    "answer", [Raw(hangs=True), Raw([HEAD + b"\r\n", *[b"x"] * 600], pause=0.05)], ids=["silent", "a dripping body"]
)
def test_the_time_out_is_for_everything_under_tls_too(secure: Receiver, answer: Raw) -> None:
    secure.answers = [answer]

    with pytest.raises(TemporaryError, match=r"did not answer within 0\.4 seconds"):
        sender.send(parcel(f"https://crm.example:{secure.port}/", timeout=0.4))


def test_a_handshake_that_does_not_begin_is_a_time_out() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(TemporaryError, match="did not answer within"),
    ):
        sender.send(parcel(f"https://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.3))


# --- options ----------------------------------------------------------------------------------------------------------

GOOD = {"url": "https://crm.example/hook", "secret": OLD}


@pytest.mark.parametrize(
    "options",
    [
        GOOD,
        {**GOOD, "secret": [NEW, OLD]},
        {**GOOD, "timeout": 0.5, "headers": {"Authorization": "Bearer x"}},
        {**GOOD, "url": "http://[::1]:8000"},
        {**GOOD, "url": "https://münchen.example"},
    ],
)
def test_good_options_have_no_problems(options: dict[str, Any]) -> None:
    assert list(sender.check(options)) == []


@pytest.mark.parametrize(
    ("changes", "option", "words"),
    [
        ({"url": None}, "url", "is missing"),
        ({"url": ""}, "url", "is missing"),
        ({"secret": None}, "secret", "is missing"),
        ({"secret": ""}, "secret", "is missing"),
        ({"secret": []}, "secret", "is missing"),
        ({"secret": "whsec_hunter-2"}, "secret", "is not base64"),
        ({"secret": [NEW, "whsec_hunter-2"]}, "secret", "number 2 is not base64"),
        ({"secret": 7}, "secret", "is not a text"),
        ({"timeout": 0}, "timeout", "seconds"),
        ({"timeout": -1}, "timeout", "seconds"),
        ({"timeout": "10"}, "timeout", "seconds"),
        ({"timeout": True}, "timeout", "seconds"),
        ({"timeout": math.nan}, "timeout", "seconds"),
        ({"timeout": math.inf}, "timeout", "seconds"),
        ({"headers": "X: 1"}, "headers", "is not a dictionary"),
        ({"headers": {"X": "1\r\nX-Evil: hunter"}}, "headers", "one line of ASCII"),
        ({"headers": {"X": "1\nhunter"}}, "headers", "one line of ASCII"),
        ({"headers": {"X": "hüünter"}}, "headers", "one line of ASCII"),
        ({"headers": {"X": 7}}, "headers", "one line of ASCII"),
        ({"headers": {"X: 1\r\nX-Evil": "1"}}, "headers", "no name of a header"),
        ({"headers": {"": "1"}}, "headers", "no name of a header"),
        ({"headers": {7: "1"}}, "headers", "no name of a header"),
        ({"headers": {"HOST": "evil.example"}}, "headers", "sets itself"),
        ({"headers": {"Content-Length": "0"}}, "headers", "sets itself"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers", "sets itself"),
        ({"headers": {"Webhook-Id": "1"}}, "headers", "sets itself"),
    ],
)
def test_a_bad_option_is_found_and_nothing_is_sent_with_it(
    receiver: Receiver, changes: dict[str, Any], option: str, words: str
) -> None:
    (problem,) = sender.check({**GOOD, **changes})
    assert (problem.option, words in problem.message) == (option, True)
    assert "hunter" not in problem.message + problem.remedy

    kind = TemporaryError if option == "secret" else PermanentError
    with pytest.raises(kind, match=rf'^DJACTION_HOOKS\["crm"\]\["{option}"\] .*{words}'):
        sender.send(parcel(**{"url": receiver.url, **changes}))
    assert receiver.requests == []


def test_an_option_that_does_not_exist_is_found_and_does_no_harm(receiver: Receiver) -> None:
    (problem,) = sender.check({**GOOD, "timeuot": 5})

    assert (problem.option, problem.remedy) == ("timeuot", "Did you mean timeout?")
    assert sender.send(parcel(receiver.url, timeuot=5)).facts == {"status": 200}


def test_a_request_refuses_headers_of_two_lines_whoever_makes_it(receiver: Receiver) -> None:
    with pytest.raises(PermanentError, match="one line"):
        post(receiver.url, b"", {"X": "1\r\nX-Evil: 1"}, timeout=5)
    assert receiver.requests == []


def test_without_urllib3_the_extra_is_named(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "urllib3", None)

    with pytest.raises(MissingExtraError, match=r"dj-actions\[webhooks\]"):
        sender.send(parcel("https://crm.example"))
    with pytest.raises(MissingExtraError):
        sender.check(GOOD)


# --- asking -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [{"price": 7}, [1, 2], "yes", True, None, 0, {"text": "größer"}])
def test_an_answer_is_the_json_value(receiver: Receiver, value: Any) -> None:
    receiver.answers = [Reply.of(value)]

    assert sender.ask(parcel(receiver.url)) == value
    verify(receiver.requests[0].headers, receiver.requests[0].body, OLD)


@pytest.mark.parametrize("reply", [Reply(204), Reply(200), Reply(200, body=b" \n")])
def test_an_empty_answer_is_nothing(receiver: Receiver, reply: Reply) -> None:
    receiver.answers = [reply]

    assert sender.ask(parcel(receiver.url)) is None


@pytest.mark.parametrize(
    "body", [b"OK", b"<html>", b'{"a": NaN}', b"\xff\xfe", b"[" * 60_000, b'"' + b"x" * 70_000 + b'"', b"9" * 5_000]
)
def test_an_answer_that_is_not_json_is_broken(receiver: Receiver, body: bytes) -> None:
    receiver.answers = [Reply(200, body=body)]

    with pytest.raises(PermanentError, match="Broken answer") as caught:
        sender.ask(parcel(receiver.url))
    assert caught.value.status == 200


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422])
def test_a_refusal_is_told_in_the_receiver_s_words(receiver: Receiver, status: int) -> None:
    receiver.answers = [Reply.of({"title": "No", "detail": "The order is closed."}, status)]

    with pytest.raises(PermanentError) as caught:
        sender.ask(parcel(receiver.url))
    assert (caught.value.detail, caught.value.status) == ("The order is closed.", status)
    assert isinstance(caught.value, GoneError) is (status == 410)


def test_those_words_are_cut(receiver: Receiver) -> None:
    receiver.answers = [Reply.of({"detail": "x" * 5000}, 409)]

    with pytest.raises(PermanentError) as caught:
        sender.ask(parcel(receiver.url))
    assert caught.value.detail == "x" * 500


@pytest.mark.parametrize("body", [b"", b"no", b'{"detail": ""}', b'{"detail": [1]}', b'["detail"]', b"[" * 60_000])
def test_a_refusal_without_words_is_told_by_its_status(receiver: Receiver, body: bytes) -> None:
    receiver.answers = [Reply(409, body=body)]

    with pytest.raises(PermanentError, match="answered 409"):
        sender.ask(parcel(receiver.url))


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_asking_may_fail_for_now(receiver: Receiver, status: int) -> None:
    receiver.answers = [Reply.of({"detail": "Later."}, status)]

    with pytest.raises(TemporaryError, match=str(status)):
        sender.ask(parcel(receiver.url))
