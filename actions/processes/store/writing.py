"""Moves runs on, and writes the steps that they did: one statement on PostgreSQL, however many runs it is for.

Each run is written only where its fence still is the one of whoever holds it. One that somebody has asked to pause is
written, and then is due no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connections, transaction
from django.utils import timezone

from actions.processes.models import Message, OpenTask, Run, StepRun
from actions.processes.states import Status
from actions.processes.values import dump

from .columns import POSTGRES_TYPES, Column, Text, plain, run_columns, step_columns, table
from .freeing import free_messages
from .tracks import KEEP, SETTLED, StepRow, Track

MOVED = ("node", "number", "entered_at", "tries", "waiting_for", "note")
"""Columns that change with every step."""


@dataclass(slots=True)
class Written:
    """What has become of what was to be written."""

    lost: list[Track] = field(default_factory=list)
    """Somebody else has them now; nothing of them was written."""
    paused: list[Track] = field(default_factory=list)
    """Written, and not to be gone on with."""


def write(tracks: Sequence[Track], using: str) -> Written:
    """Write what tracks have done; see the module. Without a transaction around it, it is one of its own.

    What has ended with a parent is for `settling.settle`, which calls this.
    """
    moved = [track for track in tracks if track.has_moved or track.rows]
    if not moved:
        return Written()
    vendor = connections[using].vendor
    if vendor == "postgresql" and not needs_more(moved):
        states = _write_on_postgres(moved, using)
    else:
        with transaction.atomic(using=using, savepoint=False):
            states = _write_on_postgres(moved, using) if vendor == "postgresql" else _write_one_by_one(moved, using)
            _open_and_close([track for track in moved if track.run.pk in states], using)
    return _written(moved, states, using)


def needs_more(tracks: Iterable[Track]) -> bool:
    """Whether more tables than those of runs and steps are to be written."""
    return any(track.opened is not None or track.taken or track.leaves_messages for track in tracks)


def _written(moved: Sequence[Track], states: Mapping[int, bool], using: str) -> Written:
    written = Written()
    for track in moved:
        state = states.get(track.run.pk)
        if state is None:
            written.lost.append(track)
            continue
        if state and _set_aside(track, using):
            written.paused.append(track)
        track.written()
    return written


def _set_aside(track: Track, using: str) -> bool:
    """Have a run that is paused not be due; False where it has been resumed since it was written."""
    held = Run._base_manager.using(using).filter(pk=track.run.pk, fence=track.run.fence, paused_at__isnull=False)
    if track.is_over:
        return held.exists()
    return bool(held.update(due_at=None, status=Status.PENDING.value))


def _write_on_postgres(tracks: Sequence[Track], using: str) -> dict[int, bool]:
    if len(tracks) == 1 and len(tracks[0].rows) <= 1:
        return _write_one_on_postgres(tracks[0], using)
    with connections[using].cursor() as cursor:
        cursor.execute(_many(using), _as_json(tracks, using))
        return dict(cursor.fetchall())


def write_and_count(tracks: Sequence[Track], until: datetime, using: str) -> tuple[Written, list[int]]:
    """On PostgreSQL, write tracks of which some have ended well, and count them at their parents, in one statement.

    Args:
        tracks: As for `write`; they need nothing more (`needs_more`).
        until: The end of the lease on parents that have nobody to wait for any more.
        using: The database.

    Returns:
        What `write` does, and the keys of those parents. They are held, unless they are paused, and then are not named.
    """
    moved = [track for track in tracks if track.has_moved or track.rows]
    parents = sorted({track.run.parent_id for track in moved if track.run.is_finished and track.run.parent_id})
    with connections[using].cursor() as cursor:
        cursor.execute(_many(using, counts=True), [parents, *_as_json(moved, using), until])
        found = cursor.fetchall()
    states = {key: is_paused for key, is_paused, is_parent in found if not is_parent}
    woken = [key for key, is_paused, is_parent in found if is_parent and not is_paused]
    return _written(moved, states, using), woken


def _as_json(tracks: Sequence[Track], using: str) -> list[str]:
    """Values of runs and of their steps."""
    columns, steps = run_columns((*MOVED, *SETTLED), using), step_columns(using)
    runs = [_run_values(track, columns) for track in tracks]
    done = (row for track in tracks for row in track.rows)
    rows = [_step_values(row, steps, number) for number, row in enumerate(done)]
    return [json.dumps(runs), json.dumps(rows)]


def _run_values(track: Track, columns: Iterable[Column]) -> dict[str, Any]:
    run = track.run
    values: dict[str, Any] = {"id": run.pk, "fence": run.fence, "at": track.at, "is_due_set": track.due is not KEEP}
    values["due_at"] = track.due.isoformat() if isinstance(track.due, datetime) else None
    values["state"] = _state_of(track)
    for each in columns:
        values[each.field.attname] = plain(each.convert(getattr(run, each.field.attname)))
    return values


def _step_values(row: StepRow, columns: Iterable[Column], number: int) -> dict[str, Any]:
    values = {each.field.attname: plain(each.convert(getattr(row, each.field.attname))) for each in columns}
    values["n"] = number
    return values


def _state_of(track: Track) -> str | None:
    """The state to write; None: it has not changed, or is not the run's own."""
    if not (track.is_root and track.scope.is_touched):
        return None
    text = dump(track.scope.data)
    return None if text == track.scope.text else text


