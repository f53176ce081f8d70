"""System checks of automations.

actions.processes.W020  a node of an automation is never reached
"""

from __future__ import annotations

from typing import Any

from django.core import checks

from actions.processes.graph import Kind
from actions.processes.registry import processes
from actions.processes.validate import reachable

from .registry import classes


def check_reached(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Nodes that nothing leads to, no signal either."""
    found: list[checks.CheckMessage] = []
    graphs = {process.id: process.graph for process in processes.declared()}
    for automation in classes():
        graph = graphs.get(automation.process_id)
        if graph is None:
            continue
        there = reachable(graph, automation.starts)
        for name, node in graph.nodes.items():
            if name not in there and node.kind not in (Kind.END, Kind.JOIN):
                found.append(_message(automation, name))
    return found


def _message(automation: Any, name: str) -> checks.CheckMessage:
    hint = "Have a node go on to it, or remove it."
    return checks.Warning(f"{automation.path}.{name} is never reached.", hint=hint, id="actions.processes.W020")
