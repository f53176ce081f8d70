"""A loop of 100,000 steps in one run: whether a late step takes longer than an early one, and memory grows."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from resource import getpagesize
from statistics import median
from typing import Any

from actions.processes import services
from actions.processes.context import StepContext
from actions.processes.expressions import condition
from actions.processes.graph import Edge, Kind, Mode, Node
from actions.processes.models import StepRun
from actions.processes.registry import processes

from .processes_made import make, task
from .processes_rates import clear

STEPS = 100_001
"""Every second one is the task, with an odd number."""
SPAN = 500
"""Steps that are timed together."""
SPANS = 20
"""How many of them, at the beginning and at the end."""


@dataclass
class Seen:
    """What was seen on the way."""

    at: list[float] = field(default_factory=list)
    """Seconds, at the end of each span."""
    memory: list[int] = field(default_factory=list)
    """Bytes, likewise."""


def measure() -> tuple[float, float]:
    """Time of a late step / of an early one, and memory at the last / after the first ones."""
    clear()
    seen = Seen()
    processes.register(_loop(seen))
    run = services.start("loop")
    if run.status != "succeeded" or StepRun.objects.filter(run_id=run.pk).count() < STEPS:
        raise RuntimeError(f"The loop is {run.status} after {run.number} steps: {run.error}")
    clear()
    spans = [after - before for before, after in pairwise(seen.at)]
    early, late = median(spans[:SPANS]), median(spans[-SPANS:])
    return late / early, seen.memory[-1] / seen.memory[SPANS]


def _loop(seen: Seen) -> Any:
    def count(context: StepContext, arguments: dict[str, Any]) -> int:
        number = context.number + 1
        if number % SPAN == 1:
            seen.at.append(time.perf_counter())
            seen.memory.append(_memory())
        return number

    nodes = [
        task("again", "is_over", Mode.PURE),
        Node("is_over", Kind.DECISION, (Edge("again", "on", condition(f"state.x < {STEPS}")), Edge("end", "over"))),
        Node("end", Kind.END),
    ]
    return make("loop", nodes, count)


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * getpagesize()
