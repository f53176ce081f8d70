"""What a job has done, as jobs show it: one entry for each step, and the log."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from actions.processes.graph import Graph, Kind
from actions.processes.models import Run, StepRun
from actions.processes.registry import processes
from actions.processes.states import Status
from actions.processes.store import graph_of

from .declaration import PRELUDE

if TYPE_CHECKING:
    from django.db.models import QuerySet

WITH_PATH = (Kind.TASK, Kind.DECISION, Kind.INPUT)
"""Kinds whose function or form has the name of the step's class."""


class Records:
    """The steps of one run."""

    def __init__(self, run: Run, using: str) -> None:
        self._run = run
        self._using = using

    @cached_property
    def _graph(self) -> Graph | None:
        return graph_of(self._run.definition_id, self._using)

    def path(self, name: str) -> str:
        """The path of the class of a node; its name where that is not known."""
        process = processes.get(self._run.process)
        paths = getattr(process.declared_by, "step_paths", {}) if process is not None else {}
        known = paths.get(name) or paths.get(name.removesuffix(PRELUDE))
        if known is not None:
            return str(known)
        # Its class is gone: as the definition has kept it.
        node = self._graph.nodes.get(name) if self._graph is not None else None
        return node.run if node is not None and node.kind in WITH_PATH else name

    def entries(self) -> list[dict[str, Any]]:
        """What succeeded; what somebody said stands with the step that it was said for."""
        found: list[dict[str, Any]] = []
        said: dict[int, dict[str, Any]] = {}
        """By branch, the entry of a step that has got its input and is not done."""
        rows = self._rows().filter(status=Status.SUCCEEDED.value, is_undoing=False)
        for run_id, name, result in rows.values_list("run_id", "node", "result").iterator():
            entry = said.pop(run_id, None)
            if name.endswith(PRELUDE) and self._is_prelude(name):
                entry = said[run_id] = {"step": self.path(name), "result": None, "external_data": result}
                found.append(entry)
            elif entry is not None and entry["step"] == self.path(name):
                entry["result"] = result
            else:
                is_said = self._is_input(name)
                found.append({"step": self.path(name), "result": result, "external_data": result if is_said else None})
        return found

    def _is_prelude(self, name: str) -> bool:
        return self._graph is None or name not in self._graph.nodes or self._graph.nodes[name].is_prelude

    def _is_input(self, name: str) -> bool:
        return self._graph is not None and name in self._graph.nodes and self._graph.nodes[name].kind is Kind.INPUT

    def log(self, *, with_traceback: bool) -> str:
        """A line for each try of a step, with what it said and why it failed."""
        lines = [line for row in self._rows().iterator() for line in self._lines(row, with_traceback)]
        error = self._run.error
        if error and not self._run.is_finished:
            lines.append(f"It does not go on: {error.get('detail')}")
        return "".join(f"{line}\n" for line in lines)

    def _lines(self, row: StepRun, with_traceback: bool) -> Iterator[str]:
        tried = f", try {row.attempt}" if row.attempt > 1 else ""
        yield f"[{row.started_at:%Y-%m-%d %H:%M:%S}] {row.node}: {row.status}{tried}"
        yield from row.log.splitlines()
        if row.error:
            yield f"{row.error.get('type')}: {row.error.get('detail')}"
            if with_traceback:
                yield from str(row.error.get("traceback", "")).splitlines()

    def _rows(self) -> QuerySet[StepRun]:
        return StepRun.objects.using(self._using).filter(root_id=self._run.pk).order_by("pk")
