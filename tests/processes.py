"""Processes that tests make of a few nodes, and what becomes of their runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.utils import timezone

from actions.payloads import SchemaPayload
from actions.processes.context import Body
from actions.processes.executor import take_next
from actions.processes.graph import Edge, Graph, Kind, Mode, Node
from actions.processes.models import Run, StepRun
from actions.processes.process import Process
from actions.processes.registry import processes

ANYTHING = {"type": "object", "additionalProperties": True}


def task(name: str, target: str = "", *, mode: Mode | None = None, **options: Any) -> Node:
    """A node that runs the function of its own name."""
    edges = (Edge(target),) if target else ()
    return Node(name, Kind.TASK, edges, run=options.pop("run", name), mode=mode, **options)


def node(name: str, kind: Kind, *targets: str | Edge, **options: Any) -> Node:
    """Any node; a target alone is its edge "next"."""
    edges = tuple(Edge(each) if isinstance(each, str) else each for each in targets)
    return Node(name, kind, edges, **options)


def make_process(*nodes: Node, bodies: Mapping[str, Any] | None = None, name: str = "made", **options: Any) -> Process:
    """A process that begins with its first node. Functions may take the context alone, or it and the arguments."""
    graph_options = {
        key: options.pop(key)
        for key in ("compensates", "hands_on", "max_running", "on_change", "payload", "forms", "version")
        if key in options
    }
    graph = Graph(name, nodes[0].name, {each.name: each for each in nodes}, **graph_options)
    functions = {key: _body(function) for key, function in (bodies or {}).items()}
    return Process(graph=graph, payload=SchemaPayload(ANYTHING), bodies=functions, source=f"tests:{name}", **options)


def _body(function: Callable[..., Any]) -> Body:
    def call(context: Any, arguments: dict[str, Any]) -> Any:
        return function(context, **arguments)

    return call


@contextmanager
def registered(*made: Process) -> Iterator[None]:
    """Have processes be there as long as the block lasts."""
    before = {each.id: processes.get(each.id) for each in made}
    for each in made:
        processes.register(each)
    try:
        yield
    finally:
        for name, process in before.items():
            processes.remove(name)
            if process is not None:
                processes.register(process)


def run_due(using: str = "default", limit: int = 100) -> int:
    """Work on all that is due, as a worker does; how many runs were taken."""
    count = 0
    while taken := take_next(using, limit=limit):
        count += taken
        assert count < 10_000, "It goes on for ever."
    return count


def rows_of(run: Run) -> list[tuple[str, str]]:
    """(node, status) of all steps of a run and its branches, in the order in which they were written."""
    return list(StepRun.objects.filter(root_id=run.pk).order_by("id").values_list("node", "status"))


def make_due(run: Run) -> None:
    """Have a run fall due, as if its time had come."""
    Run.objects.filter(pk=run.pk).update(due_at=timezone.now())
