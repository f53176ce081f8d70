"""`manage.py actions_worker`: does what is to be done later."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from actions.calls import databases
from actions.work import Heartbeat
from actions.worker import Worker, periodic_jobs, queues, stopped_by_signals


class Command(BaseCommand):
    """Runs the worker in this process."""

    help = (
        "Does what is to be done later, such as calls for later and archiving, until SIGTERM or Ctrl-C. "
        "Any number may run at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--once`."""
        parser.add_argument("--once", action="store_true", help="do what is due and end, as from cron")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop, or once.

        Raises:
            CommandError: With `--once`, something failed.
        """
        worker = Worker()
        try:
            # A worker that cron starts counts as alive between two runs, too.
            with stopped_by_signals(worker), Heartbeat(databases(), is_kept=options["once"]):
                self._run(worker, options)
        finally:
            worker.close()

    def _run(self, worker: Worker, options: dict[str, Any]) -> None:
        if options["once"]:
            if failed := worker.run_once():
                raise CommandError(f"Failed, see the log: {', '.join(failed)}.")
            return
        if options["verbosity"]:
            jobs = [queue.name for queue in queues()]
            jobs += [f"{job.name} every {job.interval()}" for job in periodic_jobs()]
            self.stdout.write(f"Working: {', '.join(jobs) or 'nothing is registered'}. Ctrl-C ends it.")
            self.stdout.flush()
        worker.run()
        if options["verbosity"]:
            self.stdout.write("Ended.")
