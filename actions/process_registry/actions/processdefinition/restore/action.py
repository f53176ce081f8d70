"""Restore an older version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actions.process_registry import services

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.process_registry.models import ProcessDefinition


def restore(row: ProcessDefinition, *, number: int, note: str = "", context: ActionContext) -> dict[str, Any]:
    """Write what an older version said as a new one.

    Args:
        number: Of the version.
        note: Why.
    """
    made = services.restore(row, number, author=context.actor, note=note)
    return {"id": made.pk, "version": made.version, "restored_from": number}
