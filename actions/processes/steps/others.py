"""Steps that need no code: branches and where they meet, waits, actions on models, approvals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from .base import Step


class Split(Step):
    """Goes on in all of its ways at the same time; they meet in a `Join`. Each gets what the split has got."""


class Join(Step):
    """Goes on when all ways of a `Split` have come to it; the next step gets the list of their results."""


class Wait(Step):
    """Waits, by `wait_for`, `wait_until` or `as_soon_as`."""


class Action(Step):
    """Performs an action of the project, as everybody else has to: checked, recorded, by whoever started the job."""

    action: ClassVar[str] = ""
    """Such as "todo:mark_done"."""
    target: ClassVar[Any] = None
    """The object's key, or a method that answers it or the object; None for an action on a list."""
    arguments: ClassVar[Mapping[str, Any]] = {}
    """Values, or functions such as `lambda step, _input: _input["note"]`."""
    selection: ClassVar[Mapping[str, Any]] = {}
    """Of an action on a list: `{"ids": …}`, `{"all": True}` or `{"filter": …}`; values as above."""


class Approval(Step):
    """Asks somebody, and answers what was said. Without a `UserInputSchema`: `{"approved": true, "comment": ""}`."""

    UserInputSchema: ClassVar[Any] = {
        "type": "object",
        "properties": {
            "approved": {"type": "boolean", "title": "Approved"},
            "comment": {"type": "string", "title": "Comment", "default": ""},
        },
        "required": ["approved"],
        "additionalProperties": False,
    }
    due_after: ClassVar[float | timedelta | None] = None
    """When an answer is wanted."""
    remind_after: ClassVar[float | timedelta | None] = None
    """When those who may answer are reminded."""
    remind_every: ClassVar[float | timedelta | None] = None
    escalate_after: ClassVar[float | timedelta | None] = None
    """When `escalate_to` may answer as well."""
    escalate_to: ClassVar[Mapping[str, Any]] = {}
    """`{"users": …, "groups": …, "permissions": …, "user_filter": …, "group_filter": …}`, as of the step."""
    notify: ClassVar[bool] = False
    """Whether a mail says that it waits."""
