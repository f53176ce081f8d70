"""What every runner does, and which one the settings mean."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from actions.conf import conf
from actions.exceptions import ConfigurationError, MissingExtraError
from actions.processes.models import Run

logger = logging.getLogger(__name__)

INLINE = "inline"
DEFAULT_QUEUE = "default"
KNOWN = {
    INLINE: "actions.processes.runners.worker.WorkerRunner",
    "worker": "actions.processes.runners.worker.WorkerRunner",
    "tasks": "actions.processes.runners.tasks.TasksRunner",
    "celery": "actions.processes.runners.celery.CeleryRunner",
    "dramatiq": "actions.processes.runners.dramatiq.DramatiqRunner",
}
"""What DJACTION_RUNNER may name. With "inline" only what goes on later is handed over, and a worker does that."""


class Runner(Protocol):
    """Has a run that was claimed for it carried out, by somebody, soon."""

    def hand_over(self, run_id: int, fence: int, using: str, *, queue: str | None = None) -> None:
        """Say that there is something to do. After the commit of the claim; raises nothing for want of a broker.

        Args:
            run_id: The run, with its `due_at` at the end of a lease: then it is handed over again.
            fence: As the claim has left it.
            using: The database that the run is in.
            queue: Of the run; None where the caller does not know, and it has to be looked up.
        """


class QueueRunner(ABC):
    """One that sends a message, to a queue that is called as the run's."""

    def hand_over(self, run_id: int, fence: int, using: str, *, queue: str | None = None) -> None:
        """See `Runner.hand_over`."""
        try:
            self.send(run_id, fence, using, queue_of(run_id, using) if queue is None else queue)
        except Exception:
            # Whoever has started the run has been promised that it goes on, and it does, when its lease is over.
            text, facts = "Run %s was not handed over; it is tried again when its lease is over.", {"database": using}
            logger.exception(text, run_id, extra=facts)

    @abstractmethod
    def send(self, run_id: int, fence: int, using: str, queue: str) -> None:
        """Send the message, or raise what the library raises."""


def queue_of(run_id: int, using: str) -> str:
    """The queue that stands in the run's row."""
    found: str | None = Run.objects.using(using).filter(pk=run_id).values_list("queue", flat=True).first()
    return found or DEFAULT_QUEUE


def carry_out(run_id: int, fence: int, using: str) -> bool:
    """Do what was handed over: what every message comes to, at the other end.

    Returns:
        False where somebody else has the run, or it is over: the message has come twice, or late.
    """
    from actions.processes import executor

    return bool(executor.work_on(run_id, fence, using=using))


def runner_path() -> str:
    """The path of the class that DJACTION_RUNNER means."""
    return KNOWN.get(conf.RUNNER, conf.RUNNER)


def get_runner() -> Runner:
    """The runner of the project.

    Raises:
        ConfigurationError: DJACTION_RUNNER names none.
        MissingExtraError: What it needs is not installed.
    """
    return _runner(runner_path())


def load() -> None:
    """Have the project's runner declare its tasks, so that a worker of the queue's own knows them.

    In `AppConfig.ready()`. What is wrong with the setting, the system check says.
    """
    try:
        path = runner_path()
        if path == KNOWN["celery"]:
            import_module("actions.processes.runners.celery")
    except MissingExtraError as error:
        logger.warning("DJACTION_RUNNER: %s", error)


@cache
def _runner(path: str) -> Runner:
    try:
        made: Any = import_string(path)()
    except MissingExtraError:
        raise
    except (ImportError, ImproperlyConfigured, TypeError) as error:
        raise ConfigurationError(f"DJACTION_RUNNER is {path!r}, which cannot be used: {error}.") from error
    if not callable(getattr(made, "hand_over", None)):
        raise ConfigurationError(f"DJACTION_RUNNER is {path!r}, which has no method hand_over(run_id, fence, using).")
    return cast("Runner", made)
