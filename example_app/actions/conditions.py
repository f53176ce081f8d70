"""When an action is possible. Each says why where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from actions.conditions import condition
from actions.context import ActionContext, Refusal

if TYPE_CHECKING:
    from example_app.models import Todo


@condition(passes=lambda todos, context: todos.filter(is_done=False))
def not_done(todo: Todo, context: ActionContext) -> Refusal | None:
    """The todo is still open."""
    return Refusal("already_done", _("The todo is done already."), fix=("reopen",)) if todo.is_done else None


@condition(passes=lambda todos, context: todos.filter(is_done=True))
def is_done(todo: Todo, context: ActionContext) -> Refusal | None:
    """The todo is done."""
    return None if todo.is_done else Refusal("not_done", _("The todo is not done yet."), fix=("mark_done",))


@condition(passes=lambda todos, context: todos.exclude(owner__email=""))
def owner_has_address(todo: Todo, context: ActionContext) -> Refusal | None:
    """There is somebody to write to."""
    return None if todo.owner.email else Refusal("no_address", _("Its owner has no mail address."))
