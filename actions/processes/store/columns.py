"""Columns in the form that each database takes, for statements that are written by hand.

They are written by hand where a step passes: an ORM statement costs more than the step's place in the database does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db import connections, models

from actions.processes.models import Run, StepRun
from actions.processes.values import dump

Convert = Callable[[Any], Any]

POSTGRES_TYPES = {
    "BigAutoField": "bigint",
    "BigIntegerField": "bigint",
    "BooleanField": "boolean",
    "CharField": "text",
    "DateTimeField": "timestamptz",
    "FloatField": "double precision",
    "IntegerField": "integer",
    "JSONField": "text",
    "PositiveIntegerField": "integer",
    "TextField": "text",
    "UUIDField": "uuid",
}
"""What values of a field are in a `json_to_recordset`; JSON goes as text, and is cast when it is stored."""


class Column:
    """One column, and how its values are written."""

    __slots__ = ("convert", "field", "is_json", "name", "place")

    def __init__(self, field: models.Field[Any, Any], using: str) -> None:
        connection = connections[using]
        self.field = field
        self.name = connection.ops.quote_name(str(field.column))
        self.is_json = isinstance(field, models.JSONField)
        self.convert = _converter(field, using)
        self.place = "%s::jsonb" if self.is_json and connection.vendor == "postgresql" else "%s"


def _converter(field: models.Field[Any, Any], using: str) -> Convert:
    connection = connections[using]
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, models.DateTimeField):
        return _moment_converter(connection)
    if isinstance(field, models.UUIDField):
        return lambda value: field.get_db_prep_value(value, connection)
    return _as_it_is


def _json(value: Any) -> str | None:
    """JSON of a value; text that a step's result was made into already stands as it is (`Text`)."""
    if value is None:
        return None
    return value if type(value) is Text else dump(value)


def _moment_converter(connection: Any) -> Convert:
    adapt = connection.ops.adapt_datetimefield_value
    if connection.vendor == "postgresql":
        return _as_it_is

    def convert(value: datetime | None) -> Any:
        # As Django does it, several times as quick in the case that is usual.
        if value is not None and value.tzinfo is UTC and connection.timezone_name == "UTC":
            return str(value.replace(tzinfo=None))
        return adapt(value)

    return convert


def _as_it_is(value: Any) -> Any:
    return value


def plain(value: Any) -> Any:
    """A converted value as JSON has it."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)


class Text(str):
    """JSON that is written already."""

    __slots__ = ()


@lru_cache(maxsize=64)
def column(model: type[models.Model], name: str, using: str) -> Column:
    """A column of a model by its field's name."""
    return Column(model._meta.get_field(name), using)  # type: ignore[arg-type]


@lru_cache(maxsize=16)
def step_columns(using: str) -> tuple[Column, ...]:
    """All columns of a step but its key."""
    return tuple(Column(field, using) for field in StepRun._meta.concrete_fields if not field.primary_key)


@lru_cache(maxsize=32)
def run_columns(names: tuple[str, ...], using: str) -> tuple[Column, ...]:
    """Columns of a run by the names of its fields."""
    return tuple(column(Run, name, using) for name in names)


def table(model: type[models.Model], using: str) -> str:
    """The quoted name of a model's table."""
    return str(connections[using].ops.quote_name(model._meta.db_table))


def all_columns(model: type[models.Model], using: str) -> str:
    """Every column of a model, for RETURNING."""
    quote = connections[using].ops.quote_name
    return ", ".join(quote(str(field.column)) for field in model._meta.concrete_fields)
