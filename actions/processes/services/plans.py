"""What is still to be done for an open task: its `plan`.

    {"mails": ["arrival", "reminder", "escalation"],  sent as soon as the mail server takes them
     "told": {"reminder": ["7"]},                     who has got a mail that others have still to get
     "tell": true,                                    hooks are told that it waits
     "notify": true,                                  whoever it is reassigned to is told as well
     "remind_at": "2026-…", "remind_every": 86400.0,
     "escalate_at": "2026-…", "escalate_to": {"users": [], "groups": ["heads"], …}}

Nothing is written here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from actions.processes.models import OpenTask

REMINDER, ESCALATION = "reminder", "escalation"
"""Mails, beside the one that something has arrived."""
TELL = "tell"
TOLD = "told"
REMIND_AT, ESCALATE_AT, ESCALATE_TO = "remind_at", "escalate_at", "escalate_to"
COLUMNS = ("plan", "reminders", "reminded_at", "escalated_to", "escalated_at")
"""What changes here."""
CLAIM = ("claimed_by", "claimed_name", "claimed_at")
"""What an escalation changes as well."""


def remind(task: OpenTask, now: datetime) -> None:
    """Note a reminder, and when the next one is due."""
    plan = task.plan
    task.reminders += 1
    task.reminded_at = now
    add_mail(plan, REMINDER)
    due_at, every = plan.pop(REMIND_AT, None), plan.get("remind_every")
    if due_at is not None and every is not None:
        first = datetime.fromisoformat(due_at)
        # Those that were missed, as no worker ran, are not made up for.
        missed = max(0.0, (now - first).total_seconds()) // every
        plan[REMIND_AT] = (first + timedelta(seconds=every * (missed + 1))).isoformat()


def escalate(task: OpenTask, now: datetime) -> None:
    """Note that others may answer as well. A claim ends then: whoever has made it is the one who does not answer."""
    plan = task.plan
    plan.pop(ESCALATE_AT, None)
    task.escalated_at = now
    task.escalated_to = plan.pop(ESCALATE_TO, None)
    if task.escalated_to is not None:
        unclaim(task)
    add_mail(plan, ESCALATION)


def unclaim(task: OpenTask) -> None:
    """Have nobody say any more that he does it."""
    task.claimed_by, task.claimed_name, task.claimed_at = None, "", None


def add_mail(plan: dict[str, Any], kind: str) -> None:
    """Have a mail sent, once."""
    mails = plan.setdefault("mails", [])
    if kind not in mails:
        mails.append(kind)
    # Also of those who have got the one before.
    plan.get(TOLD, {}).pop(kind, None)


def told(plan: dict[str, Any], kind: str) -> list[str]:
    """Keys of those who have got a mail, to be added to."""
    found: list[str] = plan.setdefault(TOLD, {}).setdefault(kind, [])
    return found


def remove_mail(plan: dict[str, Any], kind: str) -> None:
    """Note that everybody has got a mail."""
    plan["mails"].remove(kind)
    plan.get(TOLD, {}).pop(kind, None)
    if not plan.get(TOLD):
        plan.pop(TOLD, None)


def is_due(plan: dict[str, Any], name: str, now: datetime) -> bool:
    """Whether the moment of a name has come."""
    return name in plan and datetime.fromisoformat(plan[name]) <= now


def next_moment(plan: dict[str, Any]) -> datetime | None:
    """When there is something to do next, besides the mails."""
    return min((datetime.fromisoformat(plan[name]) for name in (REMIND_AT, ESCALATE_AT) if name in plan), default=None)
