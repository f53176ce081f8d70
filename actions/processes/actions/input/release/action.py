"""Release inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes import services

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import OpenTask


def release(task: OpenTask, *, context: ActionContext) -> OpenTask:
    """Have anybody who may answer it answer it again."""
    return services.release(task)
