"""Django's Tasks framework: a part of Django since 6.0, before that the package django-tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django

from actions.exceptions import MissingExtraError

from .base import QueueRunner, carry_out

if TYPE_CHECKING:
    from django_tasks import task, task_backends
elif django.VERSION >= (6, 0):
    from django.tasks import task, task_backends
else:
    try:
        from django_tasks import task, task_backends
    except ImportError as error:
        raise MissingExtraError("django-tasks", "tasks") from error

__all__ = ["TasksRunner", "backend", "work_on"]


@task
def work_on(run_id: int, fence: int, using: str) -> None:
    """Go on with a run that was handed over."""
    carry_out(run_id, fence, using)


class TasksRunner(QueueRunner):
    """Enqueues a task with the backend `default`, in the queue of the run."""

    def send(self, run_id: int, fence: int, using: str, queue: str) -> None:
        """See `QueueRunner.send`."""
        work_on.using(queue_name=queue).enqueue(run_id, fence, using)


def backend() -> Any:
    """The backend that is used."""
    return task_backends[work_on.backend]
