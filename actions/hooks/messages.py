"""What a receiver is told about an execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from .settings import Hook

if TYPE_CHECKING:
    from actions.models import EventAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An event in the words of activity streams: somebody (actor) has done something (verb) to something (object)."""

    type: str
    """ "todo.mark_done.succeeded"."""
    verb: str
    """The action's id."""
    actor: str
    """ "user:3"; "" for nobody who is known."""
    actor_name: str
    object: str
    """ "todo:7"; "" for a list."""
    text: str
    """One sentence for a person."""
    time: str
    """ISO 8601, UTC."""
    foreign_id: str
    """The record's uid."""
    data: Mapping[str, Any]
    """The record: see `facts_of`."""

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def describe(event: EventAction, hook: Hook, *, title: str = "", text: str = "") -> Message | None:
    """The message about a record, by the hook's own function if it has one; None: nothing is to be sent.

    Args:
        event: The record.
        hook: Where it goes.
        title: The action's, for the text.
        text: What the action's form says of itself (`get_stream_message`), "" where it says nothing.
    """
    message = _plain(event, title or event.action, text)
    if not hook.message:
        return message
    found: Message | None = import_string(hook.message)(event, message)
    return found


def reworded(message: Message, **changes: Any) -> Message:
    """The message with other words: `reworded(message, verb="liked", text=…)`."""
    return replace(message, **changes)


def facts_of(event: EventAction) -> dict[str, Any]:
    """The record as receivers get it: JSON values, secrets masked as in the record."""
    return {
        "uid": str(event.uid),
        "resource": event.resource,
        "action": event.action,
        "version": event.definition_version,
        "object_id": event.object_id,
        "selection": event.selection,
        "actor": {"id": event.actor_id, "name": event.actor_name},
        "door": event.door,
        "correlation_id": event.correlation_id,
        "parent_uid": event.parent_uid and str(event.parent_uid),
        "outcome": event.outcome,
        "status_code": event.status_code,
        "request": event.request_data,
        "response": event.response_data,
        "changes": event.changes,
        "error": _error(event),
        "created_at": event.created_at.isoformat(),
    }


def _plain(event: EventAction, title: str, text: str) -> Message:
    return Message(
        type=f"{event.resource}.{event.action}.{event.outcome}",
        verb=event.action,
        actor="" if event.actor_id is None else f"user:{event.actor_id}",
        actor_name=event.actor_name,
        object="" if event.object_id is None else f"{event.resource}:{event.object_id}",
        text=text or _sentence(event, title),
        time=event.created_at.isoformat(),
        foreign_id=str(event.uid),
        data={**facts_of(event), "title": title},
    )


def _sentence(event: EventAction, title: str) -> str:
    who = event.actor_name or _("Somebody")
    what = event.resource if event.object_id is None else f"{event.resource} {event.object_id}"
    said = f"{who}: {title} ({what})"
    return said if event.outcome == "succeeded" else f"{said}: {event.get_outcome_display()}"


def _error(event: EventAction) -> dict[str, Any] | None:
    """Code and sentences; no traceback leaves the project."""
    if not event.error:
        return None
    return {name: event.error[name] for name in ("code", "detail", "errors") if name in event.error}
