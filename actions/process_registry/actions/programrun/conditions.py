"""What a run of a program has to be like for each action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from actions.context import ActionContext, Refusal

if TYPE_CHECKING:
    from actions.process_registry.programs.models import ProgramRun


def is_not_over(run: ProgramRun, context: ActionContext) -> Refusal | None:
    """Only a run that has not ended."""
    if not run.is_finished:
        return None
    return Refusal("wrong_state", _("It is over: %(status)s.") % {"status": run.get_status_display()})