@lru_cache(maxsize=8)
def _many(using: str, *, counts: bool = False) -> str:
    """The statement for any number of runs.

    Parents are locked first, as everywhere; the condition on `locked` only has it done before all else.
    """
    quote = connections[using].ops.quote_name
    columns, steps = run_columns((*MOVED, *SETTLED), using), step_columns(using)
    run, step = table(Run, using), table(StepRun, using)
    typed = ", ".join(f"{each.name} {_type(each)}" for each in columns)
    sets = ", ".join(f"{each.name} = v.{each.name}{'::jsonb' if each.is_json else ''}" for each in columns)
    step_names = ", ".join(each.name for each in steps)
    step_typed = ", ".join(f"{each.name} {_type(each)}" for each in steps)
    step_values = ", ".join(f"s.{each.name}{'::jsonb' if each.is_json else ''}" for each in steps)
    due, fence, state, paused = quote("due_at"), quote("fence"), quote("state"), quote("paused_at")
    number = quote("number")
    lock = f"locked AS (SELECT id FROM {run} WHERE id = ANY(%s) ORDER BY id FOR UPDATE), " if counts else ""  # noqa: S608
    after = "AND (SELECT count(*) FROM locked) >= 0 " if counts else ""
    return (
        f"WITH {lock}v AS (SELECT * FROM json_to_recordset(%s::json) AS v(id bigint, fence integer, "  # noqa: S608
        f"at integer, is_due_set boolean, due_at timestamptz, state text, {typed})), "
        f"moved AS (UPDATE {run} r SET {due} = CASE WHEN r.{paused} IS NOT NULL THEN NULL "
        f"WHEN v.is_due_set THEN v.due_at ELSE r.{due} END, "
        f"{state} = COALESCE(v.state::jsonb, r.{state}), attempts = 0, {sets} "
        f"FROM v WHERE r.id = v.id AND r.{fence} = v.fence AND r.{number} = v.at {after}"
        f"RETURNING r.id, r.{paused} IS NOT NULL AS is_paused, r.parent_id, r.parent_number, r.ended_at), "
        f"written AS (INSERT INTO {step} ({step_names}) SELECT {step_values} FROM json_to_recordset(%s::json) AS "
        f"s(n integer, {step_typed}) WHERE s.run_id IN (SELECT id FROM moved) ORDER BY s.n) "
        f"{_COUNTED.format(run=run) if counts else 'SELECT id, is_paused FROM moved'}"
    )


_COUNTED = (
    ", counted AS (UPDATE {run} p SET open_children = p.open_children - c.n, fence = p.fence + 1, "
    "due_at = CASE WHEN p.open_children = c.n AND p.paused_at IS NULL THEN %s ELSE p.due_at END, "
    "status = CASE WHEN p.open_children > c.n THEN p.status WHEN p.paused_at IS NULL THEN 'running' ELSE 'pending' END "
    "FROM (SELECT parent_id, parent_number, count(*)::integer AS n FROM moved WHERE ended_at IS NOT NULL "
    "GROUP BY parent_id, parent_number) c WHERE p.id = c.parent_id AND p.number = c.parent_number "
    "AND p.waiting_for IN ('branches', 'process') AND p.status IN ('pending', 'running', 'waiting') "
    "RETURNING p.id, p.open_children, p.paused_at IS NOT NULL AS is_paused) "
    "SELECT id, is_paused, false FROM moved UNION ALL "
    "SELECT id, is_paused, true FROM counted WHERE open_children = 0"
)
"""Counts those of the moved runs that have ended at their parents, and takes parents that wait for nobody any more."""


def _type(each: Column) -> str:
    return POSTGRES_TYPES[each.field.get_internal_type()]


def _write_one_on_postgres(track: Track, using: str) -> dict[int, bool]:
    columns, values = _settings_of(track, using)
    statement, steps = _one(columns, track.due is not KEEP, bool(track.rows), using)
    parameters = [*values, track.run.pk, track.run.fence, track.at]
    for row in track.rows:
        parameters += [each.convert(getattr(row, each.field.attname)) for each in steps]
    with connections[using].cursor() as cursor:
        cursor.execute(statement, parameters)
        return dict(cursor.fetchall())


