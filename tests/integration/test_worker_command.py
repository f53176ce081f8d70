"""`manage.py actions_worker`."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from actions import calls, work, worker
from actions.models import EventAction, PendingCall, WorkerHeartbeat
from actions.work import is_worker_alive
from actions.worker import sources
from tests.pending import make_calls
from tests.programs import Program
from tests.records import make_events


@pytest.mark.django_db
def test_once_archives_what_is_due_and_ends() -> None:
    make_events(2)
    call_command("actions_worker", "--once")
    assert not EventAction.objects.exists()


@pytest.mark.django_db
def test_once_ends_with_an_error_where_a_job_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_periodic_jobs", {})

    def fail() -> None:
        raise ZeroDivisionError

    worker.register_periodic("broken", lambda: timedelta(hours=1), fail)
    with pytest.raises(CommandError, match="broken"):
        call_command("actions_worker", "--once")


@pytest.mark.django_db
def test_once_carries_out_the_calls_that_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "later", SimpleNamespace(carry_out=lambda call, hold: work.finish(call)))
    make_calls(3)
    make_calls(ago=-timedelta(hours=1))
    call_command("actions_worker", "--once")
    assert PendingCall.objects.count() == 1


@pytest.fixture
def _queues() -> Iterator[None]:
    """Other tests' workers serve the default one."""
    yield
    worker.serve([worker.DEFAULT_QUEUE])


@pytest.mark.django_db
@pytest.mark.usefixtures("_queues")
def test_the_queues_that_are_named_are_served() -> None:
    call_command("actions_worker", "--once")
    assert worker.served_queues() == ("default",)
    call_command("actions_worker", "--once", "--queues", "slow, default,slow")
    assert worker.served_queues() == ("slow", "default")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--queues", " , "], "No queue is named"),
        (["--threads", "0"], "'0' is no number above 0"),
        (["--threads", "many"], "'many' is no number above 0"),
    ],
)
def test_what_makes_no_sense_is_said(options: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("actions_worker", "--once", *options)


@pytest.mark.django_db(transaction=True)
def test_once_with_several_threads_carries_out_what_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "later", SimpleNamespace(carry_out=lambda call, hold: work.finish(call)))
    make_calls(5)
    call_command("actions_worker", "--once", "--threads", "2")
    assert not PendingCall.objects.exists()


@pytest.mark.django_db
def test_work_that_does_not_end_in_time_makes_the_command_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(crew: worker.Crew) -> None:
        raise worker.StillWorkingError("Not at an end")

    monkeypatch.setattr(worker.Crew, "run", run)
    with pytest.raises(CommandError, match="Not at an end"):
        call_command("actions_worker", "--verbosity", "0")


@pytest.mark.django_db
def test_a_worker_that_cron_starts_counts_as_alive_until_the_next_run() -> None:
    assert not is_worker_alive("default")
    call_command("actions_worker", "--once")
    assert is_worker_alive("default")


@pytest.mark.django_db(transaction=True)
def test_connections_that_are_past_their_age_are_closed_when_there_is_nothing_to_do() -> None:
    connection.ensure_connection()
    call_command("actions_worker", "--once")
    assert connection.settings_dict["CONN_MAX_AGE"] == 0
    assert connection.connection is None


@pytest.mark.django_db(transaction=True)
def test_a_connection_is_kept_from_one_call_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def carry_out(call: PendingCall, hold: work.Hold) -> None:
        seen.append(connection.connection)
        work.finish(call)

    monkeypatch.setattr(calls, "later", SimpleNamespace(carry_out=carry_out))
    make_calls(3)
    call_command("actions_worker", "--once")
    assert seen == [seen[0]] * 3
    assert seen[0] is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_worker_cleanly_and_soon(number: signal.Signals) -> None:
    make_events(2)
    environ = {
        "ARCHIVE_DATABASE": str(connection.settings_dict["NAME"]),
        "ARCHIVE_DESTINATION": "table",
        "ARCHIVE_FOLDER": "",
        "ARCHIVE_BATCH_SIZE": "10",
    }
    process = Program("actions_worker", settings="tests.acceptance.archive_settings", environ=environ)
    try:
        deadline = time.monotonic() + 60
        while EventAction.objects.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert process.poll() is None
        assert is_worker_alive("default")
        assert WorkerHeartbeat.objects.get().name.endswith(f":{process.pid}")
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert not EventAction.objects.exists()
    assert process.returncode == 0
    assert re.fullmatch(r"Working: calls, .*archive every 1:00:00.*\. Ctrl-C ends it\.\nEnded\.\n", output)
    assert not WorkerHeartbeat.objects.exists()
