"""Claim inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes import services

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import OpenTask


def claim(task: OpenTask, *, context: ActionContext) -> OpenTask:
    """Say that the caller does it."""
    return services.claim(task, context.actor)
