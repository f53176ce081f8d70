"""Writes runs and their steps on PostgreSQL: one statement, however many there are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connections

from actions.processes.models import Run, StepRun

from .columns import POSTGRES_TYPES, Column, plain, run_columns, step_columns, table
from .tracks import KEEP, SETTLED, StepRow, Track
from .updates import MOVED, settings_of, state_of, update


def write_on_postgres(tracks: Sequence[Track], using: str) -> dict[int, bool]:
    """Write runs with their steps; of each that was held, by key, whether it is paused."""
    if len(tracks) == 1 and len(tracks[0].rows) <= 1:
        return _write_one_on_postgres(tracks[0], using)
    with connections[using].cursor() as cursor:
        cursor.execute(_many(using), _as_json(tracks, using))
        return dict(cursor.fetchall())


def write_and_count_on_postgres(
    tracks: Sequence[Track], parents: list[int], until: datetime, using: str
) -> tuple[dict[int, bool], list[int]]:
    """As `write_on_postgres`, and counts those that have ended at their parents.

    Returns:
        What that does, and the keys of parents that wait for nobody any more, but for those that are paused.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(_many(using, counts=True), [parents, *_as_json(tracks, using), until])
        found = cursor.fetchall()
    states = {key: is_paused for key, is_paused, is_parent in found if not is_parent}
    return states, [key for key, is_paused, is_parent in found if is_parent and not is_paused]


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
    values["state"] = state_of(track)
    for each in columns:
        values[each.field.attname] = plain(each.convert(getattr(run, each.field.attname)))
    return values


def _step_values(row: StepRow, columns: Iterable[Column], number: int) -> dict[str, Any]:
    values = {each.field.attname: plain(each.convert(getattr(row, each.field.attname))) for each in columns}
    values["n"] = number
    return values


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
    columns, values = settings_of(track, using)
    statement, steps = _one(columns, track.due is not KEEP, bool(track.rows), using)
    parameters = [*values, track.run.pk, track.run.fence, track.at]
    for row in track.rows:
        parameters += [each.convert(getattr(row, each.field.attname)) for each in steps]
    with connections[using].cursor() as cursor:
        cursor.execute(statement, parameters)
        return dict(cursor.fetchall())


@lru_cache(maxsize=64)
def _one(names: tuple[str, ...], is_due_set: bool, has_row: bool, using: str) -> tuple[str, tuple[Column, ...]]:
    steps = step_columns(using)
    quote = connections[using].ops.quote_name
    paused = f"{quote('paused_at')} IS NOT NULL AS is_paused"
    returned = f"{update(names, is_due_set, using)} RETURNING {quote('id')}, {paused}"
    if not has_row:
        return returned, steps
    into, places = ", ".join(each.name for each in steps), ", ".join(each.place for each in steps)
    step = table(StepRun, using)
    return (
        f"WITH moved AS ({returned}), written AS (INSERT INTO {step} ({into}) SELECT {places} FROM moved) "  # noqa: S608
        "SELECT id, is_paused FROM moved"
    ), steps
