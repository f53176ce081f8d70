"""Deliveries that have to arrive in their order, whoever claims them when."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.utils import timezone

from actions import delivery
from actions.delivery import order
from actions.models import OPEN, Delivery
from actions.senders import PermanentError, Receipt, TemporaryError
from actions.work import claim_row
from tests.mailbox import SENDER, Mailbox, deliver_all, mailbox, post, subscribe
from tests.threads import Call, together

pytestmark = pytest.mark.django_db

BUSY = TemporaryError("busy")
HOUR = timedelta(hours=1)
ROUNDS = 100 if os.environ.get("STORM") == "full" else 25
PATIENCE_SECONDS = 60

not_on_sqlite = pytest.mark.skipif(connection.vendor == "sqlite", reason="where one transaction writes at a time")


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


@pytest.fixture(autouse=True)
def _hooks(settings: Any, box: Mailbox) -> None:
    settings.DJACTION_HOOKS = {
        "crm": {"type": SENDER, "ordered": True},
        "erp": {"type": SENDER},
        "stored": {"type": "endpoints"},
    }


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def ordered(count: int, key: str = "crm|todo|7", **columns: Any) -> list[Delivery]:
    return post(count, order_key=key, **columns)


def backwards(rows: list[Delivery]) -> None:
    """Have the last ones fall due first."""
    for number, row in enumerate(rows):
        Delivery.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(seconds=number))


def uids(rows: list[Delivery]) -> list[Any]:
    return [row.uid for row in rows]


def states(rows: list[Delivery]) -> list[str]:
    return [Delivery.objects.get(pk=row.pk).state for row in rows]


def parked() -> set[int]:
    return set(Delivery.objects.filter(state="waiting", due_at__isnull=True).values_list("pk", flat=True))


def claimed(row: Delivery) -> Delivery:
    found = claim_row(Delivery, row.pk, using="default")
    assert found is not None
    return found


# --- the order --------------------------------------------------------------------------------------------------------


def test_events_of_one_object_arrive_in_their_order_though_claimed_in_another(box: Mailbox) -> None:
    rows = ordered(5)
    backwards(rows)
    deliver_all()
    assert box.uids("crm") == uids(rows)


def test_without_an_order_they_arrive_as_they_fall_due(box: Mailbox) -> None:
    rows = post(3, hook="erp")
    backwards(rows)
    deliver_all()
    assert box.uids("erp") == uids(rows)[::-1]


def test_one_that_fails_holds_those_behind_it_and_other_objects_go_on(box: Mailbox, clock: Any) -> None:
    first, second, third = ordered(3)
    other, *_ = ordered(1, "crm|todo|8")
    Delivery.objects.filter(pk=other.pk).update(due_at=timezone.now() - HOUR)
    elsewhere = post(1, hook="erp")
    box.answers["crm"] = [Receipt(), BUSY, Receipt()]
    deliver_all()
    assert box.uids("crm") == [other.uid, first.uid]
    assert states(elsewhere) == ["delivered"]
    clock.shift(HOUR)
    backwards([first, second, third])
    deliver_all()
    assert box.uids("crm") == [other.uid, first.uid, first.uid, second.uid, third.uid]


def test_one_that_is_parked_is_not_due_and_costs_no_attempt(box: Mailbox, clock: Any) -> None:
    first, second = ordered(2)
    Delivery.objects.filter(pk=first.pk).update(due_at=timezone.now() + HOUR)
    assert deliver_all() == 1
    assert parked() == {second.pk}
    assert Delivery.objects.get(pk=second.pk).tries == 0
    assert deliver_all() == 0
    clock.shift(HOUR)
    deliver_all()
    assert box.uids("crm") == uids([first, second])


def test_a_dead_one_holds_those_behind_it_until_it_is_discarded(box: Mailbox) -> None:
    rows = ordered(3)
    box.answers["crm"] = [PermanentError("no"), Receipt()]
    deliver_all()
    assert states(rows) == ["dead", "waiting", "waiting"]
    assert deliver_all() == 0
    assert delivery.discard(Delivery.objects.filter(pk=rows[0].pk)) == 1
    deliver_all()
    assert states(rows) == ["discarded", "delivered", "delivered"]
    assert box.uids("crm") == uids(rows)


def test_a_dead_one_that_is_retried_goes_before_those_behind_it(box: Mailbox) -> None:
    rows = ordered(3)
    box.answers["crm"] = [PermanentError("no"), Receipt()]
    deliver_all()
    # All of them, those that are parked as well.
    assert delivery.retry(Delivery.objects.all()) == 3
    backwards(rows)
    deliver_all()
    assert box.uids("crm") == uids([rows[0], *rows])
    assert states(rows) == ["delivered"] * 3


def test_one_that_is_followed_holds_those_behind_it(box: Mailbox, clock: Any) -> None:
    rows = ordered(2)
    box.answers["crm"] = [Receipt(again_in=HOUR), Receipt()]
    deliver_all()
    assert states(rows) == ["followed", "waiting"]
    assert parked() == {rows[1].pk}
    clock.shift(HOUR)
    deliver_all()
    assert states(rows) == ["delivered"] * 2


def test_one_that_is_followed_is_asked_though_an_earlier_one_is_written_late(box: Mailbox, clock: Any) -> None:
    late, followed = ordered(2)
    Delivery.objects.filter(pk=late.pk).update(due_at=None, state="discarded")
    box.answers["crm"] = [Receipt(again_in=HOUR), BUSY, Receipt()]
    deliver_all()
    assert states([followed]) == ["followed"]
    # Its transaction had begun before and is committed now.
    Delivery.objects.filter(pk=late.pk).update(due_at=timezone.now(), state="waiting")
    deliver_all()
    clock.shift(2 * HOUR)
    deliver_all()
    assert states([late, followed]) == ["delivered"] * 2


def test_to_discard_one_in_the_middle_wakes_nobody_before_the_time(box: Mailbox, clock: Any) -> None:
    rows = ordered(3)
    box.answers["crm"] = [BUSY, Receipt()]
    deliver_all()
    delivery.discard(Delivery.objects.filter(pk=rows[1].pk))
    deliver_all()
    assert box.uids("crm") == [rows[0].uid]
    clock.shift(HOUR)
    deliver_all()
    assert box.uids("crm") == [rows[0].uid, rows[0].uid, rows[2].uid]
    assert states(rows) == ["delivered", "discarded", "delivered"]


def test_all_of_an_object_can_be_discarded(box: Mailbox) -> None:
    rows = ordered(3)
    box.answers["crm"] = [PermanentError("no")]
    deliver_all()
    assert delivery.discard(Delivery.objects.all()) == 3
    assert deliver_all() == 0
    assert states(rows) == ["discarded"] * 3


def test_a_lease_that_is_over_does_not_change_the_order(box: Mailbox, clock: Any) -> None:
    rows = ordered(2)
    assert claim_row(Delivery, rows[0].pk, using="default"), "and its worker dies"
    deliver_all()
    assert not box.parcels
    clock.shift(timedelta(minutes=2))
    deliver_all()
    assert box.uids("crm") == uids(rows)


def test_stored_webhooks_that_ask_for_it_get_an_order(box: Mailbox) -> None:
    plain, strict = subscribe(), subscribe(is_ordered=True)
    rows = post(3, hook="stored", order_key="stored|todo|7")
    backwards(rows)
    names = [row.message["foreign_id"] for row in rows]
    deliver_all()
    assert [parcel.message["foreign_id"] for parcel in box.of(strict.hook)] == names
    assert {parcel.message["foreign_id"] for parcel in box.of(plain.hook)} == set(names)
    keys = set(Delivery.objects.values_list("hook", "order_key"))
    assert keys == {(plain.hook, ""), (strict.hook, f"{strict.hook}|todo|7")}


def test_stored_webhooks_keep_the_order_of_one_object_while_they_fail(box: Mailbox, clock: Any) -> None:
    strict = subscribe(is_ordered=True)
    rows = post(3, hook="stored", order_key="stored|todo|7")
    names = [row.message["foreign_id"] for row in rows]
    box.answers[strict.hook] = [Receipt(), BUSY, BUSY, Receipt()]
    for _ in range(4):
        deliver_all()
        clock.shift(HOUR)
    assert [parcel.message["foreign_id"] for parcel in box.of(strict.hook)] == [*names[:2], names[1], *names[1:]]


# --- races ------------------------------------------------------------------------------------------------------------


def _in_thread(function: Callable[[], Any]) -> Call:
    return Call(function)


def _deliver_in_thread(row: Delivery) -> Call:
    """A worker that has claimed a delivery goes on."""
    return Call(lambda: delivery.deliver(row))


def _reach_end(box: Mailbox, rows: list[Delivery]) -> None:
    """What is due is done: nothing may be left for ever."""
    deliver_all()
    assert not parked()
    assert not Delivery.objects.filter(pk__in=[row.pk for row in rows], state__in=OPEN).exists()


@pytest.mark.django_db(transaction=True)
@not_on_sqlite
def test_nobody_stays_parked_who_is_parked_while_the_one_before_ends(box: Mailbox) -> None:
    for _ in range(ROUNDS):
        box.parcels.clear()
        rows = ordered(2)
        both = [claimed(row) for row in rows]
        start = threading.Barrier(2)

        def go(row: Delivery, start: threading.Barrier = start) -> Any:
            start.wait(PATIENCE_SECONDS)
            return delivery.deliver(row)

        calls = [Call(lambda row=row, go=go: go(row)) for row in both]  # type: ignore[misc]
        answers = [call.answer() for call in calls]
        assert not [answer for answer in answers if isinstance(answer, BaseException)]
        _reach_end(box, rows)
        assert box.uids("crm") == uids(rows)


@pytest.mark.django_db(transaction=True)
@not_on_sqlite
def test_nobody_stays_parked_behind_two_that_end_at_once(box: Mailbox) -> None:
    """Neither sees that the other one ends; to discard several at once makes that likely."""
    for _ in range(ROUNDS):
        rows = ordered(4)
        Delivery.objects.filter(pk=rows[0].pk).update(state="dead", due_at=None)
        deliver_all()
        assert len(parked()) == 3
        pending = iter(rows[:3])
        lock = threading.Lock()

        def discard(lock: threading.Lock = lock, pending: Iterator[Delivery] = pending) -> int:
            with lock:
                row = next(pending)
            return delivery.discard(Delivery.objects.filter(pk=row.pk))

        assert together(3, discard) == [1, 1, 1]
        _reach_end(box, rows)


@pytest.mark.django_db(transaction=True)
@not_on_sqlite
def test_two_that_end_in_transactions_that_overlap_wake_the_one_behind_both(box: Mailbox) -> None:
    first, second, third = ordered(3)
    Delivery.objects.filter(pk=third.pk).update(due_at=None)
    is_written, may_commit = threading.Event(), threading.Event()

    def end_first() -> None:
        with transaction.atomic():
            delivery.discard(Delivery.objects.filter(pk=first.pk))
            is_written.set()
            assert may_commit.wait(PATIENCE_SECONDS)

    one = _in_thread(end_first)
    assert is_written.wait(PATIENCE_SECONDS)
    # It does not see that the first one ends. If it does not wait for that, it is through before.
    other = _in_thread(lambda: delivery.discard(Delivery.objects.filter(pk=second.pk)))
    deadline = time.monotonic() + 0.3
    while other.is_running and time.monotonic() < deadline:
        time.sleep(0.01)
    may_commit.set()
    assert (one.answer(), other.answer()) == (None, 1)
    _reach_end(box, [first, second, third])
    assert box.uids("crm") == [third.uid]


@pytest.mark.django_db(transaction=True)
@not_on_sqlite
def test_who_is_to_be_parked_waits_for_the_end_of_the_one_before(box: Mailbox) -> None:
    first, second = ordered(2)
    taken = claimed(second)
    with transaction.atomic():
        delivery.discard(Delivery.objects.filter(pk=first.pk))
        call = _deliver_in_thread(taken)
        assert call.is_running
    assert call.answer() == []
    assert box.uids("crm") == [second.uid]
    assert not parked()


@pytest.mark.django_db(transaction=True)
@not_on_sqlite
def test_the_end_waits_for_who_is_being_parked(box: Mailbox) -> None:
    first, second = ordered(2)
    taken = claimed(second)
    with transaction.atomic():
        assert order.is_parked(taken)
        call = _in_thread(lambda: delivery.discard(Delivery.objects.filter(pk=first.pk)))
    assert call.answer() == 1
    assert not parked()
    deliver_all()
    assert box.uids("crm") == [second.uid]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("workers", [1, 4])
def test_several_workers_keep_the_order_and_leave_nothing(box: Mailbox, workers: int) -> None:
    rows = {name: ordered(25, f"crm|todo|{name}") for name in "abcd"}
    for some in rows.values():
        backwards(some)

    def work() -> None:
        # Another one may be at the last ones: they wake others when this one has found nothing.
        while Delivery.objects.filter(state="waiting").exists():
            delivery.deliver_next("default")

    assert together(workers, work) == [None] * workers
    for some in rows.values():
        wanted = set(uids(some))
        assert [uid for uid in box.uids("crm") if uid in wanted] == uids(some)
    connections.close_all()
