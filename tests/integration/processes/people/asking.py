"""Processes that ask somebody something."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.auth.models import Group, User

from actions.payloads import SchemaPayload
from actions.processes import services
from actions.processes.expressions import literal
from actions.processes.graph import Kind, TaskPolicy, Who
from actions.processes.models import OpenTask
from actions.processes.process import Process
from tests.processes import make_process, node

ANSWER = {
    "type": "object",
    "properties": {"is_fine": {"type": "boolean"}, "note": {"type": "string", "maxLength": 20}},
    "required": ["is_fine"],
    "additionalProperties": False,
}
DAY = 86_400.0


def group(*names: str) -> Who:
    """Whoever is in all of these groups."""
    return Who(groups=tuple(literal(each) for each in names))


def asking(who: Who | None = None, care: TaskPolicy | None = None, *, name: str = "asks", **options: Any) -> Process:
    """A process that asks one thing, and ends."""
    form = options.pop("form", SchemaPayload(ANSWER))
    ask = node(
        "ask",
        Kind.INPUT,
        "end",
        run="ask",
        who=who,
        care=care,
        register="answer",
        title=options.pop("title", "Is it fine?"),
        description="Look at it well.",
        **options.pop("node", {}),
    )
    made = make_process(ask, node("end", Kind.END), name=name, bodies=options.pop("bodies", None))
    return replace(made, forms={"ask": form} if form is not None else {}, title="Asks", **options)


def start(process: Process, **options: Any) -> OpenTask:
    """The open task of a new run."""
    run = services.start(process.id, **options)
    return OpenTask.objects.get(root_id=run.pk)


def member(name: str, *groups: str, **options: Any) -> User:
    """A user who is in groups."""
    user = User.objects.create_user(name, email=f"{name}@example.com", password=name, **options)
    user.groups.set([Group.objects.get_or_create(name=each)[0] for each in groups])
    return user


def fresh(user: User) -> User:
    """The same user as the next request finds him: nothing of him is remembered."""
    return User.objects.get(pk=user.pk)
