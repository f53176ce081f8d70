"""The tool that tells how far a call is which a worker carries out: `action-status`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions import archive
from actions.exceptions import ActionError, InvalidTermError
from actions.models import UNFINISHED, EventAction, PendingCall

from .outcomes import Result, result
from .schemas import OUTCOMES

if TYPE_CHECKING:
    from rest_framework.request import Request

NAME = "action-status"
EVENT = "event"
MAX_KEY = 1 << 63
"""What no key of a record reaches."""


def description() -> dict[str, Any]:
    """The tool as clients see it."""
    title = _("Status of a call")
    anything: dict[str, Any] = {"type": "object"}
    return {
        "name": NAME,
        "title": title,
        "description": _(
            "Tells how far one of your own calls is that a worker carries out, and what came of it. "
            "Ask again after the seconds that Retry-After says while the outcome is pending or running."
        ),
        "inputSchema": {
            "type": "object",
            "properties": {EVENT: {"type": "integer", "description": _("As the call has answered.")}},
            "required": [EVENT],
            "additionalProperties": False,
        },
        "outputSchema": {
            "type": "object",
            "properties": {
                "outcome": {"enum": list(OUTCOMES)},
                EVENT: {"type": "integer"},
                "uid": {"type": "string"},
                "action": {"type": "string"},
                "progress": {**anything, "description": _("done, total and message as the action reported them.")},
                "result": {"description": _("What the action answered, without secrets.")},
                "error": anything,
                "scheduled_at": {"type": ["string", "null"]},
                "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "required": ["outcome"],
        },
        "annotations": {
            "title": title,
            "readOnlyHint": True,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": False,
        },
    }


def tell(request: Request, arguments: Mapping[str, Any], actions: Collection[str]) -> Result:
    """How far a call is.

    Args:
        request: The caller's.
        arguments: Of the tool.
        actions: Names of the actions that are served here.

    Raises:
        ActionError: There is no such event of the caller's.
    """
    if unknown := sorted(set(arguments) - {EVENT}):
        errors = {name[:100]: [_("This argument is not known. Known: event.")] for name in unknown}
        raise ActionError(_("The arguments are not understood."), status=400, code="unknown_argument", errors=errors)
    event = _event(request, _key(arguments.get(EVENT)))
    if event is None or f"{event.resource}:{event.action}" not in actions:
        raise ActionError(_("There is no such event of yours."), status=404, code="not_found")
    facts: dict[str, Any] = {
        "outcome": event.outcome,
        EVENT: event.pk,
        "uid": str(event.uid),
        "action": f"{event.resource}:{event.action}",
        "scheduled_at": event.scheduled_at,
    }
    if event.outcome in UNFINISHED:
        pending = PendingCall.objects.using(event._state.db).filter(event_id=event.pk).first()
        facts |= {"headers": {"Retry-After": "1"}}
        if pending is not None and pending.progress:
            facts["progress"] = pending.progress
    if event.response_data is not None:
        facts["result"] = event.response_data
    if event.error:
        facts["error"] = {key: event.error.get(key) for key in ("code", "detail", "errors")}
    return result(facts)


def _event(request: Request, key: int) -> EventAction | None:
    """The caller's own event."""
    if not request.user.is_authenticated:
        return None
    own = {"pk": key, "actor_id": str(request.user.pk)}
    found = (EventAction.objects.using(alias).filter(**own).first() for alias in archive.databases())
    return next(filter(None, found), None)


def _key(said: Any) -> int:
    if isinstance(said, int) and not isinstance(said, bool) and 0 < said < MAX_KEY:
        return said
    sentence = _("The event was expected that a call has answered, as in 12.")
    raise InvalidTermError(_("event is not understood."), errors={EVENT: [sentence]})
