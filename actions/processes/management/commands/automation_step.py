"""`manage.py automation_step`: carries out everything that is due, as from cron."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from actions.conf import conf
from actions.processes.flow.models import AutomationModel
from actions.worker import serve


class Command(BaseCommand):
    """Ends when nothing is due; `actions_worker` goes on."""

    help = "Goes on with all automations and other processes that have something due. Any number may run at once."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, for all queues of the project."""
        serve(conf.QUEUES)
        AutomationModel.run()
