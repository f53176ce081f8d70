"""Who may read records."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission


class IsStaffOrAsksForOne(BasePermission):
    """Staff; and for a single record everybody who is known, for the ViewSet has nobody's but their own."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Whether the caller may ask."""
        user = request.user
        return bool(user and user.is_authenticated and (user.is_staff or view.detail))
