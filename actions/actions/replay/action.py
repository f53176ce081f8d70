"""Do again what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actions import undo as service

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.models import EventAction


def replay(event: EventAction, *, context: ActionContext) -> Any:
    """Perform the same action again, with the recorded request."""
    return service.replay(event, context)
