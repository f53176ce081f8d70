"""Removes runs for good, with all that belongs to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from actions.processes.models import Message, Run, StepRun
from actions.processes.states import FINISHED, UNFINISHED, RunKind, Status, Waiting
from actions.processes.store import close_tasks, end_all

from .handing import wake

CHUNK = 500
"""Runs that are removed in one transaction."""


def remove(run: Run | int, *, using: str = "default") -> Counter[str]:
    """Remove a run, whatever it is doing: whoever works on it has lost it, and what its step has written goes back.

    Runs that it has begun as steps are cancelled and stay. One that has begun it as its step fails there.

    Args:
        run: The run or its key; of a branch, the run itself goes.
        using: The database, where a key is given.

    Returns:
        How many rows of each kind are gone.
    """
    key, database = (run, using) if isinstance(run, int) else (run.scope_id, str(run._state.db))
    rows: QuerySet[Run] = Run._base_manager.using(database)
    with transaction.atomic(using=database):
        row = rows.select_for_update().filter(pk=key).first()
        if row is None:
            return Counter()
        end_all(rows.filter(pk=key), Status.CANCELLED, database)
        removed = _delete([key], database)
        parent = row.parent_id
        if parent is not None:
            waiting = rows.filter(pk=parent, status__in=UNFINISHED, waiting_for=Waiting.PROCESS.value)
            waiting.update(due_at=timezone.now(), fence=F("fence") + 1)
    if parent is not None:
        wake(parent, database)
    return removed


def delete_history(
    processes: Collection[str] | None, before: datetime, *, style: str | None = None, using: str = "default"
) -> Counter[str]:
    """Remove runs that ended before a moment, where nobody holds them; how many rows of each kind are gone.

    Args:
        processes: Of which processes; None: of all.
        before: The moment.
        style: Of processes that were written so ("yaml", "workflow", "automation"); None: however they were.
        using: The database.
    """
    rows = Run.objects.using(using)
    parents = rows.filter(pk=OuterRef("parent_id"), status__in=UNFINISHED)
    over = rows.filter(~Exists(parents), kind=RunKind.ROOT.value, status__in=FINISHED, ended_at__lt=before)
    over = over.filter(is_held=False)
    if processes is not None:
        over = over.filter(process__in=processes)
    if style is not None:
        over = over.written_as(style)
    removed: Counter[str] = Counter()
    while keys := list(over.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        with transaction.atomic(using=using):
            removed += _delete(keys, using)
    return removed


def _delete(keys: Collection[int], using: str) -> Counter[str]:
    rows: QuerySet[Run] = Run._base_manager.using(using)
    tree = rows.filter(Q(pk__in=keys) | Q(root_id__in=keys))
    removed = Counter(StepRun.objects.using(using).filter(root_id__in=keys).delete()[1])
    removed += Counter(Message.objects.using(using).filter(run_id__in=keys).delete()[1])
    close_tasks(list(tree.values_list("pk", flat=True)), using)
    removed[Run._meta.label] += rows.filter(pk__in=keys).count()
    removed["branches"] += tree.exclude(pk__in=keys).count()
    tree.delete()
    return +removed
