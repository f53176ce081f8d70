"""Standard Webhooks: signing and verifying, with the standard's own library as the judge."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from actions.exceptions import ActionsError
from actions.signatures import SignatureError, check_secret, new_secret, sign, verify

OLD, NEW = "whsec_" + base64.b64encode(b"o" * 32).decode(), "whsec_" + base64.b64encode(b"n" * 24).decode()
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STAMP = int(NOW.timestamp())
BODY = '{"type":"todo.mark_done.succeeded","data":{"text":"äöü"}}'.encode()


def signed(*secrets: str, timestamp: int = STAMP, body: bytes = BODY) -> dict[str, str]:
    uid = str(uuid4())
    return {
        "webhook-id": uid,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secrets or (OLD,), uid, timestamp, body),
    }


def test_the_standard_s_own_library_accepts_what_is_signed_here() -> None:
    judge = pytest.importorskip("standardwebhooks").Webhook(OLD)
    headers = signed(NEW, OLD, timestamp=int(datetime.now(UTC).timestamp()))

    assert judge.verify(BODY, headers) == json.loads(BODY)


def test_what_the_standard_s_own_library_signs_is_accepted_here() -> None:
    judge = pytest.importorskip("standardwebhooks").Webhook(OLD)
    signature = judge.sign("msg_1", NOW, BODY.decode())

    verify({"webhook-id": "msg_1", "webhook-timestamp": str(STAMP), "webhook-signature": signature}, BODY, OLD, now=NOW)


@given(body=st.text(), uid=st.uuids(), stamp=st.integers(0, 10**10), key=st.binary(min_size=24, max_size=64))
def test_both_sign_the_same(body: str, uid: Any, stamp: int, key: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    judge = pytest.importorskip("standardwebhooks").Webhook(secret)

    at = datetime.fromtimestamp(stamp, UTC)
    assert sign([secret], uid, stamp, body.encode()) == judge.sign(str(uid), at, body)


def test_a_new_secret_is_good_and_never_the_same() -> None:
    secrets = {new_secret() for _ in range(20)}

    assert len(secrets) == 20
    assert {check_secret(secret) for secret in secrets} == {""}


@pytest.mark.parametrize("known", [OLD, NEW, [OLD], (NEW, OLD)])
def test_while_a_secret_is_exchanged_either_is_enough(known: Any) -> None:
    verify(signed(NEW, OLD), BODY, known, now=NOW)


def test_a_receiver_may_know_both_before_the_sender_does() -> None:
    verify(signed(OLD), BODY, [NEW, OLD], now=NOW)


def test_header_names_may_be_written_in_any_way() -> None:
    verify({name.title(): value for name, value in signed().items()}, BODY, OLD, now=NOW)


def test_a_secret_needs_neither_its_prefix_nor_its_padding() -> None:
    verify(signed(OLD), BODY, OLD.removeprefix("whsec_").rstrip("="), now=NOW)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"webhook-id": None}, '"webhook-id" is missing'),
        ({"webhook-timestamp": None}, '"webhook-timestamp" is missing'),
        ({"webhook-signature": ""}, '"webhook-signature" is missing'),
        ({"webhook-id": "another"}, "does not fit"),
        ({"webhook-timestamp": str(STAMP + 1)}, "does not fit"),
        ({"webhook-timestamp": "yesterday"}, "not a number"),
        ({"webhook-timestamp": "-1"}, "not a number"),
        ({"webhook-timestamp": "٣"}, "not a number"),
        ({"webhook-timestamp": "9" * 5000}, "not a number"),
        ({"webhook-signature": "v1,%%%"}, "not base64"),
        ({"webhook-signature": "v1,äöü="}, "not base64"),
        ({"webhook-signature": "v1a,AAAA"}, 'version "v1"'),
        ({"webhook-signature": "v1"}, "does not fit"),
        ({"webhook-signature": "v1,"}, "does not fit"),
        ({"webhook-signature": "v1,AAAA v1,%%% v2,AAAA"}, "does not fit"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, str | None], sentence: str) -> None:
    headers = {name: value for name, value in {**signed(), **changes}.items() if value is not None}

    with pytest.raises(SignatureError, match=sentence):
        verify(headers, BODY, OLD, now=NOW)


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(SignatureError, match="does not fit"):
        verify(signed(), BODY + b" ", OLD, now=NOW)


def test_another_s_secret_is_refused() -> None:
    with pytest.raises(SignatureError, match="does not fit"):
        verify(signed(NEW), BODY, OLD, now=NOW)


@pytest.mark.parametrize(("seconds", "word"), [(301, "old"), (-301, "new")])
def test_a_message_of_another_time_is_refused(seconds: int, word: str) -> None:
    with pytest.raises(SignatureError, match=f"too {word}"):
        verify(signed(timestamp=STAMP - seconds), BODY, OLD, now=NOW)


@pytest.mark.parametrize("seconds", [300, -300])
def test_clocks_may_differ_by_five_minutes_or_what_is_said(seconds: int) -> None:
    verify(signed(timestamp=STAMP - seconds), BODY, OLD, now=NOW)
    with pytest.raises(SignatureError):
        verify(signed(timestamp=STAMP - seconds), BODY, OLD, now=NOW, tolerance=timedelta(minutes=1))


def test_now_is_now() -> None:
    verify(signed(timestamp=int(datetime.now(UTC).timestamp())), BODY, OLD)
    with pytest.raises(SignatureError, match="too old"):
        verify(signed(timestamp=0), BODY, OLD)


@pytest.mark.parametrize("secrets", ["", [""], "whsec_", "whsec_%%%"])
def test_without_a_secret_nothing_is_believed(secrets: Any) -> None:
    with pytest.raises(SignatureError, match="secret"):
        verify(signed(), BODY, secrets, now=NOW)


def test_no_secrets_at_all_accept_nothing() -> None:
    with pytest.raises(SignatureError, match="does not fit"):
        verify(signed(), BODY, [], now=NOW)


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        (OLD, ""),
        (None, "is not a text"),
        (b"whsec_", "is not a text"),
        ("", "is empty"),
        ("whsec_", "is empty"),
        ("whsec_hunter-2", "is not base64"),
        ("whsec_äöü", "is not base64"),
        ("whsk_" + OLD.removeprefix("whsec_"), "is not base64"),
        ("whsec_c2hvcnQ=", "has 5 bytes, not 24 to 64"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "has 65 bytes, not 24 to 64"),
    ],
)
def test_a_bad_secret_is_found_and_not_shown(secret: Any, problem: str) -> None:
    assert check_secret(secret).startswith(problem)
    assert bool(check_secret(secret)) is bool(problem)
    assert "hunter" not in check_secret(secret)


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()))
def test_whatever_comes_only_one_error_is_raised(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureError):
        verify(headers, BODY, OLD)
    assert issubclass(SignatureError, ActionsError)


def test_the_example_of_a_django_view_works() -> None:
    def receive(request: HttpRequest) -> HttpResponse:
        try:
            verify(request.headers, request.body, OLD)
        except SignatureError as error:
            return HttpResponse(str(error), status=400)
        return HttpResponse(status=204)

    good = signed(timestamp=int(datetime.now(UTC).timestamp()))
    bad = {**good, "webhook-id": "another"}
    statuses = [
        receive(RequestFactory().post("/", BODY, content_type="application/json", headers=headers)).status_code
        for headers in (good, bad)
    ]

    assert statuses == [204, 400]
