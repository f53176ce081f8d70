"""Mark several todos as done, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from example_app.actions.mark_done.action import mark_done

if TYPE_CHECKING:
    from actions.context import ActionContext
    from example_app.models import TodoQuerySet


def bulk_mark_done(todos: TodoQuerySet, *, note: str = "", context: ActionContext) -> list[dict[str, Any]]:
    """Say of every open todo of the selection that it is done.

    Args:
        note: What there is to say about each; appended to their own notes.
    """
    return [mark_done(todo, note=note, context=context) for todo in todos if not todo.is_done]
