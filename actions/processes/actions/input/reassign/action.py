"""Reassign inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes import services
from actions.processes.actions.input.people import find_user

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import OpenTask


def reassign(task: OpenTask, *, context: ActionContext, user: str | None = None) -> OpenTask:
    """Have somebody else answer it in place of those whom its process names.

    Args:
        user: The name or the key of who answers it. Null: again those whom its process names.
    """
    return services.reassign(task, find_user(user, context.using) if user is not None else None)
