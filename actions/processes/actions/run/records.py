"""Ties the record of an action on a run to that run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.processes.registry import processes

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import Run


def tie(run: Run, context: ActionContext) -> None:
    """Have the record mask what the run's process calls secret, and be found by the run's correlation id.

    A caller that has said an id of its own finds the record by that one.
    """
    process = processes.get(run.process)
    if process is not None:
        context.inner_names |= frozenset(process.sensitive)
    if context.outer is None and context.correlation_id == str(context.uid):
        context.correlation_id = run.correlation_id
