"""`manage.py actions_diff OLD.json`: whether what callers rely on still holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from actions.contract import Change, NotAContractError, compare, contract, read
from actions.definitions import STATUS
from actions.discovery import load_viewsets
from actions.registry import catalogue

STDOUT = "-"


class Command(BaseCommand):
    """Compares the actions with a contract that was written before, and writes one."""

    help = (
        "Compares the actions with a contract that --write has written, prints every difference, and fails "
        "(exit status 1) where one breaks callers of an action that was prod."
    )
    # It looks at all definitions itself, and says which are wrong.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the old contract and where to write the present one."""
        parser.add_argument("old", nargs="?", metavar="OLD.json", help="the contract to compare with")
        parser.add_argument("--write", metavar="NEW.json", help='write the present contract there; "-": print it')
        parser.add_argument("--json", action="store_true", help="print the differences for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, then compare.

        Raises:
            CommandError: Something breaks callers, or a file cannot be read or written, or there is nothing to do.
        """
        old, file = options["old"], options["write"]
        if old is None and file is None:
            raise CommandError("Name a contract to compare with (OLD.json), or say --write NEW.json, or both.")
        if old is not None and file == STDOUT:
            raise CommandError("--write - prints the contract alone. Leave out OLD.json, or give --write a file.")
        before = None if old is None else _read(old)
        present = _present()
        if file is not None:
            self._write(present, file)
        if before is not None:
            self._compare(compare(before, present), is_json=options["json"])

    def _write(self, present: dict[str, Any], file: str) -> None:
        text = json.dumps(present, indent=2, sort_keys=True, ensure_ascii=False)
        if file == STDOUT:
            self.stdout.write(text)
            return
        try:
            Path(file).write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error

    def _compare(self, changes: list[Change], *, is_json: bool) -> None:
        if is_json:
            self.stdout.write(json.dumps({"changes": [asdict(each) for each in changes]}, indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_told(changes)) or "Nothing has changed.")
        if count := sum(change.is_breaking for change in changes):
            raise CommandError(f"{count} change{'' if count == 1 else 's'} would break callers.")


def _read(file: str) -> dict[str, Any]:
    try:
        return read(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: UTF-8 was expected.") from error
    except NotAContractError as error:
        raise CommandError(f"{file}: {error}") from error


def _present() -> dict[str, Any]:
    """The contract as it is.

    Raises:
        CommandError: Definitions are wrong: their actions would count as removed.
    """
    load_viewsets()
    if problems := catalogue.problems():
        raise CommandError("\n".join(["Correct the definitions first:", *map(str, problems)]))
    return contract()


def _told(changes: Iterable[Change]) -> Iterator[str]:
    """The changes of each action below its name."""
    for (action, status), group in groupby(changes, lambda change: (change.action, change.status)):
        is_unsettled = status not in ("", STATUS.PROD.value)
        yield f"{action} (was {status}: nobody relies on it)" if is_unsettled else action
        for change in group:
            mark = "BREAKS" if change.is_breaking else "      "
            yield f"  {mark}  {f'{change.path}: ' if change.path else ''}{change.message}"
