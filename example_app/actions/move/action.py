"""Move todos to another list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from example_app.models import TodoList, TodoQuerySet


def move(todos: TodoQuerySet, *, to: TodoList) -> dict[str, int]:
    """Put the todos of the selection into another list."""
    return {"moved": todos.exclude(list=to).update(list=to, updated_at=timezone.now())}
