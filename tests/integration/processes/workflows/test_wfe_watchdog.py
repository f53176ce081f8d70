"""Workflows and steps as rows, and the watchdog that keeps them as files say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from actions.exceptions import DefinitionError
from actions.models import WorkerHeartbeat
from actions.processes import steps
from actions.processes.registry import processes
from actions.processes.workflows import KnownStep, KnownWorkflow, discovery, order_workflow_execution
from actions.processes.workflows import watchdog as module
from actions.processes.workflows.fresh import Found
from actions.processes.workflows.known import add_missing, sync
from actions.processes.workflows.models import Watch
from actions.processes.workflows.watchdog import Watchdog
from actions.work import claim
from tests.workflows import workflow

ROOT = Path(__file__).resolve().parents[4]


class One(steps.Step):
    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
        return None


def deleted(model: Any) -> dict[str, bool]:
    return dict(model.objects.values_list("name", "deleted"))


@pytest.mark.django_db
def test_vanished_workflows_are_marked_and_those_that_are_back_keep_their_numbers(settings: Any) -> None:
    settings.WFE_WORKFLOWS = ["example_app.workflows", "tests.workflows"]
    workflow({steps.__start__: [One]}, "Passing")
    assert (sync().added, deleted(KnownWorkflow)["Passing"], deleted(KnownStep)["One"]) == (2, False, False)
    number = KnownWorkflow.objects.get(name="Passing").pk
    processes.remove("passing")
    assert (sync().deleted, deleted(KnownWorkflow)["Passing"], deleted(KnownStep)["One"]) == (2, True, True)
    assert not deleted(KnownWorkflow)["MyWorkflow"]
    workflow({steps.__start__: [One]}, "Passing")
    assert (sync().returned, deleted(KnownWorkflow)["Passing"]) == (2, False)
    assert KnownWorkflow.objects.get(name="Passing").pk == number
    assert not sync()


@pytest.mark.django_db
def test_what_is_known_of_a_module_that_cannot_be_read_is_left_as_it_is(settings: Any) -> None:
    settings.WFE_WORKFLOWS = ["example_app.workflows", "tests.workflows"]
    workflow({steps.__start__: [One]}, "Passing")
    sync()
    processes.remove("passing")
    sync(unreadable=["tests.workflows"])
    assert not deleted(KnownWorkflow)["Passing"]


@pytest.mark.django_db
def test_only_workflows_of_the_modules_that_settings_name_have_numbers(settings: Any) -> None:
    workflow({steps.__start__: [One]}, "Elsewhere")
    sync()
    assert "Elsewhere" not in deleted(KnownWorkflow)
    assert "Workflow" not in deleted(KnownWorkflow)


@pytest.mark.django_db
def test_a_workflow_that_came_after_the_tables_is_found_when_it_is_ordered(settings: Any) -> None:
    KnownWorkflow.objects.all().delete()
    with pytest.raises(KnownWorkflow.DoesNotExist):
        order_workflow_execution(10**6)
    assert "MyWorkflow" in deleted(KnownWorkflow)


@pytest.mark.django_db
def test_a_process_that_is_older_than_the_files_brings_nothing_back() -> None:
    KnownWorkflow.objects.filter(name="MyWorkflow").update(deleted=True)
    KnownWorkflow.objects.filter(name="AskingWorkflow").delete()
    add_missing("default")
    assert (deleted(KnownWorkflow)["MyWorkflow"], deleted(KnownWorkflow)["AskingWorkflow"]) == (True, False)


@pytest.mark.django_db
def test_a_class_of_no_such_module_can_always_be_ordered() -> None:
    declared = workflow({steps.__start__: [One]}, "Elsewhere")
    order_workflow_execution(declared)
    sync()
    assert deleted(KnownWorkflow)["Elsewhere"]
    order_workflow_execution(declared)
    assert not deleted(KnownWorkflow)["Elsewhere"]


def test_a_module_that_is_broken_is_told_and_the_others_are_loaded(settings: Any, tmp_path: Path) -> None:
    settings.WFE_WORKFLOWS = ["tests.no_such_module", "example_app.workflows"]
    settings.DJACTION_STRICT = False
    try:
        discovery.load()
        assert discovery.unreadable == {"tests.no_such_module"}
        assert any("no_such_module" in str(each) for each in processes.problems)
        settings.DJACTION_STRICT = True
        with pytest.raises(DefinitionError, match="no_such_module"):
            discovery.load()
    finally:
        processes.forget_problems()
        discovery.unreadable.clear()


@pytest.mark.parametrize("interval", [0, -1])
def test_there_is_no_watchdog_where_the_setting_says_so(settings: Any, capsys: Any, interval: int) -> None:
    settings.WFE_WATCHDOG_INTERVAL = interval
    call_command("wfe_watchdog")
    assert "there is no watchdog" in capsys.readouterr().out


@pytest.mark.django_db
def test_a_second_watchdog_says_that_one_is_running_and_a_killed_one_is_followed(monkeypatch: Any) -> None:
    Watch.objects.get_or_create(pk=1)
    assert claim(Watch, using="default") is not None
    with pytest.raises(CommandError, match="running already"):
        call_command("wfe_watchdog")
    # The lease of one that was killed is over.
    Watch.objects.update(due_at=timezone.now())
    stop, looks = Event(), []
    monkeypatch.setattr(module, "look", lambda using: looks.append(using) or stop.set() or Found())
    Watchdog(using="default", interval=0.01, say=lambda text: None).run(stop)
    assert looks == ["default"]
    assert Watch.objects.get().due_at <= timezone.now()


def test_files_are_looked_at_again_only_when_they_have_changed(monkeypatch: Any, tmp_path: Path) -> None:
    file = tmp_path / "workflows.py"
    file.write_text("a = 1")
    found = [Found(files=[str(file)], added=1), Found(failure="SyntaxError: no"), Found(files=[str(file)], deleted=1)]
    monkeypatch.setattr(module, "look", lambda using: found.pop(0))
    said: list[str] = []
    restarts: list[bool] = []

    class Worker(module.Worker):
        def restart(self) -> None:
            restarts.append(True)

    watchdog = Watchdog(using="default", interval=1, say=said.append, worker=Worker())
    assert watchdog.turn() is not None
    assert watchdog.turn() is None
    file.write_text("a = (")
    assert watchdog.turn() is not None
    assert watchdog.turn() is None
    (tmp_path / "other.py").write_text("")
    assert watchdog.turn() is not None
    assert watchdog.turn() is None
    assert said == [
        "Workflows and steps in 1 files: 1 new, 0 changed or back, 0 gone.",
        "The project does not start; all stays as it is: SyntaxError: no",
        "Workflows and steps in 1 files: 0 new, 0 changed or back, 1 gone.",
    ]
    assert len(restarts) == 2


def test_a_worker_is_ended_before_a_new_one_begins_and_begun_again_where_it_has_died() -> None:
    class Sleeper(module.Worker):
        COMMAND = (sys.executable, "-c", "import time; time.sleep(60)")

    worker = Sleeper()
    worker.keep()
    worker.stop()
    worker.restart()
    first = worker._process
    assert first is not None
    worker.keep()
    assert worker._process is first
    first.kill()
    first.wait()
    worker.keep()
    second = worker._process
    assert second is not None
    assert second is not first
    worker.restart()
    assert second.poll() is not None
    worker.stop()
    assert worker._process is None


GOOD = """
from actions.processes import steps, workflows

