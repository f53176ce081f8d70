"""The queues that are registered, and the one statement that asks which of them have something due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import IntegerField, Q, Value
from django.utils import timezone

from actions.exceptions import ConfigurationError
from actions.models import LeasedRow


@dataclass(frozen=True, slots=True)
class Queue:
    """Work that anybody may put into the database at any time."""

    name: str
    databases: Callable[[], Iterable[str]]
    """Where it may be; asked once by each worker."""
    take: Callable[[str], bool]
    """Takes what is due in a database, and does it; False: there was nothing. See `actions.work`.

    Several threads may call it at the same time.
    """
    model: type[LeasedRow] | None = None
    """The rows that wait. None: nobody can look whether there are any, and `take` is called at each look."""
    conditions: Callable[[], Iterable[Q]] | None = None
    """Which rows are this worker's, any of them; read with an index each. None: all."""


_queues: dict[str, Queue] = {}


def register_queue(
    name: str,
    databases: Callable[[], Iterable[str]],
    take: Callable[[str], bool],
    model: type[LeasedRow] | None = None,
    conditions: Callable[[], Iterable[Q]] | None = None,
) -> None:
    """Have every worker look for work: at once after it has found some, at the latest every DJACTION_POLL_SECONDS.

    Args:
        name: Unique in the project.
        databases: See `Queue.databases`.
        take: See `Queue.take`.
        model: See `Queue.model`.
        conditions: See `Queue.conditions`.

    Raises:
        ConfigurationError: Another queue has the name.
    """
    known = _queues.get(name)
    if known is not None and known.take is not take:
        names = " and ".join(f"{each.__module__}.{each.__qualname__}" for each in (known.take, take))
        raise ConfigurationError(f'Two queues are called "{name}": {names}. Rename one of them.')
    _queues[name] = Queue(name, databases, take, model, conditions)


def queues() -> list[Queue]:
    """The queues that are registered, in that order."""
    return list(_queues.values())


def count_due(asked: Sequence[Queue], using: str, limit: int) -> list[int]:
    """How many rows of each queue are due in a database, counted no further than to a limit; one statement.

    A queue without a model counts as full.

    Raises:
        DatabaseError: One of the tables cannot be read.
    """
    parts = [
        (number, queue.model, condition)
        for number, queue in enumerate(asked)
        if queue.model is not None
        for condition in ([Q()] if queue.conditions is None else queue.conditions())
    ]
    statement, parameters = _question(using, limit, tuple(parts))
    counted: Counter[int] = Counter()
    if statement:
        now = connections[using].ops.adapt_datetimefield_value(timezone.now())
        with connections[using].cursor() as cursor:
            cursor.execute(statement, [now if each is NOW else each for each in parameters])
            counted.update(number for (number,) in cursor.fetchall())
    return [limit if queue.model is None else min(counted[number], limit) for number, queue in enumerate(asked)]


NOW = object()
"""Stands for the moment of the question among its parameters."""
_STAND_IN = datetime(2000, 1, 1, 12, 34, 56, 789012, tzinfo=UTC)
"""The moment that the question is worded with."""


@lru_cache(maxsize=64)
def _question(using: str, limit: int, parts: tuple[tuple[int, type[LeasedRow], Q], ...]) -> tuple[str, list[Any]]:
    """The statement and its parameters; "" where nothing is asked. Kept: to word it takes longer than the answer."""
    statements: list[str] = []
    parameters: list[Any] = []
    for number, model, condition in parts:
        rows = model._base_manager.using(using).filter(condition, due_at__lte=_STAND_IN)
        # In order, so that the index is gone by, however many rows the planner takes to be due.
        some = rows.order_by("due_at").annotate(part=Value(number, IntegerField())).values_list("part")[:limit]
        try:
            # A query set's own union takes no limits on SQLite.
            statement, values = some.query.get_compiler(using=using).as_sql()
        except EmptyResultSet:
            continue
        statements.append(f"SELECT part FROM ({statement}) AS part{len(statements)}")  # noqa: S608 - Django's own
        parameters += values
    worded = connections[using].ops.adapt_datetimefield_value(_STAND_IN)
    return " UNION ALL ".join(statements), [NOW if each == worded else each for each in parameters]