def _settings_of(track: Track, using: str) -> tuple[tuple[str, ...], list[Any]]:
    """Names and values of the columns to be set, `due_at` first where it is."""
    run = track.run
    names: tuple[str, ...] = MOVED
    if track.is_settled:
        names = (*MOVED, *SETTLED)
    values: list[Any] = []
    if track.due is not KEEP:
        values.append(connections[using].ops.adapt_datetimefield_value(track.due))
    values += [each.convert(getattr(run, each.field.attname)) for each in run_columns(names, using)]
    state = _state_of(track)
    if state is not None:
        names = (*names, "state")
        values.append(state)
    return names, values


@lru_cache(maxsize=64)
def _one(names: tuple[str, ...], is_due_set: bool, has_row: bool, using: str) -> tuple[str, tuple[Column, ...]]:
    update, steps = _update(names, is_due_set, using), step_columns(using)
    quote = connections[using].ops.quote_name
    returned = f"{update} RETURNING {quote('id')}, {quote('paused_at')} IS NOT NULL AS is_paused"
    if not has_row:
        return returned, steps
    into, places = ", ".join(each.name for each in steps), ", ".join(each.place for each in steps)
    step = table(StepRun, using)
    return (
        f"WITH moved AS ({returned}), written AS (INSERT INTO {step} ({into}) SELECT {places} FROM moved) "  # noqa: S608
        "SELECT id, is_paused FROM moved"
    ), steps


@lru_cache(maxsize=64)
def _update(names: tuple[str, ...], is_due_set: bool, using: str) -> str:
    quote = connections[using].ops.quote_name
    sets = [f"{quote('attempts')} = 0", *(f"{each.name} = {each.place}" for each in run_columns(names, using))]
    if is_due_set:
        due, paused = quote("due_at"), quote("paused_at")
        sets.insert(0, f"{due} = CASE WHEN {paused} IS NOT NULL THEN NULL ELSE %s{_moment(using)} END")
    run = table(Run, using)
    return f"UPDATE {run} SET {', '.join(sets)} WHERE {_held(using)}"  # noqa: S608


def _held(using: str) -> str:
    """The guard: nobody else has taken the run, and the step at hand is not written yet."""
    quote = connections[using].ops.quote_name
    return f"{quote('id')} = %s AND {quote('fence')} = %s AND {quote('number')} = %s"


def _moment(using: str) -> str:
    # In a CASE, PostgreSQL would take a text for a text.
    return "::timestamptz" if connections[using].vendor == "postgresql" else ""


def _write_one_by_one(tracks: Sequence[Track], using: str) -> dict[int, bool]:
    """For databases without statements that change data in a WITH."""
    connection, states = connections[using], {}
    can_return, quote = connection.vendor == "sqlite", connection.ops.quote_name
    # The column itself: SQLite 3.40 answers 1 for any IS NOT NULL in a RETURNING.
    paused = quote("paused_at")
    rows: list[list[Any]] = []
    steps = step_columns(using)
    with connection.cursor() as cursor:
        for track in tracks:
            names, values = _settings_of(track, using)
            statement, key = _update(names, track.due is not KEEP, using), [track.run.pk, track.run.fence, track.at]
            if can_return:
                cursor.execute(f"{statement} RETURNING {paused}", [*values, *key])
                found = cursor.fetchone()
            else:
                found = _look(cursor, key, paused, using)
                if found is not None:
                    cursor.execute(statement, [*values, *key])
            if found is None:
                continue
            states[track.run.pk] = found[0] is not None
            rows += [[each.convert(getattr(row, each.field.attname)) for each in steps] for row in track.rows]
        if rows:
            into, places = ", ".join(each.name for each in steps), ", ".join("%s" for each in steps)
            statement = f"INSERT INTO {table(StepRun, using)} ({into}) VALUES ({places})"  # noqa: S608
            if len(rows) == 1:
                cursor.execute(statement, rows[0])
            else:
                cursor.executemany(statement, rows)
    return states


def _look(cursor: Any, key: list[Any], paused: str, using: str) -> Any:
    # MariaDB gives nothing back, and counts only rows that are otherwise than before.
    cursor.execute(f"SELECT {paused} FROM {table(Run, using)} WHERE {_held(using)} FOR UPDATE", key)  # noqa: S608
    return cursor.fetchone()


def _open_and_close(tracks: Iterable[Track], using: str) -> None:
    for track in tracks:
        if track.taken:
            Message.objects.using(using).filter(pk__in=track.taken).update(
                taken_at=timezone.now(), bound_to=track.run.pk
            )
        if track.leaves_messages:
            free_messages([track.run.pk], using)
        if track.opened is False:
            OpenTask.objects.using(using).filter(run_id=track.run.pk).delete()
        elif track.opened is not None:
            track.opened.save(using=using, force_insert=True)


__all__ = ["Text", "Written", "write"]
