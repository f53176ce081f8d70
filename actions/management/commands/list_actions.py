"""`manage.py list_actions`: everything that can be called, and what is wrong with the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.schemas.generators import EndpointEnumerator

from actions.registry import catalogue

COLUMNS = ("resource", "action", "type", "status", "path", "title")
NOT_SERVED = "-"


class Command(BaseCommand):
    """Prints a table, or JSON."""

    help = "Lists the actions of all registries, and their problems."
    # The problems are what this command shows; checks would stop it in a strict project.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form of the output."""
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument("--fail-on-problems", action="store_true", help="exit status 1 where there are problems")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print actions, then problems.

        Raises:
            CommandError: There are problems and they were to make it fail.
        """
        rows = list(_rows())
        problems = catalogue.problems()
        if options["json"]:
            document = {"actions": rows, "problems": [str(problem) for problem in problems]}
            self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_table(rows)))
            for problem in problems:
                self.stdout.write(self.style.ERROR(str(problem)))
        if problems and options["fail_on_problems"]:
            raise CommandError(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}.")


def _rows() -> Iterable[dict[str, str]]:
    paths = _paths()
    for registry in catalogue:
        for definition in registry.definitions.values():
            yield {
                "resource": registry.resource,
                "action": definition.id,
                "type": definition.type,
                "status": definition.status,
                "path": paths.get((id(registry), definition.id), NOT_SERVED),
                "title": definition.title,
            }


def _paths() -> dict[tuple[int, str], str]:
    """The path of each action by its registry and id, from the project's URLs; the first where it has several."""
    paths: dict[tuple[int, str], str] = {}
    for path, _method, callback in EndpointEnumerator().get_api_endpoints():
        initkwargs = getattr(callback, "initkwargs", {})
        action = initkwargs.get("action_name")
        if action and not initkwargs.get("is_older_route"):
            paths.setdefault((id(callback.cls.action_registry), action), path)
    return paths


def _table(rows: list[dict[str, str]]) -> Iterable[str]:
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in COLUMNS} if rows else {}
    if not rows:
        yield "No actions are registered."
        return
    for row in ({name: name for name in COLUMNS}, *rows):
        yield "  ".join(row[name].ljust(widths[name]) for name in COLUMNS).rstrip()
