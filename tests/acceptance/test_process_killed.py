"""Real workers, ended by SIGKILL at chosen instants of the work: another one brings every run to its end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from actions.conf import conf
from actions.models import WorkerHeartbeat
from actions.processes import services
from actions.processes.models import Run, StepRun
from example_app.factories import TodoFactory
from tests.app.models import Article
from tests.processes import registered, rows_of
from tests.programs import Program
from tests.storm.deaths import lives
from tests.storm.invariants import strandings
from tests.storm.scenarios import SCENARIOS
from tests.storm.world import Scenario, World, new_world

from . import processes_project as project

pytestmark = pytest.mark.django_db(transaction=True)

SETTINGS = "tests.acceptance.processes_settings"
PATIENCE_SECONDS = 60
IS_FULL = os.environ.get("STORM") == "full"
KILLS = 10
"""Of self-killing workers, in all; with STORM=full at every instant."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings.DJACTION_HOOKS = {}
    monkeypatch.setenv("PROCESSES_DATABASE", str(connection.settings_dict["NAME"]))
    monkeypatch.setenv("PROCESSES_FOLDER", str(tmp_path))


# --- at every instant -------------------------------------------------------------------------------------------------


def work(scenario: str, instant: int) -> bool:
    """Have a worker do all that is due, which ends itself at that instant; whether it came to that."""
    worker = Program(scenario, str(instant), settings=SETTINGS, main=project.work)
    worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode in (0, -signal.SIGKILL)
    return worker.returncode == -signal.SIGKILL


def _play(scenario: Scenario, world: World, kill: Callable[[], object]) -> dict[str, Any]:
    """Carry a scenario out, with workers that are killed before anybody else goes on."""
    world.effects = project.Effects()
    scenario.prepare(world)
    with registered(*scenario.processes(world)):
        for act in scenario.acts:
            act(world)
            kill()
            assert strandings() == []
            world.clock.shift(timedelta(seconds=conf.LEASE_SECONDS + 1))
            world.work()
    assert strandings() == []
    facts = world.facts()
    keys = dict(project.effects())
    assert len(set(project.effects())) == len(keys), "a step has had several keys"
    facts["effects"] = set(keys)
    (project.folder() / "effects").unlink(missing_ok=True)
    return facts


def test_a_worker_that_is_killed_at_any_instant_loses_nothing_and_does_nothing_twice() -> None:
    alice = User.objects.create_user("alice")
    TodoFactory(owner=alice, list__owner=alice)
    kills = 0
    for number, scenario in enumerate(SCENARIOS):
        with new_world(lives) as world:
            expected = _play(scenario, world, lambda: None)
        # In the suite one instant of each scenario: early, in the middle, late.
        instants = range(1000) if IS_FULL else [2 + 3 * (number % 4)]
        for instant in instants:
            killed: list[bool] = []
            with new_world(lives) as world:
                found = _play(scenario, world, lambda: killed.append(work(scenario.name, instant)))  # noqa: B023
                assert found == expected, (scenario.name, instant)
            if not any(killed):
                break
            kills += sum(killed)
    assert kills >= KILLS


# --- the worker as it is run ------------------------------------------------------------------------------------------


def _until(condition: Callable[[], object], *workers: Program) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert [worker.poll() for worker in workers] == [None] * len(workers), "a worker has ended"
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.01)


@pytest.fixture
def start(environment: None) -> Iterator[Callable[[], Program]]:
    """Starts workers; those that a failed test leaves are ended."""
    started: list[Program] = []

    def make() -> Program:
        started.append(Program(settings=SETTINGS, main=project.serve))
        return started[-1]

    with registered(*project.slow_processes()):
        yield make
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _end(*workers: Program) -> None:
    for worker in workers:
        _until(lambda: WorkerHeartbeat.objects.filter(name__endswith=f":{worker.pid}").exists(), worker)  # noqa: B023
        worker.send_signal(signal.SIGTERM)
    for worker in workers:
        worker.communicate(timeout=PATIENCE_SECONDS)
        assert worker.returncode == 0


def _ended(run: Run) -> bool:
    run.refresh_from_db()
    return run.is_finished


def test_a_run_whose_worker_is_killed_in_the_middle_of_a_step_is_brought_to_its_end_by_the_next_one(
    start: Callable[[], Program],
) -> None:
    (project.folder() / "wait").touch()
    first = start()
    runs = [services.start(name, in_background=True) for name in ("slow", "slow-outside")]
    _until(project.begun, first)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    (project.folder() / "wait").unlink()
    second = start()
    _until(lambda: all(map(_ended, runs)), second)
    _end(second)
    for run in runs:
        assert (run.status, run.state["middle"], run.state["after"]) == ("succeeded", second.pid, second.pid)
        assert rows_of(run) == [("before", "succeeded"), ("middle", "succeeded"), ("after", "succeeded")]
    written = list(Article.objects.values_list("title", flat=True))
    for node in ("before", "middle", "after"):
        assert written.count(f"{runs[0].pk} {node}") == 1
    assert strandings() == []


def test_a_long_step_keeps_its_run_while_another_worker_looks_for_work(
    start: Callable[[], Program],
) -> None:
    (project.folder() / "wait").touch()
    run = services.start("slow-outside", in_background=True)
    workers = [start(), start()]
    _until(lambda: WorkerHeartbeat.objects.count() == 2 and project.begun(), *workers)
    # Three leases.
    time.sleep(3)
    (project.folder() / "wait").unlink()
    _until(lambda: _ended(run), *workers)
    _end(*workers)
    assert (run.status, len(project.begun())) == ("succeeded", 1)


def test_a_worker_that_stands_still_longer_than_its_lease_writes_nothing_any_more(
    start: Callable[[], Program],
) -> None:
    (project.folder() / "wait").touch()
    first = start()
    run = services.start("slow-outside", in_background=True)
    _until(project.begun, first)
    first.send_signal(signal.SIGSTOP)
    second = start()
    _until(lambda: len(project.begun()) == 2, second)
    (project.folder() / "wait").unlink()
    _until(lambda: _ended(run), second)
    first.send_signal(signal.SIGCONT)
    _end(first, second)
    run.refresh_from_db()
    assert (run.status, run.state["middle"]) == ("succeeded", second.pid)
    assert StepRun.objects.filter(root_id=run.pk).count() == 3
