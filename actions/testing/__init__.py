"""What a project needs to test its actions, with unittest or pytest.

    response = call_action(client, TodoViewSet, "mark_done", todo, {"note": "Sent."})     over HTTP
    outcome = perform_action(TodoViewSet, "mark_done", todo, actor=user)                  without
    [event] = assert_recorded(action="todo:mark_done", object=todo, actor=user)           what was recorded

Nothing here needs pytest. `from actions.testing import EventActionFactory` needs the extra "testing", and so `*` leaves
it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .calls import ActionClient, call_action, make_context, perform_action
from .records import assert_recorded, assert_recording
from .refusals import Refused, assert_refused
from .registries import assert_in_registry
from .urls import action_url, get_bulk_action_url, get_instance_action_url, is_served

if TYPE_CHECKING:
    from .factories import EventActionFactory as EventActionFactory

__all__ = [
    "ActionClient",
    "Refused",
    "action_url",
    "assert_in_registry",
    "assert_recorded",
    "assert_recording",
    "assert_refused",
    "call_action",
    "get_bulk_action_url",
    "get_instance_action_url",
    "is_served",
    "make_context",
    "perform_action",
]


def __getattr__(name: str) -> Any:
    """Factories are imported when they are used: they need factory-boy."""
    if name != "EventActionFactory":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .factories import EventActionFactory

    return EventActionFactory
