"""Says something to runs."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from actions.processes.models import Message, Run
from actions.processes.store import messages
from actions.work import announce

from .handing import is_inline, wake


def send_message(
    name: str,
    *,
    key: Any = None,
    run: Run | int | None = None,
    process: str = "",
    data: Any = None,
    uid: UUID | None = None,
    using: str = "default",
) -> Message:
    """Say something to the run that waits longest for it, or to the first one that will wait for it.

    Args:
        name: The message's.
        key: Which one of them, where receivers wait for a certain one: an order's number.
        run: Who gets it; None: whoever waits for it.
        process: Whose runs may get it; "" for any.
        data: JSON.
        uid: The sender's own number: the same message said again is dropped.
        using: The database of the runs.

    Raises:
        InvalidTermError: The name is too long.
    """
    run_id = run.pk if isinstance(run, Run) else run
    message = messages.new_message(name, key=key, run_id=run_id, process=process, data=data)
    if uid is not None:
        message.uid = uid
    if messages.post(message, using):
        transaction.on_commit(partial(deliver, message, using), using=using, robust=True)
    return message


def broadcast_message(
    name: str, *, key: Any = None, process: str = "", data: Any = None, using: str = "default"
) -> list[Message]:
    """Say something to all runs that wait for it now."""
    keys = list(messages.waiting_runs(messages.wait_key(name, key), process, using))
    return [send_message(name, key=key, run=each, process=process, data=data, using=using) for each in keys]


def deliver(message: Message, using: str) -> int | None:
    """Hand a message out that is committed, and go on with the run that gets it."""
    row = Message.objects.using(using).filter(uid=message.uid).first()
    run_id = messages.hand_out(row, using) if row is not None else None
    if run_id is None:
        return None
    if is_inline():
        wake(run_id, using)
    else:
        announce(using)
    return run_id
