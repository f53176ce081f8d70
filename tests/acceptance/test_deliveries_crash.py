"""Deaths of those who write and send events, with a clock and a die of the test's own; in full ten thousand of them.

Everything runs in one process: a death is an exception that nobody catches, at a named point, and what was not
committed is gone. Time goes on past the leases, workers stall and come back, receivers are busy or say no.
"""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial, wraps
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from actions import delivery, outbox, perform
from actions.delivery import endpoints, order, sending
from actions.exceptions import FailedActionError
from actions.models import Delivery, EventAction
from actions.senders import Parcel, PermanentError, Receipt, TemporaryError
from tests.app.models import Article
from tests.mailbox import DOWNSTREAM, SENDER, Mailbox, mailbox, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.keyed"), pytest.mark.once]

CRASHES = 10_000 if os.environ.get("STORM") == "full" else 1_500
ODDS = 0.3
"""Of a death at each point."""
ASKED = 2
"""How often what goes on downstream is asked after."""


class Crash(BaseException):
    """The process dies here."""


@dataclass
class World:
    """Everybody who writes, sends and receives."""

    clock: time_machine.Traveller
    dice: random.Random
    objects: list[Article]
    odds: float = ODDS
    crashes: Counter[str] = field(default_factory=Counter)
    committed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Events by object, in their order."""
    arrived: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Hook, object, event and number of what the receivers have kept."""
    stalls: int = 0

    def point(self, name: str) -> None:
        """Perhaps the end."""
        if self.dice.random() < self.odds:
            self.crashes[name] += 1
            raise Crash(name)

    def happens(self, odds: float) -> bool:
        return self.odds > 0 and self.dice.random() < odds

    def dies_after(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, and then perhaps the end."""

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            answer = function(*args, **kwargs)
            self.point(name)
            return answer

        return call

    # --- who writes

    def act(self) -> None:
        """An action, which is committed or not."""
        article = self.dice.choice(self.objects)
        action = "keyed:fail" if self.happens(0.1) else "keyed:like"
        try:
            with transaction.atomic():
                event = perform(action, article.pk).event
                self.point("before the commit")
                is_undone = self.happens(0.1)
                transaction.set_rollback(is_undone)
        except (Crash, FailedActionError):
            return
        if is_undone:
            return
        assert event is not None
        self.committed[f"keyed:{article.pk}"].append(str(event.uid))

    # --- who sends

    def work(self) -> bool:
        """One step of a worker; whether there was something to do."""
        try:
            return delivery.deliver_next("default")
        except Crash:
            return True

    def wait(self) -> bool:
        """Until something is due; False where nothing ever will be."""
        due_at = Delivery.objects.aggregate(first=Min("due_at"))["first"]
        if due_at is not None and due_at > timezone.now():
            self.clock.move_to(due_at)
        return due_at is not None

    # --- who receives

    def take(self, parcel: Parcel) -> Receipt:
        """Somebody at the other end."""
        self.point("before it is sent")
        self.stall()
        self.refuse()
        message = parcel.message
        self.arrived.append((parcel.hook, message["object"], message["foreign_id"], str(parcel.uid)))
        self.stall()
        self.refuse()
        self.point("before it is acknowledged")
        asked = parcel.receipt.get("asked", 0)
        if parcel.hook == "etl" and asked < ASKED:
            return Receipt({"asked": asked + 1}, again_in=timedelta(seconds=5))
        return Receipt({"asked": asked})

    def stall(self) -> None:
        """The worker stands still until its lease is over, and others go on."""
        if not self.happens(0.03):
            return
        self.stalls += 1
        self.clock.shift(timedelta(minutes=2))
        for _ in range(3):
            self.work()

    def refuse(self) -> None:
        if self.happens(0.03):
            raise TemporaryError("busy", status=503)
        if self.happens(0.01):
            raise PermanentError("no", status=400)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


@pytest.fixture
def world(settings: Any, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    settings.DJACTION_HOOKS = {
        "crm": {"type": SENDER},
        "erp": {"type": SENDER, "ordered": True},
        "etl": {"type": DOWNSTREAM},
        "stored": {"type": "endpoints"},
    }
    settings.DJACTION_DELIVERY_RETRY_MINUTES = 60 * 24 * 365
    made = [Article.objects.create(title=str(number)) for number in range(5)]
    hooks = ["crm", "erp", "etl", *(subscribe(is_ordered=is_ordered).hook for is_ordered in (False, True))]
    with time_machine.travel(timezone.now(), tick=False) as clock:
        world = World(clock, random.Random(20), made)  # noqa: S311 - a die, no secret
        box.answers = {hook: [world.take] for hook in hooks}
        for module, name, point in (
            (outbox, "post", "in the action"),
            (sending, "claim", "claimed"),
            (sending, "went_wrong", "pausing"),
            (sending, "release", "in what it writes of it"),
            (sending, "wake_next", "waking the next"),
            (sending, "_succeed", "acknowledged"),
            (order, "release", "parking"),
            (endpoints, "finish", "fanning out"),
            (endpoints, "wake_next", "fanned out"),
        ):
            monkeypatch.setattr(module, name, world.dies_after(point, getattr(module, name)))
        yield world


def _end(world: World) -> None:
    """Nobody dies any more, and an operator looks after what is dead."""
    world.odds = 0
    while True:
        while world.work():
            pass
        if not world.wait() and not delivery.retry(Delivery.objects.filter(state="dead")):
            return


def test_no_number_of_deaths_loses_an_event_makes_one_up_or_changes_the_order(world: World) -> None:
    steps = [world.act] + [world.work] * 20 + [partial(world.clock.shift, timedelta(seconds=5))]
    while world.crashes.total() < CRASHES:
        if world.dice.choice(steps)() is False:
            world.wait()
        if world.happens(0.002):
            delivery.retry(Delivery.objects.filter(state="dead"))
    _end(world)

    assert not Delivery.objects.exclude(state="delivered").exists()
    hooks = set(Delivery.objects.values_list("hook", flat=True))
    assert len(hooks) == 5
    events = {event for some in world.committed.values() for event in some}
    _assert_each_has_arrived(world, hooks, events)
    _assert_doubles_can_be_told(world)
    _assert_in_order(world, [hook for hook in hooks if _is_ordered(hook)])
    assert set(EventAction.objects.filter(uid__in=events).values_list("downstream__etl__asked", flat=True)) == {ASKED}
    _assert_all_has_happened(world)


def _is_ordered(hook: str) -> bool:
    return Delivery.objects.filter(hook=hook).exclude(order_key="").exists()


def _assert_each_has_arrived(world: World, hooks: set[str], events: set[str]) -> None:
    for hook in hooks:
        assert {event for at, _object, event, _uid in world.arrived if at == hook} == events


def _assert_doubles_can_be_told(world: World) -> None:
    """A number means one event at one hook."""
    pairs = {(hook, event, uid) for hook, _object, event, uid in world.arrived}
    assert len(pairs) == len({uid for _hook, _event, uid in pairs}) == len({pair[:2] for pair in pairs})


def _assert_in_order(world: World, hooks: list[str]) -> None:
    assert len(hooks) == 2
    for hook in hooks:
        for name, events in world.committed.items():
            first = dict.fromkeys(event for at, of, event, _uid in world.arrived if (at, of) == (hook, name))
            assert list(first) == events


def _assert_all_has_happened(world: World) -> None:
    """Nothing of it is true only because nothing of the kind came up."""
    assert len(world.crashes) == 12
    assert min(world.crashes.values()) > CRASHES // 1000, world.crashes
    assert world.stalls > 10
    assert sum(map(len, world.committed.values())) > CRASHES // 100
    assert len(world.arrived) > 2 * len({uid for *_, uid in world.arrived}), "most came more than once"
