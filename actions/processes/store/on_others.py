"""Writes runs and their steps on databases without statements that change data in a WITH: SQLite and MariaDB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db import connections

from actions.processes.models import Run, StepRun

from .columns import PLAIN_STEP, STEP, Columns, step_columns, table
from .tracks import KEEP, Track
from .updates import settings_of, update


def write_on_others(tracks: Sequence[Track], using: str) -> dict[int, bool]:
    """Write runs with their steps, in a transaction; of each that was held, by key, whether it is paused."""
    with connections[using].cursor() as cursor:
        if len(tracks) == 1 and _write_one(cursor, tracks[0], using):
            states = {tracks[0].run.id: False}
        else:
            states = _write_some(cursor, tracks, using)
        _append([track for track in tracks if track.run.id in states], cursor, using)
    return states


def _write_one(cursor: Any, track: Track, using: str) -> bool:
    """Write a run; False where it is somebody else's, or paused: nothing is written then."""
    names, values = settings_of(track, using)
    statement = update(names, track.due is not KEEP, using, is_paused=False)
    cursor.execute(statement, [*values, track.run.id, track.run.fence, track.at])
    # Django has MariaDB count the rows that are found, too, and not only those that are otherwise than before.
    return bool(cursor.rowcount)


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
    rows = [row for track in tracks for row in track.rows]
    if not rows:
        return
    # What is not named costs nothing, not even its place.
    steps = step_columns(using, STEP if any(row.has_more for row in rows) else PLAIN_STEP)
    values = list(map(steps.values, rows))
    statement = _adding(steps, using)
    if len(values) == 1:
        cursor.execute(statement, values[0])
    else:
        cursor.executemany(statement, values)


@lru_cache(maxsize=8)
def _adding(steps: Columns, using: str) -> str:
    return f"INSERT INTO {table(StepRun, using)} ({steps.into}) VALUES ({steps.places})"  # noqa: S608
