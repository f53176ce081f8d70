"""Looks at a run at once, where its conditions would else be looked at by and by."""

from __future__ import annotations

from django.db.models import F, Q
from django.utils import timezone

from actions.processes.models import Run
from actions.processes.states import Status, Waiting

from .giving_way import giving_way
from .handing import wake

LOOKED_AT = (Waiting.CONDITION.value, Waiting.TIME.value, Waiting.INPUT.value, Waiting.MESSAGE.value)
"""What may have come true, or not be wanted any more. What waits for a retry keeps its delay."""


def look_again(run: Run | int, *, using: str = "default") -> Run:
    """Have every part of a run that waits looked at now; the run as it is then.

    Each part goes on if what it waits for has come true, is skipped if it is not wanted any more, and else waits on.

    Args:
        run: The run or its key.
        using: The database, where a key is given.
    """
    key, database = (run, using) if isinstance(run, int) else (run.scope_id, str(run._state.db))
    rows = Run._base_manager.using(database)
    tree = rows.filter(Q(pk=key) | Q(root_id=key), paused_at__isnull=True, stopped_at__isnull=True)
    waiting = {"status": Status.WAITING.value, "waiting_for__in": LOOKED_AT}
    # By their keys: an UPDATE that looks for them itself locks more on MariaDB, and two of them wait for each other.
    keys = list(tree.filter(**waiting).order_by("pk").values_list("pk", flat=True))
    held = rows.filter(pk__in=keys, paused_at__isnull=True, stopped_at__isnull=True, **waiting)
    giving_way(lambda: held.update(due_at=timezone.now(), fence=F("fence") + 1), database)
    for each in list(tree.filter(due_at__lte=timezone.now()).order_by("pk").values_list("pk", flat=True)):
        wake(each, database)
    return rows.get(pk=key)
