"""A scenario, carried out by workers of whom some die: callers try again, leases lapse, time goes on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import time_machine
from django.contrib.auth.models import User
from django.db.models import Min
from django.utils import timezone

from actions.models import EventAction
from actions.processes.executor import take_next
from actions.processes.models import Message, OpenTask, ProcessState, Run, StepRun
from actions.processes.process import Process
from actions.processes.worker import deliver_next_message
from example_app.models import Todo
from tests.app.models import Article
from tests.processes import registered

from .deaths import Death, Reaper
from .invariants import strandings

ROUNDS = 2000
"""After so many it is said to go on for ever."""


@dataclass
class World:
    """What scenarios act in."""

    clock: time_machine.Traveller
    reaper: Reaper
    effects: list[tuple[str, str]] = field(default_factory=list)
    """Of external steps: the step and the key that it came with."""
    before_sleep: Callable[[], object] = lambda: None
    """Called before time goes on: who works beside this one must not lose the lease for want of time."""
    most_at_once: int = 0
    in_background: bool = True
    actor: Any = None
    todo: Any = None

    def attempt(self, act: Callable[[World], object]) -> None:
        """Do something as a caller: who has died in the middle does it again."""
        while True:
            try:
                with self.reaper.at_work():
                    act(self)
            except Death:
                self._assert_sound()
                continue
            return

    def work(self) -> None:
        """Have workers do all that is due, and time go on, until nothing is ever due again."""
        for _round in range(ROUNDS):
            try:
                with self.reaper.at_work():
                    is_more = bool(take_next("default", limit=100)) or deliver_next_message("default")
            except Death:
                self._assert_sound()
                is_more = True
            if not is_more and not self._sleep():
                return
        raise AssertionError("It goes on for ever.")

    def _sleep(self) -> bool:
        """Until something is due; False where nothing ever will be."""
        self.before_sleep()
        moments = [model.objects.aggregate(first=Min("due_at"))["first"] for model in (Run, Message)]
        first = min((each for each in moments if each is not None), default=None)
        if first is not None and first > timezone.now():
            self.clock.move_to(first)
        return first is not None

    def _assert_sound(self) -> None:
        assert strandings() == [], self.reaper.deaths

    def facts(self) -> dict[str, Any]:
        """What has come of it, without what differs each time."""
        names = dict(Run.objects.values_list("pk", "process"))
        runs = Run.objects.values_list("process", "kind", "node", "place", "status", "number")
        roots = Run.objects.filter(root_id__isnull=True).values_list("process", "status", "result", "payload", "state")
        # Two that lock each other out is nothing that a run can help: the step is tried again.
        tries = StepRun.objects.exclude(status="failed", error__type="OperationalError")
        steps = tries.values_list("run_id", "node", "status", "is_undoing", "edge")
        return {
            "runs": Counter(runs),
            "roots": sorted(repr((*rest, sorted(_lasting(state).items()))) for *rest, state in roots),
            "steps": Counter((names[run_id], *rest) for run_id, *rest in steps),
            "ledger": Counter(Article.objects.values_list("title", flat=True)),
            "effects": {name for name, _key in self.effects},
            "messages": Message.objects.filter(taken_at__isnull=True).count(),
            "events": Counter(EventAction.objects.values_list("action", "outcome")),
            "note": "" if self.todo is None else Todo.objects.get(pk=self.todo.pk).note,
        }


def _lasting(state: dict[str, Any]) -> dict[str, Any]:
    """A state without moments."""
    return {name: value for name, value in state.items() if not name.startswith("$")}


@dataclass(frozen=True)
class Scenario:
    """Processes, and what callers do with them; the engine works after each act until it waits for the next."""

    name: str
    processes: Callable[[World], Iterable[Process]]
    acts: tuple[Callable[[World], object], ...]
    limit: int | None = None
    """How many runs may be under way."""

    def prepare(self, world: World) -> None:
        """Have what it acts on be there as it was before."""
        if "todo" in self.name:
            world.actor = User.objects.get(username="alice")
            world.todo = Todo.objects.get(owner=world.actor)
            Todo.objects.update(note="", is_done=False)

    def play(self, world: World, *, then: Callable[[], object] = lambda: None) -> dict[str, Any]:
        """Carry it out; what has come of it.

        Args:
            world: Where.
            then: Called when it is over, before it is looked at.
        """
        self.prepare(world)
        with registered(*self.processes(world)):
            for act in self.acts:
                world.attempt(act)
                world.work()
            then()
            world.work()
        assert strandings() == [], world.reaper.deaths
        keys: dict[str, set[str]] = defaultdict(set)
        for name, key in world.effects:
            keys[name].add(key)
        assert all(len(each) == 1 for each in keys.values()), "a step has had several keys"
        return world.facts()


def clean() -> None:
    """Remove all that a scenario has left."""
    for model in (OpenTask, StepRun, Run, Message, ProcessState, Article, EventAction):
        model.objects.all()._raw_delete("default")


@contextmanager
def new_world(strikes: Callable[[int, str], bool], *, in_background: bool = True) -> Iterator[World]:
    """A world in which nothing has happened yet, with a clock of its own."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield World(clock, Reaper(strikes), in_background=in_background)
    clean()


__all__ = ["Scenario", "World", "clean", "new_world"]
