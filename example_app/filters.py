"""What the list of todos can be narrowed to; list actions understand the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_filters import rest_framework as filters

from .models import Todo, TodoList

if TYPE_CHECKING:
    from rest_framework.request import Request

    from .models import TodoListQuerySet


def _visible_lists(request: Request | None) -> TodoListQuerySet:
    """The caller's lists, none where nobody calls (as when a schema is generated)."""
    return TodoList.objects.visible_to(request.user) if request else TodoList.objects.none()


class TodoFilter(filters.FilterSet):
    """`?list=3&is_done=false&due_before=2026-12-31`."""

    list = filters.ModelChoiceFilter(queryset=_visible_lists)  # type: ignore[arg-type]  # may be a function
    due = filters.DateFromToRangeFilter(field_name="due_date")

    class Meta:
        model = Todo
        fields = ["list", "owner", "is_done", "priority"]
