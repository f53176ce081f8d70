"""Open a todo again that was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from example_app.models import Todo


def reopen(todo: Todo) -> Todo:
    """Take back that the todo is done."""
    todo.is_done = False
    todo.done_at = None
    todo.save(update_fields=["is_done", "done_at", "updated_at"])
    return todo
