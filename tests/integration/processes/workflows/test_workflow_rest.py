"""Workflows, steps and jobs over REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from actions.processes import steps
from actions.processes.workflows import Job, JobState, KnownWorkflow
from example_app.workflows import AskingWorkflow, MyWorkflow
from tests.processes import run_due
from tests.workflows import run, workflow

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def client(ada: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(ada)
    return client


def number_of(name: str) -> int:
    return KnownWorkflow.objects.get(name=name).pk


@pytest.mark.parametrize("slash", ["", "/"])
def test_workflows_steps_and_jobs_answer_with_and_without_the_slash(client: APIClient, slash: str) -> None:
    found = client.get(f"/wfe/workflows{slash}").json()["results"]
    one = next(each for each in found if each["name"] == "MyWorkflow")
    assert (one["path"], one["deleted"], one["process"]) == ("example_app.workflows.MyWorkflow", False, "my-workflow")
    assert one["steps"][0] == "example_app.my_steps.Step1"
    assert client.get(f"/wfe/workflows/{one['id']}{slash}").json() == one
    found = client.get(f"/wfe/steps{slash}?page_size=500").json()["results"]
    kinds = {each["name"]: (each["kind"], each["asks"]) for each in found}
    assert (kinds["Decision1"], kinds["Step2"]) == (("decision", False), ("step", True))
    ordered = client.post(f"/wfe/jobs{slash}", {"workflow_id": one["id"]}, format="json")
    assert ordered.status_code == 201
    job = ordered.json()
    assert (job["state"], job["workflow"], job["workflow_name"]) == ("PENDING", one["id"], "MyWorkflow")
    run_due()
    shown = client.get(f"/wfe/jobs/{job['id']}{slash}").json()
    assert (shown["state"], len(shown["storage"]["data"])) == ("FINISHED", 4)
    assert [each["id"] for each in client.get(f"/wfe/jobs{slash}").json()["results"]] == [job["id"]]
    logs = client.get(f"/wfe/jobs/{job['id']}/logs{slash}")
    assert (logs.status_code, logs["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert "Step1 has begun." in logs.content.decode()


BAD: list[tuple[Any, str]] = [
    ({"workflow_id": 10**6}, "workflow_id"),
    ({"workflow_id": 10**30}, "workflow_id"),
    ({"workflow_id": "seven"}, "workflow_id"),
    ({}, "workflow_id"),
    ({"workflow_id": 1, "other": 1}, "other"),
    ({"workflow_id": 1, "payload": []}, "payload"),
]


@pytest.mark.parametrize(("body", "field"), BAD)
def test_an_order_that_is_wrong_is_400_and_starts_nothing(client: APIClient, body: Any, field: str) -> None:
    answer = client.post("/wfe/jobs", body, format="json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert field in answer.json()["errors"]
    assert not Job.objects.exists()


def test_a_deleted_workflow_is_400_and_a_payload_that_does_not_fit(client: APIClient) -> None:
    number = number_of("MyWorkflow")
    assert client.post("/wfe/jobs/", {"workflow_id": number, "payload": {"x": 1}}, format="json").status_code == 400
    KnownWorkflow.objects.filter(pk=number).update(deleted=True)
    answer = client.post("/wfe/jobs/", {"workflow_id": number}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["workflow_id"])


def test_whoever_may_not_start_a_workflow_is_told(client: APIClient, ada: User, settings: Any) -> None:
    class Meta:
        permissions = ["auth.change_user"]

    class Closed(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
            return None

    settings.WFE_WORKFLOWS = ["tests.workflows"]
    workflow({steps.__start__: [Closed]}, "Closed", Meta=Meta)
    found = client.get("/wfe/workflows").json()["results"]
    assert [each["permissions"] for each in found if each["name"] == "Closed"] == [["auth.change_user"]]
    answer = client.post("/wfe/jobs", {"workflow_id": number_of("Closed")}, format="json")
    assert answer.status_code == 403
    assert not Job.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_input_is_asked_for_and_given_over_rest(client: APIClient, ada: User, method: str) -> None:
    job = run(AskingWorkflow, actor=ada)
    asked = client.get(f"/wfe/jobs/{job.pk}/input").json()
    assert (asked["step"], asked["is_mine"]) == ("example_app.my_steps.Step2", True)
    assert asked["schema"]["properties"]["some_data"]["type"] == "integer"
    refused = client.post(f"/wfe/jobs/{job.pk}/input", {"some_data": "x"}, format="json")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["some_data"])
    refused = client.post(f"/wfe/jobs/{job.pk}/input/", [1], format="json")
    assert refused.status_code == 400
    assert client.get(f"/wfe/jobs/{job.pk}").json()["state"] == "INPUT_REQUIRED"
    given = client.post(f"/wfe/jobs/{job.pk}/input", {"some_data": 1}, format="json")
    assert (given.status_code, given.json()["state"]) == (200, "FINISHED")
    again = getattr(client, method)(f"/wfe/jobs/{job.pk}/input", {"some_data": 1}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


def test_whoever_may_answer_sees_what_is_asked_and_no_result(client: APIClient, ada: User) -> None:
    class Salary(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
            return {"salary": 1000}

    class Ask(steps.Approval):
        groups = ("approvers",)

    class Other(steps.Approval):
        groups = ("others",)

    class Both(steps.Split):
        pass

    class Meet(steps.Join):
        pass

    group = Group.objects.create(name="approvers")
    start = steps.__start__
    graphs = ({start: [Salary], Salary: [Ask]}, {start: [Both], Both: [Ask, Other], Ask: [Meet], Other: [Meet]})
    for number, graph in enumerate(graphs):
        ada.groups.clear()
        client.force_authenticate(User.objects.get(pk=ada.pk))
        job = run(workflow(graph, f"Asking{number}"), actor=User.objects.create_user(f"bob{number}"))
        url = f"/wfe/jobs/{job.pk}/input/?step=Ask"
        assert [client.get(url).status_code, client.post(url, {"approved": True}).status_code] == [404, 404]
        assert client.post(f"/runs/{job.pk}/provide_input/", {"approved": True}, format="json").status_code == 404
        ada.groups.add(group)
        client.force_authenticate(User.objects.get(pk=ada.pk))
        assert client.get(f"/wfe/jobs/{job.pk}/").status_code == 404
        assert client.get(url.replace("Ask", "Other")).status_code == 409
        assert client.get(url.partition("?")[0]).json()["node"] == "Ask"
        assert client.get(url).json()["title"]
        given = client.post(url, {"approved": True}, format="json")
        assert given.status_code == 200
        assert "storage" not in given.json()
        assert "salary" not in given.content.decode()


def test_nobody_sees_the_jobs_of_others_and_strangers_see_nothing(client: APIClient) -> None:
    job = run(MyWorkflow, actor=User.objects.create_user("bob"))
    for path in (f"/wfe/jobs/{job.pk}", f"/wfe/jobs/{job.pk}/logs"):
        assert client.get(path).status_code == 404
    assert client.get("/wfe/jobs").json()["results"] == []
    routes = ("workflows", "steps", "jobs", f"jobs/{job.pk}", f"jobs/{job.pk}/logs", f"jobs/{job.pk}/input")
    for route in routes:
        assert APIClient().get(f"/wfe/{route}").status_code in (401, 403)
    assert APIClient().post("/wfe/jobs", {"workflow_id": 1}, format="json").status_code in (401, 403)


def test_tracebacks_are_for_staff(client: APIClient, ada: User) -> None:
    class Breaks(steps.Step):
        def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> None:
            raise ValueError("the reason")

    job = run(workflow({steps.__start__: [Breaks]}), actor=ada)
    assert job.state == JobState.FAILED
    text = client.get(f"/wfe/jobs/{job.pk}/logs").content.decode()
    assert "the reason" in text
    assert "Traceback" not in text
    assert "traceback" not in client.get(f"/wfe/jobs/{job.pk}").json()["error"]
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    ada.refresh_from_db()
    client.force_authenticate(ada)
    assert "Traceback" in client.get(f"/wfe/jobs/{job.pk}/logs").content.decode()


def test_methods_that_change_definitions_are_refused(client: APIClient) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)("/wfe/workflows/1/").status_code == 405
    assert client.delete("/wfe/jobs/1/").status_code == 405


@pytest.mark.parametrize("path", ["/wfe/jobs", "/admin/actions_processes/job/"])
def test_a_list_of_jobs_costs_the_same_however_many_there_are(path: str) -> None:
    root = User.objects.create_superuser("root")
    browser = Client()
    browser.force_login(root)

    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            assert browser.get(path).status_code == 200
        return len(found)

    run(AskingWorkflow, actor=root)
    run(MyWorkflow, actor=root)
    statements()
    few = statements()
    for _job in range(4):
        run(AskingWorkflow, actor=root)
        run(MyWorkflow, actor=root)
    # Whether there are new stored definitions is asked now and then.
    assert statements() <= few + 1
