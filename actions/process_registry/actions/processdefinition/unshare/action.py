"""Share a definition no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actions.process_registry import services

if TYPE_CHECKING:
    from actions.process_registry.models import ProcessDefinition


def unshare(row: ProcessDefinition) -> dict[str, Any]:
    """Have nobody but its owner see and start it."""
    return {"id": row.pk, "is_shared": services.share(row, is_shared=False).is_shared}
