"""Which run a message is for: the one with the same name and the same key, however the two are written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from actions.exceptions import InvalidTermError
from actions.processes import services
from actions.processes.expressions import path
from actions.processes.graph import Kind
from actions.processes.models import Run
from actions.processes.store import messages
from tests.processes import make_process, node, registered

LONG = "k" * 300


def is_heard(waits: tuple[str, Any], sent: tuple[str, Any]) -> bool:
    """Whether a run that waits for one message, name and key, gets another one."""
    receive = node("receive", Kind.RECEIVE, "end", run=waits[0], target=path("payload.key"))
    with registered(make_process(receive, node("end", Kind.END))):
        run = services.start("made", {"key": waits[1]})
        assert run.waiting_for == "message"
        services.send_message(sent[0], key=sent[1])
        run.refresh_from_db()
    return run.status == "succeeded"


@pytest.mark.parametrize(
    ("waits", "sent"),
    [
        (("paid", "x:1"), ("paid:x", "1")),
        (("paid", ""), ("paid", None)),
        (("paid", None), ("paid", "")),
        (("paid", LONG + "a"), ("paid", LONG + "b")),
        (("paid", "ada"), ("paid", "Ada")),
        (("paid", "ada"), ("paid", "ada ")),
        (("paid", "ada"), ("paid", "adá")),
        (("Paid", "ada"), ("paid", "ada")),
        (("paid", "a\nb"), ("paid", "a b")),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_message_is_for_nobody_who_waits_for_another_one(waits: Any, sent: Any) -> None:
    assert not is_heard(waits, sent)


@pytest.mark.parametrize(
    ("waits", "sent"),
    [
        (5.0, 5),
        (5, "5"),
        ("5", Decimal(5)),
        (None, None),
        ("", ""),
        (LONG, LONG),
        ("Ada Lovelace", "Ada Lovelace"),
        ("ada@example.com", "ada@example.com"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_message_is_for_who_waits_for_it(waits: Any, sent: Any) -> None:
    assert is_heard(("paid", waits), ("paid", sent))


@pytest.mark.parametrize(("key", "shown"), [("a-1", "paid:a-1"), ("Ada #1", "paid:Ada #1"), (None, "paid")])
def test_people_read_the_name_and_the_key(key: Any, shown: str) -> None:
    assert messages.shown_key(messages.wait_key("paid", key)) == shown


@pytest.mark.django_db
def test_a_message_with_too_long_a_name_is_refused() -> None:
    with pytest.raises(InvalidTermError, match="at most 100 characters"):
        services.send_message("n" * 101)
    assert not Run.objects.exists()
