"""Retry runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes import services
from actions.processes.actions.run.records import tie

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import Run


def retry(run: Run, *, context: ActionContext) -> Run:
    """Go on with it from the step that failed."""
    tie(run, context)
    return services.retry(run)
