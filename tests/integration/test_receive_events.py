"""`manage.py receive_events`: a webhook's receiver on a developer's own machine."""

from __future__ import annotations

import json
import threading
import time
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from actions import delivery
from actions.models import Delivery, WebhookEndpoint
from tests.mailbox import message_of
from tests.receivers import Receiver
from tests.records import make_events

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture(autouse=True)
def _hooks(settings: Any) -> None:
    settings.DJACTION_HOOKS = {"stored": {"type": "endpoints"}}
    settings.DJACTION_PRIVATE_HOSTS = ("127.0.0.1",)


def run_beside(work: Any, **options: Any) -> str:
    """What the command prints while something else goes on beside it."""
    out = StringIO()
    beside = threading.Thread(target=_closing(work))
    beside.start()
    call_command("receive_events", stdout=out, **options)
    beside.join()
    return out.getvalue()


def _closing(work: Any) -> Any:
    def run() -> None:
        try:
            while not WebhookEndpoint.objects.exists():
                time.sleep(0.02)
            work()
        finally:
            connection.close()

    return run


def send(**columns: Any) -> None:
    """One event, by a worker's way."""
    event = make_events(**columns)[0]
    message = {**message_of(event), "time": "2026-11-21T12:00:00+00:00", "text": "alice: Mark a todo as done"}
    Delivery.objects.create(event=event, hook="stored", message=message, correlation_id="c")
    while delivery.deliver_next("default"):
        pass


def test_an_event_is_checked_and_printed_and_nothing_is_left_behind() -> None:
    said = run_beside(send, count=1)

    assert "Listening on http://127.0.0.1:" in said
    assert "todo.mark_done.succeeded  alice: Mark a todo as done  [" in said
    assert "signature right]" in said
    assert not WebhookEndpoint.objects.exists()
    assert [row.state for row in Delivery.objects.all()] == ["delivered"]


def test_the_whole_body_may_be_printed() -> None:
    said = run_beside(send, count=1, json=True)

    body = json.loads(said[said.index("{") :])
    assert body["data"]["action"] == "mark_done"


def test_only_what_is_wanted_is_printed() -> None:
    def work() -> None:
        send(action="reopen")
        send(action="mark_done")

    said = run_beside(work, count=1, action=["todo:mark_done"])

    assert said.count("signature right") == 1
    assert "No worker is alive: start manage.py actions_worker" in said


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("DJACTION_HOOKS", {}, 'DJACTION_HOOKS = {"webhooks": {"type": "endpoints"}}'),
        ("DJACTION_PRIVATE_HOSTS", (), 'DJACTION_PRIVATE_HOSTS = ["127.0.0.1"]'),
    ],
)
def test_what_the_settings_lack_is_said(settings: Any, setting: str, value: Any, expected: str) -> None:
    setattr(settings, setting, value)

    with pytest.raises(CommandError) as caught:
        call_command("receive_events")

    assert expected in str(caught.value)


def test_a_port_that_is_taken_is_said() -> None:
    with Receiver() as other, pytest.raises(CommandError, match="Name another one: --port"):
        call_command("receive_events", port=other.port)
    assert not WebhookEndpoint.objects.exists()
