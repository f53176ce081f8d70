"""`manage.py automation_delete_history`: removes automations that ended long ago."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actions.processes.flow.models import AutomationModel

LONGEST = 365 * 1000


class Command(BaseCommand):
    """Those that somebody holds stay, and those that are not over."""

    help = "Removes automations that ended a number of days ago, with their tasks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number of days."""
        parser.add_argument("days", nargs="?", type=float, default=30, help="since they ended (default: 30)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove them, and say how many.

        Raises:
            CommandError: The number is none of days.
        """
        days = options["days"]
        if not 0 <= days <= LONGEST:
            raise CommandError(f"{days:g} is no number of days. Expected was one from 0 on.")
        total, by_model = AutomationModel.delete_history(days)
        self.stdout.write(
            f"{total} total objects deleted, including {by_model['AutomationModel']} AutomationModel instances, and "
            f"{by_model['AutomationTaskModel']} AutomationTaskModel instances"
        )
