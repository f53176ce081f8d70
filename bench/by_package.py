"""The action through the package, (c) untracked and (d) tracked by a setting."""

from __future__ import annotations

from rest_framework import viewsets

from actions import ActionRegistry
from actions.context import ActionContext, Refusal
from actions.mixins import ActionMixin
from example_app.models import Todo, TodoQuerySet
from example_app.serializers import TodoSerializer

from .payload import MarkDoneSerializer
from .work import is_open, mark_done

registry = ActionRegistry("bench", "/package/")
registry.action(serializer=MarkDoneSerializer)(mark_done)


def not_withdrawn(todo: Todo, context: ActionContext) -> Refusal | None:
    """The todo is still meant."""
    return None if is_open(todo) else Refusal("withdrawn", "The todo was withdrawn.")


registry.action(id="mark_open", serializer=MarkDoneSerializer, conditions=[not_withdrawn])(mark_done)


@registry.action(id="touch_all", type="bulk")
def touch_all(todos: TodoQuerySet) -> dict[str, int]:
    """Change every object of the selection in the database."""
    return {"touched": todos.update(priority=3)}


class PackageViewSet(ActionMixin, viewsets.ModelViewSet[Todo]):
    """(c) and (d)."""

    queryset = Todo.objects.all()
    serializer_class = TodoSerializer
    action_registry = registry
