"""Who may do what with inputs that others answer."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission

CHANGE = "actions_processes.change_opentask"


class MayChangeTasks(BasePermission):
    """Staff with Django's permission to change open tasks."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Whether the caller may."""
        return bool(request.user.is_staff and request.user.has_perm(CHANGE))


class ClaimedItOrMayChangeTasks(BasePermission):
    """Whoever has claimed it, and staff with Django's permission to change open tasks."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        """Whether the caller may."""
        if obj.claimed_by is None:
            # Then there is nothing to release, which is what the caller is told.
            return True
        is_own = obj.claimed_by == str(request.user.pk)
        return is_own or MayChangeTasks().has_permission(request, view)
