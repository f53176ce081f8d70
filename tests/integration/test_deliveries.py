"""What becomes of a delivery, however its receiver answers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from actions import archive, delivery, perform
from actions.delivery import health, sending
from actions.delivery.endpoints import fan_out, wants
from actions.models import ArchivedEventAction, Delivery, EventAction, HookState
from actions.senders import GoneError, Parcel, PermanentError, Receipt, TemporaryError
from actions.setting_checks import check_settings
from actions.work import claim
from example_app.models import Todo
from tests.mailbox import (
    DOWNSTREAM,
    SENDER,
    Mailbox,
    deliver_all,
    mailbox,
    message_of,
    post,
    subscribe,
)
from tests.records import OLD, in_files, in_table, live, make_events
from tests.threads import Call

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BUSY = TemporaryError("busy", status=503)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


@pytest.fixture(autouse=True)
def _hooks(settings: Any, box: Mailbox) -> None:
    settings.DJACTION_HOOKS = {
        "crm": {"type": SENDER, "color": "red"},
        "erp": {"type": SENDER},
        "etl": {"type": DOWNSTREAM},
        "stored": {"type": "endpoints"},
    }


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Time that stands still until the test moves it."""
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def row_of(row: Delivery) -> Delivery:
    return Delivery.objects.get(pk=row.pk)


def states(*rows: Delivery) -> list[str]:
    return [row_of(row).state for row in rows]


# --- taken ------------------------------------------------------------------------------------------------------------


def test_what_is_taken_is_over_and_keeps_the_receipt(box: Mailbox, clock: Any) -> None:
    row, *_ = post(traceparent="00-1", options={"color": "blue"})
    box.answers["crm"] = [Receipt({"id": 7})]
    assert deliver_all() == 1
    (parcel,) = box.parcels
    assert (parcel.uid, parcel.hook, parcel.message, parcel.attempt) == (row.uid, "crm", row.message, 1)
    assert (parcel.correlation_id, parcel.traceparent, parcel.receipt) == ("c", "00-1", {})
    assert parcel.options == {"color": "blue"}, "the definition's go before the settings'"
    row.refresh_from_db()
    assert (row.state, row.receipt, row.error, row.tries) == ("delivered", {"id": 7}, "", 1)
    assert (row.due_at, row.ended_at, row.first_tried_at) == (None, timezone.now(), timezone.now())
    assert not HookState.objects.exists()
    assert deliver_all() == 0


def test_every_attempt_has_the_same_number(box: Mailbox, clock: Any) -> None:
    (row,) = post()
    box.answers["crm"] = [BUSY, ValueError("broken"), BUSY, Receipt()]
    for _ in range(4):
        deliver_all()
        clock.shift(HOUR)
    assert box.uids("crm") == [row.uid] * 4
    assert [parcel.attempt for parcel in box.parcels] == [1, 2, 3, 4]
    assert states(row) == ["delivered"]


# --- not taken for now ------------------------------------------------------------------------------------------------


def test_a_hook_that_fails_is_paused_with_all_that_waits_for_it_and_others_go_on(box: Mailbox, clock: Any) -> None:
    rows = post(3)
    (other,) = post(hook="erp")
    box.answers["crm"] = [BUSY]
    deliver_all()
    assert len(box.of("crm")) == 1, "one attempt is enough to know"
    assert states(*rows, other) == ["waiting"] * 3 + ["delivered"]
    state = HookState.objects.get()
    assert (state.hook, state.failures, state.failing_since, state.error) == ("crm", 1, timezone.now(), "503: busy")
    assert state.paused_until is not None
    assert timedelta(seconds=2) <= state.paused_until - timezone.now() <= timedelta(seconds=4)
    first, *others = map(row_of, rows)
    assert (first.tries, first.error, first.ended_at) == (1, "503: busy", None)
    assert [row.tries for row in others] == [0, 0]
    assert all(row.due_at is not None and row.due_at >= state.paused_until for row in (first, *others))


