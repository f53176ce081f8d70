"""Writes runs and their steps on PostgreSQL: one statement, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connections

from actions.processes.models import Run, StepRun

from .columns import encode, run_columns, step_columns, table
from .inserting import children_as_json, children_of, give_keys
from .reading import read_json
from .tracks import KEEP, MOVED, Track
from .updates import settings_of, state_of, update


def write_on_postgres(tracks: Sequence[Track], using: str) -> dict[int, bool]:
    """Write runs with their steps; of each that was held, by key, whether it is paused."""
    if len(tracks) == 1 and len(tracks[0].rows) <= 1 and _write_one(tracks[0], using):
        return {tracks[0].run.id: False}
    with connections[using].cursor() as cursor:
        cursor.execute(_many(using), _as_json(tracks, using))
        return dict(cursor.fetchall())


def _write_one(track: Track, using: str) -> bool:
    """Write a run with a step; False where it is somebody else's, or paused: nothing is written then.

    Nothing is given back but the number of rows: to collect what an UPDATE in a WITH gives back takes longer than it.
    """
    names, values = settings_of(track, using)
    columns = tuple(step_columns(using).given(track.rows[0])) if track.rows else ()
    parameters = [*values, track.run.id, track.run.fence, track.at]
    if columns:
        parameters += step_columns(using, columns).values(track.rows[0])
    with connections[using].cursor() as cursor:
        cursor.execute(_one(names, columns, track.due is not KEEP, using), parameters)
        return bool(cursor.rowcount)


@lru_cache(maxsize=256)
def _one(names: tuple[str, ...], step_names: tuple[str, ...], is_due_set: bool, using: str) -> str:
    moved = update(names, is_due_set, using, is_paused=False)
    if not step_names:
        return moved
    steps = step_columns(using, step_names)
    return (
        f"WITH moved AS ({moved} RETURNING id) "  # noqa: S608
        f"INSERT INTO {table(StepRun, using)} ({steps.into}) SELECT {steps.places} FROM moved"
    )


def begin_on_postgres(track: Track, children: Sequence[Run], using: str) -> bool:
    """Write a run with its steps and the children that it begins; False as for `_write_one`."""
    names, values = settings_of(track, using)
    steps = encode(_step_values([track], using))
    key = [track.run.id, track.run.fence, track.at]
    with connections[using].cursor() as cursor:
        statement = _beginning(names, track.due is not KEEP, using)
        cursor.execute(statement, [*values, *key, steps, children_as_json(children, using)])
        found = cursor.fetchall()
    if found:
        give_keys(children, found, using)
    return bool(found)


@lru_cache(maxsize=64)
def _beginning(names: tuple[str, ...], is_due_set: bool, using: str) -> str:
    moved = update(names, is_due_set, using, is_paused=False)
    return f"WITH p AS ({moved} RETURNING *), {_written(using, 'p')} {children_of('p', using)} RETURNING id, place"


def write_and_count_on_postgres(
    tracks: Sequence[Track], parents: list[int], until: datetime, using: str
) -> tuple[dict[int, bool], list[Run]]:
    """As `write_on_postgres`, and counts those that have ended at their parents.

    Returns:
        What that does, and the parents that wait for nobody any more, but for those that are paused.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(_many(using, counts=True), [_array(parents), *_as_json(tracks, using), until])
        found = cursor.fetchall()
    states = {key: is_paused for key, is_paused, parent in found if parent is None}
    woken = [parent for _key, is_paused, parent in found if parent is not None and not is_paused]
    return states, [read_json(parent, using) for parent in woken]


def _as_json(tracks: Sequence[Track], using: str) -> list[str]:
    """Keys and values of runs, and values of their steps."""
    runs = [_run_values(track, using) for track in tracks]
    return [encode(runs), _array([track.run.id for track in tracks]), encode(_step_values(tracks, using))]


def _array(keys: Sequence[int]) -> str:
    return f"{{{','.join(map(str, keys))}}}"


