"""Who may change what they see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, BasePermission

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from .models import Todo, TodoList


class MayChange(BasePermission):
    """Everybody who sees an object may read it; what else, it knows itself."""

    message = _("Only its owner may change this.")

    def has_object_permission(self, request: Request, view: APIView, obj: Todo | TodoList) -> bool:
        """Whether reading is all that is asked, or the object says yes."""
        return request.method in SAFE_METHODS or obj.may_be_changed_by(request.user)
