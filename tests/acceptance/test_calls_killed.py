"""Real workers, killed, stopped and run side by side: `manage.py actions_worker` in processes of their own."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from actions.call import perform
from actions.models import EventAction, PendingCall, WorkerHeartbeat
from actions.registry import catalogue
from actions.terms import Terms
from tests.app.models import Article
from tests.programs import Program

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 60


def _until(condition: Callable[[], object], *workers: Program) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert [worker.poll() for worker in workers] == [None] * len(workers), "a worker has ended"
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.01)


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[Any]:
    """The actions that can be stopped; the registry is the test's own, and gone after it."""
    monkeypatch.setenv("CALLS_DATABASE", str(connection.settings_dict["NAME"]))
    monkeypatch.setenv("CALLS_FOLDER", str(tmp_path))
    settings.ROOT_URLCONF = "tests.acceptance.calls_project"
    from tests.acceptance import calls_project

    registry = calls_project.ArticleViewSet.action_registry
    catalogue._registries.add(registry)
    yield calls_project
    catalogue._registries.discard(registry)


@pytest.fixture
def start(project: Any) -> Iterator[Callable[[], Program]]:
    """Starts workers; those that a failed test leaves are ended."""
    started: list[Program] = []

    def make() -> Program:
        started.append(Program("actions_worker", settings="tests.acceptance.calls_settings"))
        return started[-1]

    yield make
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture
def article() -> Article:
    return Article.objects.create(title="Plants")


@pytest.fixture
def call(project: Any) -> Callable[..., EventAction]:
    """Has an action done later."""
    alice = User.objects.create_user("alice", password="alice")

    def make(action: str, article: Article) -> EventAction:
        outcome = perform(f"{project.RESOURCE}:{action}", article.pk, actor=alice, terms=Terms(is_async=True))
        assert (outcome.status, outcome.event.outcome) == (202, "pending")
        return outcome.event

    return make


def _kill_in_the_middle(project: Any, start: Callable[[], Program]) -> None:
    """Start a worker and kill it when it has begun; nothing waits any more afterwards."""
    (project.folder() / "wait").touch()
    worker = start()
    _until(project.begun, worker)
    assert project.begun() == [str(worker.pid)]
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    assert worker.returncode == -signal.SIGKILL
    (project.folder() / "wait").unlink()


def _end(worker: Program) -> None:
    # Before it has begun, a signal ends it as any other program.
    _until(lambda: WorkerHeartbeat.objects.filter(name__endswith=f":{worker.pid}").exists(), worker)
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == 0


def test_a_call_whose_worker_is_killed_in_the_middle_is_done_once_by_the_next_one(
    project: Any, start: Any, call: Any, article: Article
) -> None:
    event = call("like", article)
    _kill_in_the_middle(project, start)
    article.refresh_from_db()
    assert article.likes == 0
    second = start()
    _until(lambda: not PendingCall.objects.exists(), second)
    _end(second)
    article.refresh_from_db()
    event.refresh_from_db()
    assert article.likes == 1
    assert (event.outcome, event.response_data) == ("succeeded", {"pid": second.pid})
    assert len(project.begun()) == 2
    assert EventAction.objects.count() == 1


def test_a_call_that_may_not_be_begun_twice_is_marked_failed_where_its_worker_is_killed(
    project: Any, start: Any, call: Any, article: Article
) -> None:
    event = call("like_once", article)
    _kill_in_the_middle(project, start)
    second = start()
    _until(lambda: not PendingCall.objects.exists(), second)
    _end(second)
    article.refresh_from_db()
    event.refresh_from_db()
    assert article.likes == 0
    assert (event.outcome, event.error["code"]) == ("failed", "interrupted")
    assert "cut off" in event.error["detail"]
    assert len(project.begun()) == 1


def test_a_worker_that_is_told_to_stop_finishes_the_call_at_hand_and_begins_no_other(
    project: Any, start: Any, call: Any, article: Article
) -> None:
    first, second = call("like", article), call("like", article)
    (project.folder() / "wait").touch()
    worker = start()
    _until(project.begun, worker)
    worker.send_signal(signal.SIGTERM)
    (project.folder() / "wait").unlink()
    worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == 0
    outcomes = dict(EventAction.objects.values_list("pk", "outcome"))
    assert outcomes == {first.pk: "succeeded", second.pk: "pending"}
    assert not WorkerHeartbeat.objects.exists()


def test_a_worker_that_stands_still_longer_than_its_lease_does_not_have_the_call_done_twice(
    project: Any, start: Any, call: Any, article: Article
) -> None:
    event = call("like", article)
    (project.folder() / "wait").touch()
    first = start()
    _until(project.begun, first)
    first.send_signal(signal.SIGSTOP)
    second = start()
    if connection.vendor == "sqlite":
        # The first one has the write lock, which is as good as the lease.
        _until(lambda: PendingCall.objects.get().due_at < timezone.now(), second)
    else:
        _until(lambda: PendingCall.objects.get().attempts == 2, second)
    (project.folder() / "wait").unlink()
    first.send_signal(signal.SIGCONT)
    _until(lambda: not PendingCall.objects.exists(), first, second)
    for worker in (first, second):
        _end(worker)
    article.refresh_from_db()
    event.refresh_from_db()
    assert article.likes == 1
    assert event.outcome == "succeeded"


def test_two_workers_do_each_of_two_hundred_calls_once(project: Any, start: Any, call: Any) -> None:
    for number in range(200):
        call("like", Article.objects.create(title=str(number)))
    PendingCall.objects.update(due_at=None)
    workers = [start(), start()]
    _until(lambda: WorkerHeartbeat.objects.count() == 2, *workers)
    PendingCall.objects.update(due_at=timezone.now())
    _until(lambda: not PendingCall.objects.exists(), *workers)
    for worker in workers:
        _end(worker)
    assert set(Article.objects.values_list("likes", flat=True)) == {1}
    assert set(EventAction.objects.values_list("outcome", flat=True)) == {"succeeded"}
    assert set(project.begun()) <= {str(worker.pid) for worker in workers}
