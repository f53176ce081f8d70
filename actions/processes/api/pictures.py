"""Pictures of processes and of runs, as SVG and as Mermaid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Max
from django.http import HttpResponse

from actions.processes.diagram import NodeState, mermaid, svg
from actions.processes.graph import Graph
from actions.processes.models import Run, StepRun
from actions.processes.states import UNFINISHED, Status

SVG, MERMAID = "svg", "mmd"
TYPES = {SVG: "image/svg+xml", MERMAID: "text/vnd.mermaid; charset=utf-8"}
DRAW = {SVG: svg, MERMAID: mermaid}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A picture is one, whatever texts of definitions are in it."""
MAX_CURRENT = 1000


def drawn(kind: str, graph: Graph, done: Mapping[str, NodeState] | None = None) -> HttpResponse:
    """A picture as an answer."""
    response = HttpResponse(DRAW[kind](graph, _with_joins(graph, done)), content_type=TYPES[kind])
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-cache"
    return response


def _with_joins(graph: Graph, done: Mapping[str, NodeState] | None) -> Mapping[str, NodeState] | None:
    """Also how far joins are: they leave no row of their own, but are passed when what begins their ways is over."""
    if done is None:
        return None
    begun = {node.join: done[name] for name, node in graph.nodes.items() if node.join and name in done}
    passed = {name: state for name, state in begun.items() if state.status is Status.SUCCEEDED}
    return {**{name: NodeState(state.status, state.count) for name, state in passed.items()}, **done}


def states_of(run: Run) -> dict[str, NodeState]:
    """How far a run is with each node, in two statements."""
    using = str(run._state.db)
    # What is taken back was done before, and no node is passed by it.
    tries = StepRun.objects.using(using).filter(root_id=run.pk, is_undoing=False).order_by()
    passes = tries.values("node", "status", "edge").annotate(count=Count("pk"), last=Max("pk"))
    found: dict[str, dict[str, Any]] = {}
    for each in sorted(passes, key=lambda each: each["last"]):
        state = found.setdefault(each["node"], {"count": 0, "failed": 0, "edges": []})
        state["status"] = Status(each["status"])
        is_pass = state["status"] is not Status.FAILED
        state["count" if is_pass else "failed"] += each["count"]
        if each["edge"] and each["edge"] not in state["edges"]:
            state["edges"].append(each["edge"])
    for name, status in _current(run, using):
        state = found.setdefault(name, {"count": 0, "failed": 0, "edges": []})
        state["status"] = status
        state["count"] += 1
    return {
        name: NodeState(state["status"], max(1, state["count"]), tuple(state["edges"])) for name, state in found.items()
    }


def _current(run: Run, using: str) -> list[tuple[str, Status]]:
    """The nodes that a run and its branches are at; of one that is over, the node that it has ended at otherwise."""
    rows = Run.objects.using(using).tree_of(run.pk)
    unfinished = rows.filter(status__in=[each.value for each in UNFINISHED]).order_by("-pk")
    found = [(name, Status(status)) for name, status in unfinished.values_list("node", "status")[:MAX_CURRENT]]
    if run.status == Status.CANCELLED.value:
        found.append((run.node, Status.CANCELLED))
    return found
