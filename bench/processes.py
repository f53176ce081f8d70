"""What the process engine costs, beside a bare prototype on the same database: see `bench.ceiling`.

    python -m bench.processes URL

Once on PostgreSQL, at its standard address or at BENCH_DATABASE_URL, and once on SQLite in a file; on both every commit
is on the disk before it is said to be done. Each in a process of its own, with a database of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from .processes_database import POSTGRES, database

ROOT = Path(__file__).resolve().parent.parent


class Figure(NamedTuple):
    """A line of the table: what may be at the most so much."""

    name: str
    value: float
    limit: float


def measure() -> list[dict[str, Any]]:
    """Measure on all databases that there are.

    Returns:
        For each `{"database", "rates", "figures"}`: steps per second by title, and `[name, value, limit]` each.
    """
    return [_apart(url) for url in _urls()]


def _urls() -> list[str]:
    from .deliveries import _answers

    server = os.environ.get("BENCH_DATABASE_URL") or (POSTGRES if _answers(POSTGRES) else "")
    return [*([server] if server else []), "sqlite://"]


def _apart(url: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.processes", url]
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    if finished.returncode:
        raise RuntimeError(f"Processes could not be measured on {url}.")
    return json.loads(finished.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def main() -> None:
    """Measure here, on one database."""
    with tempfile.TemporaryDirectory() as folder, database(sys.argv[1], folder) as vendor:
        rates, figures = _measure(is_postgres=vendor == "postgresql")
    print(json.dumps({"database": vendor, "rates": rates, "figures": figures}))


def _measure(*, is_postgres: bool) -> tuple[dict[str, float], list[Figure]]:
    from . import processes_rates, processes_statements

    rates = processes_rates.measure()
    figures = [*_ratios(rates), *processes_statements.measure(), *_loop(), *_workers(rates, is_postgres=is_postgres)]
    return rates, [*figures, *_waiting(rates), *_faces(rates)]


def _ratios(rates: dict[str, float]) -> list[Figure]:
    def ratio(name: str, of: str, to: str, limit: float) -> Figure:
        return Figure(name, rates[of] / rates[to], limit)

    most, inline = "prototype, worker, 100 together", "engine, inline, count-database"
    return [
        ratio("steps inline: prototype's rate / engine's", "prototype, inline", inline, 2),
        ratio("a worker, pure steps: prototype's / engine's", most, "engine, worker, count-pure", 4),
        ratio("a worker, local steps: prototype's / engine's", most, "engine, worker, count-local", 4),
        ratio(
            "steps that write: default / local", "engine, inline, write-database", "engine, inline, write-local", 1 / 3
        ),
        ratio("split and join, pure: prototype's / engine's", "prototype, split", "engine, split-pure", 3),
        ratio(
            "split and join, default: prototype's / engine's",
            "prototype, split, branches one by one",
            "engine, split-database",
            3,
        ),
    ]


def _loop() -> list[Figure]:
    from . import processes_loop

    seconds, memory = processes_loop.measure()
    return [
        Figure("a loop of 100,000 steps: time of a late step / an early one", seconds, 1.3),
        Figure("a loop of 100,000 steps: memory at the end / at the beginning", memory, 1.05),
    ]


def _workers(rates: dict[str, float], *, is_postgres: bool) -> list[Figure]:
    from . import processes_workers

    limit = 0.02 if is_postgres else processes_workers.POLL_SECONDS
    figures = [
        Figure("start to first step, 95 of 100: milliseconds", processes_workers.soon() * 1000, limit * 1000),
        Figure("an idle worker: statements a second", processes_workers.idle(), 1),
    ]
    if is_postgres:
        several = processes_workers.several()
        rates.update({f"workers, steps that {title}": rate for title, rate in several.items()})
        for title, least in (("do nothing", 1.5), ("wait", 3.5)):
            value = several[f"{title}, one"] / several[f"{title}, all"]
            figures.append(Figure(f"steps that {title}: one worker's rate / four's", value, 1 / least))
    return figures


def _waiting(rates: dict[str, float]) -> list[Figure]:
    from . import processes_waiting

    milliseconds, statements = processes_waiting.measure()
    rates.update({f"idle ticks, {title}": 1000 / value for title, value in milliseconds.items()})
    return [
        Figure("a tick while 1,000,000 runs wait: milliseconds", milliseconds["engine, 1,000,000 wait"], 2),
        Figure("a tick while 1,000,000 runs wait: statements", statements, 1),
    ]


def _faces(rates: dict[str, float]) -> list[Figure]:
    from . import processes_faces

    more, figures = processes_faces.measure()
    rates.update(more)
    return [Figure(*each) for each in figures]


if __name__ == "__main__":
    main()
