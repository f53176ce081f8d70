"""The graphs that runs need: one row for each fingerprint, made once, and remembered by the process."""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.models.signals import post_migrate

from actions.processes.graph import Graph
from actions.processes.models import Definition
from actions.processes.policies import UNDO
from actions.processes.process import Process

_ids: dict[tuple[str, str, str, str], int] = {}
_graphs: dict[tuple[str, int], Graph] = {}


def definition_id(process: Process, using: str) -> int:
    """The key of its graph's row, which is made where there is none yet."""
    graph = process.graph
    key = (using, graph.name, graph.fingerprint, process.style)
    known = _ids.get(key)
    if known is not None:
        return known
    row, _is_new = Definition.objects.using(using).get_or_create(
        process=graph.name,
        fingerprint=graph.fingerprint,
        style=process.style,
        defaults={"graph": graph.as_json(), "has_undo": has_undo(graph)},
    )
    if not connections[using].in_atomic_block:
        # Else it may be rolled back.
        _ids[key] = row.pk
        _graphs[using, row.pk] = graph
    return int(row.pk)


def graph_of(key: int, using: str) -> Graph | None:
    """The graph that a run began with; None where its row is gone.

    Raises:
        ValueError: It was written by a release with another format.
    """
    known = _graphs.get((using, key))
    if known is not None:
        return known
    row = Definition.objects.using(using).filter(pk=key).first()
    if row is None:
        return None
    graph = Graph.from_json(row.graph)
    if not connections[using].in_atomic_block:
        _graphs[using, key] = graph
    return graph


def has_undo(graph: Graph) -> bool:
    """Whether an action of its steps is taken back by its undo."""
    return any(node.policy.compensate == UNDO for node in graph.nodes.values())


def forget(**_kwargs: Any) -> None:
    """Remember nothing: the tables may have been emptied."""
    _ids.clear()
    _graphs.clear()


post_migrate.connect(forget, dispatch_uid="actions.processes.forget_definitions")
