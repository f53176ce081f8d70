"""Delegate inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes import services
from actions.processes.actions.input.people import find_user

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import OpenTask


def delegate(task: OpenTask, *, context: ActionContext, user: str) -> OpenTask:
    """Have somebody else answer it in the caller's place.

    Args:
        user: The name or the key of who answers it.
    """
    return services.delegate(task, find_user(user, context.using), by=context.actor)
