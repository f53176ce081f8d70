"""How many runs of a process are under way: those over its limit wait for their turn, and cost nothing."""

from __future__ import annotations

from django.db.models import F

from actions.processes.models import ProcessState


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
