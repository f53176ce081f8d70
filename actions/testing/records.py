"""What was recorded of the actions that a test called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import Model, QuerySet

from actions.models import EventAction

ANY: Any = object()
"""Stands for whatever it may be, where None has a meaning of its own."""

SHOWN = 20
"""Records that a message lists."""


def assert_recorded(
    *,
    action: str | None = None,
    outcome: str | None = None,
    object: Model | Any = ANY,
    actor: Model | Any = ANY,
    count: int = 1,
    using: str | None = None,
    **columns: Any,
) -> list[EventAction]:
    """Assert that the record has this, and give back the rows, the oldest first.

    Args:
        action: "mark_done", or with the resource: "todo:mark_done".
        outcome: "succeeded", "refused" or "failed".
        object: The object or its key; None: none, as of a bulk action.
        actor: The user or their key; None: nobody was logged in.
        count: How many rows there have to be.
        using: The database; where the router puts the record, if not given.
        columns: Further columns with their values, or look-ups: `status_code=409`, `request_data__note="x"`.

    Raises:
        AssertionError: There are more or fewer; the message lists what there is.
    """
    __tracebackhide__ = True
    return _assert(_events(using), _criteria(action, outcome, object, actor, columns), count)


@contextmanager
def assert_recording(*, count: int = 1, using: str | None = None, **expected: Any) -> Iterator[list[EventAction]]:
    """Assert that what is done inside is recorded; takes what `assert_recorded` takes.

    with assert_recording(action="mark_done", outcome="refused") as events:
        ...
    events[0].error["code"]

    Yields:
        The rows; filled at the end of the block.
    """
    __tracebackhide__ = True
    named = {name: expected.pop(name, None) for name in ("action", "outcome")}
    whose = {name: expected.pop(name, ANY) for name in ("object", "actor")}
    criteria = _criteria(named["action"], named["outcome"], whose["object"], whose["actor"], expected)
    newest = _events(using).order_by("-pk").values_list("pk", flat=True).first() or 0
    events: list[EventAction] = []
    yield events
    events += _assert(_events(using).filter(pk__gt=newest), criteria, count)


def _events(using: str | None) -> QuerySet[EventAction]:
    events = EventAction._default_manager.all()
    return events.using(using) if using else events


def _criteria(
    action: str | None, outcome: str | None, object: Model | Any, actor: Model | Any, columns: dict[str, Any]
) -> dict[str, Any]:
    """The columns that are asked for."""
    criteria: dict[str, Any] = dict(columns)
    if action is not None:
        resource, _colon, name = action.rpartition(":")
        criteria |= {"action": name, **({"resource": resource} if resource else {})}
    if outcome is not None:
        criteria["outcome"] = str(outcome)
    for column, value in (("object_id", object), ("actor_id", actor)):
        if value is not ANY:
            criteria[column] = _key(value)
    return criteria


def _key(value: Model | Any) -> str | None:
    key = value.pk if isinstance(value, Model) else value
    return None if key is None else str(key)


def _assert(events: QuerySet[EventAction], criteria: dict[str, Any], count: int) -> list[EventAction]:
    __tracebackhide__ = True
    found = list(events.filter(**criteria).order_by("pk"))
    if len(found) == count:
        return found
    asked = ", ".join(f"{column}={value!r}" for column, value in criteria.items()) or "anything"
    there = list(events.order_by("-pk")[:SHOWN])
    lines = "".join(f"\n  {_shown(event)}" for event in reversed(there)) or " nothing."
    raise AssertionError(f"Expected {count} of {asked} in the record, found {len(found)}. It has:{lines}")


def _shown(event: EventAction) -> str:
    actor = event.actor_name or "nobody"
    error = f": {event.error.get('code')}, {event.error.get('detail')}" if event.error else ""
    return f"{event} {event.status_code} by {actor} through {event.door}{error}"
