"""The actor, declared with the broker that is set when this module is imported: for the command line of `dramatiq`."""

from __future__ import annotations

import dramatiq
from django.db import close_old_connections

from actions.conf import conf

from .base import DEFAULT_QUEUE, carry_out

NO_LIMIT = 7 * 24 * 60 * 60 * 1000
"""Milliseconds. How long a step may take is said by its own policy, and the lease is renewed meanwhile."""


# Never tried again by Dramatiq: a run that was not brought to an end falls due again by itself.
@dramatiq.actor(actor_name="actions.processes.work_on", queue_name=DEFAULT_QUEUE, max_retries=0, time_limit=NO_LIMIT)
def work_on(run_id: int, fence: int, using: str) -> None:
    """Go on with a run that was handed over."""
    # As between two requests; Dramatiq knows nothing of Django's connections.
    close_old_connections()
    try:
        carry_out(run_id, fence, using)
    finally:
        close_old_connections()


for _queue in conf.QUEUES:
    # A worker consumes the queues that are declared when it starts.
    work_on.broker.declare_queue(_queue)
