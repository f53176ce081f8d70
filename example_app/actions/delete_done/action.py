"""Delete todos that are done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from example_app.models import TodoQuerySet


def delete_done(todos: TodoQuerySet) -> dict[str, int]:
    """Delete the done todos of the selection; open ones stay."""
    deleted, _by_model = todos.filter(is_done=True).delete()
    return {"deleted": deleted}
