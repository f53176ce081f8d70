"""The processes that can be started, by id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from actions.exceptions import ConfigurationError, DefinitionProblem

from .process import Process


class ProcessRegistry:
    """Processes by id, and what is wrong with those that could not be loaded."""

    def __init__(self) -> None:
        self._processes: dict[str, Process] = {}
        self._problems: list[DefinitionProblem] = []

    def __iter__(self) -> Iterator[Process]:
        return iter(self._processes.values())

    def __contains__(self, process_id: object) -> bool:
        return process_id in self._processes

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
        return self._processes.get(process_id)

    def near(self, process_id: str) -> list[str]:
        """Ids that are like a wrong one."""
        return get_close_matches(process_id, self._processes, n=3)

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
