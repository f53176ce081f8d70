"""What an input has to be like for each action. All of it is asked again, under a lock, by the services that do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from actions.context import ActionContext, Refusal
from actions.processes import services
from actions.processes.services.answering import is_claimed_by_other
from actions.processes.services.plans import ESCALATE_TO
from actions.processes.services.tasks import CLAIMED, NOT_ALLOWED

if TYPE_CHECKING:
    from actions.processes.models import OpenTask

NOT_CLAIMED = "not_claimed"
NOBODY = "nobody_to_escalate_to"


def may_answer(task: OpenTask, context: ActionContext) -> Refusal | None:
    """Only whoever may answer it."""
    if services.may_answer(task, context.actor):
        return None
    return Refusal(NOT_ALLOWED, _("You may not answer this."))


def is_free(task: OpenTask, context: ActionContext) -> Refusal | None:
    """Only what nobody else has claimed."""
    if not is_claimed_by_other(task, context.actor):
        return None
    return Refusal(CLAIMED, _("%(name)s has claimed it.") % {"name": task.claimed_name}, fix=("release",))


def is_claimed(task: OpenTask, context: ActionContext) -> Refusal | None:
    """Only what somebody has claimed."""
    return Refusal(NOT_CLAIMED, _("Nobody has claimed it."), fix=("claim",)) if task.claimed_by is None else None


def can_be_escalated(task: OpenTask, context: ActionContext) -> Refusal | None:
    """Only what has somebody to be escalated to."""
    if ESCALATE_TO in task.plan:
        return None
    if task.escalated_at is not None:
        return Refusal(NOBODY, _("It has been escalated already."))
    return Refusal(NOBODY, _("There is nobody to escalate it to."))
