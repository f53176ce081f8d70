"""Stored programs and the worker: claimed, run, recorded, kept running, stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from actions import worker as workers
from actions.conf import conf
from actions.exceptions import PayloadTooLargeError
from actions.process_registry import services as definitions
from actions.process_registry.models import ProcessDefinition
from actions.process_registry.programs import keeping, services, watching
from actions.process_registry.programs import worker as program_worker
from actions.process_registry.programs.models import ProgramRun
from actions.process_registry.programs.worker import due_here, take_next
from actions.processes.exceptions import WrongStateError
from actions.programs.exceptions import InvalidProgramError
from actions.work.leases import held

from .conftest import Script

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 10


def stored(program: str, *argv: str, **options: Any) -> ProcessDefinition:
    return definitions.create(definitions.check({"exec": program, "argv": list(argv), **options}))


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.02)


def begun(work: Callable[..., object], *arguments: Any) -> threading.Thread:
    """A thread that does some work, with a connection of its own."""

    def do() -> None:
        try:
            work(*arguments)
        finally:
            connections.close_all()

    thread = threading.Thread(target=do)
    thread.start()
    return thread


def fresh(run: ProgramRun) -> ProgramRun:
    run.refresh_from_db()
    return run


@pytest.fixture(autouse=True)
def _no_service_left(permits: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(keeping, "FIRST_WAIT_SECONDS", 0.05)
    yield
    for watch in list(watching.keeper._watched):
        watch.end(watching.STOP)
    for thread in (*keeping._running, *([watching.keeper._thread] if watching.keeper._thread else [])):
        thread.join(PATIENCE_SECONDS)


# --- single -----------------------------------------------------------------------------------------------------------


def test_a_run_waits_for_a_worker_and_is_recorded() -> None:
    alice = User.objects.create_user("alice")
    run = services.run(stored("/usr/bin/tr", "a-z", "A-Z"), input="hello", actor=alice)
    assert (run.status, run.queue, run.actor_id, run.actor_name) == ("pending", "default", str(alice.pk), "alice")
    assert take_next("default")
    assert not take_next("default")
    fresh(run)
    assert (run.status, run.exit_code, run.reason, run.error) == ("succeeded", 0, "exited", "")
    assert services.output(run) == {"output": "HELLO", "output_size": 5, "is_whole": True, "log": "", "log_size": 0}
    assert run.started_at <= run.ended_at
    assert (run.input, run.due_at) == (None, None)
    assert run.usage["memory"] > 0


@pytest.mark.once
def test_a_run_that_fails_says_why_and_keeps_its_log() -> None:
    run = services.run(stored("/bin/sh", "-c", "echo partly; echo no disk >&2; exit 4"))
    take_next("default")
    fresh(run)
    assert (run.status, run.exit_code) == ("failed", 4)
    assert run.error == "The program ended with exit code 4. It said: no disk"
    assert (run.kept_output.text, run.kept_log.text) == ("partly\n", "no disk\n")


def test_output_that_is_no_text_is_kept_as_it_is() -> None:
    run = services.run(stored("/bin/cat"), input=b"\x00\xff")
    take_next("default")
    found = services.output(fresh(run))
    assert (found["output"], found["output_base64"]) == ("\\x00\\xff", "AP8=")


@pytest.mark.once
@pytest.mark.parametrize(
    ("program", "text"),
    [("/usr/bin/no-such", "no executable"), ("/etc/passwd", "No setting permits"), ("tr", "no full path")],
)
def test_what_may_not_be_run_is_a_failed_run_with_a_reason(program: str, text: str) -> None:
    run = services.run(stored(program))
    take_next("default")
    assert (fresh(run).status, run.exit_code) == ("failed", None)
    assert text in run.error


@pytest.mark.once
def test_a_run_goes_by_the_version_that_it_was_started_with() -> None:
    row = stored("/bin/echo", "one")
    run = services.run(row)
    definitions.replace(row, definitions.check({"exec": "/bin/echo", "argv": ["two"]}))
    take_next("default")
    assert fresh(run).kept_output.text == "one\n"


@pytest.mark.once
def test_what_is_no_executable_is_refused() -> None:
    row = ProcessDefinition(definition={"tasks": []})
    with pytest.raises(InvalidProgramError):
        services.run(row)


@pytest.mark.once
def test_an_input_that_is_too_large_is_refused(permits: Any) -> None:
    permits.DJACTION_PROGRAM_LIMITS = {"input": 3}
    with pytest.raises(PayloadTooLargeError):
        services.run(stored("/bin/cat"), input="four")
    assert not ProgramRun.objects.exists()


@pytest.mark.once
def test_the_application_chooses_the_queue_where_there_is_one_of_that_name(settings: Any) -> None:
    settings.DJACTION_QUEUES = ("default", "gpu")
    assert services.run(stored("/bin/true", application="gpu")).queue == "gpu"
    assert services.run(stored("/bin/true", application="referencetodtindtrs")).queue == "default"
    assert take_next("default")
    assert not take_next("default")


def test_a_run_that_nobody_has_taken_is_stopped_at_once() -> None:
    run = services.stop(services.run(stored("/bin/true")))
    assert (run.status, run.reason, run.due_at) == ("cancelled", "stopped", None)
    assert not take_next("default")
    with pytest.raises(WrongStateError, match="cancelled"):
        services.stop(run)


def test_a_run_that_is_under_way_is_stopped_through_its_row() -> None:
    run = services.run(stored("/bin/sh", "-c", "echo begun; sleep 100"))
    thread = begun(take_next, "default")
    until(lambda: fresh(run).status == "running")
    services.stop(ProgramRun.objects.get(pk=run.pk))
    thread.join(PATIENCE_SECONDS)
    assert (fresh(run).status, run.reason) == ("cancelled", "stopped")


def test_the_lease_is_renewed_while_a_program_runs(settings: Any) -> None:
    settings.DJACTION_LEASE_SECONDS = 2
    run = services.run(stored("/bin/sleep", "3"))
    thread = begun(take_next, "default")
    until(lambda: fresh(run).status == "running")
    while thread.is_alive():
        assert fresh(run).due_at is None or run.due_at > timezone.now()
        time.sleep(0.05)
    thread.join()
    assert (fresh(run).status, run.attempts) == ("succeeded", 1)


def test_a_program_whose_run_has_been_taken_by_another_worker_ends_and_writes_nothing() -> None:
    run = services.run(stored("/bin/sleep", "100"))
    thread = begun(take_next, "default")
    until(lambda: fresh(run).status == "running")
    held(run).update(fence=run.fence + 1)
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert (fresh(run).status, run.ended_at) == ("running", None)


@pytest.mark.once
def test_a_run_whose_workers_die_again_and_again_is_given_up() -> None:
    run = services.run(stored("/bin/true"))
    ProgramRun.objects.update(attempts=conf.MAX_ATTEMPTS, fence=conf.MAX_ATTEMPTS)
    take_next("default")
    assert fresh(run).status == "failed"
    assert "never brought to an end" in run.error


def test_a_worker_that_stops_gives_a_run_back(monkeypatch: pytest.MonkeyPatch) -> None:
    run = services.run(stored("/bin/sleep", "100"))
    worker = workers.Worker()
    thread = begun(worker.run)
    until(lambda: fresh(run).status == "running")
    worker.stop()
    thread.join(PATIENCE_SECONDS)
    worker.close()
    assert (fresh(run).status, run.ended_at) == ("pending", None)
    assert run.due_at <= timezone.now()


# --- services ---------------------------------------------------------------------------------------------------------


def service(script: Script, text: str, **options: Any) -> ProgramRun:
    return services.run(stored(script(text), process_type="service", **options))


def test_a_service_keeps_no_worker_from_its_work(script: Script, tmp_path: Path) -> None:
    run = service(script, f"echo up; touch {tmp_path}/up; sleep 100")
    single = services.run(stored("/bin/true"))
    while take_next("default"):
        pass
    assert fresh(single).status == "succeeded"
    until(lambda: fresh(run).status == "running" and (tmp_path / "up").exists())
    services.stop(run)
    until(lambda: fresh(run).is_finished)
    assert (run.status, run.kept_output.text) == ("cancelled", "up\n")


@pytest.mark.once
def test_a_service_that_ends_by_itself_is_started_again(script: Script, tmp_path: Path) -> None:
    run = service(
        script, f"echo said; echo time >> {tmp_path}/times; [ $(wc -l < {tmp_path}/times) -ge 3 ] && sleep 100"
    )
    take_next("default")
    until(lambda: fresh(run).restarts == 2 and (tmp_path / "times").read_text().count("time") == 3)
    services.stop(run)
    until(lambda: fresh(run).is_finished)
    assert (tmp_path / "times").read_text() == "time\n" * 3
    assert run.kept_output.text == "said\n" * 3


@pytest.mark.once
def test_the_waits_between_restarts_grow(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(keeping, "FIRST_WAIT_SECONDS", 1.0)
    monkeypatch.setattr(watching.Watch, "wait", lambda self, seconds: waits.append(seconds))
    run = service(script, "exit 1")
    take_next("default")
    until(lambda: len(waits) >= 8)
    services.stop(run)
    until(lambda: fresh(run).is_finished)
    assert waits[:8] == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.once
def test_a_service_that_may_not_be_run_fails_at_once() -> None:
    run = services.run(stored("/usr/bin/no-such", process_type="service"))
    take_next("default")
    until(lambda: fresh(run).is_finished)
    assert (run.status, run.restarts) == ("failed", 0)
    assert "no executable" in run.error


@pytest.mark.once
def test_a_service_that_cannot_be_started_is_given_up_in_the_end(script: Script) -> None:
    path = Path(script(""))
    path.write_bytes(b"\x7fELF nonsense")
    run = services.run(stored(str(path), process_type="service"))
    take_next("default")
    until(lambda: fresh(run).is_finished)
    assert run.status == "failed"
    assert "could not be started" in run.error


def test_what_a_service_says_can_be_read_while_it_runs(script: Script, settings: Any) -> None:
    settings.DJACTION_LEASE_SECONDS = 3
    run = service(script, "echo up; echo warning >&2; sleep 100")
    take_next("default")
    until(lambda: fresh(run).kept_output.text == "up\n" and run.kept_log.text == "warning\n")
    services.stop(run)
    until(lambda: fresh(run).is_finished)


@pytest.mark.once
def test_the_log_of_a_service_is_bounded(script: Script, permits: Any, tmp_path: Path) -> None:
    permits.DJACTION_PROGRAM_LIMITS = {"output": 100, "grace": 0.5}
    run = service(script, f"seq 1000; touch {tmp_path}/said; exec sleep 100")
    take_next("default")
    until((tmp_path / "said").exists)
    services.stop(run)
    until(lambda: fresh(run).is_finished)
    assert (len(run.kept_output.data), run.output_size) == (100, 3893)


@pytest.mark.once
def test_one_worker_takes_no_more_services_than_the_setting_allows(script: Script, settings: Any) -> None:
    settings.DJACTION_PROGRAM_SERVICES = 1
    runs = [service(script, "sleep 100"), service(script, "sleep 100")]
    assert take_next("default")
    assert not take_next("default")
    assert [dict(condition.children)["is_service"] for condition in due_here()] == [False]
    for run in runs:
        services.stop(run)
    until(lambda: all(fresh(run).status == "cancelled" for run in runs))


@pytest.mark.once
def test_threads_that_look_at_once_take_no_more_services_than_the_setting_allows(
    script: Script, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DJACTION_PROGRAM_SERVICES = 1
    runs = [service(script, "sleep 100"), service(script, "sleep 100")]
    both, taken, ask = threading.Barrier(2), [], program_worker._takes_services

    def ask_together() -> bool:
        answer = ask()
        both.wait(PATIENCE_SECONDS)
        return answer

    monkeypatch.setattr(program_worker, "_takes_services", ask_together)
    threads = [begun(lambda: taken.append(take_next("default"))) for _ in runs]
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    for run in runs:
        services.stop(run)
    until(lambda: all(fresh(run).status == "cancelled" for run in runs))
    assert sorted(taken) == [False, True]


@pytest.mark.once
@pytest.mark.parametrize("name", ["service", "programs"])
def test_a_service_that_gets_no_thread_is_left_to_another_worker(
    name: str, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its own thread nor the one that renews: nothing may renew what nothing runs."""
    run, start = service(script, "sleep 100"), threading.Thread.start

    def start_or_fail(thread: threading.Thread) -> None:
        if thread.name.startswith(name):
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start_or_fail)
        assert take_next("default")
        assert watching.keeper._watched == []
    # Once its lease is over, and there are threads again:
    ProgramRun.objects.update(due_at=timezone.now())
    assert take_next("default")
    until(lambda: fresh(run).status == "running")
    services.stop(run)
    until(lambda: fresh(run).status == "cancelled")


