"""What workflows need when the apps are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.checks import register
from django.db.models.signals import post_migrate

from actions.processes.signals import run_failed

from . import checks, discovery, known, log_files

if TYPE_CHECKING:
    from django.apps import AppConfig


def begin(config: AppConfig) -> None:
    """Register checks and receivers, and find the project's workflows.

    Raises:
        DefinitionError: One of them is wrong, and the project is strict.
    """
    register(checks.check_modules)
    register(checks.check_log_dir)
    register(checks.check_interval)
    post_migrate.connect(known.sync_after_migrate, sender=config, dispatch_uid="actions.processes.workflows")
    run_failed.connect(log_files.note_failure, dispatch_uid="actions.processes.workflows")
    discovery.load()
