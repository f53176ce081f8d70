"""Real workers that send to a real receiver and are killed, again and again, while events are written."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from actions import perform
from actions.models import Delivery, WorkerHeartbeat
from tests.app.models import Article
from tests.programs import Program
from tests.receivers import Receiver, Reply, Request
from tests.threads import Call

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.keyed")]

PATIENCE_SECONDS = 60
WORKERS = 2
ROUNDS = 10 if os.environ.get("STORM") == "full" else 4
EVENTS = 22 * ROUNDS


def _until(condition: Callable[[], object], *workers: Program) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert [worker.poll() for worker in workers] == [None] * len(workers), "a worker has ended"
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.01)


class Trap:
    """A receiver's answer that can be kept back: the message has arrived, and its sender does not know it."""

    def __init__(self) -> None:
        self.is_set = threading.Event()
        self.has_caught = threading.Event()
        self.may_go = threading.Event()

    def __call__(self, request: Request) -> Reply:
        if self.is_set.is_set():
            self.has_caught.set()
            self.may_go.wait(PATIENCE_SECONDS)
        return Reply()

    def arm(self) -> None:
        self.has_caught.clear()
        self.may_go.clear()
        self.is_set.set()

    def release(self) -> None:
        self.is_set.clear()
        self.may_go.set()


class Writer:
    """Writes events until it is told that it is enough; some of them it takes back."""

    def __init__(self) -> None:
        self.committed: dict[str, list[str]] = defaultdict(list)
        """Events by object, in their order."""
        self.undone: set[str] = set()
        self.is_enough = threading.Event()
        self._articles = [Article.objects.create(title=str(number)) for number in range(5)]
        self._dice = random.Random(4)  # noqa: S311 - a die, no secret

    def __call__(self) -> int:
        count = 0
        # At its leisure, so that there is something to send all the time.
        while not self.is_enough.wait(0.05) or count < EVENTS:
            article, is_undone = self._dice.choice(self._articles), self._dice.random() < 0.1
            with transaction.atomic():
                event = perform("keyed:like", article.pk).event
                transaction.set_rollback(is_undone)
            assert event is not None
            if is_undone:
                self.undone.add(str(event.uid))
            else:
                self.committed[str(article.pk)].append(str(event.uid))
            count += 1
        return count


@pytest.fixture
def trap() -> Trap:
    return Trap()


@pytest.fixture
def receiver(trap: Trap) -> Iterator[Receiver]:
    with Receiver(trap) as made:
        yield made
        trap.release()


@pytest.fixture
def start(receiver: Receiver, settings: Any) -> Iterator[Callable[[], Program]]:
    """Starts workers; those that a failed test leaves are ended."""
    started: list[Program] = []
    own = {"DELIVERIES_DATABASE": str(connection.settings_dict["NAME"]), "DELIVERIES_URL": receiver.url}
    os.environ.update(own)

    def make() -> Program:
        started.append(Program("actions_worker", settings="tests.acceptance.deliveries_settings"))
        return started[-1]

    try:
        from tests.acceptance.deliveries_settings import hooks

        settings.DJACTION_HOOKS = hooks(receiver.url)
        yield make
    finally:
        for name in own:
            del os.environ[name]
        for process in started:
            if process.poll() is None:
                process.kill()
                process.communicate()


def _kill(workers: list[Program]) -> None:
    for worker in workers:
        worker.send_signal(signal.SIGKILL)
    for worker in workers:
        worker.communicate()
        assert worker.returncode == -signal.SIGKILL


def _end(worker: Program) -> None:
    _until(lambda: WorkerHeartbeat.objects.filter(name__endswith=f":{worker.pid}").exists(), worker)
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == 0


def _kill_some(start: Callable[[], Program], receiver: Receiver, trap: Trap, number: int) -> None:
    """Two workers that are sending, and are killed at any moment, or when a message has just arrived."""
    workers = [start() for _ in range(WORKERS)]
    before = len(receiver.requests)
    _until(lambda: len(receiver.requests) > before, *workers)
    if number % 2:
        trap.arm()
        assert trap.has_caught.wait(PATIENCE_SECONDS)
    else:
        time.sleep(random.uniform(0, 0.3))  # noqa: S311 - a moment, no secret
    _kill(workers)
    trap.release()


def test_workers_that_are_killed_lose_no_event_make_none_up_and_change_no_order(
    start: Callable[[], Program], receiver: Receiver, trap: Trap
) -> None:
    writer = Writer()
    writing = Call(writer)
    try:
        for number in range(ROUNDS):
            _kill_some(start, receiver, trap, number)
    finally:
        writer.is_enough.set()
    assert writing.answer() >= EVENTS
    last = start()
    _until(lambda: not Delivery.objects.exclude(state="delivered").exists(), last)
    _end(last)

    events = {event for some in writer.committed.values() for event in some}
    assert writer.undone
    for path in ("/crm", "/erp"):
        came = [(request.json["data"]["uid"], request.headers["webhook-id"]) for request in _at(receiver, path)]
        assert {event for event, _uid in came} == events, "each has arrived, and none that was taken back"
        assert len(set(came)) == len({uid for _event, uid in came}) == len(events), "a double has the same number"
    assert len(receiver.requests) >= 2 * len(events) + ROUNDS // 2, "some came twice"
    for name, of_object in writer.committed.items():
        mine = [request.json["data"] for request in _at(receiver, "/erp")]
        assert list(dict.fromkeys(data["uid"] for data in mine if data["object_id"] == name)) == of_object


def _at(receiver: Receiver, path: str) -> list[Request]:
    return [request for request in receiver.requests if request.path == path]
