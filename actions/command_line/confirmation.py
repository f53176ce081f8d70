"""Asking before something is lost for good."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from django.core.management.base import CommandError

from actions.exceptions import NotPossibleError

from .sources import is_interactive, misuse

if TYPE_CHECKING:
    from actions.execution import Outcome

    from .calls import Call
    from .reports import Report

YES = frozenset({"y", "yes"})


def confirmed(call: Call, report: Report, *, is_agreed: bool) -> Call:
    """The call, which somebody has agreed to where it is destructive: then it does what they have been shown.

    Args:
        call: The call.
        report: Shows the preview.
        is_agreed: Somebody has said `--yes`.

    Raises:
        CommandError: Nobody can be asked, or the answer is no.
        ActionError: It would be refused.
    """
    terms = call.terms
    if not call.bound.action.destructive or is_agreed or terms.is_preview or terms.plan is not None:
        return call
    if not is_interactive():
        raise misuse(
            f'"{call.bound.name}" may lose something for good, and nobody can be asked. Look with --dry-run at what it '
            "would do; then do exactly that with --plan, or whatever it does with --yes."
        )
    tried = _tried(call)
    if tried is None:
        report.say("This may lose something for good, and what it does cannot be shown beforehand.")
    else:
        report.show_effect(tried)
    if not _agrees(report):
        raise CommandError("Nothing was done.")
    is_for_now = not terms.is_later and not call.bound.action.background
    if tried is None or tried.preview is None or not is_for_now:
        return call
    return replace(call, terms=replace(terms, plan=tried.preview.plan))


def _tried(call: Call) -> Outcome | None:
    """A preview; None where the action cannot be tried."""
    for_now = replace(call.terms, is_preview=True, is_async=False, scheduled_at=None, cron=None)
    try:
        return call.perform(terms=for_now)
    except NotPossibleError as error:
        if error.code != "preview_not_possible":
            raise
        return None


def _agrees(report: Report) -> bool:
    # Not `input`, which would write the question to standard output, among the answer.
    report.say("Do it? [y/N] ", ending="")
    return sys.stdin.readline().strip().lower() in YES
