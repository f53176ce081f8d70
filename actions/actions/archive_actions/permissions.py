"""Who may archive."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission


class IsSuperuser(BasePermission):
    """Superusers only: archived records are out of sight, and with DJACTION_ARCHIVE = "nowhere" gone for good."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Whether the caller is one."""
        return bool(request.user and request.user.is_active and request.user.is_superuser)