def _run_values(track: Track, using: str) -> dict[str, Any]:
    values = run_columns(MOVED, using).as_json(track.run)
    # Without nulls: where the state is not given, it stays as it is.
    values |= {"id": track.run.id, "fence": track.run.fence, "at": track.at, "is_due_set": track.due is not KEEP}
    if isinstance(track.due, datetime):
        values["due_at"] = track.due.isoformat()
    state = state_of(track)
    if state is not None:
        values["state"] = state
    return values


def _step_values(tracks: Iterable[Track], using: str) -> list[dict[str, Any]]:
    steps = step_columns(using)
    rows = [steps.as_json(row) for track in tracks for row in track.rows]
    for number, values in enumerate(rows):
        values["n"] = number
    return rows


def _written(using: str, moved: str) -> str:
    """The part of a statement that adds the steps of runs that were moved."""
    steps = step_columns(using)
    return (
        f"written AS (INSERT INTO {table(StepRun, using)} ({steps.into}) SELECT {steps.cast('s')} "  # noqa: S608
        f"FROM json_to_recordset(%s::json) AS s(n integer, {steps.typed}) "
        f"WHERE s.run_id IN (SELECT id FROM {moved}) ORDER BY s.n)"
    )


@lru_cache(maxsize=8)
def _many(using: str, *, counts: bool = False) -> str:
    """The statement for any number of runs.

    Parents are locked first, as everywhere; the condition on `locked` only has it done before all else. The keys are
    given besides, as PostgreSQL cannot know how many there are in a JSON, and might look at all runs.
    """
    quote = connections[using].ops.quote_name
    columns, run = run_columns(MOVED, using), table(Run, using)
    sets = ", ".join(f"{each.name} = v.{each.name}{'::jsonb' if each.is_json else ''}" for each in columns)
    due, fence, state, paused = quote("due_at"), quote("fence"), quote("state"), quote("paused_at")
    number = quote("number")
    lock = f"locked AS (SELECT id FROM {run} WHERE id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE), "  # noqa: S608
    after = "AND (SELECT count(*) FROM locked) >= 0 " if counts else ""
    return (
        f"WITH {lock if counts else ''}v AS (SELECT * FROM json_to_recordset(%s::json) AS v(id bigint, fence integer, "  # noqa: S608
        f"at integer, is_due_set boolean, due_at timestamptz, state text, {columns.typed})), "
        f"moved AS (UPDATE {run} r SET {due} = CASE WHEN r.{paused} IS NOT NULL THEN NULL "
        f"WHEN v.is_due_set THEN v.due_at ELSE r.{due} END, "
        f"{state} = COALESCE(v.state::jsonb, r.{state}), attempts = 0, {sets} "
        f"FROM v WHERE r.id = ANY(%s::bigint[]) AND r.id = v.id AND r.{fence} = v.fence AND r.{number} = v.at {after}"
        f"RETURNING r.id, r.{paused} IS NOT NULL AS is_paused, r.parent_id, r.parent_number, r.ended_at), "
        f"{_written(using, 'moved')}"
        f"{_COUNTED.format(run=run) if counts else ' SELECT id, is_paused FROM moved'}"
    )


_COUNTED = (
    ", counted AS (UPDATE {run} p SET open_children = p.open_children - c.n, fence = p.fence + 1, "
    "due_at = CASE WHEN p.open_children = c.n AND p.paused_at IS NULL THEN %s ELSE p.due_at END, "
    "status = CASE WHEN p.open_children > c.n THEN p.status WHEN p.paused_at IS NULL THEN 'running' ELSE 'pending' END "
    "FROM (SELECT parent_id, parent_number, count(*)::integer AS n FROM moved WHERE ended_at IS NOT NULL "
    "GROUP BY parent_id, parent_number) c WHERE p.id = c.parent_id AND p.number = c.parent_number "
    "AND p.waiting_for IN ('branches', 'process') AND p.status IN ('pending', 'running', 'waiting') "
    "RETURNING p.id, p.paused_at IS NOT NULL AS is_paused, "
    "CASE WHEN p.open_children = 0 THEN to_json(p)::text END AS parent) "
    "SELECT id, is_paused, NULL::text FROM moved UNION ALL "
    "SELECT id, is_paused, parent FROM counted WHERE parent IS NOT NULL"
)
"""Counts those of the moved runs that have ended at their parents, and takes parents that wait for nobody any more."""
