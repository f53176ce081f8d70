"""`manage.py process`: what there is, whether a file is right, and the schema of the format."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from actions.discovery import load_viewsets
from actions.processes.authoring.yaml_format import format_schema
from actions.processes.discovery import compile_file, named_problems
from actions.processes.registry import processes

COLUMNS = ("id", "style", "steps", "version", "title", "source")


class Command(BaseCommand):
    """Has three commands of its own."""

    help = "Lists the processes, checks process files, or prints the JSON Schema of their format."
    # The problems are what this command shows; checks would stop it in a strict project.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Each command has its own."""
        commands = parser.add_subparsers(dest="command", required=True, metavar="check|list|schema")
        check = commands.add_parser("check", help="all that is wrong with process files")
        check.add_argument("files", nargs="+", type=Path, metavar="FILE")
        check.add_argument("--json", action="store_true", help="for programs")
        listing = commands.add_parser("list", help="the processes that can be started, and what is wrong with others")
        listing.add_argument("--json", action="store_true", help="for programs")
        commands.add_parser("schema", help="the JSON Schema of the format, for editors")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of them.

        Raises:
            CommandError: A checked file is wrong.
        """
        if options["command"] == "check":
            self._check(options["files"], as_json=options["json"])
        elif options["command"] == "list":
            self._list(as_json=options["json"])
        else:
            self.stdout.write(json.dumps(format_schema(), indent=2, ensure_ascii=False))

    def _check(self, files: list[Path], *, as_json: bool) -> None:
        load_viewsets()
        problems = []
        for file in files:
            compiled = compile_file(file)
            found = [*compiled.problems, *self._of_named(compiled)]
            problems += found
            if not found and not as_json and compiled.process is not None:
                self.stdout.write(self.style.SUCCESS(f"{file}: {compiled.process.id} is right."))
        if as_json:
            self.stdout.write(json.dumps([_plain(each) for each in problems], indent=2, ensure_ascii=False))
        else:
            for problem in problems:
                self.stdout.write(self.style.ERROR(str(problem)))
        if problems:
            raise CommandError(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}.")

    @staticmethod
    def _of_named(compiled: Any) -> list[Any]:
        """What is wrong with the use of actions and processes; a process may name itself."""
        own = None if compiled.process is None else compiled.process.id
        return named_problems([each for each in compiled.named if each.kind != "process" or each.name != own])

    def _list(self, *, as_json: bool) -> None:
        rows = [_row(process) for process in processes]
        if as_json:
            found = {"processes": rows, "problems": [str(problem) for problem in processes.problems]}
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
            return
        widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in COLUMNS} if rows else {}
        if not rows:
            self.stdout.write("There are no processes.")
        for row in ({name: name for name in COLUMNS}, *rows) if rows else ():
            self.stdout.write("  ".join(row[name].ljust(widths[name]) for name in COLUMNS).rstrip())
        for problem in processes.problems:
            self.stdout.write(self.style.ERROR(str(problem)))


def _row(process: Any) -> dict[str, str]:
    return {
        "id": process.id,
        "style": process.style,
        "steps": str(len(process.graph.nodes)),
        "version": process.graph.version,
        "title": process.title,
        "source": process.source,
    }


def _plain(problem: Any) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": list(problem.path),
        "message": problem.message,
        "remedy": problem.remedy,
    }
