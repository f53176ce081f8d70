"""Has what is kept of steps for what may take them back be forgotten, when that cannot come any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from actions.processes.graph import Graph
from actions.processes.models import Run
from actions.processes.registry import processes
from actions.processes.states import Status
from actions.processes.store import forget_originals

from .programs import Programs, VanishedError


def forget_what_is_over(runs: Iterable[Run], programs: Programs, using: str) -> None:
    """Of runs that have ended, and that no other run can take back. Costs nothing where there is nothing to take back.

    One that has failed keeps it until it is archived: it may be tried again, and be taken back then.
    """
    for run in runs:
        if not run.is_finished or run.parent_id is not None:
            continue
        if (run.status == Status.SUCCEEDED.value or run.ends_as) and _keeps_originals(run, programs):
            forget_originals(run.id, using)


def _keeps_originals(run: Run, programs: Programs) -> bool:
    try:
        graph = programs.of(run).graph
    except VanishedError:
        return True
    return any(each.keeps_originals for each in _family(graph))


def _family(graph: Graph) -> Iterator[Graph]:
    """A graph, and those of the processes that its nodes start, and theirs."""
    seen, left = {graph.name}, [graph]
    while left:
        graph = left.pop()
        yield graph
        for name in graph.started - seen:
            seen.add(name)
            process = processes.get(name)
            if process is not None:
                left.append(process.graph)
