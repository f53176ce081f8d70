"""The UPDATE that moves one run on, guarded, and its values."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connections

from actions.processes.models import Run
from actions.processes.values import dump

from .columns import run_columns, table
from .tracks import KEEP, SETTLED, Track

MOVED = ("node", "number", "entered_at", "tries", "waiting_for", "note")
"""Columns that change with every step."""


def state_of(track: Track) -> str | None:
    """The state to write; None: it has not changed, or is not the run's own."""
    if not (track.is_root and track.scope.is_touched):
        return None
    text = track.scope.next_text = dump(track.scope.data)
    return None if text == track.scope.text else text


def settings_of(track: Track, using: str) -> tuple[tuple[str, ...], list[Any]]:
    """Names and values of the columns to be set, `due_at` first where it is."""
    run = track.run
    names: tuple[str, ...] = MOVED
    if track.is_settled:
        names = (*MOVED, *SETTLED)
    values: list[Any] = []
    if track.due is not KEEP:
        values.append(connections[using].ops.adapt_datetimefield_value(track.due))
    values += [each.convert(getattr(run, each.field.attname)) for each in run_columns(names, using)]
    state = state_of(track)
    if state is not None:
        names = (*names, "state")
        values.append(state)
    return names, values


@lru_cache(maxsize=64)
def update(names: tuple[str, ...], is_due_set: bool, using: str) -> str:
    quote = connections[using].ops.quote_name
    sets = [f"{quote('attempts')} = 0", *(f"{each.name} = {each.place}" for each in run_columns(names, using))]
    if is_due_set:
        due, paused = quote("due_at"), quote("paused_at")
        sets.insert(0, f"{due} = CASE WHEN {paused} IS NOT NULL THEN NULL ELSE %s{_moment(using)} END")
    run = table(Run, using)
    return f"UPDATE {run} SET {', '.join(sets)} WHERE {held(using)}"  # noqa: S608


def held(using: str) -> str:
    """The guard: nobody else has taken the run, and the step at hand is not written yet."""
    quote = connections[using].ops.quote_name
    return f"{quote('id')} = %s AND {quote('fence')} = %s AND {quote('number')} = %s"


def _moment(using: str) -> str:
    # In a CASE, PostgreSQL would take a text for a text.
    return "::timestamptz" if connections[using].vendor == "postgresql" else ""
