"""The Django app of the process engine."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class ProcessesConfig(AppConfig):
    """`INSTALLED_APPS = [..., "actions", "actions.processes"]`."""

    name = "actions.processes"
    label = "actions_processes"
    verbose_name = _("Processes")
    default_auto_field = "django.db.models.BigAutoField"
    model_modules = ("actions.processes.workflows.models", "actions.processes.flow.models")
    """Models that stand beside what they belong to."""

    def import_models(self) -> None:
        """All models of the app."""
        super().import_models()
        for module in self.model_modules:
            import_module(module)

    def ready(self) -> None:
        """Load every task and process, and register the worker's jobs; in a strict project a wrong one stops the start.

        Raises:
            DefinitionError: With all problems of all processes.
        """
        from actions.archive import register_keeper
        from actions.worker import register_periodic, register_queue

        from . import archive, checks, discovery, runners, task_checks, worker
        from .flow import setup as flow_setup
        from .models import Message, OpenTask, Run, RunSchedule
        from .services.reminding import care_for_due
        from .services.scheduling import start_next
        from .workflows import setup as workflow_setup

        for check in (
            checks.check_processes,
            checks.check_names,
            checks.check_conditions,
            checks.check_ids,
            checks.check_permissions,
            checks.check_filters,
            checks.check_atm_settings,
            task_checks.check_tasks,
            runners.check_runner,
        ):
            register(check)
        register_queue("runs", worker.databases, worker.take_runs, Run, worker.due_here)
        register_queue("messages", worker.databases, worker.deliver_next_message, Message)
        register_queue("open tasks", worker.databases, care_for_due, OpenTask)
        register_queue("schedules", worker.databases, start_next, RunSchedule)
        register_periodic("old messages", worker.removal_interval, worker.remove_messages)
        register_periodic("old runs", archive.archive_interval, archive.archive_some)
        register_keeper(archive.keep_what_can_be_undone)
        runners.load()
        discovery.load()
        workflow_setup.begin(self)
        flow_setup.begin()
