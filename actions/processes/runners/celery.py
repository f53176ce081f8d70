"""Celery. Its workers know the task if the project's Celery application loads Django's apps, as it usually does."""

from __future__ import annotations

from typing import Any

from actions.exceptions import MissingExtraError

from .base import DEFAULT_QUEUE, QueueRunner, carry_out

try:
    from celery import shared_task
except ImportError as error:
    raise MissingExtraError("celery", "celery") from error

RETRY = {"max_retries": 1, "interval_start": 0}
"""Once, for a connection that has gone stale. The caller is not kept waiting for a broker that is away."""


# Acknowledged when it is done, so that Celery gives the message of a worker that is shut down to another one.
@shared_task(name="actions.processes.work_on", acks_late=True, ignore_result=True, max_retries=0)  # type: ignore[untyped-decorator]
def work_on(run_id: int, fence: int, using: str) -> None:
    """Go on with a run that was handed over."""
    carry_out(run_id, fence, using)


class CeleryRunner(QueueRunner):
    """Sends a task to the queue of the run; of the default one to Celery's own: `task_default_queue`, or its routes."""

    def send(self, run_id: int, fence: int, using: str, queue: str) -> None:
        """See `QueueRunner.send`."""
        options: dict[str, Any] = {} if queue == DEFAULT_QUEUE else {"queue": queue}
        work_on.apply_async((run_id, fence, using), retry=True, retry_policy=RETRY, **options)
