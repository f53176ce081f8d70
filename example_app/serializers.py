"""Todos and lists as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework import serializers

from .models import Todo, TodoList

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from .models import TodoListQuerySet


class VisibleListField(serializers.PrimaryKeyRelatedField[TodoList]):
    """A list that the caller sees; any other does not exist for them."""

    def get_queryset(self) -> TodoListQuerySet:
        """The caller's lists, none where nobody calls (as when a schema is generated)."""
        request = self.context.get("request")
        return TodoList.objects.visible_to(request.user) if request else TodoList.objects.none()


class TodoListSerializer(serializers.ModelSerializer[TodoList]):
    """A list; it belongs to whoever makes it."""

    owner: serializers.SlugRelatedField[User] = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = TodoList
        fields = ["id", "name", "owner", "is_shared"]


class TodoSerializer(serializers.ModelSerializer[Todo]):
    """A todo; it belongs to whoever makes it. Whether it is done is changed by actions."""

    owner: serializers.SlugRelatedField[User] = serializers.SlugRelatedField(slug_field="username", read_only=True)
    list = VisibleListField(queryset=TodoList.objects.none())

    class Meta:
        model = Todo
        fields = ["id", "title", "note", "list", "owner", "priority", "due_date", "is_done", "done_at", "updated_at"]
        read_only_fields = ["is_done", "done_at"]
