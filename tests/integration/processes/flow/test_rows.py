"""Rows, tasks and commands of automations: B22, B80-B84 of what is expected."""

from __future__ import annotations

import types
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.utils import timezone

from actions.processes import flow, services, steps
from actions.processes.flow import discovery, this
from actions.processes.flow.models import AutomationModel
from actions.processes.models import Message, OpenTask, Run, StepRun
from actions.processes.registry import processes
from tests.automations import later
from tests.processes import make_process, registered, task

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting() -> Any:
    class Waiting(flow.Automation):
        start = flow.Execute(lambda task: {"n": task.data["n"]})
        left_out = flow.Execute().SkipIf(True)
        wait = flow.Execute(lambda task: "over").AfterWaitingFor(timedelta(days=1))
        end = flow.End()

    return Waiting


def test_a_row_says_what_it_is_without_running_anything(waiting: Any) -> None:
    automation = waiting(n=5)
    row = AutomationModel.objects.get(pk=automation.id)
    assert (row.automation_class, row.get_automation_class()) == (waiting.path, waiting)
    assert (row.finished, row.data, row.key) == (False, {"n": 5}, automation.get_key())
    assert row.instance == automation
    assert row.paused_until is not None
    assert row.paused_until > timezone.now() + timedelta(hours=23)
    assert row.created <= row.updated <= timezone.now()
    assert list(AutomationModel.objects.running()) == [row]
    later(automation, days=1)
    assert list(AutomationModel.objects.finished()) == [row]


def test_a_row_is_not_saved_so_that_one_that_was_read_before_undoes_nothing(waiting: Any) -> None:
    automation = waiting(n=5)
    before = automation.row
    later(automation, days=1)
    with pytest.raises(TypeError, match="is not saved"):
        before.save()
    assert automation.row.status == "succeeded"


def test_tasks_are_those_that_are_over_and_those_that_are_open(waiting: Any) -> None:
    automation = waiting(n=5)
    tasks = automation.row.automationtaskmodel_set
    assert [(each.status, each.message, each.result) for each in tasks] == [
        ("start", "OK", {"n": 5}), ("left_out", "skipped", None), ("wait", "", None),
    ]  # fmt: skip
    start, _left_out, wait = tasks
    assert wait.previous.status == "left_out"
    assert [each.status for each in start.get_next_tasks()] == ["left_out"]
    assert start.hours_since_created() == 0
    Run.objects.update(entered_at=timezone.now() - timedelta(hours=2))
    assert tasks.last().hours_since_created() == pytest.approx(2, abs=0.1)
    assert wait.get_node() is waiting.wait
    assert (wait.automation, wait.data, wait.locked) == (automation.row, {"n": 5}, False)
    assert tasks.filter(status="start").count() == 1
    assert tasks.filter(finished=None).first() == tasks[-1]


def test_tasks_know_their_neighbours_also_where_ways_part_and_meet() -> None:
    class Parting(flow.Automation):
        start = flow.Execute()
        split = flow.Split().Next(this.one).Next(this.two)
        one = flow.Execute().Next(this.join)
        two = flow.Execute()
        three = flow.Execute()
        join = flow.Join()
        last = flow.Execute()
        end = flow.End()

    tasks = {task.status: task for task in Parting().tasks}

    def names(found: Any) -> list[str]:
        return [task.status for task in found]

    assert names(tasks["start"].get_previous_tasks()) == []
    assert names(tasks["start"].get_next_tasks()) == ["split"]
    assert names(tasks["split"].get_next_tasks()) == ["one", "two"]
    assert names(tasks["two"].get_previous_tasks()) == ["split"]
    assert names(tasks["two"].get_next_tasks()) == ["three"]
    assert names(tasks["three"].get_next_tasks()) == ["last"]
    assert names(tasks["last"].get_previous_tasks()) == ["one", "three"]
    assert tasks["last"].previous.status == "one"


def test_rows_of_classes_that_are_gone_are_there_and_those_of_other_processes_are_not(waiting: Any) -> None:
    automation = waiting(n=1)
    processes.remove("waiting")
    from actions.processes.flow.registry import forget

    forget("waiting")
    with registered(made := make_process(task("one"), bodies={"one": lambda context: 1})):
        services.start(made.id)
        row = AutomationModel.objects.get()
    assert (row.pk, row.automation_class, row.get_automation_class(), row.instance) == (
        automation.id, "waiting", None, None,
    )  # fmt: skip
    assert [each.status for each in row.automationtaskmodel_set] == ["start", "left_out", "wait"]


def test_runs_of_others_are_no_automations_also_when_their_process_is_gone_or_stored(waiting: Any) -> None:
    automation = waiting(n=1)
    services.cancel(automation.id)
    from tests.workflows import forgotten, run, workflow

    class Step(steps.Step):
        def execute(self, _input: Any = None) -> int:
            return 1

    with forgotten():
        job = run(workflow({steps.__start__: [Step]}, "Gone"))
    with registered(made := make_process(task("one"), bodies={"one": lambda context: 1}, name="waiting-too")):
        services.start(made.id)
    Run.objects.update(ended_at=timezone.now() - timedelta(days=40))
    assert [row.pk for row in AutomationModel.objects.all()] == [automation.id]
    call_command("automation_delete_history", stdout=StringIO())
    assert not AutomationModel.objects.exists()
    assert set(Run.objects.values_list("process", flat=True)) == {job.process, "waiting-too"}


def test_a_process_that_has_become_an_automation_keeps_its_history_apart(waiting: Any) -> None:
    automation = waiting(n=1)
    graph = processes._processes["waiting"].graph
    with registered(replace(processes._processes["waiting"], style="yaml")):
        run = services.start("waiting", {"n": 2})
        assert run.definition_id != automation.row.definition_id
        assert processes._processes["waiting"].graph is graph
    assert [row.pk for row in AutomationModel.objects.all()] == [automation.id]


