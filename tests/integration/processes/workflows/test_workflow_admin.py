"""Workflows, steps and jobs in Django's admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from actions.processes import steps
from actions.processes.workflows import Job, KnownStep, KnownWorkflow
from actions.processes.workflows.known import row_of
from example_app.workflows import AskingWorkflow, MyWorkflow
from tests.workflows import run, workflow

pytestmark = pytest.mark.django_db
ADMIN = "/admin/actions_processes/"


@pytest.fixture
def staff() -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def browser(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


def text_of(browser: Client, path: str) -> str:
    answer = browser.get(f"{ADMIN}{path}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_workflows_and_steps_are_read_only(browser: Client) -> None:
    row, step = KnownWorkflow.objects.get(name="MyWorkflow"), KnownStep.objects.get(name="Decision1")
    assert "example_app.workflows.MyWorkflow" in text_of(browser, "knownworkflow/")
    assert "decision" in text_of(browser, "knownstep/")
    page = text_of(browser, f"knownworkflow/{row.pk}/change/")
    assert f"job/add/?workflow={row.pk}" in page
    assert "picture.svg" in page
    assert 'name="name"' not in page
    assert "example_app.my_steps.Decision1" in text_of(browser, f"knownstep/{step.pk}/change/")
    assert browser.get(f"{ADMIN}knownworkflow/add/").status_code == 403
    assert browser.post(f"{ADMIN}knownworkflow/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_adding_a_job_starts_it_and_its_page_and_log_are_read(browser: Client, staff: User) -> None:
    number = KnownWorkflow.objects.get(name="MyWorkflow").pk
    assert "Payload" in text_of(browser, f"job/add/?workflow={number}")
    answer = browser.post(f"{ADMIN}job/add/", {"workflow": number, "payload": ""})
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{ADMIN}job/{job.pk}/change/")
    assert (job.actor_id, job.state) == (str(staff.pk), "PENDING")
    assert "PENDING" in text_of(browser, f"job/{job.pk}/change/")
    assert "MyWorkflow" in text_of(browser, "job/") or "my-workflow" in text_of(browser, "job/")
    assert text_of(browser, f"job/{job.pk}/logs/") == ""


def test_a_job_s_page_shows_what_it_has_done_and_waits_for(browser: Client) -> None:
    done, waiting = run(MyWorkflow), run(AskingWorkflow)
    page = text_of(browser, f"job/{done.pk}/change/")
    assert "FINISHED" in page
    assert "3 is odd" in page
    assert f"job/{done.pk}/logs/" in page
    assert "Step1 has begun." in text_of(browser, f"job/{done.pk}/logs/")
    assert "INPUT_REQUIRED" in text_of(browser, f"job/{waiting.pk}/change/")
    assert "example_app.my_steps.Step2" in text_of(browser, "job/")


def test_jobs_are_filtered_by_their_state(browser: Client) -> None:
    done, waiting = run(MyWorkflow), run(AskingWorkflow)
    for query, there, gone in (("FINISHED", done, waiting), ("INPUT_REQUIRED", waiting, done)):
        page = text_of(browser, f"job/?state={query}")
        assert f"job/{there.pk}/change/" in page
        assert f"job/{gone.pk}/change/" not in page
    assert browser.get(f"{ADMIN}job/?state=nothing").status_code == 200


@pytest.mark.parametrize(
    ("payload", "said"), [("[1]", "An object was expected"), ("{", "valid JSON"), ('{"x": 1}', "x: ")]
)
def test_a_job_that_would_be_wrong_is_not_started(browser: Client, payload: str, said: str) -> None:
    number = KnownWorkflow.objects.get(name="MyWorkflow").pk
    answer = browser.post(f"{ADMIN}job/add/", {"workflow": number, "payload": payload})
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not Job.objects.exists()


def test_a_deleted_workflow_cannot_be_chosen(browser: Client) -> None:
    KnownWorkflow.objects.update(deleted=True)
    number = KnownWorkflow.objects.get(name="MyWorkflow").pk
    answer = browser.post(f"{ADMIN}job/add/", {"workflow": number, "payload": "{}"})
    assert answer.status_code == 200
    assert not Job.objects.exists()


def test_who_may_not_add_jobs_starts_none(client: Client) -> None:
    client.force_login(User.objects.create_user("ada", is_staff=True))
    assert client.get(f"{ADMIN}job/add/").status_code == 403


def test_who_may_not_start_a_workflow_is_refused_and_it_is_not_started(client: Client) -> None:
    class Closed(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
            return None

    class Meta:
        permissions = ["auth.change_user"]

    closed = workflow({steps.__start__: [Closed]}, "Closed", Meta=Meta)
    order = {"workflow": row_of(closed.process, "default").pk, "payload": "{}"}
    ada = User.objects.create_user("ada", is_staff=True)
    ada.user_permissions.set(Permission.objects.filter(codename__in=["add_job", "view_job"]))
    client.force_login(ada)
    assert client.post(f"{ADMIN}job/add/", order).status_code == 403
    assert not Job.objects.exists()
    ada.user_permissions.add(Permission.objects.get(codename="change_user"))
    assert client.post(f"{ADMIN}job/add/", order).status_code == 302
    assert Job.objects.get().actor_id == str(ada.pk)


def test_secrets_are_masked(browser: Client) -> None:
    class Tells(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
            self.job.log(f"the password is {self.job.payload['password']}")
            return {"password": self.job.payload["password"]}

    schema = {"type": "object", "properties": {"password": {"type": "string"}}}
    job = run(workflow({steps.__start__: [Tells]}, PayloadSchema=schema), {"password": "correct horse"})
    for path in (f"job/{job.pk}/change/", f"job/{job.pk}/logs/"):
        assert "correct horse" not in text_of(browser, path)
