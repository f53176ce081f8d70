"""What surrounds a step: its attributes as the graph's policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from actions.processes.constants import is_count
from actions.processes.expressions import VALUE, Expression, literal
from actions.processes.graph import TaskPolicy, Who
from actions.processes.policies import DEFAULT_POLL_SECONDS, Policy, Retry
from actions.processes.steps import Approval, Step
from actions.processes.steps.base import IGNORE

from .bodies import compensating
from .expressions import Values, seconds_of

COMPENSATE = "compensate"
UNDO = "undo"
LISTS = ("users", "groups", "permissions")
FILTERS = ("user_filter", "group_filter")
WHO = (*LISTS, *FILTERS)
"""What a step, and its `escalate_to`, say of who may answer."""
NameOf = Callable[[Any], str]


def gates(step: type[Step], values: Values) -> dict[str, Any]:
    """What is looked at before the work."""
    return {
        "skip_if": _one(values.attribute("skip_if")),
        "skip_after": _duration(step, values, "skip_after"),
        "wait_for": _duration(step, values, "wait_for"),
        "wait_until": values.attribute("wait_until"),
        "as_soon_as": _one(values.attribute("as_soon_as")),
        "poll_seconds": DEFAULT_POLL_SECONDS if step.every is None else seconds_of(step.every),
    }


def _one(expression: Expression | None) -> tuple[Expression, ...]:
    return () if expression is None else (expression,)


def _duration(step: type[Step], values: Values, name: str) -> Expression | None:
    value = getattr(step, name)
    if value is None or callable(value):
        return values.attribute(name)
    return literal(seconds_of(value))


def of_work(step: type[Step], path: str, bodies: dict[str, Any], name_of: NameOf) -> dict[str, Any]:
    """What is done about time and failure."""
    is_ignored = step.on_error == IGNORE
    return {
        "timeout_seconds": None if step.timeout is None else seconds_of(step.timeout),
        "retry": _retry(step.retry),
        "on_error": "" if step.on_error is None or is_ignored else name_of(step.on_error),
        "ignore_errors": is_ignored,
        "compensate": _compensate(step, path, bodies),
        "in_background": step.in_background,
    }


def _retry(value: Any) -> Retry | None:
    if value is None or isinstance(value, Retry):
        return value
    if not is_count(value):
        raise TypeError(f"retry is {value!r}. Expected was a number from 1 on, or a Retry.")
    return Retry(attempts=value)


def _compensate(step: type[Step], path: str, bodies: dict[str, Any]) -> str:
    function = getattr(step, COMPENSATE, None)
    if function is None or isinstance(function, str):
        return function or ""
    name = f"{path}.{COMPENSATE}"
    bodies[name] = compensating(step)
    return name


def policy(step: type[Step], values: Values, **others: Any) -> Policy:
    """All of it."""
    return Policy(**{**gates(step, values), **others})


def who_may_answer(step: type[Step], values: Values) -> Who | None:
    """The people who may answer; None: everybody who is logged in."""
    return _who({name: getattr(step, name) for name in WHO}, values, "")


def _who(said: Mapping[str, Any], values: Values, prefix: str) -> Who | None:
    if not isinstance(said, Mapping):
        raise TypeError(f'{prefix.rstrip(".")} is {said!r}. Expected was a dict: {{"groups": ["heads"]}}')
    unknown = set(said) - set(WHO)
    if unknown:
        raise TypeError(f"{', '.join(sorted(unknown))} is none of {', '.join(WHO)}")
    if not any(said.values()):
        return None
    named = {key: _listed(f"{prefix}{key}", said.get(key, ())) for key in LISTS}
    return Who(
        users=tuple(_each(f"{prefix}users", named["users"], values)),
        groups=tuple(_each(f"{prefix}groups", named["groups"], values)),
        permissions=tuple(named["permissions"]),
        **{key: _filter(f"{prefix}{key}", said.get(key, {}), values) for key in FILTERS},
    )


def _filter(name: str, value: Any, values: Values) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f'{name} is {value!r}. Expected were look-ups: {{"is_staff": True}}.')
    found = {}
    for key, each in value.items():
        if callable(each):
            raise TypeError(f"{name}: {key} is not known yet. Expected was a constant.")
        found[key] = values.value(f"{name}.{key}", each)[VALUE]
    return found


def _listed(name: str, value: Any) -> Sequence[Any]:
    if callable(value):
        return [value]
    if not isinstance(value, list | tuple):
        raise TypeError(f'{name} is {value!r}. Expected was a list: ["approvers"].')
    return value


def _each(name: str, entries: Sequence[Any], values: Values) -> list[Expression]:
    return [values.value(f"{name}.{number}", entry) for number, entry in enumerate(entries)]


def care_of(step: type[Step], values: Values) -> TaskPolicy | None:
    """What is done while it waits for an answer."""
    if not issubclass(step, Approval):
        return None
    made = TaskPolicy(
        due_after=_duration(step, values, "due_after"),
        remind_after=_duration(step, values, "remind_after"),
        remind_every=_duration(step, values, "remind_every"),
        escalate_after=_duration(step, values, "escalate_after"),
        escalate_to=_who(step.escalate_to, values, "escalate_to."),
        notify=step.notify,
    )
    return None if made == TaskPolicy() else made
