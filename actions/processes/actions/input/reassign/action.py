"""Reassign inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes import services
from actions.processes.actions.input.people import find_user

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import OpenTask


def reassign(task: OpenTask, *, context: ActionContext, user: str | None = None, key: str | None = None) -> OpenTask:
    """Have somebody else answer it in place of those whom its process names.

    Args:
        user: The name of who answers it. Without it and without a key: again those whom its process names.
        key: His key, in place of the name.
    """
    return services.reassign(task, find_user(user, key, context.using))
