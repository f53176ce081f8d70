"""Writes new rows of runs: by statements of its own, as the ORM compiles one of forty columns anew each time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connections
from django.db.models.base import ModelState

from actions.processes.models import Run

from .columns import POSTGRES_TYPES, Column, plain, run_columns, table

ROWS = 500
"""Rows in one statement: SQLite takes no more than 32,766 values."""
NAMES = tuple(field.attname for field in Run._meta.concrete_fields if not field.primary_key)


def insert(runs: Sequence[Run], using: str) -> None:
    """Write rows that are not there yet, and give them their keys. Of several, each has another `place`.

    Raises:
        IntegrityError: A key is there already.
    """
    for start in range(0, len(runs), ROWS):
        _insert(runs[start : start + ROWS], using)


def _insert(runs: Sequence[Run], using: str) -> None:
    columns = run_columns(NAMES, using)
    with connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            rows = [{each.field.attname: plain(_value(each, run)) for each in columns} for run in runs]
            cursor.execute(_from_json(using), [json.dumps(rows)])
        else:
            cursor.execute(_from_values(using, len(runs)), [_value(each, run) for run in runs for each in columns])
        keys = {place: key for key, place in cursor.fetchall()}
    for run in runs:
        run.pk = keys[run.place]
        run._state.adding, run._state.db = False, using


def _value(each: Column, run: Run) -> Any:
    return each.convert(getattr(run, each.field.attname))


@lru_cache(maxsize=8)
def _from_json(using: str) -> str:
    columns = run_columns(NAMES, using)
    names = ", ".join(each.name for each in columns)
    typed = ", ".join(f"{each.name} {POSTGRES_TYPES[each.field.get_internal_type()]}" for each in columns)
    values = ", ".join(f"v.{each.name}{'::jsonb' if each.is_json else ''}" for each in columns)
    return (
        f"INSERT INTO {table(Run, using)} ({names}) SELECT {values} FROM json_to_recordset(%s::json) AS v({typed}) "  # noqa: S608
        "RETURNING id, place"
    )


@lru_cache(maxsize=32)
def _from_values(using: str, count: int) -> str:
    columns = run_columns(NAMES, using)
    names, places = ", ".join(each.name for each in columns), ", ".join(each.place for each in columns)
    rows = ", ".join([f"({places})"] * count)
    return f"INSERT INTO {table(Run, using)} ({names}) VALUES {rows} RETURNING id, place"  # noqa: S608


def like(run: Run, **columns: Any) -> Run:
    """A run that is not written, with the columns of another one but for those that are named."""
    made = Run.__new__(Run)
    made.__dict__.update(run.__dict__)
    made._state = ModelState()
    made.pk = None
    made.__dict__.update(columns)
    return made
