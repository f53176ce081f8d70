"""What automations and workflows add to the engine: steps inline, a wide split, a tick while many wait."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from types import new_class
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions.processes import flow, services, steps, workflows

from . import ceiling
from .ceiling import STEPS
from .processes_rates import clear, in_turn, run_inline
from .processes_waiting import fill, look, median

NARROW, WIDE = 100, 1000
WAITING = 100_000
AUTOMATION, WORKFLOW, SPLIT = "count-automation", "count-workflow", "split-automation-{}"


def measure() -> tuple[dict[str, float], list[tuple[str, float, float]]]:
    """Steps per second by title, and (name, value, limit) each."""
    _declare()
    rates = in_turn(
        {
            "prototype, inline beside the faces": _times(ceiling.run_inline),
            "automation, inline": _times(partial(run_inline, AUTOMATION)),
            "workflow, inline": _times(partial(run_inline, WORKFLOW)),
        }
    )
    most = rates["prototype, inline beside the faces"]
    figures = [
        ("steps of an automation: prototype's rate / its", most / rates["automation, inline"], 2),
        ("steps of a workflow: prototype's rate / its", most / rates["workflow, inline"], 2),
    ]
    return rates, [*figures, *_split(), *_tick()]


def _times(one: Callable[[], int], count: int = 20) -> Callable[[], int]:
    return lambda: sum(one() for _ in range(count))


def _split() -> list[tuple[str, float, float]]:
    seconds, statements = {}, {}
    for width in (NARROW, WIDE):
        name = SPLIT.format(width)
        services.start(name)
        seconds[width] = statistics.median(_seconds(name) / width for _ in range(5))
        with CaptureQueriesContext(connection) as captured:
            services.start(name)
        statements[width] = len(captured) / width
    clear()
    return [
        ("a split into 1,000: time of a branch / in one of 100", seconds[WIDE] / seconds[NARROW], 1.3),
        ("a split into 1,000: statements of a branch / in one of 100", statements[WIDE] / statements[NARROW], 1),
    ]


def _seconds(name: str) -> float:
    begin = time.perf_counter()
    services.start(name)
    return time.perf_counter() - begin


def _tick() -> list[tuple[str, float, float]]:
    fill(WAITING, "count-database")
    engine = median(look())
    fill(WAITING, AUTOMATION)
    automation = median(look())
    clear()
    return [("a tick while 100,000 automations wait / while 100,000 other runs do", automation / engine, 1.3)]


# --- what is measured -------------------------------------------------------------------------------------------------


def _declare() -> None:
    _automation("CountAutomation", AUTOMATION, {f"step_{n}": flow.Execute(_count) for n in range(STEPS)})
    for width in (NARROW, WIDE):
        _automation(f"Split{width}", SPLIT.format(width), _split_nodes(width))
    made = [_step(f"Count{n}") for n in range(STEPS)]
    graph = {steps.__start__: [made[0]], **{one: [after] for one, after in pairwise(made)}}
    new_class(
        "CountWorkflow", (workflows.Workflow,), {}, lambda space: space.update(DIGRAPH=graph, Meta=_meta(WORKFLOW))
    )


def _split_nodes(width: int) -> dict[str, Any]:
    split = flow.Split()
    for number in range(width):
        split.Next(f"self.way_{number}")
    ways = {f"way_{number}": flow.Execute(_count).Mode("pure").Next("self.join") for number in range(width)}
    return {"split": split, **ways, "join": flow.Join()}


def _automation(name: str, process_id: str, nodes: dict[str, Any]) -> None:
    def body(space: dict[str, Any]) -> None:
        space |= {"__module__": __name__, **nodes, "end": flow.End(), "Meta": _meta(process_id)}

    new_class(name, (flow.Automation,), {}, body)


def _meta(process_id: str) -> type:
    return type("Meta", (), {"id": process_id})


def _step(name: str) -> type[steps.Step]:
    def execute(self: steps.Step, _input: Any = None, *args: Any, **kwargs: Any) -> int:
        self.job.data["x"] = self.job.data.get("x", 0) + 1
        return int(self.job.data["x"])

    return type(name, (steps.Step,), {"execute": execute, "__module__": __name__})


def _count(task: flow.Task) -> int:
    task.data["x"] = task.data.get("x", 0) + 1
    return int(task.data["x"])
