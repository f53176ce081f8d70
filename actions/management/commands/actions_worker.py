"""`manage.py actions_worker`: does what is to be done later."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from actions.calls import databases
from actions.work import Heartbeat
from actions.worker import (
    DEFAULT_QUEUE,
    Crew,
    StillWorkingError,
    periodic_jobs,
    queues,
    serve,
    stopped_by_signals,
)


class Command(BaseCommand):
    """Runs the worker in this process."""

    help = (
        "Does what is to be done later, such as calls for later and archiving, until SIGTERM or Ctrl-C. "
        "Any number may run at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--once`, `--threads` and `--queues`."""
        parser.add_argument("--once", action="store_true", help="do what is due and end, as from cron")
        parser.add_argument(
            "--threads", type=_count, default=1, metavar="N", help="how many things are done at once (default: 1)"
        )
        parser.add_argument(
            "--queues", default=DEFAULT_QUEUE, metavar="A,B", help="queues of runs (default: %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop, or once.

        Raises:
            CommandError: With `--once`, something failed; else, not all has come to an end in time.
        """
        try:
            serve(options["queues"].split(","))
        except ValueError as error:
            raise CommandError(f"--queues: {error}") from error
        crew = Crew(options["threads"])
        try:
            # A worker that cron starts counts as alive between two runs, too.
            with stopped_by_signals(crew), Heartbeat(databases(), is_kept=options["once"]):
                self._run(crew, options)
        finally:
            crew.close()

    def _run(self, crew: Crew, options: dict[str, Any]) -> None:
        if options["once"]:
            if failed := crew.run_once():
                raise CommandError(f"Failed, see the log: {', '.join(failed)}.")
            return
        if options["verbosity"]:
            jobs = [queue.name for queue in queues()]
            jobs += [f"{job.name} every {job.interval()}" for job in periodic_jobs()]
            self.stdout.write(f"Working: {', '.join(jobs) or 'nothing is registered'}. Ctrl-C ends it.")
            self.stdout.flush()
        try:
            crew.run()
        except StillWorkingError as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            self.stdout.write("Ended.")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)
