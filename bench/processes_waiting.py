"""What it costs to find out that nothing is due, by how many runs wait; then all of them are removed."""

# ruff: noqa: S608 - the names of tables are this program's own

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions.processes.executor import prepare
from actions.processes.models import Run
from actions.worker import QueueSource, queues

from . import ceiling
from .processes_rates import clear

FEW, MANY = 10_000, 1_000_000
TICKS = 1000
BATCH = 100


def measure() -> tuple[dict[str, float], int]:
    """Milliseconds of a tick by title, medians; and the statements of one of the worker's."""
    milliseconds = {}
    for count in (FEW, MANY):
        ceiling.seed(count, due_in=86_400)
        milliseconds[f"prototype, {count:,} wait"] = median(partial(ceiling.claim, BATCH))
    ceiling.seed(0)
    for count in (FEW, MANY):
        fill(count)
        milliseconds[f"engine, {count:,} wait"] = median(look())
    tick = look()
    with CaptureQueriesContext(connection) as captured:
        tick()
    clear()
    return milliseconds, len(captured)


def look() -> Callable[[], object]:
    """What a worker does when it looks into its queues."""
    clock = iter(range(10**9))
    # An hour of its clock later each time, it is always time to look.
    source = QueueSource(queues(), lambda: 3600.0 * next(clock))
    source.work()
    return source.work


def median(tick: Callable[[], object]) -> float:
    """Milliseconds of a tick, the median of some."""
    seconds = []
    for _number in range(TICKS):
        begin = time.perf_counter()
        tick()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds) * 1000


def fill(count: int, process: str = "count-database") -> None:
    """Copies of one run: of two, one waits for tomorrow, the other one for somebody."""
    clear()
    run = prepare(process, {}, using="default")
    run.status, run.waiting_for, run.due_at = "waiting", "time", timezone.now() + timedelta(days=1)
    run.save(force_insert=True)
    quote = connection.ops.quote_name
    table = quote(Run._meta.db_table)
    names = [quote(str(field.column)) for field in Run._meta.concrete_fields if not field.primary_key]
    values = [_other_uid() if name == quote("uid") else name for name in names]
    values[names.index(quote("due_at"))] = f"CASE WHEN MOD(i, 2) = 0 THEN {quote('due_at')} END"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) "
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {table}, n",
            [count],
        )
        cursor.execute(f"ANALYZE {table}")


def _other_uid() -> str:
    return "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