@pytest.mark.once
def test_nothing_unexpected_ends_the_renewal_of_all(
    script: Script, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run, has_failed = service(script, "sleep 100"), threading.Event()

    def fail(*args: Any) -> None:
        has_failed.set()
        raise ValueError("unexpected")

    take_next("default")
    until(lambda: fresh(run).status == "running")
    with monkeypatch.context() as patched:
        patched.setattr(watching, "_look_at", fail)
        assert has_failed.wait(PATIENCE_SECONDS)
    services.stop(run)
    until(lambda: fresh(run).status == "cancelled")
    assert "unexpected" in caplog.text


@pytest.mark.once
def test_a_worker_that_ends_when_all_is_done_takes_no_service(script: Script) -> None:
    run = service(script, "sleep 100")
    worker = workers.Worker()
    worker.run_once()
    worker.close()
    assert fresh(run).status == "pending"


@pytest.mark.once
def test_a_service_whose_lease_cannot_be_renewed_is_ended_before_another_worker_may_take_it(
    script: Script, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DJACTION_LEASE_SECONDS = 3
    settings.DJACTION_PROGRAM_LIMITS = {"grace": 0.2}
    run = service(script, "sleep 100")
    take_next("default")
    until(lambda: fresh(run).status == "running")
    began = time.monotonic()
    monkeypatch.setattr(watching, "_look_at", _no_database)
    until(lambda: not any(thread.is_alive() for thread in keeping._running))
    assert time.monotonic() - began < 3
    assert (fresh(run).status, run.ended_at) == ("running", None)
    assert run.due_at > timezone.now() - timedelta(seconds=1)


def _no_database(*args: Any) -> None:
    from django.db import OperationalError

    raise OperationalError("the server is away")
