"""Two calls with one Idempotency-Key at the very same time, on every database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from actions.models import EventAction
from tests import keyed
from tests.app.models import Article
from tests.threads import Call, Gate, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.keyed")]

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="where one transaction writes at a time")
not_on_sqlite = pytest.mark.skipif(connection.vendor == "sqlite", reason="where one transaction writes at a time")


class KilledError(BaseException):
    """What no code catches: as if the process had died in the middle."""


@pytest.fixture
def article(transactional_db: None) -> Article:
    return Article.objects.create(title="News")


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Where a call waits; open at the end, whatever a test has found."""
    made = Gate()
    yield made
    made.open()
    keyed.meanwhile.clear()


def send(user: User, article: Article, action: str, key: str = '"k"') -> Any:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(user)
    return client.post(f"/articles/{article.pk}/{action}/", headers={"Idempotency-Key": key})


def is_replay(response: Any) -> bool:
    return bool(response.headers.get("Idempotent-Replayed") == "true")


def likes(article: Article) -> int:
    article.refresh_from_db()
    return article.likes


@pytest.mark.parametrize("action", ["like", "like_loosely"])
def test_of_several_at_once_one_is_done(alice: User, article: Article, action: str) -> None:
    responses = together(4, lambda: send(alice, article, action))
    answers = sorted((response.status_code, is_replay(response)) for response in responses)
    assert likes(article) == 1
    if action == "like":
        assert answers == [(200, False), (200, True), (200, True), (200, True)]
    else:
        # Without a transaction, those that come while it runs are told so.
        assert answers.count((200, False)) == 1
        assert {status for status, _is_replay in answers} <= {200, 409}
    assert EventAction.objects.filter(outcome="succeeded").count() == 1


def test_other_keys_do_not_wait_for_each_other_and_all_are_done(alice: User, article: Article) -> None:
    keys = iter(['"a"', '"b"', '"c"', '"d"'])
    responses = together(4, lambda: send(alice, article, "like", next(keys)))
    assert [response.status_code for response in responses] == [200] * 4
    assert likes(article) == 4


@not_on_sqlite
def test_who_waits_too_long_is_told_that_the_first_still_runs(
    alice: User, article: Article, gate: Gate, settings: Any
) -> None:
    settings.DJACTION_KEY_WAIT_SECONDS = 1
    keyed.meanwhile.append(gate)
    first = Call(lambda: send(alice, article, "like_meanwhile"))
    gate.wait()
    began = time.monotonic()
    second = Call(lambda: send(alice, article, "like_meanwhile")).answer()
    assert 0.9 < time.monotonic() - began < 20
    assert first.is_running
    assert (second.status_code, second.json()["code"], second["Retry-After"]) == (409, "in_progress", "1")
    gate.open()
    assert first.answer().json() == {"likes": 1}
    third = send(alice, article, "like_meanwhile")
    assert (third.json(), is_replay(third)) == ({"likes": 1}, True)
    assert likes(article) == 1


@on_sqlite
def test_on_sqlite_who_waits_too_long_is_told_that_the_database_is_busy(
    alice: User, article: Article, gate: Gate
) -> None:
    keyed.meanwhile.append(gate)
    first = Call(lambda: send(alice, article, "like_meanwhile"))
    gate.wait()

    def impatient() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 200")
        return send(alice, article, "like_meanwhile")

    second = Call(impatient).answer()
    assert (second.status_code, second.json()["code"], second["Retry-After"]) == (503, "unavailable", "1")
    gate.open()
    assert first.answer().json() == {"likes": 1}
    assert is_replay(send(alice, article, "like_meanwhile"))
    assert likes(article) == 1


@pytest.mark.parametrize("patience", [20, 0.3])
def test_who_waits_for_one_that_dies_gets_its_turn(
    alice: User, article: Article, gate: Gate, settings: Any, patience: float
) -> None:
    settings.DJACTION_KEY_WAIT_SECONDS = patience

    def die() -> None:
        gate()
        raise KilledError

    keyed.meanwhile.append(die)
    first = Call(lambda: send(alice, article, "like_meanwhile"))
    gate.wait()
    second = Call(lambda: send(alice, article, "like_meanwhile"))
    time.sleep(0.1)
    assert second.is_running
    gate.open()
    assert isinstance(first.answer(), KilledError)
    response = second.answer()
    assert (response.status_code, response.json(), is_replay(response)) == (200, {"likes": 1}, False)
    assert likes(article) == 1
    assert EventAction.objects.count() == 1


def test_of_several_who_wait_for_one_that_dies_one_gets_its_turn(
    alice: User, article: Article, gate: Gate, settings: Any
) -> None:
    settings.DJACTION_KEY_WAIT_SECONDS = 20

    def die() -> None:
        gate()
        raise KilledError

    keyed.meanwhile.append(die)
    first = Call(lambda: send(alice, article, "like_meanwhile"))
    gate.wait()
    others = [Call(lambda: send(alice, article, "like_meanwhile")) for _ in range(3)]
    time.sleep(0.2)
    gate.open()
    assert isinstance(first.answer(), KilledError)
    answers = [(response.status_code, is_replay(response)) for response in (other.answer() for other in others)]
    assert answers.count((200, False)) == 1
    # MariaDB ends a quarrel over the free key by sending others away, who may come again.
    assert set(answers) <= {(200, False), (200, True), (503, False)}
    assert likes(article) == 1
    assert send(alice, article, "like_meanwhile").json() == {"likes": 1}


def test_who_waits_for_one_that_fails_gets_its_turn_or_its_answer(
    alice: User, article: Article, gate: Gate, settings: Any
) -> None:
    settings.DJACTION_KEY_WAIT_SECONDS = 20
    keyed.meanwhile.append(gate)
    first = Call(lambda: send(alice, article, "fail"))
    gate.wait()
    second = Call(lambda: send(alice, article, "fail"))
    time.sleep(0.1)
    gate.open()
    assert (first.answer().status_code, second.answer().status_code) == (500, 500)
    # Whoever was first, one of them keeps the key, and what comes later is that answer.
    assert EventAction.objects.filter(key_hash__isnull=False).count() == 1
    third = send(alice, article, "fail")
    assert (third.status_code, is_replay(third)) == (500, True)
    assert likes(article) == 0


def test_of_several_for_later_at_once_one_is_accepted(alice: User, article: Article) -> None:
    def later() -> Any:
        client = APIClient()
        client.force_authenticate(alice)
        headers = {"Idempotency-Key": '"k"', "Prefer": "respond-async"}
        return client.post(f"/articles/{article.pk}/like/", headers=headers)

    responses = together(4, later)
    assert [response.status_code for response in responses] == [202] * 4
    assert len({response["Location"] for response in responses}) == 1
    assert EventAction.objects.count() == 1
