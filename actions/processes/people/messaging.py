"""The button that sends a message to a run: see the tag `{% send_message %}`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.call import perform
from actions.exceptions import InvalidPayloadError
from actions.processes.api.runs import RunViewSet

from .base import Page
from .changing import DOOR

if TYPE_CHECKING:
    from django.http import HttpRequest

RESOURCE = RunViewSet.action_registry.resource


class MessageView(Page):
    """Sends a message to a run of the user's, as `POST /runs/7/send_message/` does."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, run_id: int) -> Any:
        """Send it, and go back."""
        user: Any = request.user
        payload: dict[str, Any] = {name: request.POST[name] for name in ("name", "key") if request.POST.get(name)}
        if request.POST.get("data"):
            try:
                payload["data"] = json.loads(request.POST["data"])
            except (ValueError, RecursionError):
                return self.refuse(400, _('JSON was expected, as in {"name": "value"}.'))
        try:
            perform(f"{RESOURCE}:send_message", run_id, payload, actor=user, door=DOOR)
        except InvalidPayloadError as error:
            return self.refuse(error.status, str(error))
        return self.back()
