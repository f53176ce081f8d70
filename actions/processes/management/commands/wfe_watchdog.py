"""`manage.py wfe_watchdog`: keeps workflows and steps as files say, while a project is being developed."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from threading import Event, current_thread, main_thread
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actions.processes.workflows.fresh import look
from actions.processes.workflows.settings import WATCHDOG_INTERVAL, watchdog_interval
from actions.processes.workflows.watchdog import AlreadyRunningError, Watchdog, Worker


class Command(BaseCommand):
    """One for a database; a second one says so and ends."""

    help = (
        "Follows changes of the files that WFE_WORKFLOWS names, and says what is wrong with them. "
        f"{WATCHDOG_INTERVAL} says how often, in seconds; 0 or less: never."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Once, or with a worker."""
        parser.add_argument("--once", action="store_true", help="look once, and end")
        parser.add_argument(
            "--worker", action="store_true", help="also run a worker, a new one whenever files have changed"
        )
        parser.add_argument("--database", default="default", help="whose rows are kept (default: default)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Watch, until it is stopped."""
        if options["once"]:
            self._once(options["database"])
            return
        interval = watchdog_interval()
        if interval <= 0:
            self.stdout.write(f"{WATCHDOG_INTERVAL} is {interval:g}: there is no watchdog.")
            return
        worker = Worker() if options["worker"] else None
        watchdog = Watchdog(using=options["database"], interval=interval, say=self._say, worker=worker)
        self._say(f"Watching every {interval:g} seconds. Stop with Ctrl-C.")
        try:
            watchdog.run(_stop_event())
        except AlreadyRunningError as error:
            raise CommandError("A watchdog is running already.") from error

    def _once(self, using: str) -> None:
        found = look(using)
        if found.failure:
            raise CommandError(f"The project does not start: {found.failure}")
        for problem in found.problems:
            self.stderr.write(problem)
        self._say(f"{found.added} new, {found.returned} changed or back, {found.deleted} gone.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _stop_event() -> Event:
    stop = Event()
    if current_thread() is main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_args: stop.set())
    return stop
