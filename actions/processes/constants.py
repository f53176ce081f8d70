"""What a graph says in so many words: durations, moments, numbers, names. One rule for all ways to write a process.

What is found only in a run (a look-up, a call) is looked at there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Final, TypeGuard

from django.utils.dateparse import parse_date, parse_datetime

from .expressions import VALUE, Expression
from .graph import Graph, Node, TaskPolicy, Who
from .policies import Retry

LONGEST: Final = 100 * 366 * 86_400
"""A hundred years, in seconds: what is longer is no date any more."""
SHORTEST_INTERVAL: Final = 0.001
SHORTEST_POLL: Final = 1
PERMISSION: Final = r"^[^.\s]+\.[^.\s]+$"
DURATION: Final = "Expected was a timedelta, or a number of seconds from 0 to a hundred years."
SOME_TIME: Final = "Expected was a timedelta or a number of seconds, more than none and at the most a hundred years."
Wrong = tuple[str, str]
"""What is wrong, and what to do."""


def is_number(value: Any) -> bool:
    """Whether it is a number that there is: not true or false, not infinite."""
    # Not every int is a float, as `isfinite` wants it.
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and isfinite(value))


def is_duration(value: Any) -> bool:
    """Whether it is a number of seconds up to a hundred years."""
    return is_number(value) and 0 <= value <= LONGEST


def is_poll(value: Any) -> bool:
    """Whether something can be looked at so often: a worker that is due again at once does nothing else."""
    return is_duration(value) and value >= SHORTEST_POLL


def is_moment(value: Any) -> bool:
    """Whether it is a moment or a date in ISO 8601."""
    if not isinstance(value, str):
        return False
    try:
        return (parse_datetime(value) or parse_date(value)) is not None
    except ValueError:
        return False


def is_permission(value: Any) -> bool:
    """Whether it has the form of a permission: "app.codename"."""
    return isinstance(value, str) and re.fullmatch(PERMISSION, value) is not None


def is_count(value: Any) -> bool:
    """Whether it is a whole number from 1 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def are_texts(value: Any) -> bool:
    """Whether it is a list of texts; a text alone is none, though one could go over its letters."""
    return isinstance(value, list | tuple) and all(isinstance(each, str) and each for each in value)


def of_graph(graph: Graph, called: Mapping[str, str]) -> Iterator[Wrong]:
    """What is wrong with a graph itself.

    Args:
        graph: The graph.
        called: What its style calls a field, where that is not the field's own name.
    """
    if graph.max_running is not None and not is_count(graph.max_running):
        name = called.get("max_running", "max_running")
        yield f"{name} is {graph.max_running!r}.", "Expected was a whole number from 1 on."


def of_node(node: Node, called: Mapping[str, str]) -> Iterator[Wrong]:
    """What is wrong with a node; arguments as of `of_graph`."""
    found = [*_policy(node), *_retry(node.policy.retry), *_repeat(node)]
    found += [*_who(node.who), *_care(node.care)]
    for field, value, expected in found:
        yield f"{called.get(field, field)} is {value!r}.", expected


Found = Iterator[tuple[str, Any, str]]
"""The field, its value, and what was expected."""


def _policy(node: Node) -> Found:
    policy = node.policy
    yield from _durations(skip_after=policy.skip_after, wait_for=policy.wait_for)
    if _is_constant(policy.wait_until) and not is_moment(policy.wait_until[VALUE]):
        yield "wait_until", policy.wait_until[VALUE], "Expected was a datetime, or text: 2026-11-30T08:00:00Z."
    if policy.timeout_seconds is not None and not _is_some_time(policy.timeout_seconds):
        yield "timeout", policy.timeout_seconds, SOME_TIME
    if not is_poll(policy.poll_seconds):
        yield "every", policy.poll_seconds, "Expected was a timedelta or a number of seconds, from 1 on."


def _retry(retry: Retry | None) -> Found:
    if retry is None:
        return
    if not is_count(retry.attempts):
        yield "retry", retry.attempts, "Expected was a number of tries in all, from 1 on."
    for field in ("delay_seconds", "max_delay_seconds"):
        if not is_duration(getattr(retry, field)):
            yield field, getattr(retry, field), DURATION
    if not (retry.on and are_texts(retry.on)):
        yield "on", retry.on, 'Expected was a list of the names of error classes: ("ConnectionError",).'


def _repeat(node: Node) -> Found:
    if node.schedule is None:
        return
    every = node.schedule.every_seconds
    if not (is_duration(every) and every >= SHORTEST_INTERVAL):
        yield "schedule", every, "Expected was an interval in seconds, more than none and at the most a hundred years."


def _who(who: Who | None) -> Found:
    for permission in who.permissions if who is not None else ():
        if not is_permission(permission):
            yield "permissions", permission, 'Expected was an app and a codename: "todos.change_todo".'


def _care(care: TaskPolicy | None) -> Found:
    if care is None:
        return
    yield from _durations(due_after=care.due_after, remind_after=care.remind_after, escalate_after=care.escalate_after)
    if _is_constant(care.remind_every) and not _is_some_time(care.remind_every[VALUE]):
        yield "remind_every", care.remind_every[VALUE], SOME_TIME
    yield from _who(care.escalate_to)
    if care.escalate_after is not None and care.escalate_to is None:
        yield "escalate_to", None, "Say to whom it is escalated: users, groups or permissions."
    if care.escalate_to is not None and care.escalate_after is None:
        yield "escalate_after", None, "Say when it is escalated: a duration."


def _durations(**fields: Expression | None) -> Found:
    for name, each in fields.items():
        if _is_constant(each) and not is_duration(each[VALUE]):
            yield name, each[VALUE], DURATION


def _is_constant(expression: Expression | None) -> TypeGuard[Expression]:
    return expression is not None and VALUE in expression


def _is_some_time(value: Any) -> bool:
    return is_duration(value) and value > 0
