"""The UPDATE that moves one run on, guarded, and its values."""

from __future__ import annotations

from functools import lru_cache
from itertools import compress
from operator import ne
from typing import Any

from django.db import connections

from actions.processes.models import Run

from .columns import run_columns, table
from .tracks import KEEP, MOVED, Track, position

JSON = ("note", "result", "error")
"""They may have been changed in place."""
_JSON_AT = tuple(MOVED.index(name) for name in JSON)


def state_of(track: Track) -> str | None:
    """The state to write; None: it has not changed, or is not the run's own."""
    return track.scope.text() if track.is_root and track.scope.changes() else None


def settings_of(track: Track, using: str) -> tuple[tuple[str, ...], list[Any]]:
    """Names and values of the columns to be set: those that have changed; `due_at` first where it is."""
    new = position(track.run)
    changed = list(map(ne, new, track.stored))
    for at in _JSON_AT:
        changed[at] = changed[at] or new[at] is not None
    names = tuple(compress(MOVED, changed))
    values = run_columns(names, using).values(track.run) if names else []
    if track.due is not KEEP:
        values.insert(0, connections[using].ops.adapt_datetimefield_value(track.due))
    state = state_of(track)
    if state is not None:
        names = (*names, "state")
        values.append(state)
    return names, values


@lru_cache(maxsize=256)
def update(names: tuple[str, ...], is_due_set: bool, using: str, *, is_paused: bool = True) -> str:
    """The statement.

    Args:
        names: Of the columns to be set.
        is_due_set: Whether `due_at` is one of them.
        using: The database.
        is_paused: Whether it is for a run that is paused, too: it is not due then.
    """
    quote = connections[using].ops.quote_name
    columns = run_columns(names, using) if names else ()
    sets = [f"{quote('attempts')} = 0", *(f"{each.name} = {each.place}" for each in columns)]
    due, paused = quote("due_at"), quote("paused_at")
    if is_due_set:
        moment = f"CASE WHEN {paused} IS NOT NULL THEN NULL ELSE %s{_moment(using)} END" if is_paused else "%s"
        sets.insert(0, f"{due} = {moment}")
    condition = held(using) if is_paused else f"{held(using)} AND {paused} IS NULL"
    return f"UPDATE {table(Run, using)} SET {', '.join(sets)} WHERE {condition}"  # noqa: S608


def held(using: str) -> str:
    """The guard: nobody else has taken the run, and the step at hand is not written yet."""
    quote = connections[using].ops.quote_name
    return f"{quote('id')} = %s AND {quote('fence')} = %s AND {quote('number')} = %s"


def _moment(using: str) -> str:
    # In a CASE, PostgreSQL would take a text for a text.
    return "::timestamptz" if connections[using].vendor == "postgresql" else ""
