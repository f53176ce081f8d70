"""Fork runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actions.processes import services
from actions.processes.actions.run.records import tie

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import Run


def fork(run: Run, *, context: ActionContext, node: str | None = None, payload: dict[str, Any] | None = None) -> Run:
    """Begin a new run from one of its steps.

    Args:
        node: The name of the step; null: the one that the run is at.
        payload: Values of the payload that are to be otherwise.
    """
    tie(run, context)
    return services.fork(run, node=node, payload=payload, actor=context.actor)
