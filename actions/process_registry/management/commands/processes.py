"""`manage.py processes`: stored definitions from files, and to files, for definitions that live in a repository."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from actions.process_registry.syncing import UNCHANGED, Options, Report, export, sync


class Command(BaseCommand):
    """Has two commands of its own."""

    help = "Stores the definitions that the files of a folder have, or writes the stored ones to files."
    # What is wrong elsewhere in the project is no reason to leave what is stored behind its files.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Each command has its own."""
        commands = parser.add_subparsers(dest="command", required=True, metavar="sync|export")
        syncing = commands.add_parser("sync", help="store what *.yml, *.yaml and *.json of a folder say")
        syncing.add_argument("folder", type=Path, metavar="DIR")
        syncing.add_argument("--delete", action="store_true", help="also delete definitions whose files are gone")
        syncing.add_argument("--dry-run", action="store_true", help="only say what would be done")
        syncing.add_argument("--owner", metavar="USER", help="whose new definitions are; else nobody's, but staff's")
        syncing.add_argument("--shared", action="store_true", help="have everybody see and start new definitions")
        syncing.add_argument("--note", default="", help="why, for the list of versions")
        exporting = commands.add_parser("export", help="write every stored definition to a file")
        exporting.add_argument("folder", type=Path, metavar="DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of them, and say what was done.

        Raises:
            CommandError: There is no such folder or user, or a file is wrong (exit status 1, the others are stored).
        """
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        if options["command"] == "export":
            try:
                self._tell(export(folder))
            except OSError as error:
                raise CommandError(f"{error.filename} cannot be written: {error.strerror}.") from error
            return
        said = Options(_user(options["owner"]), options["shared"], options["delete"], options["note"])
        self._tell(sync(folder, said, is_trial=options["dry_run"]), is_trial=options["dry_run"])

    def _tell(self, report: Report, *, is_trial: bool = False) -> None:
        for what, name, key in report.done:
            if what != UNCHANGED:
                self.stdout.write(f"{what:<10} {name} ({key})")
        unchanged = sum(what == UNCHANGED for what, _name, _key in report.done)
        self.stdout.write(f"{len(report.done) - unchanged} done, {unchanged} unchanged.")
        if is_trial:
            self.stdout.write("This was a trial: nothing was stored.")
        for problem in report.problems:
            self.stdout.write(self.style.ERROR(str(problem)))
        if report.problems:
            count = len(report.problems)
            raise CommandError(f"{count} problem{'' if count == 1 else 's'}.")


def _user(name: str | None) -> Any:
    """The user of a name; None for none.

    Raises:
        CommandError: There is none.
    """
    if name is None:
        return None
    users = get_user_model()
    try:
        return users._default_manager.get_by_natural_key(name)
    except users.DoesNotExist as error:
        raise CommandError(f'There is no user "{name}".') from error
