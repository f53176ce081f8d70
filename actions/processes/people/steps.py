"""The steps of a run as a tree: those of branches and items stand below the step that has begun them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from actions.processes.api.masking import Masking
from actions.processes.diagram.texts import badges
from actions.processes.graph import Graph
from actions.processes.models import Run, StepRun
from actions.processes.states import UNFINISHED, RunKind

SIZE = 200
"""Tries that a page shows."""
MAX_WAITING = 100


@dataclass
class Branch:
    """A branch or an item, with its steps."""

    run: Run
    steps: list[Any] = field(default_factory=list)

    @property
    def is_item(self) -> bool:
        """Whether it is one of a list."""
        return self.run.kind == RunKind.ITEM.value


@dataclass
class Shown:
    """One step: its tries, and what it has begun."""

    node: str
    number: int
    title: str
    modifiers: tuple[str, ...]
    tries: list[StepRun] = field(default_factory=list)
    logs: list[Any] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    times: int = 1
    """Which time it is that the run is at this node, where there are several."""
    waiting: Run | None = None
    """The run or branch, where this is the step at hand."""

    @property
    def last(self) -> StepRun | None:
        """The try that counts."""
        return self.tries[-1] if self.tries else None


class StepTree:
    """A page of a run's steps, in a number of statements that does not depend on how many there are."""

    def __init__(self, run: Run, graph: Graph | None, masking: Masking, *, after: int = 0) -> None:
        self._graph = graph
        self._masking = masking
        self._using = str(run._state.db)
        rows = list(StepRun.objects.using(self._using).filter(root_id=run.pk, pk__gt=after).order_by("pk")[: SIZE + 1])
        self.next = rows[SIZE - 1].pk if len(rows) > SIZE else None
        """The key behind which the next page begins."""
        rows = rows[:SIZE]
        at_hand = [] if self.next else self._at_hand(run)
        self._runs = self._family(run, [*{row.run_id for row in rows}], at_hand)
        self._found: dict[tuple[int, int], Shown] = {}
        for row in rows:
            self._step(row.run_id, row.number, row.node).tries.append(self._masked(row))
        for each in at_hand:
            self._step(each.pk, each.number, each.node).waiting = each
        self.steps: list[Shown] = self._below(run.pk)
        _count(self.steps)

    def _at_hand(self, run: Run) -> list[Run]:
        live = Run.objects.using(self._using).tree_of(run.pk).filter(status__in=[each.value for each in UNFINISHED])
        return list(live.defer("payload", "state", "note", "result").order_by("pk")[:MAX_WAITING])

    def _family(self, run: Run, keys: list[int], known: Iterable[Run]) -> dict[int, Run]:
        """The branches of a page with those that they are branches of, level by level."""
        found = {run.pk: run, **{each.pk: each for each in known}}
        rows = Run.objects.using(self._using).defer("payload", "state", "note", "result")
        missing = {key for key in keys if key not in found}
        while missing:
            found |= {each.pk: each for each in rows.filter(pk__in=missing)}
            parents = {each.parent_id for each in found.values() if each.pk != run.pk and each.root_id == run.pk}
            missing = {key for key in parents if key is not None and key not in found}
        return found

    def _step(self, run_id: int, number: int, node: str) -> Shown:
        key = (run_id, number)
        if key not in self._found:
            known = self._graph.nodes.get(node) if self._graph is not None else None
            title = (known.title if known is not None else "") or node
            self._found[key] = Shown(node, number, title, badges(known) if known is not None else ())
        return self._found[key]

    def _masked(self, row: StepRun) -> StepRun:
        row.error = self._masking.error(row.error)
        row.result, row.input = self._masking.shown(row.result), self._masking.shown(row.input)
        row.log = self._masking.shown(row.log)
        return row

    def _below(self, run_id: int) -> list[Shown]:
        """The steps of a run or branch, with what they have begun."""
        for child in self._children(run_id):
            branch = Branch(child, self._below(child.pk))
            parent = self._runs[run_id]
            # Where the step that has begun it stands on another page, nobody knows here which one it was.
            at = self._step(
                run_id, child.parent_number or 0, parent.node if parent.number == child.parent_number else "…"
            )
            at.branches.append(branch)
        own = [(number, shown) for (key, number), shown in self._found.items() if key == run_id]
        return [shown for _number, shown in sorted(own, key=lambda each: each[0])]

    def _children(self, run_id: int) -> Iterator[Run]:
        found = [each for each in self._runs.values() if each.parent_id == run_id and each.root_id is not None]
        return iter(sorted(found, key=lambda each: (each.parent_number or 0, each.place or 0)))


def _count(steps: Iterable[Shown]) -> None:
    """Say of each step which time it is."""
    times: Counter[str] = Counter()
    for step in steps:
        times[step.node] += 1
        step.times = times[step.node]
        for branch in step.branches:
            _count(branch.steps)
