"""What steps print and log: in their job's log, and in no other."""

# ruff: noqa: T201 - what steps print is in their jobs' logs

from __future__ import annotations

import io
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from actions.processes import services, signals, steps
from actions.processes.models import StepRun
from actions.processes.workflows import Job, logs
from actions.processes.workflows.checks import check_interval, check_log_dir, check_modules
from example_app.workflows import AskingWorkflow, MyWorkflow
from tests.processes import run_due
from tests.workflows import run, workflow

__start__ = steps.__start__
POOL = ThreadPoolExecutor(2)


class Talks(steps.Step):
    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
        print("printed", end=" ")
        print("and printed\nagain")
        print("to stderr", file=sys.stderr)
        logging.getLogger("myapp").warning("logged %s", 1)
        self.job.log("said")
        sys.stdout.write("without an end")


class Threads(steps.Step):
    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
        number = self.job.payload["number"]
        thread = threading.Thread(target=print, args=(f"thread {number}",))
        thread.start()
        thread.join()
        POOL.submit(print, f"pool {number}").result()
        with ThreadPoolExecutor(2) as own:
            own.submit(print, f"own {number}").result()


NUMBER = {"type": "object", "properties": {"number": {"type": "integer"}}}


@pytest.mark.django_db
def test_what_a_step_prints_and_logs_is_its_own_and_passes_through(monkeypatch: Any) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    job = run(workflow({__start__: [Talks]}))
    print("outside")
    assert StepRun.objects.get(root_id=job.pk).log.splitlines() == [
        "printed and printed",
        "again",
        "to stderr",
        "WARNING myapp: logged 1",
        "said",
        "without an end",
    ]
    assert "outside" not in job.logs
    assert out.getvalue() == "printed and printed\nagain\nwithout an endoutside\n"
    assert sys.stdout.isatty() is False


@pytest.mark.django_db
def test_threads_and_pools_of_a_step_speak_for_it() -> None:
    declared = workflow({__start__: [Threads]}, PayloadSchema=NUMBER)
    for number in range(2):
        job = run(declared, {"number": number})
        said = StepRun.objects.get(root_id=job.pk).log.splitlines()
        assert said == [f"thread {number}", f"pool {number}", f"own {number}"]