class Only(steps.Step):
    def execute(self, _input=None, *args, **kwargs):
        return 1

class Fresh(workflows.Workflow):
    DIGRAPH = {steps.__start__: [Only]}
"""
SETTINGS = """
from tests.settings import *
DATABASES["default"]["NAME"] = __import__("os").environ["WFE_DATABASE"]
WFE_WORKFLOWS = ["fresh_good", "fresh_bad"]
"""


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_new_process_reads_files_as_they_are_now(tmp_path: Path) -> None:
    (tmp_path / "fresh_good.py").write_text(GOOD)
    (tmp_path / "fresh_bad.py").write_text("def broken(:\n")
    (tmp_path / "fresh_settings.py").write_text(SETTINGS)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "fresh_settings",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        "WFE_DATABASE": str(connection.settings_dict["NAME"]),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "actions.processes.workflows.fresh", "default"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found = Found(**json.loads(done.stdout))
        assert any("fresh_bad" in each for each in found.problems)
        assert {str(tmp_path / name) for name in ("fresh_good.py", "fresh_bad.py")} <= set(found.files)
        assert not deleted(KnownWorkflow)["Fresh"]
    finally:
        KnownWorkflow.objects.filter(name="Fresh").delete()
        KnownStep.objects.filter(name="Only").delete()
        sync()


def until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_the_worker_of_a_watchdog_that_is_killed_ends_by_itself(tmp_path: Path) -> None:
    (tmp_path / "fresh_good.py").write_text(GOOD)
    (tmp_path / "fresh_bad.py").write_text("")
    (tmp_path / "fresh_settings.py").write_text(f"{SETTINGS}WFE_WATCHDOG_INTERVAL = 0.1\n")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "fresh_settings",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        "WFE_DATABASE": str(connection.settings_dict["NAME"]),
    }
    command = [sys.executable, "-W", "ignore", "-m", "django", "wfe_watchdog", "--worker"]
    worker = 0
    watchdog = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        until(WorkerHeartbeat.objects.exists)
        worker = int(WorkerHeartbeat.objects.get().name.rpartition(":")[2])
        assert worker != watchdog.pid
        watchdog.kill()
        # The worker has the same output: this waits for its end, too.
        said, _errors = watchdog.communicate(timeout=60)
        assert (watchdog.returncode, "Ended." in said) == (-signal.SIGKILL, True)
        assert not WorkerHeartbeat.objects.exists()
    finally:
        watchdog.kill()
        if worker and WorkerHeartbeat.objects.exists():
            os.kill(worker, signal.SIGKILL)
        KnownWorkflow.objects.filter(name="Fresh").delete()
        KnownStep.objects.filter(name="Only").delete()
        sync()
