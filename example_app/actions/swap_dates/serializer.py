"""What `swap_dates` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from example_app.models import Todo

if TYPE_CHECKING:
    from example_app.models import TodoQuerySet


class VisibleTodoField(serializers.PrimaryKeyRelatedField[Todo]):
    """A todo that the caller sees; any other does not exist for them."""

    def get_queryset(self) -> TodoQuerySet:
        """The caller's todos, none where nobody calls (as when a schema is generated)."""
        request = self.context.get("request")
        todos = Todo.objects.visible_to(request.user) if request else Todo.objects.none()
        return todos.select_related("list")


class SwapDatesSerializer(serializers.Serializer[dict[str, Any]]):
    """Names the todo to swap with."""

    other = VisibleTodoField(queryset=Todo.objects.none(), help_text=gettext_lazy("The todo to swap with."))

    def validate_other(self, other: Todo) -> Todo:
        """The permissions of the ViewSet are asked for the action's own object only; this is another."""
        if not other.may_be_changed_by(self.context["request"].user):
            raise serializers.ValidationError(_("You may not change this todo."))
        return other
