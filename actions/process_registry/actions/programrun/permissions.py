"""Who may stop a run of a program."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission

from actions.process_registry.permissions import may_stop


class StartedItOrMayChangeRuns(BasePermission):
    """Whoever has started it, and staff with Django's permission to change such runs."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        """Whether the caller may."""
        return may_stop(obj, request.user)
