"""Undoing in tests, and what came of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

import actions
from actions.exceptions import ActionError
from actions.models import EventAction

EVENTS = "/dj-actions/actionevents/"


def undo_url(event: EventAction) -> str:
    return f"{EVENTS}{event.pk}/undo/"


def newest(action: str) -> EventAction:
    """The record that was written last of an action."""
    return EventAction.objects.filter(action=action).latest("pk")


def problem(response: Any, code: str, status: int = 409) -> dict[str, Any]:
    assert (response.status_code, response.json()["code"]) == (status, code), response.content
    body: dict[str, Any] = response.json()
    return body


def refused(event: EventAction, actor: User) -> ActionError:
    """What an undo is refused with."""
    with pytest.raises(ActionError) as caught:
        actions.perform("actionevent:undo", event.pk, actor=actor)
    return caught.value


def undone(event: EventAction, actor: User) -> Any:
    return actions.perform("actionevent:undo", event.pk, actor=actor).body["undone"]
