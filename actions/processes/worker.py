"""What the worker does for processes: runs that are due, messages that are to be handed out, schedules."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable
from datetime import timedelta

from django.db import router
from django.db.models import Q

from actions import work
from actions.conf import conf
from actions.worker import current_worker, served_queues, should_stop

from .executor import take_next
from .models import Message, Run
from .runners import INLINE, get_runner
from .services.messaging import deliver
from .store import claim, messages

MOST_AT_ONCE = 100
"""Runs that are taken together."""
LONG_SECONDS = 0.5
"""What is taken together ought to be done in that time."""
_limits: dict[tuple[str, str], int] = {}
"""How many runs this process takes together, by database and queue."""


def databases() -> list[str]:
    """Where runs are."""
    return [router.db_for_write(Run)]


def take_runs(using: str, taken: Counter[Hashable] | None = None) -> bool:
    """Take runs of this worker's queues that are due, and work on them or hand them over; False where none is due.

    Args:
        using: The database.
        taken: See `take_next`; None: as the worker counts that this is called by.
    """
    worker = current_worker()
    if taken is None and worker is not None:
        taken = worker.taken
    is_here = conf.RUNNER in (INLINE, "worker")
    found = [_work_on(using, queue, taken) if is_here else _hand_over(using, queue) for queue in served_queues()]
    return any(found)


def due_here() -> list[Q]:
    """Which runs this worker looks for."""
    return [Q(queue=queue) for queue in served_queues()]


def _work_on(using: str, queue: str, taken: Counter[Hashable] | None) -> bool:
    """Take as many together as were quickly done the last time: slow ones are for other workers, too."""
    limit, began = _limits.get((using, queue), 1), time.monotonic()
    count = take_next(using, queue=queue, limit=limit, should_stop=should_stop, taken=taken)
    seconds = time.monotonic() - began
    if seconds > LONG_SECONDS:
        _limits[using, queue] = max(1, int(limit * LONG_SECONDS / seconds))
    elif count == limit:
        _limits[using, queue] = min(2 * limit, MOST_AT_ONCE)
    return bool(count)


def _hand_over(using: str, queue: str) -> bool:
    """Give runs that are due to the queue that the settings name; one whose message is lost is given again later."""
    runner, tracks = get_runner(), claim(using, queue=queue, limit=MOST_AT_ONCE)
    for track in tracks:
        runner.hand_over(track.run.pk, track.run.fence, using, queue=queue)
    return bool(tracks)


def deliver_next_message(using: str) -> bool:
    """Hand out the message that has waited longest for it; False where none does."""
    message = work.claim(Message, using=using)
    if message is None:
        return False
    deliver(message, using)
    return True


def remove_messages() -> bool:
    """Remove messages that nobody wanted; whether there may be more."""
    return any(messages.remove_old(using) for using in databases())


def removal_interval() -> timedelta:
    """How often that is done."""
    return timedelta(hours=1)
