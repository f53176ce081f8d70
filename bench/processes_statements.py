"""How many statements a step sends, in a run that is taken from its start to its end by whoever starts it."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from .ceiling import STEPS
from .processes_made import MANY_STEPS
from .processes_rates import run_inline

BRACKETS = ("BEGIN", "COMMIT")


def measure() -> list[tuple[str, float, float]]:
    """(name, statements a step, limit) each."""
    is_postgres = connection.vendor == "postgresql"
    count, _commits = _statements("count-database")
    own, commits = _statements("write-database")
    # The start's one is not theirs.
    writing = (own - 1) / MANY_STEPS - 1
    return [
        ("statements a step", count / STEPS if is_postgres else (count - 1) / STEPS, 1.5 if is_postgres else 2),
        ("statements a step that writes, beside its own", writing, 1 if is_postgres else 2),
        ("commits a step that writes", commits / MANY_STEPS, 1),
    ]


def _statements(name: str) -> tuple[int, int]:
    """Statements of a run, and commits that Django was asked for."""
    run_inline(name)
    with CaptureQueriesContext(connection) as captured:
        run_inline(name)
    sent = [query["sql"].split(maxsplit=1)[0] for query in captured.captured_queries]
    return sum(first not in BRACKETS for first in sent), sent.count("COMMIT")
