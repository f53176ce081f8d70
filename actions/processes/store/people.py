"""Writes and removes open tasks with the rows by which they are found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from actions.processes.models import OpenTask, TaskCandidate
from actions.processes.people_names import PK, names_and_keys
from actions.processes.registry import processes
from actions.processes.signals import announce_input

USER, NAME, GROUP, PERMISSION, ANYONE = "user", "username", "group", "permission", "anyone"
"""Kinds of candidates; the first by key, the second by name."""
WHO = ("users", "groups", "permissions", "user_filter", "group_filter")
"""What is said of who may answer: columns of an open task, and keys of `escalated_to`."""
MAX_VALUE = 255
Who = Mapping[str, Any]
"""Values by these names."""


def open_task(task: OpenTask, using: str) -> None:
    """Write a new one, with its candidates."""
    task.save(using=using, force_insert=True)
    TaskCandidate.objects.using(using).bulk_create(candidates_of(task))
    announce_input(processes.sender_of(task.process), task, using)


def close_tasks(run_ids: Collection[int], using: str) -> int:
    """Remove what runs wait for; how many there were.

    The tasks go first: who adds candidates holds the task's row meanwhile.
    """
    count, _by_model = OpenTask.objects.using(using).filter(run_id__in=run_ids).delete()
    if count:
        TaskCandidate.objects.using(using).filter(run_id__in=run_ids).delete()
    return count


def replace_candidates(task: OpenTask, using: str) -> None:
    """Have those found it whom it is for now. The task's row is locked, or was written in this transaction."""
    TaskCandidate.objects.using(using).filter(run_id=task.run_id).delete()
    TaskCandidate.objects.using(using).bulk_create(candidates_of(task))


def candidates_of(task: OpenTask) -> list[TaskCandidate]:
    """Those to whom a task is shown."""
    found = {each for who in whos_of(task) for each in rows_of(who)}
    return [
        TaskCandidate(run_id=task.run_id, kind=kind, value=value[:MAX_VALUE], rest=rest)
        for kind, value, rest in sorted(found)
    ]


def whos_of(task: OpenTask) -> list[Who]:
    """Those who may answer, any of them: as the process says, or who was given it; and those it was escalated to."""
    first: Who = {name: getattr(task, name) for name in WHO}
    if task.assigned_to is not None:
        first = {"users": [{PK: task.assigned_to}]}
    return [first] if task.escalated_to is None else [first, task.escalated_to]


def rows_of(who: Who) -> Iterable[tuple[str, str, str]]:
    """The fewest rows that nobody who may answer is missed by."""
    kinds, rest = split(who)
    return [(kind, str(each), rest_key(rest)) for kind, each in kinds]


def split(who: Who) -> tuple[list[tuple[str, Any]], Who]:
    """What is looked for, each with its kind, and what has to hold besides."""
    rest = {name: list(each) if isinstance(each, list) else each for name, each in who.items() if each}
    if users := rest.pop("users", None):
        names, keys = names_and_keys(users)
        return [*((NAME, each) for each in names), *((USER, each) for each in keys)], rest
    for kind, name in ((GROUP, "groups"), (PERMISSION, "permissions")):
        if name in rest:
            first, *others = rest[name]
            return [(kind, first)], {**rest, name: others}
    return [(ANYONE, "")], rest


def rest_key(rest: Who) -> str:
    """The same for the same conditions; "" for none."""
    said = {name: each for name, each in rest.items() if each}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest() if said else ""
