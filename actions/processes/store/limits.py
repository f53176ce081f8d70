"""How many runs of a process are under way: those over its limit wait for their turn, and cost nothing."""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from actions.processes.models import ProcessState, Run
from actions.processes.states import RunKind, Status, Waiting


def take_slot(process: str, limit: int, using: str) -> bool:
    """Count one more run of a process, if there may be. In the transaction that writes the run."""
    states = ProcessState.objects.using(using)
    states.get_or_create(process=process)
    # The row is locked until the commit: nobody frees a slot between this look and the run that waits for one.
    state = states.select_for_update().get(process=process)
    if state.running >= limit:
        return False
    states.filter(process=process).update(running=F("running") + 1)
    return True


def free_slot(process: str, using: str) -> int | None:
    """Give the slot of a run that has ended to the one that waits longest; its key, None where none waits."""
    states = ProcessState.objects.using(using)
    states.select_for_update().filter(process=process).first()
    rows = Run._base_manager.using(using)
    waiting = rows.filter(
        process=process, status=Status.PENDING.value, waiting_for=Waiting.LIMIT.value, kind=RunKind.ROOT.value
    )
    while (key := waiting.order_by("-priority", "pk").values_list("pk", flat=True).first()) is not None:
        # One that was cancelled since then does not wait any more.
        if waiting.filter(pk=key).update(waiting_for="", due_at=timezone.now(), fence=F("fence") + 1, has_slot=True):
            return int(key)
    states.filter(process=process, running__gt=0).update(running=F("running") - 1)
    return None
