"""The buttons of a task: each performs one of its actions, checked and recorded as over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import redirect

from actions.call import perform
from actions.exceptions import InvalidPayloadError
from actions.processes.api.inputs import InputViewSet
from actions.processes.services.telling import RESOURCE

from .base import Page

if TYPE_CHECKING:
    from django.http import HttpRequest

DOOR = "page"
STAYS = ("claim", "remind", "escalate")
"""After which the task is still shown."""


class TaskActionView(Page):
    """Claims, releases, delegates, … a task."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, task_id: int, name: str) -> Any:
        """Perform it, and go back."""
        if name not in InputViewSet.action_registry.bound:
            raise Http404
        user: Any = request.user
        data = {"user": request.POST["user"].strip()} if request.POST.get("user", "").strip() else {}
        try:
            perform(f"{RESOURCE}:{name}", task_id, data, actor=user, door=DOOR)
        except InvalidPayloadError as error:
            sentences = [sentence for each in error.errors.values() for sentence in each]
            return self.refuse(error.status, " ".join(sentences) or error.detail)
        if name in STAYS and "stay" in request.POST:
            return redirect("people:task", task_id)
        return self.back()
