"""Which tasks of an automation come before and after which, also where ways part and meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar


class Placed(Protocol):
    """A task as far as its place goes."""

    @property
    def run_id(self) -> int:
        """The way that it is on."""

    @property
    def number(self) -> int:
        """Its place there, from 0."""


T = TypeVar("T", bound=Placed)


class Ways(Generic[T]):
    """The tasks of one automation, by their ways."""

    def __init__(self, tasks: Sequence[T], parents: Mapping[int, tuple[int, int]]) -> None:
        """Sort them.

        Args:
            tasks: All of them.
            parents: By way, the way that it has parted from, and the number of the task where it did.
        """
        self._parents = parents
        self._at: dict[tuple[int, int], T] = {(task.run_id, task.number): task for task in tasks}

    def before(self, task: T) -> list[T]:
        """Those that a task comes from."""
        if task.number == 0:
            origin = self._parents.get(task.run_id)
            return self._found([origin]) if origin is not None else []
        parting = (task.run_id, task.number - 1)
        ways = self._ways_from(parting)
        return self._found([(way, self._last(way)) for way in ways] if ways else [parting])

    def after(self, task: T) -> list[T]:
        """Those that come after a task."""
        ways = self._ways_from((task.run_id, task.number))
        if ways:
            return self._found([(way, 0) for way in ways])
        following = (task.run_id, task.number + 1)
        if following not in self._at and task.run_id in self._parents:
            way, number = self._parents[task.run_id]
            following = (way, number + 1)
        return self._found([following])

    def _ways_from(self, place: tuple[int, int]) -> list[int]:
        return sorted(way for way, origin in self._parents.items() if origin == place)

    def _last(self, way: int) -> int:
        return max((number for each, number in self._at if each == way), default=0)

    def _found(self, places: Sequence[tuple[int, int]]) -> list[T]:
        return [self._at[place] for place in places if place in self._at]
