"""What a run is run by: the graph that it began with or has moved on to, and the functions that are there now."""

from __future__ import annotations

from dataclasses import dataclass, field

from actions.processes.context import Body
from actions.processes.graph import Graph, Node, OnChange
from actions.processes.models import Run
from actions.processes.process import Process
from actions.processes.registry import processes
from actions.processes.store import definition_id, graph_of


class VanishedError(LookupError):
    """A run needs a process, node or function that is not there any more; the message says which, and what to do."""


@dataclass(slots=True)
class Program:
    """A graph with its functions."""

    graph: Graph
    process: Process
    key: int
    """Of the graph's row."""

    def node(self, name: str) -> Node:
        """A node.

        Raises:
            VanishedError: There is none.
        """
        node = self.graph.nodes.get(name)
        if node is None:
            raise VanishedError(
                f'"{self.process.id}" has no node "{name}". Bring it back and resume the run, or move the run: '
                f"manage.py runs move RUN {name}=OTHER"
            )
        return node

    def body(self, name: str) -> Body:
        """A function.

        Raises:
            VanishedError: There is none.
        """
        body = self.process.bodies.get(name)
        if body is None:
            raise VanishedError(f'"{self.process.id}" has no function "{name}". Bring it back, and resume the run.')
        return body


@dataclass(slots=True)
class Programs:
    """Programs of the runs at hand, each looked for once."""

    using: str
    _current: dict[str, Program] = field(default_factory=dict)

    def of(self, run: Run) -> Program:
        """The program of a run, which is moved on to the newest definition where that may be.

        Raises:
            VanishedError: There is none, or somebody has to decide.
        """
        current = self._current.get(run.process)
        if (
            current is not None
            and run.definition_id == current.key
            and run.node in current.graph.nodes
            and processes.get(run.process) is current.process
        ):
            # As for nearly every step.
            return current
        current = self._newest(run) or self._kept(run)
        if current is None:
            raise VanishedError(f'There is no process "{run.process}" any more. Bring it back, and resume the run.')
        if run.definition_id == current.key or current.graph.on_change is OnChange.AUTO:
            if run.node not in current.graph.nodes:
                raise VanishedError(self._gone(run, current))
            if run.definition_id != current.key:
                run.definition_id = current.key
            return current
        old = graph_of(run.definition_id, self.using)
        if old is None:
            raise VanishedError(
                f"Run {run.pk} began by a definition that is not there any more. Move it: manage.py runs move {run.pk}"
            )
        if current.graph.on_change is OnChange.ASK:
            raise VanishedError(
                f'Run {run.pk} stopped before "{run.node}": it began under definition {old.fingerprint[:8]}, now '
                f"registered as {current.graph.fingerprint[:8]}. Restore the former, or move the run: "
                f"manage.py runs move {run.pk}"
            )
        return self._kept(run) or Program(old, current.process, run.definition_id)

    def _kept(self, run: Run) -> Program | None:
        """What a source keeps of the definition that the run began with, its functions and forms included."""
        old = graph_of(run.definition_id, self.using)
        process = processes.older(run.process, old.fingerprint) if old is not None else None
        return Program(process.graph, process, run.definition_id) if process is not None else None

    def _newest(self, run: Run) -> Program | None:
        process = processes.get(run.process)
        if process is None:
            return None
        known = self._current.get(run.process)
        if known is None or known.process is not process:
            key = definition_id(process, self.using)
            known = self._current[run.process] = Program(process.graph, process, key)
        return known

    def _gone(self, run: Run, current: Program) -> str:
        before = graph_of(run.definition_id, self.using)
        began = f" It began under definition {before.fingerprint[:8]}." if before is not None else ""
        return (
            f'Run {run.pk} stopped before "{run.node}", which "{run.process}" does not have any more.{began} Bring it '
            f"back and resume the run, or move it: manage.py runs move {run.pk} {run.node}=OTHER"
        )
