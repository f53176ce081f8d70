"""Reads rows of runs: as the ORM makes them, at a fraction of what that takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import ModelState

from actions.moments import as_stored
from actions.processes.models import Run
from actions.processes.values import load

from .columns import Convert

NAMES = tuple(field.attname for field in Run._meta.concrete_fields)
MOMENTS = tuple(field.attname for field in Run._meta.concrete_fields if isinstance(field, models.DateTimeField))
UUIDS = tuple(field.attname for field in Run._meta.concrete_fields if isinstance(field, models.UUIDField))


def read_runs(rows: Iterable[Sequence[Any]], using: str) -> list[Run]:
    """Runs whose rows are in `columns.all_columns`."""
    converts = _converts(using)
    runs = []
    for row in rows:
        values = list(row)
        for position, convert in converts:
            if values[position] is not None:
                values[position] = convert(values[position])
        runs.append(make_run(zip(NAMES, values, strict=True), using))
    return runs


def read_json(text: str, using: str) -> Run:
    """A run whose row PostgreSQL has made into JSON."""
    values = load(text)
    for name in MOMENTS:
        if values[name] is not None:
            values[name] = as_stored(datetime.fromisoformat(values[name]))
    for name in UUIDS:
        if values[name] is not None:
            values[name] = UUID(values[name])
    return make_run(values.items(), using)


def make_run(values: Iterable[tuple[str, Any]], using: str | None) -> Run:
    """A run of these values.

    Args:
        values: All of them, by the names of their columns.
        using: Where its row is; None: nowhere yet.
    """
    run = Run.__new__(Run)
    run._state = ModelState()
    run._state.adding, run._state.db = using is None, using
    run.__dict__.update(values)
    return run


@lru_cache(maxsize=8)
def _converts(using: str) -> tuple[tuple[int, Convert], ...]:
    found = ((n, _convert(field, using)) for n, field in enumerate(Run._meta.concrete_fields))
    return tuple((n, convert) for n, convert in found if convert is not None)


def _convert(field: models.Field[Any, Any], using: str) -> Convert | None:
    """What makes the value of what the database gives; None: it is that already."""
    if isinstance(field, models.JSONField):
        return load
    connection = connections[using]
    column = field.get_col(Run._meta.db_table)
    converters = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
    if not converters:
        return None

    def convert(value: Any) -> Any:
        for each in converters:
            value = each(value, column, connection)
        return value

    return _moment(convert, connection) if isinstance(field, models.DateTimeField) else convert


def _moment(otherwise: Convert, connection: BaseDatabaseWrapper) -> Convert:
    """As Django does it, several times as quick in the case that is usual."""

    def convert(value: Any) -> Any:
        is_usual = type(value) is datetime and connection.timezone is UTC
        return value.replace(tzinfo=UTC) if is_usual else otherwise(value)

    return convert
