"""The processes that are measured, for whoever measures and for the workers."""

# ruff: noqa: S608 - the names of tables are this program's own

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from actions.payloads import SchemaPayload
from actions.processes.context import StepContext
from actions.processes.graph import Edge, Graph, Kind, Mode, Node
from actions.processes.process import Process
from actions.processes.registry import processes
from example_app.models import TodoList

from .ceiling import BRANCHES, STEPS

MANY_STEPS = 50
"""Of a run whose start is not to be noticed."""
LISTS = 1000
"""Rows that the steps which write change: each run has one, as long as there are enough."""
WAIT_SECONDS = 0.01

Function = Callable[[StepContext, dict[str, Any]], Any]


def count(context: StepContext, arguments: dict[str, Any]) -> int:
    """The least that a step can do: one more than before."""
    return int(context.state.get("x", 0)) + 1


def write(context: StepContext, arguments: dict[str, Any]) -> int:
    """One statement that writes."""
    with connection.cursor() as cursor:
        statement = f"UPDATE {TodoList._meta.db_table} SET name = %s WHERE id = %s"
        cursor.execute(statement, [str(context.number), context.run_id % LISTS + 1])
    return context.number


def wait(context: StepContext, arguments: dict[str, Any]) -> None:
    """As a call of another system."""
    time.sleep(WAIT_SECONDS)


def say_when(context: StepContext, arguments: dict[str, Any]) -> float:
    """When it was called, by the clock on the wall."""
    return time.time()


def register() -> None:
    """Have all of them be there."""
    made = [
        *(_in_a_row(f"count-{mode}", count, mode) for mode in Mode),
        *(_in_a_row(f"write-{mode}", write, mode, MANY_STEPS) for mode in (Mode.DATABASE, Mode.LOCAL)),
        *(_split(f"split-{mode}", mode) for mode in (Mode.DATABASE, Mode.PURE)),
        _in_a_row("wait", wait, Mode.EXTERNAL, 1),
        _in_a_row("say-when", say_when, Mode.DATABASE, 1),
    ]
    for process in made:
        if processes.get(process.id) is None:
            processes.register(process)


def make(name: str, nodes: list[Node], function: Function) -> Process:
    """A process of nodes that all call one function."""
    graph = Graph(name, nodes[0].name, {node.name: node for node in nodes})
    anything = SchemaPayload({"type": "object", "additionalProperties": True})
    return Process(graph=graph, payload=anything, bodies={"do": function}, source=f"bench:{name}")


def task(name: str, target: str, mode: Mode) -> Node:
    """A step that puts its result into the state."""
    return Node(name, Kind.TASK, (Edge(target),) if target else (), run="do", mode=mode, register="x")


def _in_a_row(name: str, function: Function, mode: Mode, steps: int = STEPS) -> Process:
    nodes = [task(f"step_{n}", f"step_{n + 1}" if n < steps else "", mode) for n in range(1, steps + 1)]
    return make(name, nodes, function)


def _split(name: str, mode: Mode) -> Process:
    """A step, ten branches of a step each, and a step after they have all ended."""
    branches = [f"branch_{n}" for n in range(BRANCHES)]
    edges = tuple(Edge(branch, branch) for branch in branches)
    nodes = [
        task("before", "split", mode),
        Node("split", Kind.SPLIT, edges, join="join"),
        *(Node(branch, Kind.TASK, (Edge("join"),), run="do", mode=mode) for branch in branches),
        Node("join", Kind.JOIN, (Edge("after"),)),
        task("after", "", mode),
    ]
    return make(name, nodes, count)
