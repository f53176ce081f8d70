"""The work, the same on every side."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from example_app.models import Todo


def mark_done(todo: Todo, *, note: str, minutes: int) -> dict[str, Any]:
    """Say that the todo is done."""
    todo.is_done = True
    todo.done_at = timezone.now()
    todo.note = f"{note} ({minutes} minutes)"
    todo.save(update_fields=["is_done", "done_at", "note"])
    return {"id": todo.pk, "is_done": True, "done_at": todo.done_at}


def is_open(todo: Todo) -> bool:
    """Whether the work may be done."""
    return todo.title != "Withdrawn"
