"""Deaths: an exception that nobody catches, after any statement and after any commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

CONTROL = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA")


class Death(BaseException):
    """The process ends here."""


class Reaper:
    """Counts the instants at which a process can end, and ends it at some of them."""

    def __init__(self, strikes: Callable[[int, str], bool]) -> None:
        """Begin.

        Args:
            strikes: Whether the end comes at an instant: its number from 0, and what has just been done.
        """
        self._strikes = strikes
        self.count = 0
        self.deaths: list[str] = []

    def point(self, what: str) -> None:
        """One instant."""
        number, self.count = self.count, self.count + 1
        if self._strikes(number, what):
            self.deaths.append(f"{number}: {what}")
            raise Death(f"{number}: {what}")

    def _execute(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if not sql.lstrip().upper().startswith(CONTROL):
            self.point(" ".join(sql.split())[:120])
        return answer

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Have it watch this thread's connection as long as the block lasts; a death closes that."""
        wrapper = connections["default"]
        commit = wrapper._commit

        def commit_and_perhaps_die() -> None:
            commit()
            self.point("COMMIT")

        wrapper._commit = commit_and_perhaps_die  # type: ignore[method-assign]
        try:
            with connection.execute_wrapper(self._execute):
                yield
        except Death:
            # What was not committed is gone, and what was to be done after the commit is not done.
            wrapper.run_on_commit = []
            wrapper.close()
            raise
        finally:
            del wrapper._commit


def lives(number: int, what: str) -> bool:
    """Nobody dies."""
    return False


__all__ = ["Death", "Reaper", "lives"]
