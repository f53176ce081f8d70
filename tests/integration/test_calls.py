"""What becomes of a call for later, whatever happens to those who carry it out. They are doubles here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions import calls, work, worker
from actions.exceptions import UnavailableError, UnknownActionError
from actions.models import EventAction, PendingCall
from tests.pending import make_calls

pytestmark = pytest.mark.django_db


class Later:
    """Notes what it is asked for; `error` happens instead."""

    def __init__(self) -> None:
        self.carried_out: list[Any] = []
        self.given_up: list[tuple[Any, str]] = []
        self.error: Callable[[PendingCall], Exception] | None = None

    def carry_out(self, call: PendingCall, hold: work.Hold) -> None:
        assert hold.row is call
        self.carried_out.append(call.pk)
        if self.error is not None:
            raise self.error(call)
        work.finish(call)

    def give_up(self, call: PendingCall, reason: str) -> None:
        self.given_up.append((call.pk, reason))
        work.finish(call)


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    double = Later()
    monkeypatch.setattr(calls, "later", double)
    return double


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has every definition say what becomes of a call that was cut off."""

    def say(value: str) -> None:
        bound = SimpleNamespace(action=SimpleNamespace(interrupted=value))
        monkeypatch.setattr(calls, "find", lambda name: (None, bound))

    return say


def _carry_out_all() -> int:
    """How many calls were due."""
    count = 0
    while calls.carry_out_next("default"):
        count += 1
    return count


def _make_due() -> None:
    PendingCall.objects.update(due_at=timezone.now())


def test_calls_are_carried_out_as_long_as_some_are_due(later: Later) -> None:
    keys = [call.pk for call in make_calls(3)]
    make_calls(ago=-timedelta(hours=1))
    assert _carry_out_all() == 3
    assert later.carried_out == keys


def test_a_first_attempt_costs_only_claim_and_end() -> None:
    make_calls()
    with CaptureQueriesContext(connection) as queries:
        calls.carry_out_next("default")
    statements = [query for query in queries if query["sql"].startswith(("SELECT", "UPDATE", "DELETE"))]
    assert len(statements) == (2 if connection.vendor == "postgresql" else 3)


def test_where_the_database_is_busy_it_is_tried_again_later_and_later(
    later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "backoff", lambda attempts: timedelta(hours=attempts))
    make_calls()
    later.error = lambda call: UnavailableError()
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        for attempts in (1, 2, 3):
            assert _carry_out_all() == 1
            assert PendingCall.objects.get().due_at == now + timedelta(hours=attempts)
            _make_due()
        later.error = None
        assert _carry_out_all() == 1
    assert (len(later.carried_out), later.given_up) == (4, [])
    assert not PendingCall.objects.exists()


def test_a_database_that_is_busy_every_time_is_given_up(later: Later, settings: Any) -> None:
    settings.DJACTION_MAX_ATTEMPTS = 3
    (call,) = make_calls()
    later.error = lambda call: UnavailableError("A lock was not free.")
    for _ in range(5):
        _carry_out_all()
        _make_due()
    assert len(later.carried_out) == 3
    assert later.given_up == [(call.pk, "Tried 3 times. A lock was not free.")]


@pytest.mark.parametrize(("value", "begun"), [("retry", 2), ("fail", 1)])
def test_an_unforeseen_error_counts_as_cut_off_and_the_row_stays(
    value: str, begun: int, interrupted: Any, later: Later, caplog: pytest.LogCaptureFixture
) -> None:
    interrupted(value)
    make_calls()
    later.error = lambda call: ZeroDivisionError("by zero")
    assert _carry_out_all() == 1
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert PendingCall.objects.get().due_at > timezone.now() + timedelta(seconds=30), "not before the lease is over"
    later.error = None
    _make_due()
    assert _carry_out_all() == 1
    assert len(later.carried_out) == begun
    assert len(later.given_up) == 2 - begun
    assert not PendingCall.objects.exists()


@pytest.mark.parametrize(("value", "begun"), [("retry", 1), ("fail", 0)])
def test_a_call_whose_worker_died_is_begun_again_or_fails_as_its_definition_says(
    value: str, begun: int, interrupted: Any, later: Later
) -> None:
    interrupted(value)
    make_calls()
    assert work.claim(PendingCall, using="default", lease=timedelta(seconds=-1))
    assert _carry_out_all() == 1
    assert len(later.carried_out) == begun
    reasons = [reason for _, reason in later.given_up]
    assert reasons == ["It was cut off in the middle, and is not begun again by itself."] * (1 - begun)


def test_an_attempt_that_found_the_database_busy_is_no_cut_off_one(interrupted: Any, later: Later) -> None:
    interrupted("fail")
    make_calls()
    later.error = lambda call: UnavailableError()
    _carry_out_all()
    _make_due()
    later.error = None
    _carry_out_all()
    assert (len(later.carried_out), later.given_up) == (2, [])


def test_a_call_that_kills_its_workers_is_given_up(later: Later, interrupted: Any, settings: Any) -> None:
    interrupted("retry")
    settings.DJACTION_MAX_ATTEMPTS = 3
    make_calls()
    for _ in range(3):
        assert work.claim(PendingCall, using="default", lease=timedelta(seconds=-1))
    assert _carry_out_all() == 1
    assert not later.carried_out
    assert [reason for _, reason in later.given_up] == ["Begun 3 times, and never brought to an end."]


def test_a_call_of_an_action_that_is_gone_is_left_to_who_carries_it_out(
    later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> None:
        raise UnknownActionError

    monkeypatch.setattr(calls, "find", fail)
    make_calls()
    assert work.claim(PendingCall, using="default", lease=timedelta(seconds=-1))
    assert _carry_out_all() == 1
    assert len(later.carried_out) == 1


def test_a_lost_lease_is_logged_and_the_next_call_is_taken(later: Later, caplog: pytest.LogCaptureFixture) -> None:
    first, second = make_calls(2)

    def lose(call: PendingCall) -> Exception:
        PendingCall.objects.filter(pk=first.pk).update(fence=7)
        later.error = None
        return work.LeaseLostError("lost")

    later.error = lose
    assert _carry_out_all() == 2
    assert later.carried_out == [first.pk, second.pk]
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == ["lost"]
    assert PendingCall.objects.get().fence == 7


def test_a_queue_that_cannot_be_asked_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(work, "claim", fail)
    with pytest.raises(ZeroDivisionError):
        calls.carry_out_next("default")


def test_calls_are_looked_for_where_records_are() -> None:
    assert calls.databases() == ["default"]


def test_a_worker_that_is_started_once_carries_out_what_is_due(later: Later) -> None:
    make_calls(2)
    queue = worker.QueueSource([worker.Queue("calls", calls.databases, calls.carry_out_next)], lambda: 0.0)
    asker = worker.Worker([queue], clock=lambda: 0.0)
    assert asker.run_once() == []
    asker.close()
    assert len(later.carried_out) == 2
    assert EventAction.objects.count() == 2
