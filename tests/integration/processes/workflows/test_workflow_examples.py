"""The examples of the example project, from their order to their end."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from actions.processes import order_workflow_execution, provide_external_input
from actions.processes.models import Run
from actions.processes.registry import processes
from actions.processes.workflows import Job, JobState, KnownWorkflow, WrongState, execute_workflow_sync
from example_app.workflows import AskingWorkflow, FileWorkflow, MyWorkflow
from tests.processes import run_due
from tests.workflows import results, run

pytestmark = pytest.mark.django_db


def number_of(name: str) -> int:
    return KnownWorkflow.objects.get(name=name).pk


def test_migrating_finds_the_workflows_and_steps_of_the_settings() -> None:
    assert set(KnownWorkflow.objects.values_list("path", "deleted")) >= {
        ("example_app.workflows.MyWorkflow", False),
        ("example_app.workflows.AskingWorkflow", False),
        ("example_app.workflows.FileWorkflow", False),
    }


def test_an_ordered_workflow_runs_in_the_background() -> None:
    job_id = order_workflow_execution(workflow_id=number_of("MyWorkflow"))
    job = Job.objects.get(id=job_id)
    assert (job.state, job.current_step) == (JobState.PENDING, "example_app.my_steps.Step1")
    run_due()
    job = Job.objects.get(id=job_id)
    assert job.state == JobState.FINISHED
    assert job.storage["data"] == [
        {"step": "example_app.my_steps.Step1", "result": {"number": 3}, "external_data": None},
        {"step": "example_app.my_steps.Decision1", "result": None, "external_data": None},
        {"step": "example_app.my_steps.Step2b", "result": "3 is odd", "external_data": None},
        {"step": "example_app.my_steps.Step3", "result": "3 is odd.", "external_data": None},
    ]
    assert job.workflow is not None
    assert (job.workflow.name, job.current_step_number) == ("MyWorkflow", 4)
    assert "Step1 has begun." in job.logs


def test_a_job_waits_for_input_and_goes_on_when_it_comes() -> None:
    job = Job.objects.get(id=order_workflow_execution(str(number_of("AskingWorkflow"))))
    run_due()
    job.refresh_from_db()
    assert (job.state, job.current_step) == (JobState.INPUT_REUIRED, "example_app.my_steps.Step2")
    with pytest.raises(ValidationError):
        provide_external_input(job_id=job.id, external_data={"some_data": "many"})
    job.refresh_from_db()
    assert job.state == JobState.INPUT_REQUIRED
    provide_external_input(job_id=job.id, external_data={"some_data": "5"})
    job.refresh_from_db()
    assert job.state == JobState.FINISHED
    assert job.storage["data"][1] == {
        "step": "example_app.my_steps.Step2",
        "result": {"number": 8},
        "external_data": {"some_data": 5},
    }
    assert results(job)["Step2a"] == "8 is even"
    assert Run.objects.get(pk=job.pk).status == "succeeded"
    with pytest.raises(WrongState):
        provide_external_input(job_id=job.id, external_data={"some_data": 5})


@pytest.mark.parametrize(
    ("path", "step"), [("data.json", "JsonFileHandleStep"), ("data.xml", "OtherFileHandleStep")], ids=["json", "other"]
)
def test_the_reference_workflow_decides_by_the_kind_of_a_file(path: str, step: str) -> None:
    job = Job.objects.get(pk=execute_workflow_sync(FileWorkflow))
    assert job.state == JobState.INPUT_REQUIRED
    provide_external_input(job.pk, {"file_path": path})
    job.refresh_from_db()
    assert results(job)[step]["handled"] == path


def test_the_example_of_the_documentation_runs() -> None:
    page = (Path(__file__).parents[4] / "docs" / "workflows.md").read_text(encoding="utf-8")
    (source,) = [each for each in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "myapp/workflows.py" in each]
    processes.remove("my-workflow")
    module: dict[str, Any] = {"__name__": "myapp.workflows"}
    exec(source, module)  # noqa: S102 - it is ours
    job = run(module["MyWorkflow"])
    assert job.state == JobState.INPUT_REQUIRED
    provide_external_input(job.pk, {"some_data": 3})
    job.refresh_from_db()
    assert (job.state, "6 is large." in job.logs) == (JobState.FINISHED, True)


def test_named_ways_are_in_the_graph() -> None:
    node = AskingWorkflow.process.graph.nodes["Decision1"]
    assert [edge.name for edge in node.edges] == ["even", "odd"]
    assert [edge.name for edge in MyWorkflow.process.graph.nodes["Decision1"].edges] == ["Step2a", "Step2b"]
