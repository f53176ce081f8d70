"""Mark one todo as done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

if TYPE_CHECKING:
    from actions.context import ActionContext
    from example_app.models import Todo


def mark_done(todo: Todo, *, note: str = "", context: ActionContext) -> dict[str, Any]:
    """Say that the todo is done. One that was done before keeps its time.

    Args:
        note: What there is to say about it; appended to the todo's own note.
    """
    if not todo.is_done:
        todo.is_done = True
        todo.done_at = timezone.now()
    if note:
        todo.note = f"{todo.note}\n{note}".strip()
    todo.save(update_fields=["is_done", "done_at", "note", "updated_at"])
    return {"id": todo.pk, "is_done": True, "done_at": todo.done_at, "done_by": context.actor.get_username()}
