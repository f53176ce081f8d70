"""Cancel runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes import services
from actions.processes.actions.run.records import tie

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import Run


def cancel(run: Run, *, context: ActionContext, compensate: bool | None = None) -> Run:
    """End it before its time.

    Args:
        compensate: Whether its steps are taken back, the last one first. Null: as its process says.
    """
    tie(run, context)
    return services.cancel(run, compensate=compensate)
