"""What is written to the database while an action runs, seen at the connection: tables and numbers of rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.apps import apps

_NAME = r'(?:"[^"]+"|`[^`]+`|\w+)'
_WRITE = re.compile(
    rf"(INSERT|REPLACE|UPDATE|DELETE)\s+(?:OR\s+\w+\s+|IGNORE\s+|INTO\s+|FROM\s+|ONLY\s+)*({_NAME}(?:\.{_NAME})*)",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"(SELECT|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|SET|SHOW|PRAGMA|EXPLAIN|DESCRIBE|DECLARE|FETCH|CLOSE|VALUES|LOCK)\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\()*", re.DOTALL)
"""What may stand before a statement's first word: comments, and the parenthesis of a UNION."""
_READING_WITH = re.compile(
    r"WITH\b(?!.*\b(?:INSERT|(?<!FOR )(?<!FOR NO KEY )UPDATE|DELETE|MERGE|REPLACE\s+INTO)\b)", re.IGNORECASE | re.DOTALL
)
_NEXT_ROW = re.compile(r"\)\s*,\s*\(")
_SAVEPOINT, _RELEASE, _ROLLBACK = "SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO SAVEPOINT "
"""As every backend of Django writes them."""
UNKNOWN = "?"
"""The table of a statement that is none of the four."""

Write = tuple[str, str]
"""Operation ("insert", "update", "delete", "other") and table."""


class WriteLog:
    """A wrapper around every statement of a connection: `with connection.execute_wrapper(log): …`.

    Writes to this package's own tables are left out: records of nested calls are no effect of the action. What is
    rolled back to a savepoint is taken out again.
    """

    __slots__ = ("_marks", "journal", "known", "rows")

    def __init__(self) -> None:
        self.rows: dict[Write, int] = {}
        """Rows by operation and table."""
        self.known: dict[Write, int] = {}
        """Those of them of which somebody knows more than table and number."""
        self.journal: list[tuple[Any, ...]] = []
        """Functions with their arguments, called when the database goes back to a savepoint; see `note`."""
        self._marks: dict[str, tuple[dict[Write, int], dict[Write, int], int]] = {}
        """What there was at each open savepoint."""

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        text = sql if isinstance(sql, str) else text_of(sql, context["cursor"])
        if text[:6] != "SELECT":
            self._look(text, params, many, context["cursor"])
        return result

    @property
    def total(self) -> int:
        """How many rows were written."""
        return sum(self.rows.values())

    def count(self, write: Write) -> None:
        """Count a row as one of which more is known."""
        self.known[write] = self.known.get(write, 0) + 1

    def note(self, *take_back: Any) -> None:
        """Have a function called with its arguments where the database goes back to a savepoint that is open now."""
        if self._marks:
            self.journal.append(take_back)

    def _look(self, sql: str, params: Any, many: bool, cursor: Any) -> None:
        head = sql[:9]
        if head == _SAVEPOINT[:9]:
            self._marks[sql[len(_SAVEPOINT) :]] = self.rows.copy(), self.known.copy(), len(self.journal)
        elif head == _RELEASE[:9]:
            self._marks.pop(sql[len(_RELEASE) :], None)
            if not self._marks:
                self.journal.clear()
        elif head == _ROLLBACK[:9]:
            self._go_back(sql[len(_ROLLBACK) :])
        elif (write := written_by(sql)) is not None and write[1] not in own_tables():
            count = cursor.rowcount
            if count is None or count <= 0 or write[0] == "other":
                count = _rows(write[0], sql, params, many, count)
            if count:
                self.rows[write] = self.rows.get(write, 0) + count

    def _go_back(self, name: str) -> None:
        if name not in self._marks:
            return
        rows, known, length = self._marks[name]
        self.rows, self.known = dict(rows), dict(known)
        while len(self.journal) > length:
            take_back, *arguments = self.journal.pop()
            take_back(*arguments)
        while next(reversed(self._marks)) != name:
            self._marks.popitem()


def text_of(sql: Any, cursor: Any) -> str:
    """A statement as text; psycopg also takes what it has composed, and bytes."""
    if isinstance(sql, bytes):
        return sql.decode(errors="replace")
    return str(sql.as_string(cursor.cursor)) if hasattr(sql, "as_string") else str(sql)


@lru_cache(maxsize=2048)
def written_by(sql: str) -> Write | None:
    """What a statement writes to; None for one that reads."""
    before = _BEFORE.match(sql)
    place = before.end() if before else 0
    if place == len(sql) or _HARMLESS.match(sql, place) or _READING_WITH.match(sql, place):
        return None
    found = _WRITE.match(sql, place)
    if found is None:
        return "other", UNKNOWN
    operation = found[1].lower()
    table = re.split(r"\.(?=[\"`\w])", found[2])[-1].strip('"`')
    return ("insert" if operation == "replace" else operation), table


@lru_cache(maxsize=1)
def own_tables() -> frozenset[str]:
    """The tables of this package."""
    return frozenset(model._meta.db_table for model in apps.get_app_config("actions").get_models())


def _rows(operation: str, sql: str, params: Any, many: bool, count: int | None) -> int:
    """How many rows a statement has written, by what the driver says, else by its text."""
    if operation == "other":
        # Of TRUNCATE and its like some drivers say 0, and nobody knows better.
        return max(1, count or 0)
    if operation == "insert" and not count and "RETURNING" in sql[-1000:].upper():
        # SQLite counts what it has written only when its rows are read.
        return len(_NEXT_ROW.findall(sql)) + 1
    if count is None or count < 0:
        return len(params) if many else 1
    return count
