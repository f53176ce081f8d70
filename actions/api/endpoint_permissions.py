"""Who may see and change stored webhooks."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission

NEEDED = {"create": "add", "destroy": "delete"}
"""Django's permission by what is done; anything else that is not just looking changes something."""


class MayManageEndpoints(BasePermission):
    """Staff with Django's permissions for the model: to look, "view" or "change"; for every action, "change"."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Whether the caller may."""
        user = request.user
        if not (user and user.is_authenticated and user.is_staff):
            return False
        verbs = ("view", "change") if request.method in SAFE_METHODS else (NEEDED.get(view.action, "change"),)
        return any(user.has_perm(f"actions.{verb}_webhookendpoint") for verb in verbs)
