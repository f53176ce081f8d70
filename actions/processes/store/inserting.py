"""Writes new rows of runs: by statements of its own, as the ORM compiles one of forty columns anew each time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connections

from actions.processes.models import Run

from .columns import Columns, encode, run_columns, table, vendor
from .reading import make_run

NAMES = tuple(field.attname for field in Run._meta.concrete_fields if not field.primary_key)
INHERITED = (
    "process",
    "definition_id",
    "actor_id",
    "actor_name",
    "event_uid",
    "correlation_id",
    "traceparent",
    "queue",
    "priority",
)
"""What a branch or item has from its parent."""
OWN = (
    "uid",
    "kind",
    "status",
    "node",
    "waiting_for",
    "note",
    "item",
    "root_id",
    "parent_id",
    "parent_number",
    "place",
    "entered_at",
    "created_at",
    "due_at",
    "paused_at",
    "fence",
    "attempts",
)
"""What it does not have from its parent, and not by default either."""
EMPTY = ("payload", "state")
"""What it has in common with its root."""


def insert(run: Run, using: str) -> None:
    """Write a row that is not there yet, and give it its key.

    Raises:
        IntegrityError: A key is there already.
    """
    names = run_columns(NAMES, using).given(run)
    columns = run_columns(names, using)
    with connections[using].cursor() as cursor:
        cursor.execute(_insert(names, using), columns.values(run))
        run.id = cursor.fetchone()[0]
    run._state.adding, run._state.db = False, using


@lru_cache(maxsize=64)
def _insert(names: tuple[str, ...], using: str) -> str:
    columns = run_columns(names, using)
    return f"INSERT INTO {table(Run, using)} ({columns.into}) VALUES ({columns.places}) RETURNING id"  # noqa: S608


def insert_children(parent_id: int, runs: Sequence[Run], using: str) -> None:
    """Write branches or items of a run, and give them their keys; each has another `place`."""
    columns = run_columns(OWN, using)
    with connections[using].cursor() as cursor:
        if vendor(using) == "postgresql":
            statement = children_of(f"{table(Run, using)} p", using) + " WHERE p.id = %s RETURNING id, place"
            cursor.execute(statement, [children_as_json(runs, using), parent_id])
        else:
            values = [value for run in runs for value in columns.values(run)]
            cursor.execute(_from_values(len(runs), using), [*values, parent_id])
        give_keys(runs, cursor.fetchall(), using)


def children_as_json(runs: Sequence[Run], using: str) -> str:
    """Rows for `children_of`."""
    columns = run_columns(OWN, using)
    return encode([columns.as_json(run) for run in runs])


def children_of(parent: str, using: str) -> str:
    """On PostgreSQL, the INSERT of children, whose JSON is its only value.

    Args:
        parent: What has the columns that they inherit, named p.
        using: The database.
    """
    columns = run_columns(OWN, using)
    rows = f"json_to_recordset(%s::json) AS v({columns.typed})"
    return f"{_into(columns, using)} {columns.cast('v')} FROM {parent}, {rows}"


@lru_cache(maxsize=32)
def _from_values(count: int, using: str) -> str:
    columns = run_columns(OWN, using)
    rows = ", ".join([f"({columns.places})"] * count)
    values = ", ".join(f"v.{each.name}" for each in columns)
    return (
        f"{_into(columns, using, f'WITH v({columns.into}) AS (VALUES {rows}) ')} {values} "
        f"FROM {table(Run, using)} p, v WHERE p.id = %s RETURNING id, place"
    )


def _into(columns: Columns, using: str, before: str = "") -> str:
    inherited, empty = run_columns(INHERITED, using), run_columns(EMPTY, using)
    copied = ", ".join(f"p.{each.name}" for each in inherited)
    nothing = ", ".join("'{}'" for each in empty)
    return (
        f"INSERT INTO {table(Run, using)} ({inherited.into}, {empty.into}, {columns.into}) "
        f"{before}SELECT {copied}, {nothing},"
    )


def give_keys(runs: Sequence[Run], found: Sequence[tuple[int, int]], using: str) -> None:
    """Say which keys children have got, by their places."""
    keys: dict[int | None, int] = {place: key for key, place in found}
    for run in runs:
        run.id = keys[run.place]
        run._state.adding, run._state.db = False, using


def new_run(**columns: Any) -> Run:
    """A run that is not written: columns that are not named are as its fields make them.

    As `Run(…)`, in a third of the time: it is asked for each start.
    """
    made = {name: make() for name, make in _MADE if name not in columns}
    return make_run({**_GIVEN, **made, **columns}.items(), None)


_MADE = [
    (field.attname, field.default)
    for field in Run._meta.concrete_fields
    if field.has_default() and callable(field.default)
]
_GIVEN = {field.attname: field.get_default() for field in Run._meta.concrete_fields}
"""Their defaults, null where there is none; those that are made are made anew for each."""


def like(run: Run, **columns: Any) -> Run:
    """A run that is not written, with the columns of another one but for those that are named."""
    values = {name: run.__dict__[name] for name in NAMES}
    return make_run({**values, "id": None, **columns}.items(), None)
