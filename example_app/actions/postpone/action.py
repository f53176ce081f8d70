"""Move the date of a todo."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from example_app.models import Todo


def postpone(todo: Todo, *, days: int = 7) -> Todo:
    """Give the todo more time, counted from its date, or from today where it has none."""
    todo.due_date = (todo.due_date or timezone.localdate()) + timedelta(days=days)
    todo.save(update_fields=["due_date", "updated_at"])
    return todo
