"""What others do at one instant of somebody's work: go on without him, or pause, cancel, move what he works on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from actions.conf import conf
from tests.threads import Call

from .deaths import Reaper, lives
from .world import World

BLOCKED_SECONDS = 0.1
"""Others may have to wait for what the one that stands still has locked."""


class Meanwhile:
    """Stands still at one instant, and has somebody else do something."""

    def __init__(self, instant: int, act: Callable[[World], object]) -> None:
        self._instant = instant
        self._act = act
        self._call: Call | None = None
        self.world: World | None = None

    def watch(self, world: World) -> None:
        """Be there in a world."""
        self.world, world.before_sleep = world, self.join

    def strikes(self, number: int, what: str) -> bool:
        """Nobody dies; see `Reaper`."""
        if number == self._instant and self._can_others_work(what):
            self._call = Call(self._do)
            self._call._thread.join(BLOCKED_SECONDS if connection.in_atomic_block else None)
        return False

    @staticmethod
    def _can_others_work(what: str) -> bool:
        # Who is in a transaction has SQLite's write lock, which is as good as the lease. So has who has not yet read
        # what a statement returns.
        return connection.vendor != "sqlite" or not (connection.in_atomic_block or what.startswith("UPDATE"))

    @property
    def was_done(self) -> bool:
        """Whether it came to that."""
        return self._call is not None

    def _do(self) -> None:
        assert self.world is not None
        self._act(self.world)

    def join(self) -> None:
        """Until the others have done what they do."""
        answer = self._call.answer() if self._call is not None else None
        assert answer is None, answer


def go_on_without(world: World) -> None:
    """The lease is over: others do all that is to be done."""
    world.clock.shift(timedelta(seconds=conf.LEASE_SECONDS + 1))
    World(world.clock, Reaper(lives), effects=world.effects).work()
