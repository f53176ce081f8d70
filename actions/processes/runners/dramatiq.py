"""Dramatiq.

Its workers have to import `actions.processes.runners.dramatiq_actor`, after the module that sets the broker:

    dramatiq project.broker actions.processes.runners.dramatiq_actor
"""

from __future__ import annotations

from actions.exceptions import MissingExtraError

from .base import QueueRunner

try:
    import dramatiq  # noqa: F401 - whether it is there
except ImportError as error:
    raise MissingExtraError("dramatiq", "dramatiq") from error


class DramatiqRunner(QueueRunner):
    """Sends a message to the queue of the run."""

    def send(self, run_id: int, fence: int, using: str, queue: str) -> None:
        """See `QueueRunner.send`."""
        # Now and not when this module is imported: an actor belongs to the broker that is set when it is declared.
        from .dramatiq_actor import work_on

        message = work_on.message(run_id, fence, using).copy(queue_name=queue)
        work_on.broker.declare_queue(queue)
        work_on.broker.enqueue(message)
