"""What the worker does when, with a clock of the test's own."""

from __future__ import annotations

import logging
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from actions import worker
from actions.exceptions import ConfigurationError
from actions.worker import (
    PeriodicJob,
    PeriodicSource,
    Queue,
    QueueSource,
    Worker,
    loop,
    queue,
    sources,
    stopped_by_signals,
)
from actions.worker.sources import retry_after


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """These jobs use no database."""
    monkeypatch.setattr(loop, "_close_old_connections", lambda **options: None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Iterator[Callable[..., Worker]]:
    """A worker for some jobs."""
    made: list[Worker] = []

    def make(*jobs: PeriodicJob) -> Worker:
        made.append(Worker([PeriodicSource(job, clock) for job in jobs], clock=clock))
        return made[-1]

    yield make
    for each in made:
        each.close()


def _job(run: Callable[[], object], name: str = "sweep", seconds: float = 60) -> PeriodicJob:
    return PeriodicJob(name, lambda: timedelta(seconds=seconds), run)


def test_a_job_is_due_at_the_start_and_then_after_each_interval(clock: Clock, make: Callable[..., Worker]) -> None:
    calls: list[float] = []
    sweeper = make(_job(lambda: calls.append(clock.now)))
    for clock.now in (1000, 1059, 1060, 1061, 1120):
        sweeper.run_once()
    assert calls == [1000, 1060, 1120]


def test_a_job_with_more_to_do_is_called_again_at_once(make: Callable[..., Worker]) -> None:
    answers = iter([True, True, False])
    assert make(_job(lambda: next(answers))).run_once() == []
    assert list(answers) == []


def test_the_interval_is_asked_after_each_run(clock: Clock, make: Callable[..., Worker]) -> None:
    seconds = [10]
    calls: list[float] = []
    job = PeriodicJob("sweep", lambda: timedelta(seconds=seconds[0]), lambda: calls.append(clock.now))
    sweeper = make(job)
    sweeper.run_once()
    seconds[0] = 500
    for clock.now in (1010, 1020, 1510):
        sweeper.run_once()
    assert calls == [1000, 1010, 1510]


def test_an_interval_of_nothing_does_not_keep_the_worker_busy(clock: Clock, make: Callable[..., Worker]) -> None:
    calls: list[float] = []
    sweeper = make(_job(lambda: calls.append(clock.now), seconds=0))
    sweeper.run_once()
    sweeper.run_once()
    assert calls == [1000]


def test_a_failing_job_is_logged_and_the_others_go_on(
    make: Callable[..., Worker], caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError("by zero")

    assert make(_job(fail, "broken"), _job(lambda: calls.append("done"))).run_once() == ["broken"]
    assert calls == ["done"]
    (record,) = caplog.records
    assert (record.levelno, "broken failed" in record.getMessage()) == (logging.ERROR, True)
    assert record.exc_info is not None


def test_a_failing_job_is_tried_again_later_and_later(clock: Clock, make: Callable[..., Worker]) -> None:
    calls: list[float] = []

    def fail() -> None:
        calls.append(clock.now - 1000)
        raise ZeroDivisionError

    sweeper = make(_job(fail, seconds=1))
    for minutes in range(16):
        clock.now = 1000 + 60 * minutes
        sweeper.run_once()
    assert calls == [0, 60, 180, 420, 900]
    assert retry_after(7) == retry_after(1000) == timedelta(hours=1)


def test_a_job_that_works_again_comes_back_at_its_interval(clock: Clock, make: Callable[..., Worker]) -> None:
    calls: list[float] = []

    def job() -> None:
        calls.append(clock.now)
        if len(calls) < 3:
            raise ZeroDivisionError

    sweeper = make(_job(job, seconds=30))
    for clock.now in range(1000, 1300, 30):
        sweeper.run_once()
    assert calls == [1000, 1060, 1180, 1210, 1240, 1270]


def test_a_job_whose_interval_cannot_be_read_counts_as_failed(make: Callable[..., Worker]) -> None:
    def interval() -> timedelta:
        raise ValueError("DJACTION_ARCHIVE_INTERVAL_MINUTES")

    assert make(PeriodicJob("sweep", interval, lambda: None)).run_once() == ["sweep"]


def test_two_jobs_of_one_name_are_refused_and_both_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_periodic_jobs", {})
    worker.register_periodic("sweep", timedelta, max)
    worker.register_periodic("sweep", timedelta, max)
    with pytest.raises(ConfigurationError, match=r'"sweep": builtins\.max and builtins\.min'):
        worker.register_periodic("sweep", timedelta, min)


def test_the_archiver_is_registered() -> None:
    assert "archive" in [job.name for job in worker.periodic_jobs()]


def test_a_stopped_worker_finishes_the_piece_at_hand_and_no_other() -> None:
    calls: list[str] = []

    def stop() -> bool:
        calls.append("first")
        sweeper.stop()
        return True

    jobs = [_job(stop, "first"), _job(lambda: calls.append("second"), "second")]
    clock = Clock()
    sweeper = Worker([PeriodicSource(job, clock) for job in jobs], clock=clock)
    sweeper.run()
    sweeper.close()
    assert calls == ["first"]


def test_work_can_ask_whether_it_should_stop(make: Callable[..., Worker]) -> None:
    answers: list[bool] = []

    def job() -> None:
        answers.append(worker.should_stop())
        sweeper.stop()
        answers.append(worker.should_stop())

    sweeper = make(_job(job))
    sweeper.run_once()
    assert answers == [False, True]


def test_outside_of_a_worker_nothing_should_stop() -> None:
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(worker.should_stop()))
    thread.start()
    thread.join(5)
    assert answers == [False]


@pytest.mark.parametrize("name", ["run", "run_once"])
@pytest.mark.parametrize("fails", [False, True])
def test_a_worker_that_has_ended_leaves_its_thread_to_itself(name: str, fails: bool) -> None:
    """What the thread does afterwards neither ends with that worker nor is asked what the worker may take."""

    class Once:
        due_at = 0.0

        def work(self) -> str:
            self.due_at = float("inf")
            ended.stop()
            assert worker.current_worker() is ended
            if fails:
                raise KeyboardInterrupt
            return ""

    ended = Worker([Once()])
    with pytest.raises(KeyboardInterrupt) if fails else nullcontext():
        getattr(ended, name)()
    ended.close()
    assert worker.current_worker() is None
    assert not worker.should_stop()


def test_a_sleeping_worker_wakes_when_it_is_told_to_stop() -> None:
    started = threading.Event()
    sweeper = Worker([PeriodicSource(_job(started.set, seconds=3600), Clock())], clock=Clock())
    thread = threading.Thread(target=sweeper.run)
    thread.start()
    assert started.wait(5)
    sweeper.stop()
    thread.join(5)
    assert not thread.is_alive()
    sweeper.close()


def test_a_worker_with_nothing_registered_sleeps_until_it_is_told_to_stop() -> None:
    sweeper = Worker([], clock=Clock())
    thread = threading.Thread(target=sweeper.run)
    thread.start()
    sweeper.stop()
    thread.join(5)
    assert not thread.is_alive()
    sweeper.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_worker_and_a_second_one_means_what_it_meant(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    calls: list[None] = []

    def job() -> None:
        calls.append(None)
        signal.raise_signal(number)

    sweeper = Worker([PeriodicSource(_job(job), Clock())], clock=Clock())
    with stopped_by_signals(sweeper):
        assert signal.getsignal(number) is not before
        sweeper.run()
        assert signal.getsignal(number) is before
    sweeper.close()
    assert len(calls) == 1


def test_a_signal_wakes_the_worker_without_the_help_of_its_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that is due after the worker has begun to sleep would be called when it wakes by itself."""
    sleeps: list[bool] = []
    later = SimpleNamespace(due_at=time.monotonic() + 3600, work=lambda: "")
    sweeper = Worker([later])

    def sleep(*sockets: Any) -> Any:
        if not sleeps:
            signal.raise_signal(signal.SIGUSR1)
        found = select.select(*sockets[:3], 0.01)
        sleeps.append(bool(found[0]))
        if len(sleeps) == 3:
            sweeper.stop()
        return found

    monkeypatch.setattr(loop, "select", SimpleNamespace(select=sleep))
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    try:
        with stopped_by_signals(sweeper):
            sweeper.run()
    finally:
        signal.signal(signal.SIGUSR1, before)
        sweeper.close()
    assert sleeps[:3] == [True, False, False]
    assert signal.set_wakeup_fd(-1) == -1


class Shelf:
    """A queue's databases, each with a number of things to do."""

    def __init__(self, clock: Clock, **waiting: int) -> None:
        self._clock = clock
        self.waiting = waiting
        self.asked: list[tuple[float, str]] = []
        self.error: Exception | None = None

    def take(self, using: str) -> bool:
        self.asked.append((self._clock() - 1000, using))
        if self.error:
            raise self.error
        if not self.waiting[using]:
            return False
        self.waiting[using] -= 1
        return True

    def worker(self) -> Worker:
        return Worker(
            [QueueSource([Queue("calls", lambda: list(self.waiting), self.take)], self._clock)], clock=self._clock
        )


@pytest.fixture
def shelf(clock: Clock) -> Shelf:
    return Shelf(clock, default=0)


def _run_at(shelf: Shelf, clock: Clock, *moments: float) -> list[list[str]]:
    """What went wrong at each moment, by one worker that is asked then."""
    asker = shelf.worker()
    failed = []
    for moment in moments:
        clock.now = 1000 + moment
        failed.append(asker.run_once())
    asker.close()
    return failed


def test_an_empty_queue_is_asked_at_intervals(shelf: Shelf, clock: Clock, settings: Any) -> None:
    settings.DJACTION_POLL_SECONDS = 2
    _run_at(shelf, clock, 0, 1, 2, 3, 5)
    assert [moment for moment, _ in shelf.asked] == [0, 2, 5]


def test_a_queue_is_asked_again_at_once_after_work_was_found(shelf: Shelf, clock: Clock) -> None:
    shelf.waiting["default"] = 3
    _run_at(shelf, clock, 0)
    assert shelf.waiting == {"default": 0}
    assert len(shelf.asked) == 5


def test_a_poll_of_no_seconds_does_not_keep_the_worker_busy(shelf: Shelf, clock: Clock, settings: Any) -> None:
    settings.DJACTION_POLL_SECONDS = 0
    _run_at(shelf, clock, 0)
    assert len(shelf.asked) == 1


def test_the_databases_of_a_queue_take_turns_and_none_starves(clock: Clock) -> None:
    shelf = Shelf(clock, one=3, two=1)
    _run_at(shelf, clock, 0)
    assert [using for _, using in shelf.asked[:4]] == ["one", "two", "one", "two"]
    assert shelf.waiting == {"one": 0, "two": 0}


def test_a_queue_that_fails_is_asked_again_later_and_later(
    shelf: Shelf, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.error = ZeroDivisionError("by zero")
    failed = _run_at(shelf, clock, *range(17))
    assert [moment for moment, _ in shelf.asked] == [0, 1, 3, 7, 15]
    assert failed[:3] == [["calls"], ["calls"], []]
    assert caplog.records[0].exc_info is not None


def test_a_queue_that_works_again_is_asked_at_its_intervals(shelf: Shelf, clock: Clock) -> None:
    shelf.error = ZeroDivisionError("by zero")
    asker = shelf.worker()
    for clock.now in range(1000, 1008):
        asker.run_once()
    shelf.error = None
    for clock.now in range(1008, 1018):
        asker.run_once()
    asker.close()
    assert [moment for moment, _ in shelf.asked] == [0, 1, 3, 7, 15, 16, 17]


def test_databases_that_cannot_be_named_count_as_a_failure(clock: Clock) -> None:
    def databases() -> list[str]:
        raise ZeroDivisionError

    asker = Worker([QueueSource([Queue("calls", databases, lambda using: True)], clock)], clock=clock)
    assert asker.run_once() == ["calls"]
    asker.close()


def test_a_long_queue_does_not_keep_a_running_worker_from_its_jobs(clock: Clock) -> None:
    done: list[str] = []

    def take(using: str) -> bool:
        done.append("call")
        if len(done) == 6:
            asker.stop()
        return True

    source = QueueSource([Queue("calls", lambda: ["default"], take)], clock)
    asker = Worker([source, PeriodicSource(_job(lambda: done.append("sweep")), clock)], clock=clock)
    asker.run()
    asker.close()
    assert done == ["call", "sweep", "call", "call", "call", "call"]


def test_two_queues_of_one_name_are_refused_and_both_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "_queues", {})
    worker.register_queue("calls", list, bool)
    worker.register_queue("calls", list, bool)
    with pytest.raises(ConfigurationError, match=r'"calls": builtins\.bool and builtins\.any'):
        worker.register_queue("calls", list, any)
    assert [queue.name for queue in worker.queues()] == ["calls"]
