"""Steps per second, of the prototype and of the engine in turn, round by round."""

# ruff: noqa: S608 - the names of tables are this program's own

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial

from django.db import connection
from django.utils import timezone

from actions.processes import services
from actions.processes.executor import prepare, take_next
from actions.processes.models import Run, StepRun
from actions.processes.states import Status

from . import ceiling

ROUNDS = 9
ROUNDS_AT_LEAST = 3
SECONDS = 15
"""After which no further round is begun, on a slow disk."""
RUNS = 20
WAITING = 1000
BATCHES = (1, 10, 100)

Job = Callable[[], int]
"""Does steps, and says how many."""


def measure() -> dict[str, float]:
    """Steps per second by title, medians of the rounds."""
    return {**in_turn(_inline()), **_by_workers()}


def _inline() -> dict[str, Job]:
    jobs: dict[str, Job] = {
        "prototype, inline": _times(ceiling.run_inline),
        "prototype, inline, one commit a run": _times(ceiling.run_inline_in_one_commit),
        "prototype, split": _times(partial(ceiling.run_split, is_together=True)),
        "prototype, split, branches one by one": _times(partial(ceiling.run_split, is_together=False)),
    }
    for name in ("count-database", "count-local", "count-pure", "write-database", "write-local"):
        jobs[f"engine, inline, {name}"] = _times(partial(run_inline, name), RUNS // 10 if "write" in name else RUNS)
    for mode in ("database", "pure"):
        jobs[f"engine, split-{mode}"] = _times(partial(run_inline, f"split-{mode}"))
    return jobs


def _by_workers() -> dict[str, float]:
    jobs: dict[str, Job] = {}
    for batch in BATCHES:
        jobs[f"prototype, worker, {batch} together"] = partial(ceiling.work, batch)
    for mode in ("database", "local", "pure"):
        jobs[f"engine, worker, count-{mode}"] = work
    prepared = {title: _preparation(title) for title in jobs}
    return in_turn(jobs, prepared, rounds=5)


def _preparation(title: str) -> Callable[[], None]:
    if title.startswith("prototype"):
        return partial(ceiling.seed, 200 if " 1 " in title else WAITING)
    name = title.rpartition(" ")[2]
    return partial(seed, name, 200 if "database" in name else WAITING)


def _times(one: Job, count: int = RUNS) -> Job:
    return lambda: sum(one() for _ in range(count))


def in_turn(
    jobs: Mapping[str, Job], before: Mapping[str, Callable[[], None]] | None = None, *, rounds: int = ROUNDS
) -> dict[str, float]:
    """The median rate of each, all of them once a round, so that the machine's speed is the same for all."""
    rates: dict[str, list[float]] = {title: [] for title in jobs}
    ends_at = time.monotonic() + SECONDS
    for number in range(rounds + 1):
        if number > ROUNDS_AT_LEAST and time.monotonic() > ends_at:
            break
        for title, job in jobs.items():
            if before is not None:
                before[title]()
            begin = time.perf_counter()
            steps = job()
            seconds = time.perf_counter() - begin
            # The first round pays for what is made once.
            if number:
                rates[title].append(steps / seconds)
    return {title: statistics.median(some) for title, some in rates.items()}


def run_inline(name: str) -> int:
    """One run from its start to its end; how many steps it was."""
    run = services.start(name)
    if run.status != Status.SUCCEEDED:
        raise RuntimeError(f"{name} is {run.status}: {run.error}")
    return int(run.number) + (ceiling.BRANCHES - 1 if name.startswith("split") else 0)


def seed(name: str, count: int, queue: str = "default", **columns: object) -> None:
    """Have so many runs of a process wait, and no others."""
    clear()
    rows = []
    for _number in range(count):
        run = prepare(name, {}, using="default")
        run.queue, run.due_at = queue, timezone.now()
        rows.append(run)
    Run.objects.bulk_create(rows, batch_size=500)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {Run._meta.db_table}")


def clear() -> None:
    """Have no runs at all."""
    with connection.cursor() as cursor:
        for table in (StepRun._meta.db_table, Run._meta.db_table):
            cursor.execute(f"TRUNCATE {table} CASCADE" if connection.vendor == "postgresql" else f"DELETE FROM {table}")


def work() -> int:
    """Do all that is due, as a worker does; how many steps it was."""
    count = 0
    while taken := take_next("default", limit=max(BATCHES)):
        count += taken
    return count * ceiling.STEPS
