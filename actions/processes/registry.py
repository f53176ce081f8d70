"""The processes that can be started, by id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Protocol

from actions.exceptions import ConfigurationError, DefinitionProblem

from .process import Process


class ProcessSource(Protocol):
    """Where there are processes besides those of the code: a table. It may ask the database, and never raises."""

    def ids(self) -> Iterable[str]:
        """The ids of all of them."""

    def get(self, process_id: str) -> Process | None:
        """The newest definition of one."""

    def older(self, process_id: str, fingerprint: str) -> Process | None:
        """The definition whose graph has a fingerprint, for runs that are pinned to it."""


class ProcessRegistry:
    """Processes by id, and what is wrong with those that could not be loaded.

    Those of the code are registered; what sources have comes after them, and never in their place.
    """

    def __init__(self) -> None:
        self._processes: dict[str, Process] = {}
        self._sources: list[ProcessSource] = []
        self._problems: list[DefinitionProblem] = []

    def __iter__(self) -> Iterator[Process]:
        yield from self.declared()
        for source in self._sources:
            found = (source.get(each) for each in source.ids() if each not in self._processes)
            yield from (process for process in found if process is not None)

    def __contains__(self, process_id: object) -> bool:
        return isinstance(process_id, str) and self.get(process_id) is not None

    def declared(self) -> list[Process]:
        """Those of the code alone: nothing asks the database, as when a project starts."""
        return list(self._processes.values())

    def add_source(self, source: ProcessSource) -> None:
        """Have its processes be there, too."""
        if source not in self._sources:
            self._sources.append(source)

    def register(self, process: Process) -> Process:
        """Add a process, or the newer form of one from the same source.

        Raises:
            ConfigurationError: Another source has a process with this id.
        """
        known = self._processes.get(process.id)
        if known is not None and known.source != process.source:
            raise ConfigurationError(
                f'Two processes are called "{process.id}": {known.source} and {process.source}. Rename one of them.'
            )
        self._processes[process.id] = process
        return process

    def remove(self, process_id: str) -> None:
        """Forget a process, as when its file is gone."""
        self._processes.pop(process_id, None)

    def get(self, process_id: str) -> Process | None:
        """The process with this id."""
        found = self._processes.get(process_id)
        if found is not None:
            return found
        return next(filter(None, (source.get(process_id) for source in self._sources)), None)

    def older(self, process_id: str, fingerprint: str) -> Process | None:
        """What a source keeps of a process as it was; the code keeps nothing of what it was."""
        if process_id in self._processes:
            return None
        return next(filter(None, (source.older(process_id, fingerprint) for source in self._sources)), None)

    def near(self, process_id: str) -> list[str]:
        """Ids of the code's processes that are like a wrong one; who may know of others is not asked here."""
        return get_close_matches(process_id, self._processes, n=3)

    def sender_of(self, process_id: str) -> type | None:
        """The class that a process is declared by, which is the sender of signals about it."""
        process = self._processes.get(process_id)
        return process.declared_by if process is not None else None

    def report(self, problems: Iterable[DefinitionProblem]) -> None:
        """Keep what is wrong, for `manage.py check` and for pages."""
        self._problems.extend(each for each in problems if each not in self._problems)

    @property
    def problems(self) -> tuple[DefinitionProblem, ...]:
        """All that was reported."""
        return tuple(self._problems)

    def forget_problems(self) -> None:
        """Before everything is loaded again."""
        self._problems.clear()


processes = ProcessRegistry()
"""All processes of the project."""
