"""`manage.py archive_actions`: moves old records out of the way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from actions.archive import ArchiveReport, archive, as_moment, count_due, databases, moment_before


class Command(BaseCommand):
    """Archives once, on every database that records are written to."""

    help = (
        "Moves records of executions whose time is over to where DJACTION_ARCHIVE says. "
        "Safe to kill, and to run more than once at a time."
    )
    # A mistake elsewhere in the project is no reason to let records pile up; and cron calls this often.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to move and where."""
        parser.add_argument(
            "--older-than",
            metavar="MINUTES|DATE",
            help="all records older than so many minutes, or from before a date or date and time (ISO 8601), "
            "in place of those that are due by settings and definitions",
        )
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--database", help="on this database only")

    def handle(self, *args: Any, **options: Any) -> None:
        """Archive, and say how many records went where.

        Raises:
            CommandError: An option makes no sense.
        """
        older_than = None if options["older_than"] is None else _moment(options["older_than"])
        database = options["database"]
        if database is not None and database not in connections:
            raise CommandError(f'There is no database "{database}". There are: {", ".join(connections)}.')
        for alias in [database] if database else databases():
            if options["dry_run"]:
                done = f"{_records(count_due(older_than=older_than, using=alias))} would be archived"
            else:
                done = _told(archive(older_than=older_than, using=alias))
            self.stdout.write(f"{alias}: {done}")


def _moment(text: str) -> datetime:
    """What `--older-than` says.

    Raises:
        CommandError: It is neither minutes nor a date.
    """
    if text.isascii() and text.isdigit():
        return moment_before(timezone.now(), int(text))
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        expected = "minutes, a date (2026-11-30) or a date and time (2026-11-30T14:30:00+01:00)"
        raise CommandError(f'--older-than: "{text}" is not {expected}.')
    return as_moment(moment)


def _told(report: ArchiveReport) -> str:
    where = {"table": "to the table of archived events", "files": "to files", "nowhere": "nowhere: they are removed"}
    resumed = f", {report.resumed} of them begun by an earlier run" if report.resumed else ""
    batches = f"{report.batches} batch{'' if report.batches == 1 else 'es'}"
    return f"{_records(report.count)} archived in {batches}{resumed}, {where[report.destination]}"


def _records(count: int) -> str:
    return f"{count} record{'' if count == 1 else 's'}"
