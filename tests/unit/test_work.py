"""What of the queue needs no database: waits, attempts, and the thread beside the work."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from actions.models import PendingCall
from actions.work import backoff, was_interrupted
from actions.work.background import Background

PATIENCE_SECONDS = 60


class Lowest(Random):
    """Always the lower bound."""

    def uniform(self, a: float, b: float) -> float:
        return a


class Highest(Random):
    """Always the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_the_longest_wait_doubles_up_to_ten_minutes() -> None:
    waits = [backoff(attempts, Highest()).total_seconds() for attempts in range(1, 11)]
    assert waits == [4, 8, 16, 32, 64, 128, 256, 512, 600, 600]
    assert backoff(32_767, Highest()) == timedelta(minutes=10)


def test_half_of_it_is_always_waited() -> None:
    assert [backoff(attempts, Lowest()).total_seconds() for attempts in (1, 2, 10)] == [2, 4, 300]


def test_no_two_workers_wait_equally_long() -> None:
    assert len({backoff(5) for _ in range(20)}) > 1


def test_there_is_no_wait_before_the_first_attempt() -> None:
    with pytest.raises(ValueError, match="0 attempts"):
        backoff(0)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ("claim", False),
        ("claim release claim", False),
        ("claim release claim release claim", False),
        ("claim claim", True),
        ("claim release claim claim", True),
        ("claim claim claim", True),
        ("claim claim release claim", True),
    ],
)
def test_an_attempt_that_was_not_given_back_is_known(story: str, expected: bool) -> None:
    row = PendingCall(fence=story.count("claim") + story.count("release"), attempts=story.count("claim"))
    assert was_interrupted(row) is expected


@pytest.fixture
def run() -> Callable[..., Background]:
    return lambda beat, first=0.0: Background("test", beat, first)


def test_the_function_is_called_in_a_thread_of_its_own_until_it_wants_no_more(run: Callable[..., Background]) -> None:
    threads: list[threading.Thread] = []
    enough = threading.Event()

    def beat() -> float | None:
        threads.append(threading.current_thread())
        if len(threads) < 3:
            return 0
        enough.set()
        return None

    background = run(beat)
    assert enough.wait(PATIENCE_SECONDS)
    background.close()
    assert len(threads) == 3
    assert threading.current_thread() not in threads


def test_the_function_is_called_early_where_it_is_woken(run: Callable[..., Background]) -> None:
    called = threading.Event()

    def beat() -> float:
        called.set()
        return 3600

    background = run(beat, 3600)
    background.wake()
    assert called.wait(PATIENCE_SECONDS)
    background.close()


def test_a_closed_one_calls_nothing_any_more(run: Callable[..., Background]) -> None:
    calls: list[None] = []
    background = run(lambda: calls.append(None), 3600)
    background.close()
    background.wake()
    assert not calls
    assert "test" not in [thread.name for thread in threading.enumerate()]


def test_an_error_is_logged_and_it_goes_on(
    run: Callable[..., Background], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actions.work.background.RETRY_SECONDS", 0)
    calls: list[None] = []
    again = threading.Event()

    def beat() -> float:
        calls.append(None)
        if len(calls) == 1:
            raise ZeroDivisionError
        again.set()
        return 3600

    background = run(beat)
    assert again.wait(PATIENCE_SECONDS)
    background.close()
    (record,) = caplog.records
    assert (record.levelno, record.exc_info is not None) == (logging.ERROR, True)
