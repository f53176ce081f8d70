"""`manage.py runs`: what stands still after a deployment, and what to do about it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actions.exceptions import ActionError
from actions.processes import services
from actions.processes.models import Run


class Command(BaseCommand):
    """Each of its commands is a service of the same name."""

    help = "Shows runs that cannot go on, and cancels, pauses, resumes, retries or moves a run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Each command has its own."""
        commands = parser.add_subparsers(dest="command", required=True)
        for name, text in (
            (
                "stranded",
                "runs that could not go on: their process, node or function is gone. Exit status 1 where any is",
            ),
            ("pause", "have a run begin no further step"),
            ("resume", "go on with a run that is paused, or whose definition is there again"),
            ("retry", "go on with a failed run, from the step that failed"),
        ):
            command = commands.add_parser(name, help=text)
            if name != "stranded":
                command.add_argument("run", type=int)
        cancel = commands.add_parser("cancel", help="end a run before its time")
        cancel.add_argument("run", type=int)
        cancel.add_argument("--compensate", action="store_true", default=None, help="take its steps back")
        move = commands.add_parser("move", help="move a run to the definition that is registered now")
        move.add_argument("run", type=int)
        move.add_argument("nodes", nargs="*", metavar="OLD=NEW", help="nodes that have another name now")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of them.

        Raises:
            CommandError: There is no such run, it is not in a state for it, or runs are stranded.
        """
        if options["command"] == "stranded":
            self._stranded()
            return
        try:
            run = self._change(options)
        except ActionError as error:
            raise CommandError(error.detail) from error
        except Run.DoesNotExist as error:
            raise CommandError(f"There is no run {options['run']}.") from error
        waits = f", waits for {run.waits_for}" if run.waits_for else ""
        self.stdout.write(f"Run {run.pk} of {run.process} is {run.status}{waits}.")

    @staticmethod
    def _change(options: dict[str, Any]) -> Run:
        key = options["run"]
        match options["command"]:
            case "pause":
                return services.pause(key)
            case "resume":
                return services.resume(key)
            case "retry":
                return services.retry(key)
            case "cancel":
                return services.cancel(key, compensate=options["compensate"])
        return services.move(key, dict(_pair(each) for each in options["nodes"]))

    def _stranded(self) -> None:
        found = services.stranded()
        for _run, reason in found:
            self.stdout.write(reason)
        if found:
            raise CommandError(f"{len(found)} run{'' if len(found) == 1 else 's'} cannot go on.")
        self.stdout.write("All unfinished runs can go on.")


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise CommandError(f'"{text}" says no node. Expected was OLD=NEW.')
    return old, new
