"""Resume runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes import services
from actions.processes.actions.run.records import tie

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import Run


def resume(run: Run, *, context: ActionContext) -> Run:
    """Go on with it."""
    tie(run, context)
    return services.resume(run)
