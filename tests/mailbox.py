"""A receiver of events of a test's own, in this process: it answers as it is told and keeps what it got.

    with mailbox() as box:
        box.answers["crm"] = [TemporaryError("busy"), Receipt({"id": 7})]  # one after the other, the last for ever
        …
        assert box.uids("crm") == [delivery.uid]

Hooks reach it by their type: `DJACTION_HOOKS = {"crm": {"type": SENDER}}`. Stored webhooks reach it, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import UUID

from django.utils import timezone

from actions import delivery
from actions.models import Delivery, EventAction, WebhookEndpoint
from actions.senders import Parcel, Problem, Receipt, base, sender_of
from tests.records import make_events

SENDER = "tests.mailbox.Sender"
DOWNSTREAM = "tests.mailbox.DownstreamSender"
ENDLESS = 10_000
"""Steps after which a worker that never comes to rest has to be stopped."""

Answer = Receipt | Exception | Callable[[Parcel], Any]


@dataclass
class Mailbox:
    """What was sent, and what is answered."""

    parcels: list[Parcel] = field(default_factory=list)
    answers: dict[str, Sequence[Answer]] = field(default_factory=dict)
    """By hook; without any, all is taken."""
    counts: Counter[str] = field(default_factory=Counter)

    def take(self, parcel: Parcel) -> Any:
        """Keep a parcel, and answer."""
        number = self.counts[parcel.hook]
        self.counts[parcel.hook] += 1
        self.parcels.append(parcel)
        answers = self.answers.get(parcel.hook, [Receipt()])
        answer = answers[min(number, len(answers) - 1)]
        if isinstance(answer, Exception):
            raise answer
        return answer(parcel) if callable(answer) else answer

    def of(self, hook: str) -> list[Parcel]:
        """What came for a hook."""
        return [parcel for parcel in self.parcels if parcel.hook == hook]

    def uids(self, hook: str) -> list[UUID]:
        """The numbers of what came for a hook."""
        return [parcel.uid for parcel in self.of(hook)]


_open: list[Mailbox] = []


class Sender:
    """Puts all into the mailbox of the test, and asks it."""

    def check(self, options: Mapping[str, Any]) -> Iterable[Problem]:
        return ()

    def send(self, parcel: Parcel) -> Receipt:
        receipt: Receipt = _open[-1].take(parcel)
        return receipt

    def ask(self, parcel: Parcel) -> Any:
        return _open[-1].take(parcel)


class DownstreamSender(Sender):
    """One whose receipts belong into the record."""

    is_downstream = True


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """The receiver of all hooks that have one of these types, and of the stored webhooks."""
    box = Mailbox()
    _open.append(box)
    sender_of.cache_clear()
    try:
        with mock.patch.dict(base.SENDERS, {"webhook": SENDER}):
            yield box
    finally:
        _open.remove(box)
        sender_of.cache_clear()


def deliver_all(using: str = "default") -> int:
    """Do what is due, as a worker; how many steps that took."""
    for steps in range(ENDLESS):
        if not delivery.deliver_next(using):
            return steps
    raise AssertionError("It does not come to rest.")


def post(count: int = 1, **columns: Any) -> list[Delivery]:
    """Deliveries that are due, about records of their own; each has been so a second less than the one before."""
    due_at = timezone.now() - timedelta(minutes=1)
    events = [columns.pop("event")] * count if "event" in columns else make_events(count, age=timedelta(minutes=1))
    rows = []
    for number, event in enumerate(events):
        own = {"event": event, "due_at": due_at + timedelta(seconds=number), "message": message_of(event)}
        rows.append(Delivery.objects.create(**{"hook": "crm", "correlation_id": "c", **own, **columns}))
    return rows


def message_of(event: EventAction) -> dict[str, Any]:
    """Enough of a message."""
    data = {"resource": event.resource, "action": event.action, "outcome": event.outcome}
    return {"type": "todo.mark_done.succeeded", "foreign_id": str(event.uid), "data": data}


def subscribe(**columns: Any) -> WebhookEndpoint:
    """A stored webhook that was there before all that the test writes."""
    usual = {"url": "https://receiver.example/", "secrets": ["s"], "created_at": timezone.now() - timedelta(days=9)}
    return WebhookEndpoint.objects.create(**{**usual, **columns})
