"""Finds the run that somebody means: by the automation, its row, its id, or its key."""

from __future__ import annotations

from secrets import compare_digest
from typing import Any
from uuid import UUID

UID_LENGTH = 32


def database() -> str:
    """Where automations are kept."""
    from django.db import router

    from actions.processes.models import Run

    return str(router.db_for_write(Run))


def key_of(row: Any) -> str:
    """The text that names an automation to the outside; nobody can guess it."""
    return f"{row.uid.hex}{row.pk:x}"


def find(given: Any, using: str) -> Any:
    """The run of an automation; None where there is none.

    Args:
        given: An automation, its row, its id, or its key.
        using: The database.
    """
    from actions.processes.models import Run
    from actions.processes.states import RunKind

    if isinstance(given, Run):
        return given
    runs = Run._base_manager.using(using).filter(kind=RunKind.ROOT.value)
    if isinstance(given, bool) or given is None:
        return None
    if isinstance(given, int):
        return runs.filter(pk=given).first()
    if isinstance(given, str | UUID):
        return _by_key(runs, given.hex if isinstance(given, UUID) else given)
    run_id = getattr(given, "id", None)
    return runs.filter(pk=run_id).first() if isinstance(run_id, int) else None


def _by_key(runs: Any, key: str) -> Any:
    """By the number at its end, so that no index of keys is needed."""
    try:
        number = int(key[UID_LENGTH:], 16)
    except ValueError:
        return None
    # Two texts are compared in constant time only where both are ASCII.
    row = runs.filter(pk=number).first() if 0 < number < 2**63 and key.isascii() else None
    return row if row is not None and compare_digest(row.uid.hex, key[:UID_LENGTH].lower()) else None
