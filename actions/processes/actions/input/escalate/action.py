"""Escalate inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes import services

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import OpenTask


def escalate(task: OpenTask, *, context: ActionContext) -> OpenTask:
    """Have those answer it as well whom its process names for that."""
    return services.escalate(task)
