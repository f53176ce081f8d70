"""Move runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes import services
from actions.processes.actions.run.records import tie

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import Run


def move(run: Run, *, context: ActionContext, mapping: dict[str, str] | None = None) -> Run:
    """Have it go on by the definition that is registered now.

    Args:
        mapping: Steps that have another name now, old to new.
    """
    tie(run, context)
    return services.move(run, mapping)
