"""The Django app of the process engine."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class ProcessesConfig(AppConfig):
    """`INSTALLED_APPS = [..., "actions", "actions.processes"]`."""

    name = "actions.processes"
    label = "actions_processes"
    verbose_name = _("Processes")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load every task and process, and register the worker's jobs; in a strict project a wrong one stops the start.

        Raises:
            DefinitionError: With all problems of all processes.
        """
        from actions.worker import register_periodic, register_queue

        from . import archive, checks, discovery, runners, task_checks, worker
        from .models import Message, Run, RunSchedule
        from .services.scheduling import start_next

        for check in (
            checks.check_processes,
            checks.check_names,
            checks.check_conditions,
            checks.check_ids,
            task_checks.check_tasks,
            runners.check_runner,
        ):
            register(check)
        register_queue("runs", worker.databases, worker.take_runs, Run, worker.due_here)
        register_queue("messages", worker.databases, worker.deliver_next_message, Message)
        register_queue("schedules", worker.databases, start_next, RunSchedule)
        register_periodic("old messages", worker.removal_interval, worker.remove_messages)
        register_periodic("old runs", archive.archive_interval, archive.archive_some)
        runners.load()
        discovery.load()
