"""Who answers an input, and what is done while it waits: the keys of `input` besides what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.processes.constants import is_permission
from actions.processes.expressions import VALUE, Expression, literal
from actions.processes.graph import TaskPolicy, Who

from .source import Path
from .yaml_builder import Builder, Frame


def read_who(builder: Builder, place: Path, asked: Mapping[str, Any], frame: Frame) -> Who:
    """Users, groups, permissions and filters."""
    who = Who(
        users=_expressions(builder, (*place, "users"), asked.get("users"), frame),
        groups=_expressions(builder, (*place, "groups"), asked.get("groups"), frame),
        permissions=tuple(asked.get("permissions") or ()),
        user_filter=_filter(builder, (*place, "user_filter"), asked.get("user_filter"), frame),
        group_filter=_filter(builder, (*place, "group_filter"), asked.get("group_filter"), frame),
    )
    for index, permission in enumerate(who.permissions):
        if not is_permission(permission):
            message = f'"{permission}" is no permission.'
            builder.source.report((*place, "permissions", index), message, "Write app and codename: todos.change_todo.")
    return who


def read_care(builder: Builder, place: Path, asked: Mapping[str, Any], frame: Frame) -> TaskPolicy | None:
    """Due date, reminders, escalation; None where nothing is done."""
    escalate = asked.get("escalate") or {}
    where = (*place, "escalate")
    to = read_who(builder, where, escalate, frame)
    if escalate and to == Who():
        message = "it does not say who may answer then."
        builder.source.report(where, message, "Add users, groups, permissions or a filter.", at_key=True)

    def duration(*keys: str) -> Expression | None:
        said = escalate if len(keys) > 1 else asked
        given = said.get(keys[-1])
        return None if given is None else builder.values.duration((*place, *keys), given, frame.scope)

    every = duration("remind_every")
    if every == literal(0.0):
        message = "it would remind without end."
        builder.source.report((*place, "remind_every"), message, 'Say how often: "1 day".')
    care = TaskPolicy(
        due_after=duration("due"),
        remind_after=duration("remind"),
        remind_every=every,
        escalate_after=duration("escalate", "after"),
        escalate_to=None if to == Who() else to,
        notify=asked.get("notify", False),
    )
    return None if care == TaskPolicy() else care


def _expressions(builder: Builder, place: Path, given: Any, frame: Frame) -> tuple[Expression, ...]:
    every = enumerate(given or ())
    return tuple(builder.values.read((*place, index), each, frame.scope) for index, each in every)


def _filter(builder: Builder, place: Path, given: Mapping[str, Any] | None, frame: Frame) -> dict[str, Any]:
    """Look-ups of Django with constants: they are asked again at each access, when there may be no step any more."""
    found = {}
    for name, each in (given or {}).items():
        value = builder.values.read((*place, name), each, frame.scope)
        if VALUE not in value:
            remedy = "Write a constant; what the run knows may stand in users and groups."
            builder.source.report((*place, name), "it is compared with what is not known yet.", remedy)
            continue
        found[name] = value[VALUE]
        wrong = builder.names.wrong_look_up(str(place[-1]), name, found[name])
        if wrong is not None:
            builder.source.report((*place, name), *wrong, at_key=True)
    return found