@pytest.mark.django_db(transaction=True)
def test_jobs_at_the_same_time_do_not_mix() -> None:
    meet = threading.Barrier(2, timeout=20)

    class Meets(steps.Step):
        mode = "external"

        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
            for turn in range(20):
                print(f"{self.job.payload['number']} {turn}")
                meet.wait()

    declared = workflow({__start__: [Meets]}, PayloadSchema=NUMBER)
    keys = [services.start("declared", {"number": number}, in_background=True).pk for number in range(2)]
    assert declared.process.id == "declared"
    threads = [threading.Thread(target=_work) for _key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, key in enumerate(keys):
        log = StepRun.objects.get(root_id=key).log.splitlines()
        assert log == [f"{number} {turn}" for turn in range(20)]


def _work() -> None:
    from django.db import connections

    from actions.processes.executor import take_next

    try:
        take_next("default", limit=1)
    finally:
        connections.close_all()


@pytest.mark.django_db
def test_a_thread_that_outlives_its_step_speaks_for_nobody() -> None:
    goes_on, done = threading.Event(), threading.Event()

    def late() -> None:
        goes_on.wait(10)
        print("too late")
        done.set()

    class Leaves(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
            threading.Thread(target=late).start()

    job = run(workflow({__start__: [Leaves]}))
    goes_on.set()
    assert done.wait(10)
    assert "too late" not in Job.objects.get(pk=job.pk).logs


@pytest.mark.django_db
def test_a_log_is_cut_where_a_step_prints_without_end(monkeypatch: Any) -> None:
    monkeypatch.setattr(logs, "MAX_CHARACTERS", 100)

    class Floods(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
            for _turn in range(50):
                print("x" * 10)

    job = run(workflow({__start__: [Floods]}))
    log = StepRun.objects.get(root_id=job.pk).log
    assert log.endswith(logs.CUT)
    assert log.count("x") < 100


@pytest.mark.django_db
def test_logs_are_files_where_the_setting_says_so(
    settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    settings.WFE_LOG_DIR = tmp_path / "logs"

    class Breaks(Talks):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
            super().execute()
            raise RuntimeError("it breaks")

    class Astray(steps.Decision):
        def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> int:
            return 7

    assert check_log_dir() == []
    with django_capture_on_commit_callbacks(execute=True):
        job, other = run(workflow({__start__: [Talks], Talks: [Breaks]})), run(MyWorkflow)
    assert job.logfile == str(tmp_path / "logs" / f"Declared_{job.uuid}.log")
    text = Path(job.logfile).read_text()
    assert text.count("printed and printed\nagain\n") == 2
    assert "Traceback" in text
    assert text.endswith("RuntimeError: it breaks\nFailed at Breaks: RuntimeError: it breaks\n")
    assert Path(other.logfile).read_text() == "Step1 has begun.\n"
    with django_capture_on_commit_callbacks(execute=True):
        astray = run(workflow({__start__: [Astray], Astray: [Talks]}, "Other"))
    assert "decided for 7" in Path(astray.logfile).read_text()


@pytest.mark.django_db
def test_a_log_that_cannot_be_written_ends_no_job(settings: Any, tmp_path: Path) -> None:
    settings.WFE_LOG_DIR = tmp_path / "missing" / "logs"
    job = run(MyWorkflow)
    assert job.state == "FINISHED"
    assert "Step1 has begun." in job.logs


def test_settings_that_are_wrong_are_told(settings: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    closed = tmp_path / "closed"
    closed.mkdir()
    for value, found in ((7, "E002"), (tmp_path / "a" / "b", "E003"), (file, "E004"), (tmp_path / "new", None)):
        settings.WFE_LOG_DIR = value
        assert [each.id for each in check_log_dir()] == ([f"actions.wfe.{found}"] if found else [])
    settings.WFE_WATCHDOG_INTERVAL = "often"
    assert [each.id for each in check_interval()] == ["actions.wfe.E006"]
    for value in (None, 7, ["a", 7]):
        settings.WFE_WORKFLOWS = value
        assert check_modules()[0].id == "actions.wfe.E001"
    settings.WFE_WORKFLOWS = ["example_app.workflows"]
    assert check_modules() == []


def test_a_folder_that_nobody_may_write_into_is_told(settings: Any, tmp_path: Path, monkeypatch: Any) -> None:
    settings.WFE_LOG_DIR = tmp_path
    monkeypatch.setattr("os.access", lambda *args: False)
    assert [each.id for each in check_log_dir()] == ["actions.wfe.E005"]
    settings.WFE_LOG_DIR = tmp_path / "new"
    assert [each.id for each in check_log_dir()] == ["actions.wfe.E005"]


def test_a_workflow_that_workers_do_not_find_is_told() -> None:
    workflow({__start__: [Talks]}, "Lost")
    (found,) = check_modules()
    assert (found.id, "tests.workflows" in (found.hint or "")) == ("actions.wfe.W001", True)


@pytest.mark.django_db
def test_signals_say_what_becomes_of_jobs(django_capture_on_commit_callbacks: Any) -> None:
    class Breaks(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
            raise RuntimeError

    heard: list[Any] = []
    broken = workflow({__start__: [Breaks]})

    def hear(name: str) -> Any:
        def receiver(sender: Any, **kwargs: Any) -> None:
            about = kwargs["task"] if "task" in kwargs else kwargs["run"]
            heard.append((name, sender, about.process))

        return receiver

    names = ("input_required", "run_succeeded", "run_failed", "run_cancelled")
    receivers = {getattr(signals, name): hear(name) for name in names}
    for signal, receiver in receivers.items():
        signal.connect(receiver)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            asking, failing, _done = run(AskingWorkflow), run(broken), run(MyWorkflow)
        with django_capture_on_commit_callbacks(execute=True):
            services.cancel(asking)
    finally:
        for signal, receiver in receivers.items():
            signal.disconnect(receiver)
    run_due()
    assert failing.state == "FAILED"
    assert heard == [
        ("input_required", AskingWorkflow, "asking-workflow"),
        ("run_failed", broken, "declared"),
        ("run_succeeded", MyWorkflow, "my-workflow"),
        ("run_cancelled", AskingWorkflow, "asking-workflow"),
    ]
