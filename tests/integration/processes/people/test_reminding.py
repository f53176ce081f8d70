"""What is done while an input waits: mails, reminders, escalation; once each, and never lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.dispatch import Signal
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions import worker
from actions.models import Delivery, EventAction
from actions.processes import services, signals
from actions.processes.expressions import literal, path
from actions.processes.graph import TaskPolicy, Who
from actions.processes.models import OpenTask, Run, TaskCandidate
from actions.processes.services import reminding
from actions.processes.services.reminding import care_for_due
from tests.processes import registered, run_due

from .asking import DAY, asking, group, member, start

pytestmark = pytest.mark.django_db

FINE = {"is_fine": True}


def after(days: float) -> Any:
    return literal(days * DAY)


CARE = TaskPolicy(
    due_after=after(2),
    remind_after=after(1),
    remind_every=after(1),
    escalate_after=after(3),
    escalate_to=group("heads"),
    notify=True,
)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(datetime(2026, 11, 2, 8, tzinfo=timezone.get_default_timezone()), tick=False) as traveller:
        yield traveller


def work() -> int:
    """Do all that is due, as a worker does."""
    count = 0
    while care_for_due("default"):
        count += 1
        assert count < 100, "It goes on for ever."
    return count


def told() -> list[tuple[str, str]]:
    """(to, first word of the subject) of the mails that were sent."""
    found = [(each.to[0].partition("@")[0], each.subject.partition(":")[0]) for each in mail.outbox]
    mail.outbox.clear()
    return sorted(found)


@contextmanager
def hearing(signal: Signal, receiver: Any) -> Iterator[None]:
    """Have a signal heard, when what it is about is committed."""
    signal.connect(receiver, dispatch_uid="test")
    try:
        yield
    finally:
        signal.disconnect(dispatch_uid="test")


@pytest.fixture
def task(clock: Any) -> Iterator[OpenTask]:
    member("ada", "approvers")
    member("hal", "heads")
    member("eve")
    process = asking(group("approvers"), CARE)
    with registered(process):
        yield start(process)


def test_a_task_is_told_reminded_and_escalated(task: OpenTask, clock: Any) -> None:
    assert task.wanted_at == timezone.now() + timedelta(days=2)
    work()
    assert told() == [("ada", "Asks")]
    clock.shift(timedelta(hours=23))
    assert work() == 0
    clock.shift(timedelta(hours=1))
    work()
    assert told() == [("ada", "Reminder")]
    clock.shift(timedelta(days=1))
    work()
    assert told() == [("ada", "Reminder")]
    hal = services.get_users_with_permission(task, include_superusers=False)
    assert [each.username for each in hal] == ["ada"]
    clock.shift(timedelta(days=1))
    work()
    assert told() == [("ada", "Escalated"), ("ada", "Reminder"), ("hal", "Escalated"), ("hal", "Reminder")]
    task.refresh_from_db()
    assert (task.reminders, task.escalated_at) == (3, timezone.now())
    assert [each.username for each in services.get_users_with_permission(task)] == ["ada", "hal"]
    records = EventAction.objects.filter(resource="input").order_by("pk")
    assert list(records.values_list("action", "door")) == [("remind", "worker")] * 3 + [("escalate", "worker")]


def test_those_it_is_escalated_to_may_answer(task: OpenTask, clock: Any) -> None:
    clock.shift(timedelta(days=3))
    work()
    task.refresh_from_db()
    hal = services.get_users_with_permission(task).get(username="hal")
    assert list(services.get_open_tasks(hal)) == [task]
    assert services.provide_input(task.run_id, FINE, actor=hal).status == "succeeded"
    assert not TaskCandidate.objects.exists()


def test_reminders_that_were_missed_are_not_made_up_for(task: OpenTask, clock: Any) -> None:
    clock.shift(timedelta(days=10, hours=5))
    work()
    task.refresh_from_db()
    assert task.reminders == 1
    assert task.due_at == timezone.now() + timedelta(hours=19)


def test_an_answered_task_reminds_nobody(task: OpenTask, clock: Any) -> None:
    work()
    services.provide_input(task.run_id, FINE, actor=None)
    mail.outbox.clear()
    clock.shift(timedelta(days=5))
    assert work() == 0
    assert told() == []


def test_who_has_claimed_it_alone_is_reminded(task: OpenTask, clock: Any) -> None:
    work()
    mail.outbox.clear()
    services.claim(task, member("bob", "approvers"))
    clock.shift(timedelta(days=1))
    work()
    assert told() == [("bob", "Reminder")]


def test_whoever_gets_it_is_told(task: OpenTask) -> None:
    work()
    mail.outbox.clear()
    eve = services.get_users_with_permission(task).model.objects.get(username="eve")
    services.reassign(task, eve)
    work()
    assert told() == [("eve", "Asks")]


def test_mails_are_sent_when_the_mail_server_is_back(task: OpenTask, clock: Any, monkeypatch: Any, caplog: Any) -> None:
    def down(*args: Any) -> int:
        raise ConnectionRefusedError("no mail today")

    clock.shift(timedelta(days=3))
    with monkeypatch.context() as patch:
        patch.setattr(reminding, "send_mail", down)
        assert care_for_due("default")
    assert "no mail today" in caplog.text
    task.refresh_from_db()
    # The escalation has not waited for it.
    assert task.escalated_at is not None
    assert timezone.now() < task.due_at < timezone.now() + timedelta(minutes=1)
    assert told() == []
    clock.shift(timedelta(minutes=1))
    work()
    assert {subject for _to, subject in told()} == {"Asks", "Reminder", "Escalated"}
    task.refresh_from_db()
    assert (task.reminders, task.attempts) == (1, 0)
    assert "mails" not in task.plan or task.plan["mails"] == []


def test_a_worker_that_dies_while_it_sends_loses_nothing(task: OpenTask, clock: Any, monkeypatch: Any) -> None:
    class Killed(BaseException):
        pass

    def die(*args: Any) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(reminding, "send_mail", die)
        with pytest.raises(Killed):
            care_for_due("default")
    assert work() == 0
    clock.shift(timedelta(minutes=2))
    work()
    assert told() == [("ada", "Asks")]


def test_answered_while_it_is_escalated_nothing_is_left(task: OpenTask, clock: Any, monkeypatch: Any) -> None:
    clock.shift(timedelta(days=3))
    real = reminding.escalate

    def meanwhile(row: OpenTask, now: datetime) -> None:
        services.provide_input(row.run_id, FINE, actor=None)
        real(row, now)

    monkeypatch.setattr(reminding, "escalate", meanwhile)
    assert care_for_due("default")
    assert told() == []
    assert not OpenTask.objects.exists()
    assert not TaskCandidate.objects.exists()


def test_an_answer_that_comes_when_it_is_too_late_is_refused(clock: Any) -> None:
    from actions.processes.exceptions import WrongStateError
    from actions.processes.policies import Policy

    process = asking(node={"policy": Policy(timeout_seconds=3600.0, on_error="end")})
    with registered(process):
        task = start(process)
        assert task.expires_at == timezone.now() + timedelta(hours=1)
        clock.shift(timedelta(hours=1))
        run_due()
        with pytest.raises(WrongStateError):
            services.provide_input(task.run_id, FINE, actor=None)
    assert Run.objects.get().status == "succeeded"
    assert not TaskCandidate.objects.exists()


# --- the mail server -------------------------------------------------------------------------------------------------


class Server(BaseEmailBackend):
    """One that counts its connections, and refuses what a test says."""

    opened = closed = 0
    sent: list[str] = []
    refusals: dict[str, Exception] = {}
    down: Exception | None = None

    def open(self) -> bool:
        if Server.down is not None:
            raise Server.down
        Server.opened += 1
        return True

    def close(self) -> None:
        Server.closed += 1

    def send_messages(self, messages: Any) -> int:
        for message in messages:
            name = message.to[0].partition("@")[0]
            if name in Server.refusals:
                raise Server.refusals[name]
            Server.sent.append(f"{name} {message.subject.partition(':')[0]}")
        return len(messages)


@pytest.fixture
def server(settings: Any) -> Iterator[type[Server]]:
    if hasattr(settings, "MAILERS"):
        settings.MAILERS = {"default": {"BACKEND": f"{__name__}.Server"}}
    else:
        settings.EMAIL_BACKEND = f"{__name__}.Server"
    yield Server
    Server.opened = Server.closed = 0
    Server.sent, Server.refusals, Server.down = [], {}, None


@pytest.fixture
def crowd(clock: Any) -> Iterator[list[OpenTask]]:
    """Two tasks, each for three people, in which something is due now."""
    for name in ("ada", "bob", "cyd"):
        member(name, "approvers")
    process = asking(group("approvers"), CARE)
    with registered(process):
        yield [start(process), start(process)]


EVERYBODY = ["ada Asks", "bob Asks", "cyd Asks"]


def test_mails_of_one_moment_share_a_connection(crowd: list[OpenTask], server: type[Server]) -> None:
    work()
    assert sorted(server.sent) == sorted(EVERYBODY * 2)
    assert (server.opened, server.closed) == (1, 1)
    assert work() == 0
    assert server.opened == 1


def test_who_cannot_be_told_keeps_nobody_else_from_being_told(
    crowd: list[OpenTask], server: type[Server], clock: Any, caplog: Any
) -> None:
    server.refusals = {"bob": SMTPServerDisconnected("try later")}
    work()
    assert sorted(server.sent) == ["ada Asks", "ada Asks", "cyd Asks", "cyd Asks"]
    # A connection that has failed is not used again.
    assert server.opened == server.closed == 3
    assert "try later" in caplog.text
    server.sent.clear()
    server.refusals.clear()
    clock.shift(timedelta(minutes=1))
    work()
    # Who has got it does not get it again.
    assert server.sent == ["bob Asks", "bob Asks"]
    assert [task.plan.get("told") for task in OpenTask.objects.all()] == [None, None]
    server.sent.clear()
    clock.shift(timedelta(days=1))
    work()
    assert len(server.sent) == 6


def test_a_reminder_goes_to_those_as_well_who_have_not_got_the_one_before(
    task: OpenTask, server: type[Server], clock: Any
) -> None:
    member("bob", "approvers")
    work()
    server.sent.clear()
    server.refusals = {"bob": SMTPServerDisconnected("try later")}
    clock.shift(timedelta(days=1))
    work()
    assert server.sent == ["ada Reminder"]
    clock.shift(timedelta(days=1))
    work()
    server.refusals.clear()
    clock.shift(timedelta(minutes=20))
    work()
    assert server.sent == ["ada Reminder", "ada Reminder", "bob Reminder"]


@pytest.mark.parametrize(
    ("refusal", "address", "is_tried_again"),
    [
        (SMTPRecipientsRefused({"bob@example.com": (550, b"no such user")}), "bob@example.com", False),
        (SMTPRecipientsRefused({"bob@example.com": (451, b"come back later")}), "bob@example.com", True),
        (ValueError("Invalid address"), "bob", False),
        (ValueError("something else"), "bob@example.com", True),
    ],
)
def test_an_address_that_is_refused_for_good_is_not_tried_again(
    task: OpenTask, server: type[Server], clock: Any, refusal: Exception, address: str, is_tried_again: bool
) -> None:
    bob = member("bob", "approvers")
    type(bob).objects.filter(pk=bob.pk).update(email=address)
    server.refusals = {"bob": refusal}
    work()
    task.refresh_from_db()
    assert task.plan["mails"] == (["arrival"] if is_tried_again else [])
    assert server.sent == ["ada Asks"]


def test_a_server_that_is_down_is_asked_once_for_each_task(
    crowd: list[OpenTask], server: type[Server], clock: Any, monkeypatch: Any, caplog: Any
) -> None:
    server.down = ConnectionRefusedError("no mail today")
    work()
    assert caplog.text.count("Nobody could be told of task") == 2
    server.down = None
    clock.shift(timedelta(minutes=1))
    work()
    assert sorted(server.sent) == sorted(EVERYBODY * 2)


# --- to whom ----------------------------------------------------------------------------------------------------------


def test_signals_are_heard_after_the_commit(
    task: OpenTask, clock: Any, django_capture_on_commit_callbacks: Any
) -> None:
    reminded, escalated = mock.Mock(), mock.Mock()
    clock.shift(timedelta(days=3))
    with (
        hearing(signals.task_reminded, reminded),
        hearing(signals.task_escalated, escalated),
        django_capture_on_commit_callbacks(execute=True),
    ):
        work()
    assert [each.call_args.kwargs["task"] for each in (reminded, escalated)] == [task, task]


def test_escalated_to_nobody_nobody_else_may_answer(clock: Any) -> None:
    member("ada", "approvers")
    eve = member("eve")
    nobody = TaskPolicy(escalate_after=after(1), escalate_to=Who(users=(path("payload.boss"),)))
    process = asking(group("approvers"), nobody)
    with registered(process):
        task = start(process, payload={"boss": ""})
        clock.shift(timedelta(days=1))
        work()
    task.refresh_from_db()
    assert task.escalated_at is not None
    assert task.escalated_to is None
    assert not services.may_answer(task, eve)
    assert not services.get_open_tasks(eve).exists()


@pytest.mark.parametrize("by_worker", [True, False])
@pytest.mark.parametrize("before", ["claimed", "delegated", "reassigned"])
def test_whoever_has_it_those_it_is_escalated_to_are_mailed_and_answer(
    before: str, by_worker: bool, clock: Any
) -> None:
    ada, bob, head = member("ada", "approvers"), member("bob", "approvers"), member("head", "heads")
    process = asking(group("approvers"), TaskPolicy(escalate_after=after(3), escalate_to=group("heads")))
    with registered(process):
        task = start(process)
        if before == "claimed":
            services.claim(task, ada)
        elif before == "delegated":
            services.delegate(task, bob, by=ada)
        else:
            services.reassign(task, bob)
        if by_worker:
            clock.shift(timedelta(days=3))
        else:
            services.escalate(task)
        work()
        task.refresh_from_db()
        both = ["ada", "bob"] if before == "claimed" else ["bob"]
        assert told() == [(name, "Escalated") for name in [*both, "head"]]
        assert task.claimed_by is None
        assert [services.may_answer(task, each) for each in (ada, bob, head)] == [before == "claimed", True, True]
        assert list(services.get_open_tasks(head)) == [task]
        services.reassign(task, ada)
        task.refresh_from_db()
        assert [services.may_answer(task, each) for each in (ada, bob, head)] == [True, False, True]
        assert services.provide_input(task.run_id, FINE, actor=head).status == "succeeded"
    assert not TaskCandidate.objects.exists()


def test_a_claim_made_while_it_is_reminded_stays(task: OpenTask, clock: Any, monkeypatch: Any) -> None:
    ada = User.objects.get(username="ada")
    clock.shift(timedelta(days=1))
    real = reminding.remind

    def meanwhile(row: OpenTask, now: datetime) -> None:
        services.claim(row, ada)
        real(row, now)

    monkeypatch.setattr(reminding, "remind", meanwhile)
    work()
    task.refresh_from_db()
    assert (task.reminders, task.claimed_by) == (1, str(ada.pk))


def test_escalated_to_a_group_that_is_empty_it_goes_on_waiting(clock: Any) -> None:
    process = asking(group("nobody is in it"), TaskPolicy(escalate_after=after(1), escalate_to=group("nor in this")))
    with registered(process):
        task = start(process)
        clock.shift(timedelta(days=1))
        work()
    task.refresh_from_db()
    assert task.escalated_at is not None
    assert told() == []
    assert task.due_at is None


@pytest.mark.parametrize(
    ("setting", "notify", "expected"),
    [(None, False, 0), (None, True, 1), (True, False, 1), (True, True, 1), (False, True, 0)],
)
def test_a_setting_and_the_process_say_whether_mails_are_sent(
    setting: bool | None, notify: bool, expected: int
) -> None:
    member("ada", "approvers")
    process = asking(group("approvers"), TaskPolicy(notify=True) if notify else None)
    with registered(process), override_settings(DJACTION_TASK_MAILS=setting):
        start(process)
        work()
    assert len(told()) == expected


def test_what_anybody_may_answer_is_mailed_to_nobody() -> None:
    member("ada")
    process = asking(None, TaskPolicy(notify=True))
    with registered(process):
        start(process)
        work()
    assert told() == []


def test_a_mail_says_where_to_answer() -> None:
    member("ada", "approvers")
    process = asking(group("approvers"), TaskPolicy(notify=True, due_after=after(1)))
    with (
        registered(process),
        override_settings(DJACTION_SITE_URL="https://shop.example/", DJACTION_TASK_MAIL_FROM="do@shop.example"),
    ):
        task = start(process)
        work()
    (sent,) = mail.outbox
    assert (sent.subject, sent.from_email, sent.to) == ("Asks: Is it fine?", "do@shop.example", ["ada@example.com"])
    assert f"https://shop.example/tasks/{task.pk}/" in sent.body
    assert "An answer is wanted by" in sent.body


# --- costs ------------------------------------------------------------------------------------------------------------


def test_a_task_without_care_is_never_due() -> None:
    process = asking(group("approvers"))
    with registered(process):
        task = start(process)
    assert task.due_at is None
    with CaptureQueriesContext(connection) as queries:
        assert not care_for_due("default")
    # Where the test's own transaction is around it, also its savepoint.
    assert len([each for each in queries if "SAVEPOINT" not in each["sql"]]) <= 1
    assert "open tasks" in {each.name for each in worker.queues()}


def test_a_hook_hears_of_reminders(clock: Any) -> None:
    process = asking(group("approvers"), TaskPolicy(remind_every=after(1)))
    with (
        registered(process),
        override_settings(
            DJACTION_HOOKS={"crm": {"type": "webhook", "url": "https://x.example", "actions": ["input:remind"]}}
        ),
    ):
        start(process)
        clock.shift(timedelta(days=1))
        work()
        message = Delivery.objects.get().message
    assert message["type"] == "input.remind.succeeded"
    assert message["data"]["response"]["process"] == "asks"


def test_a_hook_hears_that_an_input_is_wanted() -> None:
    process = asking(group("approvers"))
    hook = {"type": "webhook", "url": "https://x.example", "actions": ["input:arrive"]}
    with registered(process), override_settings(DJACTION_HOOKS={"crm": hook}):
        task = start(process)
        work()
        message = Delivery.objects.get().message
        assert work() == 0
    assert (message["type"], message["object"]) == ("input.arrive.succeeded", f"input:{task.pk}")
    assert message["data"]["response"]["run"] == task.root_id


@pytest.mark.parametrize("seconds", ["soon", -1, True, 1e12])
def test_a_duration_that_is_none_fails_the_step_with_the_reason(seconds: Any) -> None:
    process = asking(None, TaskPolicy(due_after=path("payload.seconds")))
    with registered(process):
        run = services.start("asks", {"seconds": seconds})
    assert run.status == "failed"
    assert "seconds were expected" in run.error["detail"]
