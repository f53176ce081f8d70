"""`manage.py action todo mark_done 7 --note x --as alice`: performs an action."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from actions.command_line import ActionParser, Call, Progress, Report, Sources, confirmed, read_call
from actions.exceptions import ActionError
from actions.redaction import secret_names, secret_texts
from actions.requests import find


class Command(BaseCommand):
    """Performs one action as somebody, checked and recorded as over REST."""

    help = (
        "Performs an action as a user: with their permissions, and recorded as over REST.\n"
        "The answer is JSON on standard output; everything else is told on standard error."
    )
    # The action is called in a project that runs; cron would pay for the checks each time.
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's options, ours, and once the action is known, its own."""
        return ActionParser(super().create_parser(prog_name, subcommand, **kwargs))

    def handle(self, *args: Any, **options: Any) -> None:
        """Perform the action and tell what came of it.

        Raises:
            CommandError: It was refused, or the command line is wrong.
        """
        report = Report(self.stdout, self.stderr, is_json=options["is_json"], verbosity=options["verbosity"])
        _registry, bound = find(f"{options['resource']}:{options['action']}")
        with closing(Sources()) as sources:
            call = read_call(bound, options, sources)
            try:
                self._perform(call, report, sources, options)
            except ActionError as error:
                secrets = secret_texts(call.payload, secret_names(bound.sensitive))
                refusal: CommandError = report.refusal(error, secrets)
                raise refusal from error

    def _perform(self, call: Call, report: Report, sources: Sources, options: dict[str, Any]) -> None:
        call = confirmed(call, report, is_agreed=options["yes"])
        sources.rewind()
        with closing(Progress(self.stderr)) as progress:
            outcome = call.perform(progress if options["verbosity"] else None)
        report.tell(outcome, call.terms)
