"""Who may do what with a definition that he sees."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission

from actions.process_registry.documents import EXECUTABLE
from actions.process_registry.permissions import RUN, may_change


class MayChangeDefinition(BasePermission):
    """Its owner, and staff with Django's permission to change definitions."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        """Whether the caller may."""
        return may_change(obj, request.user)


class MayRunDefinition(BasePermission):
    """Of a process whoever sees it; of an executable who has the permission `run_program`, too."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        """Whether the caller may."""
        return obj.kind != EXECUTABLE or bool(request.user.has_perm(RUN))
