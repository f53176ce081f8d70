"""Which fields an action saved with another value, and whether that was all that it wrote.

Rows that are watched are noted before the function runs; Django's `post_save` tells which of their fields were written.
A field that the function set and never saved has not changed, and what was rolled back to a savepoint was not saved.
What else is written (`QuerySet.update()`, rows that nobody watches, other databases) is seen at the connection by table
and number of rows, and the changes then do not count as complete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from django.db import connections
from django.db.models import Model
from django.db.models.signals import post_save

from .writes import WriteLog

_tracked: ContextVar[ChangeTracker | None] = ContextVar("actions_tracked", default=None)

_watched: set[type[Model]] = set()
_UNCHANGEABLE = frozenset({str, int, bool, float, type(None), datetime, date, time, timedelta, Decimal, UUID})

Change = dict[str, Any]
"""`{"model", "key", "field", "before", "after"}`; of a row that was made or deleted one, whose field is None."""
Values = dict[str, Any]
"""Values by attribute: `{"list_id": 3}`."""


@dataclass(slots=True)
class _Row:
    """A row that is watched."""

    found: Model
    key: Any
    """None for a row that does not exist yet."""
    before: Values | None
    """None for a row that does not exist yet."""
    after: Values = field(default_factory=dict)
    """What was saved."""
    is_saved: bool = False
    is_whole: bool = True
    """Whether all that it held is known: a queryset may have left fields out."""

    @property
    def key_now(self) -> Any:
        """Its key, also when Django has taken it from an object whose row it has deleted."""
        if self.key is not None:
            return self.key
        return self.found.pk or self.after.get(self.found._meta.pk.attname)


class ChangeTracker:
    """Watches rows while the function runs: `with ChangeTracker("default", todo) as changes: …; changes.found()`."""

    __slots__ = ("_computed", "_others", "_outer", "_rows", "_using", "log")

    def __init__(self, using: str, target: Model | None = None) -> None:
        self._using = using
        self._rows: dict[tuple[type[Model], Any], _Row] = {}
        self._computed: list[_Row] = []
        """Rows that were saved with expressions: only the database knows what came of them."""
        self._others: dict[str, WriteLog] = {}
        """What is written to other databases, by alias."""
        self.log = WriteLog()
        if target is not None:
            self.watch(target)

    def watch(self, *objects: Model) -> None:
        """Note what rows hold now, before they are changed; one that is not saved yet will have been made."""
        for found in objects:
            model = type(found)
            _watch(model)
            is_new = found._state.adding
            place = model, (id(found) if is_new else found.pk)
            if place in self._rows or (model, id(found)) in self._rows:
                continue
            if is_new:
                self._rows[place] = _Row(found, None, None)
            else:
                before = _values(found)
                is_whole = len(before) == len(_names(model, None))
                self._rows[place] = _Row(found, found.pk, before, is_whole=is_whole)
            self.log.note(self._rows.pop, place)

    def __enter__(self) -> Self:
        self._outer = _tracked.get()
        _tracked.set(self)
        # As `connection.execute_wrapper()` does, without its generator: this is in every tracked call.
        connections[self._using].execute_wrappers.append(self.log)
        if len(connections.settings) > 1:
            self._others = {alias: WriteLog() for alias in connections if alias != self._using}
            for alias, log in self._others.items():
                connections[alias].execute_wrappers.append(log)
        return self

    def __exit__(self, *details: object) -> None:
        connections[self._using].execute_wrappers.remove(self.log)
        for alias, log in self._others.items():
            connections[alias].execute_wrappers.remove(log)
        _tracked.set(self._outer)

    def saved(self, instance: Model, update_fields: frozenset[str] | None, is_made: bool, using: str) -> None:
        """Note that `instance` was written; another object with the same key counts as the same."""
        if using == self._using:
            row = self._rows.get((type(instance), instance.pk)) or self._rows.get((type(instance), id(instance)))
            if row is not None:
                self._saved(row, instance, update_fields, is_made)
        if self._outer is not None:
            self._outer.saved(instance, update_fields, is_made, using)

    def found(self) -> list[Change]:
        """What was saved with another value; the database is asked only where objects in memory do not know."""
        for row, now in self._read_again(self._computed):
            row.after = {name: value for name, value in (now or {}).items() if name in row.after}
        self._computed = []
        deleted = {id(row) for row in self._deleted()}
        changes: list[Change] = []
        for row in self._rows.values():
            if id(row) in deleted:
                changes += _changes(row, None)
            elif row.is_saved:
                changes += _changes(row, row.after)
        return changes

    def settled(self) -> list[Change]:
        """What has another value now, as the database has it: also what `QuerySet.update()` has written."""
        changes: list[Change] = []
        for row, after in self._read_again(self._rows.values()):
            found = list(_changes(row, after))
            if found and not row.is_saved and row.found.pk is not None and row.is_whole:
                # Written by a statement that named no object; each such row needs at least one.
                self._attribute(row, [change["field"] for change in found], row.before is None, after is None)
            changes += found
        return changes

    def others(self) -> list[dict[str, Any]]:
        """What else was written: `{"table", "operation", "rows"}`. To be asked after `found` or `settled`."""
        if not self.log.rows and not self._others:
            return []
        known = self.log.known
        if deleted := self._deleted():
            tables = (table for row in deleted for table in _tables(type(row.found), None, False))
            known = Counter(known) + Counter(("delete", table) for table in tables)
        others = [
            {"table": write[1], "operation": write[0], "rows": rows - known.get(write, 0)}
            for write, rows in sorted(self.log.rows.items())
            if rows > known.get(write, 0)
        ]
        for alias, log in self._others.items():
            for (operation, table), rows in sorted(log.rows.items()):
                others.append({"table": f"{alias}.{table}", "operation": operation, "rows": rows})
        return others

    def _saved(self, row: _Row, instance: Model, update_fields: frozenset[str] | None, is_made: bool) -> None:
        self.log.note(_restore, row, row.after, row.is_saved)
        names, held = _names(type(instance), update_fields), instance.__dict__
        after = row.after.copy()
        for name in names:
            if name in held:
                value = held[name]
                if type(value) not in _UNCHANGEABLE:
                    if hasattr(value, "resolve_expression"):
                        self._computed.append(row)
                    value = _noted(value)
                after[name] = value
        row.found, row.after, row.is_saved = instance, after, True
        if row.is_whole or row.before is None or all(name in row.before for name in names):
            # Of a field that was not loaded nobody knows what it held: such a write stays among the others.
            self._attribute(row, update_fields, is_made, False)

    def _attribute(self, row: _Row, names: Iterable[str] | None, is_made: bool, is_deleted: bool) -> None:
        """Count a written row as one of those that are watched."""
        operation = "insert" if is_made else "delete" if is_deleted else "update"
        for table in _tables(type(row.found), None if is_made or is_deleted else names, operation == "update"):
            self.log.count((operation, table))

    def _deleted(self) -> list[_Row]:
        """Rows that are gone. Django takes the key from an object whose row it has deleted, and never gives it back."""
        deletes = {table: rows for (operation, table), rows in self.log.rows.items() if operation == "delete"}
        if not deletes:
            return []
        gone = [row for row in self._rows.values() if row.found.pk is None and row.key_now is not None]
        counts = Counter(type(row.found)._meta.db_table for row in gone)
        if any(count > deletes.get(table, 0) for table, count in counts.items()):
            # Some were rolled back, or lost their key in another way.
            gone = [row for row, now in self._read_again(gone) if now is None]
        return gone

    def _read_again(self, rows: Iterable[_Row]) -> Iterator[tuple[_Row, Values | None]]:
        by_model: dict[type[Model], list[_Row]] = {}
        for row in rows:
            by_model.setdefault(type(row.found), []).append(row)
        for model, group in by_model.items():
            keys = [row.key_now for row in group]
            now = _rows_of(model, self._using, keys)
            for row, key in zip(group, keys, strict=True):
                yield row, now.get(key)


def _rows_of(model: type[Model], using: str, keys: list[Any]) -> dict[Any, Values]:
    """The values of rows by key, read in pieces that every database takes."""
    found: dict[Any, Values] = {}
    names = [each.attname for each in model._meta.concrete_fields]
    for start in range(0, len(keys), 500):
        rows = model._base_manager.using(using).filter(pk__in=keys[start : start + 500]).values_list("pk", *names)
        found.update({row[0]: dict(zip(names, map(_noted, row[1:]), strict=True)) for row in rows})
    return found


def _changes(row: _Row, after: Values | None) -> Iterator[Change]:
    meta, before = row.found._meta, row.before
    if before is None or after is None:
        if before is not None or after is not None:
            entry = {"before": _by_name(row, before), "after": _by_name(row, after)}
            yield {"model": meta.label_lower, "key": str(row.key_now), "field": None, **entry}
        return
    for each in meta.concrete_fields:
        name = each.attname
        if name in before and name in after and before[name] != after[name]:
            entry = {"before": before[name], "after": after[name]}
            yield {"model": meta.label_lower, "key": str(row.key), "field": each.name, **entry}


def _by_name(row: _Row, values: Values | None) -> Values | None:
    if values is None:
        return None
    return {each.name: values[each.attname] for each in row.found._meta.concrete_fields if each.attname in values}


def _values(found: Model) -> Values:
    held = found.__dict__
    return {
        name: value if type(value := held[name]) in _UNCHANGEABLE else _noted(value)
        for name in _names(type(found), None)
        if name in held
    }


def _restore(row: _Row, after: Values, is_saved: bool) -> None:
    """What was saved since was rolled back."""
    row.after, row.is_saved = after, is_saved


@lru_cache(maxsize=1024)
def _names(model: type[Model], update_fields: frozenset[str] | None) -> tuple[str, ...]:
    """The attributes that a save writes."""
    return tuple(
        each.attname
        for each in model._meta.concrete_fields
        if not each.generated and (update_fields is None or each.name in update_fields or each.attname in update_fields)
    )


def _tables(model: type[Model], names: Iterable[str] | None, is_update: bool) -> Iterable[str]:
    """The tables that a save writes to, more than one only in multi-table inheritance."""
    meta = model._meta
    if not meta.parents:
        return (meta.db_table,)
    written = None if names is None else frozenset(names)
    return {
        each.model._meta.db_table
        for each in meta.concrete_fields
        if (written is None or each.name in written or each.attname in written) and not (is_update and each.primary_key)
    }


def _watch(model: type[Model]) -> None:
    """Have saves of `model` noted, from its first action on: other models' saves cost nothing."""
    if model not in _watched:
        post_save.connect(_note, sender=model, dispatch_uid="actions.changes")
        _watched.add(model)


def _note(
    sender: type[Model],
    instance: Model,
    created: bool,
    using: str,
    update_fields: frozenset[str] | None = None,
    **kwargs: Any,
) -> None:
    tracker = _tracked.get()
    if tracker is not None:
        tracker.saved(instance, update_fields, created, using)


def _noted(value: Any) -> Any:
    """A value that stays what it is now and that the record can keep: a file as its name."""
    if isinstance(value, dict | list | set | bytearray):
        return deepcopy(value)
    return value.name if hasattr(value, "chunks") else value
