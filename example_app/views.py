"""Ordinary ViewSets; `ActionMixin` and one line add the actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework import viewsets
from rest_framework.permissions import IsAuthenticated

from actions.mixins import ActionMixin

from .actions.action_registry import ACTIONS
from .filters import TodoFilter
from .models import Todo, TodoList
from .permissions import MayChange
from .serializers import TodoListSerializer, TodoSerializer

if TYPE_CHECKING:
    from rest_framework.serializers import BaseSerializer

    from .models import TodoListQuerySet, TodoQuerySet


class TodoListViewSet(viewsets.ModelViewSet[TodoList]):
    """The lists that the caller sees."""

    queryset = TodoList.objects.all()
    serializer_class = TodoListSerializer
    permission_classes = [IsAuthenticated, MayChange]
    search_fields = ["name"]
    ordering_fields = ["id", "name"]

    def get_queryset(self) -> TodoListQuerySet:
        """Own and shared ones."""
        return TodoList.objects.visible_to(self.request.user).select_related("owner")

    def perform_create(self, serializer: BaseSerializer[TodoList]) -> None:
        """A list belongs to whoever makes it."""
        serializer.save(owner=self.request.user)


class TodoViewSet(ActionMixin, viewsets.ModelViewSet[Todo]):
    """The todos that the caller sees, and what can be done with them."""

    queryset = Todo.objects.all()
    serializer_class = TodoSerializer
    permission_classes = [IsAuthenticated, MayChange]
    filterset_class = TodoFilter
    search_fields = ["title", "note"]
    ordering_fields = ["id", "title", "due_date", "priority", "updated_at"]
    action_registry = ACTIONS
    answer_unknown_actions = True

    def get_queryset(self) -> TodoQuerySet:
        """Own ones and those of shared lists."""
        return Todo.objects.visible_to(self.request.user).select_related("list", "owner")

    def perform_create(self, serializer: BaseSerializer[Todo]) -> None:
        """A todo belongs to whoever makes it."""
        serializer.save(owner=self.request.user)
