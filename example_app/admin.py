"""Todos and lists in Django's admin."""

from __future__ import annotations

from django.contrib import admin

from actions.admin import ActionsAdminMixin

from .actions.action_registry import ACTIONS
from .models import Todo, TodoList


@admin.register(TodoList)
class TodoListAdmin(admin.ModelAdmin):
    """Lists by owner."""

    list_display = ["name", "owner", "is_shared"]
    list_filter = ["is_shared"]
    search_fields = ["name"]


@admin.register(Todo)
class TodoAdmin(ActionsAdminMixin, admin.ModelAdmin):
    """Todos by list, state and date, and what can be done with them."""

    action_registry = ACTIONS
    list_display = ["title", "list", "owner", "priority", "due_date", "is_done"]
    list_filter = ["is_done", "priority", "list"]
    list_select_related = ["list", "owner"]
    search_fields = ["title", "note"]
    date_hierarchy = "due_date"
