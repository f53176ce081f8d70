"""Let two todos change places in the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from example_app.models import Todo

if TYPE_CHECKING:
    from actions.context import ActionContext


def swap_dates(todo: Todo, *, other: Todo, context: ActionContext) -> Todo:
    """Give each of two todos the due date of the other."""
    # Locked, as `todo` is; and watched, so that its change is recorded, shown in a preview and undone as well.
    other = Todo.objects.select_for_update().get(pk=other.pk)
    context.changes.watch(other)
    todo.due_date, other.due_date = other.due_date, todo.due_date
    for each in (todo, other):
        each.save(update_fields=["due_date", "updated_at"])
    return todo
