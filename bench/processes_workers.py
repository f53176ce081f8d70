"""Workers in processes of their own: how soon one begins, what an idle one asks, and what four do beside one."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import Max, Min

from actions.processes import services
from actions.processes.models import Run, StepRun
from actions.processes.states import Status
from actions.work import announce

from .processes_rates import clear, seed
from .processes_worker import PATIENCE_SECONDS, workers

WORKERS = 4
ROUNDS = 3
STARTS = 100
FIRST = 3
"""Starts before those: they open connections, and make what is made once."""
IDLE_SECONDS = 8
POLL_SECONDS = 0.2
"""Where nobody notifies, so that it does not take long."""
ONE, ALL = "one", "all"


def soon() -> float:
    """Seconds from the start of a run to its first step, of 95 in 100, with a worker that has nothing else to do."""
    is_notified = connection.vendor == "postgresql"
    clear()
    longest = 0.05 if is_notified else 2 * POLL_SECONDS
    with _polling(1 if is_notified else POLL_SECONDS), workers("default"):
        waits = []
        for number in range(-FIRST, STARTS):
            # It has settled down by then, and each time it is somewhere else in its sleep.
            time.sleep(longest * (1 + max(number, 0) / STARTS) / 2)
            seconds = _start()
            if number >= 0:
                waits.append(seconds)
    return statistics.quantiles(waits, n=20)[-1]


def _start() -> float:
    begin = time.time()
    run = services.start("say-when", in_background=True)
    _until(lambda: Run.objects.filter(pk=run.pk, status=Status.SUCCEEDED).exists())
    return float(StepRun.objects.get(run_id=run.pk).result) - begin


def idle() -> float:
    """Statements a second of a worker that has nothing to do; its heartbeat, twice a minute, is not among them."""
    with workers("default") as (worker,):
        time.sleep(2)
        before = worker.count()
        time.sleep(IDLE_SECONDS)
        return (worker.count() - before) / IDLE_SECONDS


def several() -> dict[str, float]:
    """Steps per second, of one worker and of several of them in turn: steps that do nothing, and steps that wait."""
    rates: dict[str, list[float]] = {}
    with workers(f"{ONE},{ALL}", *[ALL] * (WORKERS - 1)):
        for number in range(ROUNDS + 1):
            for name, title, count in (("count-database", "do nothing", 100), ("wait", "wait", 100)):
                for queue, times in ((ONE, 1), (ALL, WORKERS)):
                    rate = _rate(name, count * times, queue)
                    if number:
                        rates.setdefault(f"{title}, {queue}", []).append(rate)
    clear()
    return {title: statistics.median(some) for title, some in rates.items()}


def _rate(name: str, count: int, queue: str) -> float:
    """Steps per second from the first to the last one, by the workers' own clocks."""
    seed(name, count, queue)
    announce("default")
    waiting = Run.objects.exclude(status=Status.SUCCEEDED)
    _until(lambda: not waiting.exists(), every=0.05)
    steps = StepRun.objects.all()
    ends = steps.aggregate(first=Min("started_at"), last=Max("started_at"))
    return steps.count() / (ends["last"] - ends["first"]).total_seconds()


def _until(condition: Callable[[], bool], every: float = 0.005) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("The worker does not work.")
        time.sleep(every)


@contextmanager
def _polling(seconds: float) -> Iterator[None]:
    """Workers that are started in the block look that often."""
    os.environ["BENCH_POLL_SECONDS"] = str(seconds)
    try:
        yield
    finally:
        del os.environ["BENCH_POLL_SECONDS"]
