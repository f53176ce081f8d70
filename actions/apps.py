"""The Django app: finds the registries of the project and reports what is wrong with them."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class ActionsConfig(AppConfig):
    """`INSTALLED_APPS = [..., "actions"]`."""

    name = "actions"
    label = "actions"
    verbose_name = _("Actions")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load every registry and register the worker's jobs; in a strict project a wrong registry stops the start.

        Raises:
            DefinitionError: With all problems of all registries.
        """
        from . import archive, calls, checks, delivery, discovery, later, setting_checks, worker
        from .models import Delivery, PendingCall
        from .signals import deliveries_posted

        register(setting_checks.check_settings)
        register(checks.check_registries)
        register(checks.check_definitions)
        register(checks.check_viewsets)
        worker.register_queue("calls", calls.databases, calls.carry_out_next, PendingCall)
        worker.register_queue("deliveries", delivery.databases, delivery.deliver_next, Delivery)
        worker.register_periodic("old deliveries", delivery.removal_interval, delivery.remove_old)
        deliveries_posted.connect(delivery.deliver_posted, sender=Delivery, dispatch_uid="actions.deliver_posted")
        worker.register_periodic("sweep", later.sweep_interval, later.sweep)
        worker.register_periodic("archive", archive.archive_interval, archive.archive_some)
        discovery.load_registries()
