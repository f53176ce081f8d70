"""Writes runs and their steps on databases without statements that change data in a WITH: SQLite and MariaDB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from actions.processes.models import Run, StepRun

from .columns import step_columns, table
from .tracks import KEEP, Track
from .updates import held, settings_of, update


def write_on_others(tracks: Sequence[Track], using: str) -> dict[int, bool]:
    """Write runs with their steps, in a transaction; of each that was held, by key, whether it is paused."""
    connection = connections[using]
    with connection.cursor() as cursor:
        states = _write_one(cursor, tracks[0], connection) if len(tracks) == 1 else _write_some(cursor, tracks, using)
        _append([track for track in tracks if track.run.id in states], cursor, using)
    return states


def _write_one(cursor: Any, track: Track, connection: BaseDatabaseWrapper) -> dict[int, bool]:
    using = connection.alias
    names, values = settings_of(track, using)
    statement, key = update(names, track.due is not KEEP, using), [track.run.id, track.run.fence, track.at]
    # The column itself: SQLite 3.40 answers 1 for any IS NOT NULL in a RETURNING.
    paused = connection.ops.quote_name("paused_at")
    if connection.vendor == "sqlite":
        cursor.execute(f"{statement} RETURNING {paused}", [*values, *key])
        found = cursor.fetchone()
    else:
        # MariaDB gives nothing back, and counts only rows that are otherwise than before.
        cursor.execute(f"SELECT {paused} FROM {table(Run, using)} WHERE {held(using)} FOR UPDATE", key)  # noqa: S608
        found = cursor.fetchone()
        if found is not None:
            cursor.execute(statement, [*values, *key])
    return {} if found is None else {track.run.id: found[0] is not None}


def _write_some(cursor: Any, tracks: Sequence[Track], using: str) -> dict[int, bool]:
    """Look at all of them, then write those that are held: nobody else can write any of them in between."""
    connection = connections[using]
    keys = [track.run.id for track in tracks]
    if connection.vendor == "sqlite":
        # Changes nothing, and waits for the write lock; whoever has read before cannot wait for it.
        cursor.execute(f"UPDATE {table(Run, using)} SET fence = fence WHERE id = -1")  # noqa: S608
    quote, lock = connection.ops.quote_name, "" if connection.vendor == "sqlite" else " FOR UPDATE"
    names = ", ".join(quote(name) for name in ("id", "fence", "number", "paused_at"))
    places = ", ".join(["%s"] * len(keys))
    cursor.execute(
        f"SELECT {names} FROM {table(Run, using)} WHERE id IN ({places}) ORDER BY id{lock}",  # noqa: S608
        keys,
    )
    found = {key: (fence, number, paused) for key, fence, number, paused in cursor.fetchall()}
    states: dict[int, bool] = {}
    groups: dict[str, list[list[Any]]] = {}
    for track in tracks:
        fence, number, paused = found.get(track.run.id, (None, None, None))
        if (fence, number) != (track.run.fence, track.at):
            continue
        states[track.run.id] = paused is not None
        columns, values = settings_of(track, using)
        statement = update(columns, track.due is not KEEP, using)
        groups.setdefault(statement, []).append([*values, track.run.id, track.run.fence, track.at])
    for statement, rows in groups.items():
        cursor.executemany(statement, rows)
    return states


def _append(tracks: Iterable[Track], cursor: Any, using: str) -> None:
    steps = step_columns(using)
    rows = [steps.values(row) for track in tracks for row in track.rows]
    if not rows:
        return
    statement = f"INSERT INTO {table(StepRun, using)} ({steps.into}) VALUES ({steps.places})"  # noqa: S608
    if len(rows) == 1:
        cursor.execute(statement, rows[0])
    else:
        cursor.executemany(statement, rows)
