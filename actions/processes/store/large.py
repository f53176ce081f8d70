"""Writes large values of the state into rows of their own: see `actions.processes.state_field`."""

from __future__ import annotations

from collections.abc import Iterable

from actions.processes.models import StoredValue
from actions.processes.state_field import LARGE, STORED

from .scope import Scope


def store(run_id: int, text: str, using: str) -> dict[str, int]:
    """Write one; what stands for it in the state."""
    return {STORED: StoredValue.objects.using(using).create(run_id=run_id, text=text).pk}


def store_large(scope: Scope, using: str) -> None:
    """Write what is large of that which has changed."""
    for key, text in scope.changes().items():
        if text is not None and len(text) > LARGE:
            scope.keep(key, store(scope.run_id, text, using))


def remove_replaced(scope: Scope, using: str) -> None:
    """Remove what the state has no more, when that is written."""
    remove(scope.run_id, scope.replaced, using)
    scope.replaced = []


def remove(run_id: int, keys: Iterable[int], using: str) -> None:
    """Remove values of a run."""
    found = list(keys)
    if found:
        StoredValue.objects.using(using).filter(run_id=run_id, pk__in=found).delete()
