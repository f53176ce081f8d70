"""Who may end a run."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission

CHANGE = "actions_processes.change_run"


class StartedItOrMayChangeRuns(BasePermission):
    """Whoever has started the run, and who has Django's permission to change runs."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        """Whether the caller may."""
        user = request.user
        return bool(user.has_perm(CHANGE)) or (obj.actor_id is not None and obj.actor_id == str(user.pk))