def test_what_is_written_while_its_hook_is_paused_waits_as_well(box: Mailbox, clock: Any) -> None:
    post()
    box.answers["crm"] = [BUSY]
    deliver_all()
    (late,) = post()
    assert deliver_all() == 1
    assert len(box.parcels) == 1
    assert row_of(late).due_at == HookState.objects.get().paused_until
    assert row_of(late).tries == 0


def test_the_pauses_grow(box: Mailbox, clock: Any) -> None:
    (row,) = post()
    box.answers["crm"] = [BUSY]
    waits = []
    for _ in range(12):
        deliver_all()
        due_at = row_of(row).due_at
        assert due_at is not None
        waits.append((due_at - timezone.now()).total_seconds())
        clock.move_to(due_at)
    longest = [4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert HookState.objects.get().failures == 12


def test_a_receiver_that_says_when_is_left_alone_until_then(box: Mailbox, clock: Any) -> None:
    row, other = post(2)
    box.answers["crm"] = [TemporaryError("slow down", status=429, retry_after=timedelta(minutes=7)), Receipt()]
    deliver_all()
    assert HookState.objects.get().paused_until == timezone.now() + timedelta(minutes=7)
    clock.shift(timedelta(minutes=7) - timedelta(seconds=1))
    assert deliver_all() == 0
    clock.shift(timedelta(seconds=1))
    deliver_all()
    assert states(row, other) == ["delivered"] * 2


def test_a_receiver_cannot_ask_for_a_pause_without_end(box: Mailbox, clock: Any) -> None:
    post()
    box.answers["crm"] = [TemporaryError("later", retry_after=timedelta(days=900))]
    deliver_all()
    assert HookState.objects.get().paused_until == timezone.now() + timedelta(days=1)


def test_a_success_ends_what_is_known_of_failures(box: Mailbox, clock: Any) -> None:
    post()
    box.answers["crm"] = [BUSY, BUSY, Receipt()]
    for _ in range(2):
        deliver_all()
        clock.shift(HOUR)
    assert HookState.objects.get().failures == 2
    deliver_all()
    assert not HookState.objects.exists()


def test_what_is_given_up_has_had_its_time_and_five_tries(box: Mailbox, clock: Any, settings: Any) -> None:
    settings.DJACTION_DELIVERY_RETRY_MINUTES = 60
    (row,) = post()
    box.answers["crm"] = [BUSY]
    deliver_all()
    for tries in (2, 3, 4):
        clock.shift(DAY)
        deliver_all()
        assert (row_of(row).tries, row_of(row).state) == (tries, "waiting"), "the worker was away most of the time"
    clock.shift(DAY)
    deliver_all()
    found = row_of(row)
    assert (found.tries, found.state, found.error) == (5, "dead", "503: busy")
    assert (found.due_at, found.ended_at) == (None, timezone.now())
    clock.shift(DAY)
    assert deliver_all() == 0


def test_five_tries_are_not_the_end_before_the_time_is_over(box: Mailbox, clock: Any) -> None:
    (row,) = post()
    box.answers["crm"] = [BUSY]
    for _ in range(20):
        deliver_all()
        clock.shift(HOUR)
    assert (row_of(row).tries, row_of(row).state) == (20, "waiting")


def test_a_hook_that_the_settings_do_not_have_waits_and_says_so(box: Mailbox, clock: Any, settings: Any) -> None:
    (row,) = post(hook="gone")
    deliver_all()
    assert states(row) == ["waiting"]
    assert row_of(row).error == 'DJACTION_HOOKS has no hook "gone".'
    clock.shift(HOUR)
    settings.DJACTION_HOOKS = {"gone": {"type": SENDER, "ordered": "yes"}}
    deliver_all()
    assert row_of(row).error == 'DJACTION_HOOKS["gone"]: ordered is neither True nor False.'
    clock.shift(HOUR)
    settings.DJACTION_HOOKS = {"gone": {"type": "no.such.Sender"}}
    deliver_all()
    assert "no.such.Sender" in row_of(row).error
    clock.shift(HOUR)
    settings.DJACTION_HOOKS = {"gone": {"type": SENDER}}
    deliver_all()
    assert states(row) == ["delivered"]


def test_a_sender_that_breaks_is_tried_again_and_its_words_stay_here(
    box: Mailbox, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (row,) = post()
    box.answers["crm"] = [ZeroDivisionError("s3cr3t"), Receipt()]
    deliver_all()
    assert (row_of(row).state, row_of(row).error) == ("waiting", "The sender broke: ZeroDivisionError.")
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is None
    assert "ZeroDivisionError in take" in record.getMessage()
    assert "s3cr3t" not in record.getMessage()
    clock.shift(HOUR)
    deliver_all()
    assert states(row) == ["delivered"]


def test_a_sender_that_gives_no_receipt_is_given_up_at_once(box: Mailbox, clock: Any) -> None:
    (row,) = post()
    box.answers["crm"] = [lambda parcel: None]
    deliver_all()
    assert (row_of(row).state, row_of(row).error) == (
        "dead",
        "The sender gave no receipt. Perhaps the message was sent.",
    )


@pytest.mark.parametrize("hook", ["crm", "etl"])
def test_a_receipt_with_what_no_database_holds_is_kept_without_it(box: Mailbox, clock: Any, hook: str) -> None:
    (row,) = post(hook=hook)
    box.answers[hook] = [Receipt({"result": float("nan"), "text": "a\x00b", "half": "\ud800", "who": object})]
    deliver_all()
    assert states(row) == ["delivered"]
    assert len(box.parcels) == 1
    assert "\x00" not in str(row_of(row).receipt)


def test_what_breaks_where_nobody_has_thought_of_it_is_seen_and_waits(
    box: Mailbox, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = post()
    with monkeypatch.context() as patch:
        patch.setattr(sending, "_succeed", lambda *args: {}["nothing"])
        deliver_all()
    found = row_of(row)
    assert (found.state, found.tries, found.error) == ("waiting", 1, "It broke: KeyError.")
    assert found.due_at is not None
    assert found.due_at > timezone.now()
    clock.shift(HOUR)
    deliver_all()
    assert states(row) == ["delivered"]


def test_a_receiver_that_is_ready_at_once_is_left_alone_for_a_moment(box: Mailbox, clock: Any) -> None:
    post(5)
    box.answers["crm"] = [TemporaryError("again", status=503, retry_after=timedelta(0))]
    deliver_all()
    assert len(box.parcels) == 1


class Unmade:
    def __init__(self) -> None:
        raise RuntimeError("no")


@pytest.mark.parametrize("kind", ["json.loads", "collections.OrderedDict", "no.such.Sender", f"{__name__}.Unmade"])
def test_a_sender_that_cannot_be_made_is_said_and_its_deliveries_wait(settings: Any, clock: Any, kind: str) -> None:
    settings.DJACTION_HOOKS = {"own": {"type": kind}}
    (row,) = post(hook="own")
    deliver_all()
    assert row_of(row).state == "waiting"
    assert kind in row_of(row).error
    assert [each.id for each in check_settings() if '["own"]' in each.msg] == ["actions.E014"]


# --- never taken ------------------------------------------------------------------------------------------------------


def test_what_is_refused_for_good_is_dead_at_once_and_the_others_go_on(box: Mailbox, clock: Any) -> None:
    rows = post(2)
    box.answers["crm"] = [PermanentError("unknown list", status=422), Receipt()]
    deliver_all()
    assert states(*rows) == ["dead", "delivered"]
    first = row_of(rows[0])
    assert (first.error, first.due_at, first.ended_at) == ("422: unknown list", None, timezone.now())
    assert not HookState.objects.exists()


def test_a_hook_of_the_settings_that_is_gone_is_no_endpoint(box: Mailbox, clock: Any) -> None:
    rows = post(2)
    box.answers["crm"] = [GoneError("gone", status=410), Receipt()]
    deliver_all()
    assert states(*rows) == ["dead", "delivered"]
    assert not HookState.objects.exists()


# --- what operators do ------------------------------------------------------------------------------------------------


def test_a_dead_one_that_is_retried_has_all_its_time_again(box: Mailbox, clock: Any, settings: Any) -> None:
    settings.DJACTION_DELIVERY_RETRY_MINUTES = 60
    (row,) = post(tries=9, first_tried_at=timezone.now() - DAY)
    box.answers["crm"] = [BUSY]
    deliver_all()
    assert states(row) == ["dead"]
    clock.shift(HOUR)
    assert delivery.retry(Delivery.objects.all()) == 1
    found = row_of(row)
    assert (found.state, found.tries, found.first_tried_at, found.ended_at) == ("waiting", 0, None, None)
    deliver_all()
    assert (row_of(row).state, row_of(row).tries) == ("waiting", 1)
    assert box.uids("crm") == [row.uid] * 2


def test_one_that_waits_is_tried_at_once_though_its_hook_is_paused(box: Mailbox, clock: Any) -> None:
    (row,) = post()
    box.answers["crm"] = [TemporaryError("later", retry_after=HOUR), Receipt()]
    deliver_all()
    assert delivery.retry(Delivery.objects.all()) == 1
    deliver_all()
    assert states(row) == ["delivered"]


def test_what_is_over_is_not_retried(box: Mailbox, clock: Any) -> None:
    rows = [*post(), *post(state="discarded", due_at=None)]
    deliver_all()
    assert delivery.retry(Delivery.objects.all()) == 0
    assert deliver_all() == 0
    assert states(*rows) == ["delivered", "discarded"]


def test_what_nobody_needs_is_discarded(box: Mailbox, clock: Any) -> None:
    waiting, dead, followed = (
        post(state=state, due_at=None if state == "dead" else timezone.now() + HOUR)[0]
        for state in ("waiting", "dead", "followed")
    )
    (done,) = post(state="delivered", due_at=None)
    assert delivery.discard(Delivery.objects.all()) == 3
    assert states(waiting, dead, followed, done) == ["discarded"] * 3 + ["delivered"]
    assert row_of(waiting).ended_at == timezone.now()
    clock.shift(DAY)
    assert deliver_all() == 0


def test_what_is_discarded_while_it_is_sent_stays_discarded(box: Mailbox, clock: Any) -> None:
    (row,) = post()

    def discard(parcel: Parcel) -> Receipt:
        delivery.discard(Delivery.objects.all())
        return Receipt({"id": 7})

    box.answers["crm"] = [discard]
    deliver_all()
    assert (row_of(row).state, row_of(row).receipt) == ("discarded", None)


def test_what_is_over_is_removed_after_its_time(clock: Any, settings: Any) -> None:
    settings.DJACTION_DELIVERY_TTL_MINUTES = 60
    before = timezone.now() - timedelta(minutes=61)
    for state in ("delivered", "discarded", "dead", "waiting", "followed"):
        post(state=state, due_at=None, ended_at=before)
    post(state="delivered", due_at=None, ended_at=timezone.now() - timedelta(minutes=59))
    assert delivery.remove_old() is False
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["dead", "delivered", "followed", "waiting"]


def test_a_lot_is_removed_bit_by_bit(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actions.delivery.upkeep.REMOVED_AT_ONCE", 2)
    post(3, state="delivered", due_at=None, ended_at=timezone.now() - timedelta(days=30))
    assert [delivery.remove_old(), delivery.remove_old()] == [True, False]
    assert not Delivery.objects.exists()


# --- followed ---------------------------------------------------------------------------------------------------------


def test_what_goes_on_at_the_receiver_is_followed_to_its_end(box: Mailbox, clock: Any) -> None:
    (row,) = post(hook="etl")
    box.answers["etl"] = [
        Receipt({"state": "queued"}, again_in=timedelta(seconds=10)),
        Receipt({"state": "running"}, again_in=timedelta(seconds=20)),
        Receipt({"state": "success"}),
    ]
    deliver_all()
    found = row_of(row)
    assert (found.state, found.receipt, found.ended_at) == ("followed", {"state": "queued"}, None)
    assert found.due_at == timezone.now() + timedelta(seconds=10)
    assert EventAction.objects.get(pk=row.event_id).downstream == {"etl": {"state": "queued"}}
    clock.shift(timedelta(seconds=10))
    deliver_all()
    assert row_of(row).due_at == timezone.now() + timedelta(seconds=20)
    clock.shift(timedelta(seconds=20))
    deliver_all()
    assert (row_of(row).state, row_of(row).ended_at) == ("delivered", timezone.now())
    assert [parcel.receipt for parcel in box.parcels] == [{}, {"state": "queued"}, {"state": "running"}]
    assert EventAction.objects.get(pk=row.event_id).downstream == {"etl": {"state": "success"}}


def test_what_two_hooks_have_made_of_an_event_stands_in_its_record(box: Mailbox, settings: Any) -> None:
    settings.DJACTION_HOOKS = {name: {"type": DOWNSTREAM} for name in ("one", "two")} | {"crm": {"type": SENDER}}
    (event,) = make_events()
    for hook in ("one", "two", "crm"):
        post(event=event, hook=hook)
        box.answers[hook] = [Receipt({"by": hook})]
    deliver_all()
    event.refresh_from_db()
    assert event.downstream == {"one": {"by": "one"}, "two": {"by": "two"}}


def test_a_record_that_is_archived_meanwhile_does_not_keep_a_delivery_from_its_end(box: Mailbox) -> None:
    (row,) = post(hook="etl")
    EventAction.objects.all().delete()
    deliver_all()
    assert states(row) == ["delivered"]


def test_a_followed_one_that_cannot_be_asked_for_days_is_dead_and_not_at_the_first_failure(
    box: Mailbox, clock: Any
) -> None:
    (row,) = post(hook="etl")
    box.answers["etl"] = [Receipt({"id": 1}, again_in=HOUR)] * 100 + [BUSY]
    for _ in range(100):
        assert deliver_all() == 1
        clock.shift(HOUR)
    deliver_all()
    assert (row_of(row).state, row_of(row).receipt, row_of(row).error) == ("followed", {"id": 1}, "503: busy")
    for _ in range(100):
        clock.shift(HOUR)
        deliver_all()
    assert states(row) == ["dead"]


def test_a_followed_one_waits_while_its_hook_is_paused(box: Mailbox, clock: Any) -> None:
    (row,) = post(hook="etl", state="followed", receipt={"id": 1})
    until = timezone.now() + HOUR
    HookState.objects.create(hook="etl", failures=3, failing_since=timezone.now(), paused_until=until)
    deliver_all()
    assert (row_of(row).state, row_of(row).due_at) == ("followed", until)
    assert not box.parcels


# --- stored webhooks --------------------------------------------------------------------------------------------------


def test_one_delivery_becomes_one_for_each_stored_webhook_that_wants_it(box: Mailbox, clock: Any) -> None:
    wanting = [
        subscribe(),
        subscribe(actions=["todo:*"]),
        subscribe(actions=["list:*", "todo:mark_done"]),
        subscribe(outcomes=["failed", "succeeded"]),
    ]
    subscribe(actions=["todo:reopen"])
    subscribe(outcomes=["failed"])
    subscribe(is_active=False)
    subscribe(created_at=timezone.now() + HOUR)
    disabled = subscribe()
    health.disable(disabled.hook, "default", "gone")
    (row,) = post(hook="stored", traceparent="00-1")
    deliver_all()
    assert not Delivery.objects.filter(hook="stored").exists()
    assert {parcel.hook for parcel in box.parcels} == {endpoint.hook for endpoint in wanting}
    assert len(box.parcels) == len({parcel.uid for parcel in box.parcels}) == 4
    parcel = box.of(wanting[0].hook)[0]
    assert parcel.options == {"url": "https://receiver.example/", "secret": ["s"]}
    assert (parcel.message, parcel.correlation_id, parcel.traceparent) == (row.message, "c", "00-1")
    assert set(Delivery.objects.values_list("event", "state")) == {(row.event_id, "delivered")}


def test_what_a_stored_webhook_wants_stands_in_the_record() -> None:
    (event,) = make_events(outcome="refused")
    assert not wants(subscribe(), event)
    assert wants(subscribe(outcomes=["refused"], actions=["*:mark_done"]), event)


def test_a_message_with_data_of_its_own_reaches_stored_webhooks(box: Mailbox) -> None:
    webhook = subscribe(actions=["todo:*"])
    (event,) = make_events()
    post(event=event, hook="stored", message={**message_of(event), "data": {"total": 5}})
    deliver_all()
    assert [parcel.message["data"] for parcel in box.of(webhook.hook)] == [{"total": 5}]


def test_nothing_is_sent_to_a_disabled_webhook_also_not_by_a_retry(box: Mailbox, clock: Any) -> None:
    webhook = subscribe()
    (row,) = post(hook=webhook.hook)
    box.answers[webhook.hook] = [GoneError("gone", status=410), Receipt()]
    deliver_all()
    delivery.retry(Delivery.objects.filter(pk=row.pk))
    deliver_all()
    assert (states(row), len(box.parcels)) == (["dead"], 1)
    delivery.enable(webhook.hook, "default")
    delivery.retry(Delivery.objects.filter(pk=row.pk))
    deliver_all()
    assert (states(row), len(box.parcels)) == (["delivered"], 2)


def test_with_no_stored_webhook_nothing_is_left_to_do(box: Mailbox) -> None:
    post(hook="stored")
    assert deliver_all() == 1
    assert not Delivery.objects.exists()


def test_a_stored_webhook_that_is_switched_off_or_removed_gets_nothing_more(box: Mailbox) -> None:
    off, gone = subscribe(), subscribe()
    post(hook="stored")
    delivery.deliver_next("default")
    off.is_active = False
    off.save()
    gone.delete()
    deliver_all()
    assert not box.parcels
    assert set(Delivery.objects.values_list("state", "error")) == {("discarded", "Its endpoint is gone.")}


def test_a_stored_webhook_that_wants_nothing_more_is_disabled_until_somebody_enables_it(
    box: Mailbox, clock: Any
) -> None:
    endpoint, other = subscribe(), subscribe()
    post(3, hook="stored")
    box.answers[endpoint.hook] = [Receipt(), GoneError("gone", status=410), Receipt()]
    deliver_all()
    assert len(box.of(endpoint.hook)) == 2
    assert len(box.of(other.hook)) == 3
    mine = Delivery.objects.filter(hook=endpoint.hook)
    assert sorted(mine.values_list("state", flat=True)) == ["dead", "dead", "delivered"]
    assert set(mine.filter(state="dead").values_list("error", flat=True)) == {"410: gone"}
    assert HookState.objects.get().disabled_at == timezone.now()
    post(hook="stored")
    deliver_all()
    assert mine.count() == 3
    assert delivery.enable(endpoint.hook, "default") == 0
    assert not HookState.objects.exists()
    post(hook="stored")
    assert delivery.retry(mine) == 2
    deliver_all()
    assert list(mine.values_list("state", flat=True)) == ["delivered"] * 4


def test_a_stored_webhook_that_fails_for_days_is_disabled(box: Mailbox, clock: Any, settings: Any) -> None:
    settings.DJACTION_DELIVERY_RETRY_MINUTES = 60
    endpoint = subscribe()
    post(3, hook="stored")
    box.answers[endpoint.hook] = [BUSY]
    for _ in range(8):
        deliver_all()
        assert HookState.objects.get().disabled_at is None or box.parcels[4:]
        clock.shift(HOUR)
    assert HookState.objects.get().disabled_at is not None
    assert list(Delivery.objects.values_list("state", flat=True)) == ["dead"] * 3
    assert len(box.parcels) == 5


def test_to_enable_a_hook_is_to_have_all_that_waits_sent(box: Mailbox, clock: Any) -> None:
    rows = post(2)
    box.answers["crm"] = [TemporaryError("later", retry_after=HOUR), Receipt()]
    deliver_all()
    assert delivery.enable("crm", "default") == 2
    deliver_all()
    assert states(*rows) == ["delivered"] * 2


# --- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("destination", ["table", "files", "nowhere"])
def test_a_record_stays_as_long_as_a_delivery_of_it_is_open(
    destination: str, settings: Any, tmp_path: Any, box: Mailbox
) -> None:
    settings.DJACTION_ARCHIVE = destination
    settings.DJACTION_ARCHIVE_STORAGE = "records"
    storage = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "records": storage}
    states_of = {"waiting": True, "followed": True, "dead": True, "delivered": False, "discarded": False}
    events = dict(zip(states_of, make_events(5, age=OLD), strict=True))
    for state, event in events.items():
        # Another one of the record is over.
        post(event=event, state="delivered", due_at=None, ended_at=timezone.now())
        post(event=event, state=state, due_at=None)
    assert archive.archive().count == 2
    assert live() == {events[state].uid for state, is_open in states_of.items() if is_open}
    assert delivery.discard(Delivery.objects.all()) == 3
    assert archive.archive().count == 3
    assert not live()
    found = {"table": in_table, "files": lambda: in_files(tmp_path), "nowhere": list}[destination]()
    assert set(found) == ({event.uid for event in events.values()} if destination != "nowhere" else set())
    assert Delivery.objects.count() == 10, "they have a time of their own"


@pytest.mark.django_db(transaction=True)
def test_what_came_of_it_elsewhere_is_archived_with_the_record(settings: Any) -> None:
    settings.DJACTION_ARCHIVE = "table"
    make_events(downstream={"etl": {"state": "success"}})
    archive.archive()
    assert ArchivedEventAction.objects.get().downstream == {"etl": {"state": "success"}}


# --- who sends --------------------------------------------------------------------------------------------------------


def test_a_worker_sends(box: Mailbox, todo: Todo, alice: Any) -> None:
    perform("todo:mark_done", todo.pk, {"note": "x"}, actor=alice)
    assert not box.parcels
    call_command("actions_worker", "--once")
    assert {parcel.hook for parcel in box.parcels} == {"crm", "erp", "etl"}
    assert not Delivery.objects.exclude(state="delivered").exists()


@pytest.mark.django_db(transaction=True)
def test_the_process_of_the_call_sends_after_the_commit_where_the_settings_say_so(
    box: Mailbox, settings: Any, todo: Todo, alice: Any
) -> None:
    settings.DJACTION_DELIVER = "commit"
    endpoint = subscribe()
    seen = []
    box.answers["crm"] = [lambda parcel: seen.append(connection.in_atomic_block) or Receipt()]  # type: ignore[func-returns-value]
    with transaction.atomic():
        perform("todo:mark_done", todo.pk, {"note": "x"}, actor=alice)
        assert not box.parcels
    assert seen == [False]
    assert {parcel.hook for parcel in box.parcels} == {"crm", "erp", "etl", endpoint.hook}
    assert not Delivery.objects.exclude(state="delivered").exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_sent_by_nobody(box: Mailbox, settings: Any, todo: Todo, alice: Any) -> None:
    settings.DJACTION_DELIVER = "commit"
    with transaction.atomic():
        perform("todo:mark_done", todo.pk, {"note": "x"}, actor=alice)
        transaction.set_rollback(True)
    assert not box.parcels
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_sent_after_the_commit_is_left_to_a_worker(
    box: Mailbox, settings: Any, todo: Todo, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DJACTION_DELIVER = "commit"
    settings.DJACTION_HOOKS = {"crm": {"type": SENDER}}
    box.answers["crm"] = [BUSY, Receipt()]
    assert perform("todo:mark_done", todo.pk, {"note": "x"}, actor=alice).status == 200
    assert (Delivery.objects.get().state, Delivery.objects.get().error) == ("waiting", "503: busy")
    monkeypatch.setattr(sending, "claim_row", lambda *args, **kwargs: 1 / 0)
    assert perform("todo:reopen", todo.pk, {}, actor=alice).status == 200
    assert Delivery.objects.filter(state="waiting").count() == 2
    delivery.enable("crm", "default")
    deliver_all()
    assert not Delivery.objects.exclude(state="delivered").exists()


def test_where_the_worker_sends_nothing_is_sent_after_the_commit(
    box: Mailbox, todo: Todo, alice: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        perform("todo:mark_done", todo.pk, {"note": "x"}, actor=alice)
    assert not box.parcels


# --- two workers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Receipt({"id": 1}), Receipt({"id": 1}, again_in=HOUR), BUSY, PermanentError("no")])
def test_who_has_lost_a_delivery_writes_nothing(
    answer: Any, box: Mailbox, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (row,) = post(hook="etl")
    (other,) = post(hook="etl", due_at=timezone.now() + HOUR)

    def stall(parcel: Parcel) -> Receipt:
        clock.shift(timedelta(minutes=2))
        assert deliver_all() == 1, "another worker takes it"
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    box.answers["etl"] = [stall, Receipt({"id": 2})]
    before = row_of(other).due_at
    deliver_all()
    assert (row_of(row).state, row_of(row).receipt) == ("delivered", {"id": 2})
    assert EventAction.objects.get(pk=row.event_id).downstream == {"etl": {"id": 2}}
    assert not HookState.objects.exists()
    assert row_of(other).due_at == before
    assert box.uids("etl") == [row.uid] * 2
    assert any(record.levelno == logging.WARNING and "not held" in record.getMessage() for record in caplog.records)


def test_what_went_wrong_on_the_way_to_the_database_falls_due_again(
    box: Mailbox, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = post()

    def broken(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(sending, "release", broken)
        assert deliver_all() == 1
    assert states(row) == ["waiting"]
    clock.shift(timedelta(minutes=2))
    deliver_all()
    assert states(row) == ["delivered"]
    assert box.uids("crm") == [row.uid] * 2


def test_stored_webhooks_get_the_same_number_however_often_the_fan_out_is_begun(box: Mailbox, clock: Any) -> None:
    endpoint = subscribe()
    (row,) = post(hook="stored")
    claimed = claim(Delivery, using="default")
    assert claimed is not None
    with transaction.atomic():
        made = [each.uid for each in fan_out(claimed)]
        transaction.set_rollback(True)
    clock.shift(timedelta(minutes=2))
    deliver_all()
    assert box.uids(endpoint.hook) == made
    assert row.uid not in made


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="where one transaction writes at a time")
def test_a_failure_while_another_worker_forgets_the_failures_is_the_first_one_again(box: Mailbox) -> None:
    HookState.objects.create(hook="crm", failures=3, failing_since=timezone.now())
    post()
    row = claim(Delivery, using="default")
    assert row is not None
    has_begun = threading.Event()

    def refuse(parcel: Parcel) -> Receipt:
        has_begun.set()
        raise BUSY

    box.answers["crm"] = [refuse]
    with transaction.atomic():
        health.went_well("crm", "default")
        call = Call(lambda: delivery.deliver(row))
        assert has_begun.wait(60)
        # As long as it takes to come to the row that is being removed; if it does not wait for that, it is through.
        deadline = time.monotonic() + 0.3
        while call.is_running and time.monotonic() < deadline:
            time.sleep(0.01)
    assert call.answer() == []
    assert (HookState.objects.get().failures, row_of(row).state, row_of(row).tries) == (1, "waiting", 1)
