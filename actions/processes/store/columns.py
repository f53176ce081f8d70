"""Columns in the form that each database takes, for statements that are written by hand.

They are written by hand where a step passes: an ORM statement costs more than the step's place in the database does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from django.db import connections, models

from actions.processes.models import Run, StepRun
from actions.processes.values import dump_own

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


class Text(str):
    """JSON that is written already."""

    __slots__ = ()


class Column:
    """One column, and how its values are written."""

    __slots__ = ("convert", "default", "field", "is_json", "name", "place", "to_json", "type")

    def __init__(self, field: models.Field[Any, Any], using: str) -> None:
        is_postgres = connections[using].vendor == "postgresql"
        self.field = field
        self.name = str(connections[using].ops.quote_name(str(field.column)))
        self.is_json = isinstance(field, models.JSONField)
        self.convert = _converter(field, using)
        """None: the value is taken as it is, and so is a null in any case."""
        self.to_json = _to_json(field)
        """The same for a value within JSON."""
        self.place = "%s::jsonb" if self.is_json and is_postgres else "%s"
        self.type = POSTGRES_TYPES[field.get_internal_type()]
        self.default: Any = None if field.db_default is models.NOT_PROVIDED else field.db_default
        """What the column has where an INSERT does not name it."""


def _converter(field: models.Field[Any, Any], using: str) -> Convert | None:
    connection = connections[using]
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, models.DateTimeField) and connection.vendor != "postgresql":
        return _moment_converter(using)
    if isinstance(field, models.UUIDField):
        return lambda value: field.get_db_prep_value(value, connections[using])
    return None


def _json(value: Any) -> str:
    """JSON of a value; text that a step's result was made into already stands as it is (`Text`)."""
    return value if type(value) is Text else dump_own(value)


@lru_cache(maxsize=8)
def _moment_converter(using: str) -> Convert:
    connection = connections[using]
    last: tuple[datetime | None, Any] = (None, None)
    since: tuple[float, str] = (-1, "")

    def convert(value: datetime) -> Any:
        # A step begins when the one before it ends: the same moment comes several times in a row.
        nonlocal last
        # One pair: another thread may replace it in between.
        known = last
        if known[0] is not value:
            known = last = value, as_text(value)
        return known[1]

    def as_text(value: datetime) -> Any:
        # As Django does it, several times as quick in the case that is usual: many moments are of the same second.
        nonlocal since
        if value.tzinfo is not UTC or connection.timezone_name != "UTC":
            return connection.ops.adapt_datetimefield_value(value)
        second, known = value.timestamp() // 1, since
        if known[0] != second:
            known = since = second, value.isoformat(" ", "seconds")[: -len("+00:00")]
        return f"{known[1]}.{value.microsecond:06d}" if value.microsecond else known[1]

    return convert


def _to_json(field: models.Field[Any, Any]) -> Convert | None:
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, models.DateTimeField):
        return datetime.isoformat
    return str if isinstance(field, models.UUIDField) else None


class Columns:
    """Some columns of a table, and what a row has in them."""

    __slots__ = ("_all", "_converts", "_read", "_to_json", "names")

    def __init__(self, model: type[models.Model], names: tuple[str, ...], using: str) -> None:
        """Take them by the names of the model's fields."""
        self._all = tuple(Column(model._meta.get_field(name), using) for name in names)  # type: ignore[arg-type]
        self.names = tuple(each.field.attname for each in self._all)
        read = attrgetter(*self.names)
        # Of one name, it gives the value itself.
        self._read: Callable[[Any], tuple[Any, ...]] = read if len(names) > 1 else lambda row: (read(row),)
        self._converts = [(n, each.convert) for n, each in enumerate(self._all) if each.convert is not None]
        self._to_json = [(n, each.to_json) for n, each in enumerate(self._all) if each.to_json is not None]

    def __iter__(self) -> Iterator[Column]:
        return iter(self._all)

    @property
    def into(self) -> str:
        """Their names, for a statement."""
        return ", ".join(each.name for each in self)

    @property
    def places(self) -> str:
        """A place for each value."""
        return ", ".join(each.place for each in self)

    @property
    def typed(self) -> str:
        """Names and types, for `json_to_recordset`."""
        return ", ".join(f"{each.name} {each.type}" for each in self)

    def cast(self, alias: str) -> str:
        """The columns of a `json_to_recordset`, to be stored."""
        return ", ".join(f"{alias}.{each.name}{'::jsonb' if each.is_json else ''}" for each in self)

    def values(self, row: Any) -> list[Any]:
        """Values as the database takes them."""
        return _converted(self._read(row), self._converts)

    def given(self, row: Any) -> tuple[str, ...]:
        """Names of those that the database would not make so by itself."""
        return tuple(
            name
            for name, each, value in zip(self.names, self._all, self._read(row), strict=True)
            if value != each.default
        )

    def as_json(self, row: Any) -> dict[str, Any]:
        """Values by name as `json_to_recordset` takes them, without nulls."""
        values = _converted(self._read(row), self._to_json)
        return {name: value for name, value in zip(self.names, values, strict=True) if value is not None}


def _converted(row: tuple[Any, ...], converts: list[tuple[int, Convert]]) -> list[Any]:
    values = list(row)
    for position, convert in converts:
        if values[position] is not None:
            values[position] = convert(values[position])
    return values


STEP = tuple(field.attname for field in StepRun._meta.concrete_fields if not field.primary_key)
MORE = ("edge", "is_undoing", "input", "error", "log", "event_uid", "original")
"""Columns that most steps leave as the database makes them."""
PLAIN_STEP = tuple(name for name in STEP if name not in MORE)


@lru_cache(maxsize=8)
def vendor(using: str) -> str:
    """Of the database: to ask the connection takes longer than much else of a step."""
    return connections[using].vendor


@lru_cache(maxsize=64)
def step_columns(using: str, names: tuple[str, ...] = STEP) -> Columns:
    """Columns of a step by the names of its fields; all but its key."""
    return Columns(StepRun, names, using)


@lru_cache(maxsize=256)
def run_columns(names: tuple[str, ...], using: str) -> Columns:
    """Columns of a run by the names of its fields."""
    return Columns(Run, names, using)


@lru_cache(maxsize=64)
def table(model: type[models.Model], using: str) -> str:
    """The quoted name of a model's table."""
    return str(connections[using].ops.quote_name(model._meta.db_table))


def all_columns(model: type[models.Model], using: str) -> str:
    """Every column of a model, for RETURNING."""
    quote = connections[using].ops.quote_name
    return ", ".join(quote(str(field.column)) for field in model._meta.concrete_fields)


def encode(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as JSON, for `json_to_recordset`."""
    return json.dumps(rows, separators=(",", ":"))