def test_automation_step_goes_on_with_what_is_due(waiting: Any) -> None:
    automation = waiting(n=1)
    call_command("automation_step")
    assert not automation.finished()
    Run.objects.update(entered_at=timezone.now() - timedelta(days=2), due_at=timezone.now())
    call_command("automation_step")
    assert automation.finished()


class TestHistory:
    """What is over for long is removed."""

    def test_it_is_removed_with_its_tasks_and_counted(self, waiting: Any) -> None:
        class Branching(flow.Automation):
            start = flow.Split().Next(this.one).Next(this.two)
            one = flow.Execute(lambda task: 1).Next(this.join)
            two = flow.Execute(lambda task: 2).Next(this.join)
            join = flow.Join()
            end = flow.End()

        old, branching, open_one, recent = waiting(n=1), Branching(), waiting(n=2), waiting(n=3)
        services.cancel(old.id)
        services.cancel(recent.id)
        long_ago = timezone.now() - timedelta(days=31)
        Run.objects.filter(pk__in=[old.id, branching.id]).update(ended_at=long_ago)
        Run.objects.filter(pk=open_one.id).update(created_at=long_ago)
        out = StringIO()
        call_command("automation_delete_history", stdout=out)
        assert out.getvalue().strip() == (
            "9 total objects deleted, including 2 AutomationModel instances, and 5 AutomationTaskModel instances"
        )
        assert {row.pk for row in AutomationModel.objects.all()} == {open_one.id, recent.id}
        assert not Run.objects.filter(root_id=branching.id).exists()
        assert not StepRun.objects.filter(root_id__in=[old.id, branching.id]).exists()

    def test_the_number_of_days_is_said(self, waiting: Any) -> None:
        automation = waiting(n=1)
        services.cancel(automation.id)
        Run.objects.update(ended_at=timezone.now() - timedelta(days=3))
        assert AutomationModel.delete_history(5)[1] == {"AutomationModel": 0, "AutomationTaskModel": 0}
        call_command("automation_delete_history", "2", stdout=StringIO())
        assert automation.is_gone()
        with pytest.raises(CommandError, match="no number of days"):
            call_command("automation_delete_history", "-1")

    def test_one_that_somebody_holds_stays(self, waiting: Any) -> None:
        automation = waiting(n=1)
        services.cancel(automation.id)
        Run.objects.update(ended_at=timezone.now() - timedelta(days=300), is_held=True)
        AutomationModel.delete_history()
        assert not automation.is_gone()


def test_killing_one_that_waits_for_a_person_and_branches_leaves_nothing() -> None:
    from django import forms

    class Many(flow.Automation):
        start = flow.Split().Next(this.ask).Next(this.wait)
        ask = flow.Form(forms.Form).Next(this.join)
        wait = flow.Execute().AsSoonAs(False).Next(this.join)
        join = flow.Join()
        end = flow.End()

    automation = Many()
    services.send_message("early", run=automation.id)
    automation.kill()
    for model in (Run, StepRun, OpenTask, Message):
        assert not model.objects.exists(), model


def test_killing_itself_in_a_node_is_done_when_the_node_has_ended(django_capture_on_commit_callbacks: Any) -> None:
    class Suicide(flow.Automation):
        start = flow.Execute(lambda task: task.instance.kill())
        wait = flow.Execute().AfterWaitingFor(timedelta(days=1))
        end = flow.End()

    with django_capture_on_commit_callbacks(execute=True):
        automation = Suicide()
    assert automation.is_gone()


def test_automations_are_found_by_their_modules(monkeypatch: pytest.MonkeyPatch, waiting: Any) -> None:
    import sys

    module = types.ModuleType("shop.automations")
    module.Waiting = waiting  # type: ignore[attr-defined]
    module.Automation = flow.Automation  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop.automations", module)
    assert (waiting.path, "Automation Waiting") in flow.get_automations()
    assert ("example_app.automations.IssueDiscussion", "Issue discussion") in flow.get_automations("example_app")
    assert flow.get_automations("example_app.automations") == flow.get_automations("example_app")
    assert flow.get_automation_class("example_app.automations.IssueDiscussion").__name__ == "IssueDiscussion"


def test_a_node_that_nothing_leads_to_is_named_by_a_check() -> None:
    class Lost(flow.Automation):
        start = flow.Execute().Next(this.end)
        lost = flow.Execute()
        end = flow.End()

    found = [each for each in run_checks(databases=[]) if each.id == "actions.processes.W020"]
    assert [each.msg for each in found] == [f"{Lost.path}.lost is never reached."]


def test_what_a_run_does_is_seen_by_its_picture_and_its_page(client: Any, waiting: Any) -> None:
    from django.contrib.auth.models import User

    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    automation = waiting(n=1)
    automation.data["more"] = 1
    automation.save()
    shown = client.get(f"/runs/{automation.id}/").json()
    assert [step["node"] for step in shown["steps"]] == ["start", "left_out"]
    assert client.get(f"/runs/{automation.id}/picture.svg").status_code == 200
    assert client.get("/processes/waiting/").status_code in (200, 405)


def test_a_module_that_cannot_be_imported_is_a_problem_and_the_others_load() -> None:
    before = list(processes.problems)
    try:
        discovery._import("example_app.no_such_module")
        found = [each for each in processes.problems if each not in before]
        assert [each.where for each in found] == ["example_app.no_such_module"]
        assert "ModuleNotFoundError" in found[0].message
    finally:
        processes._problems[:] = before
    assert processes.get("issue-discussion") is not None
