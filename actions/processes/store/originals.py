"""Empties what is kept of steps for what may take them back, when nothing will any more."""

from __future__ import annotations

from actions.processes.models import StepRun

from .family import CHUNK, processes_below


def forget_originals(key: int, using: str) -> None:
    """Of a run that is over, and of those of other processes that its steps have started."""
    keys = [key, *processes_below(key, using)]
    for start in range(0, len(keys), CHUNK):
        rows = StepRun.objects.using(using).filter(root_id__in=keys[start : start + CHUNK])
        rows.exclude(original="").update(original="")
