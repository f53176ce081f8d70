"""Remind those who may answer inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes import services

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import OpenTask


def remind(task: OpenTask, *, context: ActionContext) -> OpenTask:
    """Tell those who may answer that it waits."""
    return services.remind(task)
