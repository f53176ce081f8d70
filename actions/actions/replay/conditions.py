"""Which executions can be done again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions import undo as service
from actions.context import ActionContext, Refusal

if TYPE_CHECKING:
    from actions.models import EventAction


def can_be_replayed(event: EventAction, context: ActionContext) -> Refusal | None:
    """By what the record says; permissions and the action's own conditions are asked when it is done."""
    reason = service.why_not_replayable(event, context)
    return Refusal(service.NOT_REPLAYABLE, reason) if reason else None
