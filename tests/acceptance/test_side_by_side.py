"""Two runs of one class at once, in two processes of the operating system: neither sees anything of the other."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from actions.models import WorkerHeartbeat
from actions.processes import services
from actions.processes.models import Run, StepRun
from tests.automations import only_here
from tests.programs import Program
from tests.workflows import forgotten

from .side_by_side_project import ROUNDS, declare

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 60


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Program]]:
    """Two, which have begun."""
    monkeypatch.setenv("SIDE_BY_SIDE_DATABASE", str(connection.settings_dict["NAME"]))
    monkeypatch.setenv("SIDE_BY_SIDE_FOLDER", str(tmp_path))
    names = {"settings": "tests.acceptance.side_by_side_settings", "also": "tests.acceptance.side_by_side_worker"}
    started = [Program("actions_worker", "--threads=1", **names) for _number in range(2)]
    until(lambda: WorkerHeartbeat.objects.count() == 2, started)
    yield started
    for worker in started:
        if worker.poll() is None:
            worker.kill()
            worker.communicate()


def until(condition: Callable[[], object], workers: list[Program]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert [worker.poll() for worker in workers] == [None, None], "a worker has ended"
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.01)


@pytest.mark.parametrize("kind", ["automation", "workflow"])
def test_runs_of_one_class_in_two_processes_never_see_each_other(kind: str, workers: list[Program]) -> None:
    with only_here(), forgotten():
        automation, workflow = declare()
        process = automation.process_id if kind == "automation" else workflow.process.id
        runs = [services.start(process, {"number": number}, in_background=True) for number in range(2)]
        until(lambda: not Run.objects.unfinished().exists(), workers)
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=PATIENCE_SECONDS)
        assert worker.returncode == 0
    for number, run in enumerate(runs):
        run.refresh_from_db()
        assert (run.status, run.error) == ("succeeded", None)
        assert (run.state["seen"], run.state["said"]) == ([number] * ROUNDS, ("even", "odd")[number])
        assert set(run.state["pids"]) <= {worker.pid for worker in workers}
        names = [node.lower() for node in StepRun.objects.filter(root_id=run.pk).values_list("node", flat=True)]
        assert (names.count("even"), names.count("odd")) == ((1, 0), (0, 1))[number]
    # At each meeting they were in different processes.
    assert all(ours != theirs for ours, theirs in zip(*(run.state["pids"] for run in runs), strict=True))
    assert kind == "automation" or logs_are_their_own(runs)


def logs_are_their_own(runs: list[Any]) -> bool:
    """Whether what a job's steps have printed is in its log, and in no other."""
    logs = [StepRun.objects.filter(root_id=run.pk).values_list("log", flat=True) for run in runs]
    for number, log in enumerate(map("".join, logs)):
        if log.count(f"{number} is here") != ROUNDS or f"{1 - number} is here" in log:
            return False
    return True
