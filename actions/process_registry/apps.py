"""The Django app of the process registry."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class ProcessRegistryConfig(AppConfig):
    """`INSTALLED_APPS = [..., "actions", "actions.processes", "actions.process_registry"]`."""

    name = "actions.process_registry"
    label = "actions_process_registry"
    verbose_name = _("Process registry")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have stored processes be started like those of the code, and programs be run by workers."""
        from actions.processes.registry import processes
        from actions.programs import stored as programs

        from . import checks
        from .lookup import find_definition
        from .programs import worker
        from .stored import stored

        register(checks.check_mounts)
        processes.add_source(stored)
        programs.register(find_definition)
        worker.register()
