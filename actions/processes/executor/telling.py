"""Tells receivers of signals which runs have ended."""

from __future__ import annotations

from collections.abc import Iterable

from actions.processes.models import Run
from actions.processes.registry import processes
from actions.processes.signals import announce_end, hears_of_end
from actions.processes.states import RunKind


def tell_of_ends(runs: Iterable[Run], using: str) -> None:
    """Of those that have ended and are no branches. Costs next to nothing where nobody listens."""
    for run in runs:
        if run.is_finished and run.kind == RunKind.ROOT.value and hears_of_end(run.status):
            announce_end(processes.sender_of(run.process), run, using)
