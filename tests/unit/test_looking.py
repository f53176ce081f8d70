"""When a worker looks for work, with a clock of the test's own."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import timedelta

import pytest

from actions.worker import PeriodicJob, PeriodicSource, Queue, QueueSource, Worker, looking, loop
from tests.unit.test_worker import Clock

pytestmark = pytest.mark.usefixtures("_shelf")


class Shelf:
    """What is due, by queue, as a look would find it; nothing is asked of a database."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.due: dict[str, int] = {}
        self.looks: list[float] = []
        self.taken: list[str] = []
        self.error: Exception | None = None
        self.is_locked = False

    def count_due(self, asked: list[Queue], using: str, limit: int) -> list[int]:
        self.looks.append(round(self.clock() - 1000, 3))
        if self.error is not None:
            raise self.error
        return [min(self.due.get(queue.name, 0), limit) for queue in asked]

    def queue(self, name: str) -> Queue:
        def take(using: str) -> bool:
            self.taken.append(name)
            if self.is_locked or not self.due.get(name):
                return False
            self.due[name] -= 1
            return True

        return Queue(name, lambda: ["default"], take)

    def source(self, *names: str, slots: int = 1) -> QueueSource:
        return QueueSource([self.queue(name) for name in names], self.clock, slots)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shelf(clock: Clock) -> Shelf:
    return Shelf(clock)


@pytest.fixture
def _shelf(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "count_due", shelf.count_due)
    monkeypatch.setattr(loop, "_close_old_connections", lambda **options: None)


def _run(source: QueueSource, clock: Clock, until: float) -> None:
    """Have a source do what it wants to, whenever it wants to, for so many seconds."""
    while source.due_at <= 1000 + until:
        clock.now = max(clock.now, source.due_at)
        source.work()
    clock.now = 1000 + until


def test_an_idle_worker_looks_once_a_second_however_many_queues_there_are(shelf: Shelf, clock: Clock) -> None:
    _run(shelf.source("calls", "deliveries", "runs", "messages"), clock, 10)
    assert shelf.looks == list(range(11))
    assert shelf.taken == []


def test_only_the_queue_that_has_something_is_taken_from(shelf: Shelf, clock: Clock) -> None:
    shelf.due["runs"] = 2
    _run(shelf.source("calls", "runs", "messages"), clock, 0)
    assert shelf.taken == ["runs"] * 3


def test_a_worker_that_has_just_worked_looks_soon_and_then_less_and_less_often(shelf: Shelf, clock: Clock) -> None:
    shelf.due["runs"] = 1
    _run(shelf.source("runs"), clock, 4)
    assert shelf.looks == [0, 0, 0.02, 0.06, 0.14, 0.3, 0.62, 1.26, 2.26, 3.26]


def test_what_the_work_has_brought_about_in_another_queue_is_found_at_once(shelf: Shelf, clock: Clock) -> None:
    def take(using: str) -> bool:
        if not shelf.due["calls"]:
            return False
        shelf.due |= {"calls": 0, "deliveries": 1}
        return True

    source = QueueSource([shelf.queue("deliveries"), Queue("calls", lambda: ["default"], take)], clock)
    shelf.due["calls"] = 1
    _run(source, clock, 0)
    assert shelf.due == {"calls": 0, "deliveries": 0}


def test_rows_that_cannot_be_taken_do_not_keep_the_worker_busy(shelf: Shelf, clock: Clock) -> None:
    shelf.due["runs"], shelf.is_locked = 1, True
    _run(shelf.source("runs"), clock, 10)
    assert len(shelf.looks) == len(shelf.taken) == 11


def test_a_worker_that_is_woken_looks_at_once(shelf: Shelf, clock: Clock) -> None:
    source = shelf.source("runs")
    _run(source, clock, 0.5)
    source.wake()
    _run(source, clock, 0.6)
    assert shelf.looks == [0, 0.5, 0.52, 0.56]


def test_a_worker_that_is_woken_for_nothing_again_and_again_rests_between_its_looks(shelf: Shelf, clock: Clock) -> None:
    source = shelf.source("runs")
    for millisecond in range(100):
        source.wake()
        _run(source, clock, millisecond / 1000)
    assert len(shelf.looks) == 20


def test_where_nobody_knows_what_is_due_each_queue_is_asked(shelf: Shelf, clock: Clock) -> None:
    shelf.error = ZeroDivisionError("no such table")
    shelf.due["runs"] = 1
    _run(shelf.source("calls", "runs"), clock, 0)
    assert set(shelf.taken) == {"calls", "runs"}
    assert shelf.due["runs"] == 0


def test_a_queue_that_fails_holds_up_no_other(shelf: Shelf, clock: Clock) -> None:
    def fail(using: str) -> bool:
        shelf.taken.append("broken")
        raise ZeroDivisionError

    source = QueueSource([Queue("broken", lambda: ["default"], fail), shelf.queue("runs")], clock)
    shelf.due |= {"broken": 1, "runs": 5}
    with closing(Worker([source], clock=clock)) as asker:
        assert asker.run_once() == ["broken"]
    assert shelf.due["runs"] == 0
    assert shelf.taken.count("broken") == 1


def test_as_many_threads_are_called_as_would_find_something(shelf: Shelf, clock: Clock) -> None:
    called: list[int] = []
    source = shelf.source("runs", slots=4)
    source.call_others = called.append
    shelf.due["runs"] = 3
    source.work()
    assert called == [2]


def test_no_more_threads_take_than_there_is_something_for(shelf: Shelf, clock: Clock) -> None:
    inside, leave = threading.Semaphore(0), threading.Event()
    taken: list[int] = []

    def take(using: str) -> bool:
        taken.append(1)
        inside.release()
        assert leave.wait(10)
        return False

    source = QueueSource([Queue("runs", lambda: ["default"], take)], clock, 4)
    shelf.due["runs"] = 2
    threads = [threading.Thread(target=source.work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        assert inside.acquire(timeout=10)
    leave.set()
    for thread in threads:
        thread.join(10)
    assert len(taken) == 2


def test_a_periodic_job_runs_in_one_thread_at_a_time() -> None:
    inside, leave = threading.Event(), threading.Event()
    calls: list[int] = []

    def job() -> None:
        calls.append(1)
        inside.set()
        assert leave.wait(10)

    clock = Clock()
    source = PeriodicSource(PeriodicJob("sweep", lambda: timedelta(hours=1), job), clock)
    thread = threading.Thread(target=source.work)
    thread.start()
    assert inside.wait(10)
    assert source.due_at == float("inf")
    assert source.work() == ""
    leave.set()
    thread.join(10)
    assert (calls, source.due_at) == ([1], clock.now + 3600)
