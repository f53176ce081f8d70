"""Real workers that are killed under a service: it comes back under another one, once, and never twice at a time."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from actions.process_registry import services as definitions
from actions.process_registry.programs import services
from actions.process_registry.programs.models import ProgramRun
from tests.programs import Program, begin

from .conftest import Script

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 60
# Whoever runs it holds a lock for as long as anything of it lives; a second one finds that out.
SERVICE = """
exec 9> "{folder}/lock"
flock -n 9 || echo twice >> "{folder}/starts"
echo start >> "{folder}/starts"
echo up
sleep 1000 & wait
"""


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.05)


Start = Callable[[], Program]


@pytest.fixture(scope="session")
def _begun() -> None:
    """No test of programs has left it behind."""
    begin()


@pytest.fixture
def start(_begun: None, tmp_path: Path) -> Iterator[Start]:
    """Starts workers; those that a failed test leaves are ended."""
    started: list[Program] = []
    settings = "tests.integration.programs.worker_settings"
    environ = {"PROGRAMS_DATABASE": str(connection.settings_dict["NAME"]), "PROGRAMS_FOLDER": str(tmp_path)}

    def make() -> Program:
        started.append(Program("actions_worker", settings=settings, environ=environ))
        return started[-1]

    yield make
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _end(worker: Program) -> None:
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == 0


def _pid(run: ProgramRun) -> int:
    run.refresh_from_db()
    return int(run.worker.rpartition(":")[2] or 0) if run.status == "running" else 0


def test_a_service_comes_back_under_another_worker_once(start: Start, script: Script, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    definition = {"exec": script(SERVICE.format(folder=tmp_path)), "process_type": "service"}
    run = services.run(definitions.create(definitions.check(definition)))

    def count() -> int:
        return starts.read_text().count("start") if starts.exists() else 0

    workers = {worker.pid: worker for worker in (start(), start())}
    _until(lambda: count() == 1 and _pid(run))
    killed = workers.pop(_pid(run))
    (other,) = workers.values()
    killed.kill()
    killed.communicate()
    _until(lambda: count() == 2)
    _until(lambda: _pid(run) == other.pid)

    # A worker that is told to stop gives it back, and nobody waits for the lease.
    third = start()
    _until(lambda: ProgramRun.objects.filter(status="running").exists())
    began = time.monotonic()
    _end(other)
    _until(lambda: count() == 3)
    _until(lambda: _pid(run) == third.pid)
    assert time.monotonic() - began < PATIENCE_SECONDS / 2

    services.stop(run)
    _until(lambda: run.is_finished or run.refresh_from_db())
    assert (run.status, run.kept_output.text, run.restarts) == ("cancelled", "up\n", 0)
    _end(third)
    assert starts.read_text() == "start\n" * 3
