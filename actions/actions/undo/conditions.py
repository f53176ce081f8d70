"""Which executions can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions import undo as service
from actions.context import ActionContext, Refusal

if TYPE_CHECKING:
    from actions.models import EventAction


def can_be_undone(event: EventAction, context: ActionContext) -> Refusal | None:
    """By what the record says; whether others have changed something since is asked when it is done."""
    reason = service.why_not_undoable(event, context)
    return Refusal(service.NOT_UNDOABLE, reason) if reason else None
