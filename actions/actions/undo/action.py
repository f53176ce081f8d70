"""Take back what an action did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actions import undo as service

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.models import EventAction


def undo(event: EventAction, *, context: ActionContext) -> Any:
    """Take it back, by the inverse action or from the recorded changes."""
    return service.undo(event, context)
