"""Schedules over REST: for staff with Django's permissions."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from rest_framework.test import APIClient

from actions.payloads import SchemaPayload
from actions.processes.models import Run, RunSchedule
from actions.processes.process import Process
from actions.processes.services.scheduling import start_next
from tests.processes import make_process, registered, task

pytestmark = pytest.mark.django_db
pytest.importorskip("cronsim")

PAYLOAD = SchemaPayload({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False})


def made() -> Process:
    process = make_process(task("a"), bodies={"a": lambda context: 1})
    return Process(**{**vars(process), "payload": PAYLOAD})


@pytest.fixture
def planner(db: None) -> User:
    """Staff with all permissions for schedules."""
    user = User.objects.create_user("planner", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__model="runschedule"))
    return user


@pytest.fixture
def desk(planner: User, client_of: Any) -> APIClient:
    """The planner's client."""
    client: APIClient = client_of(planner)
    return client


def test_a_schedule_is_made_and_starts_runs(desk: APIClient, planner: User) -> None:
    with registered(made()):
        response = desk.post(
            "/schedules/", {"process": "made", "cron": "0 8 * * 1", "payload": {"n": 1}}, format="json"
        )
        assert response.status_code == 201, response.content
        RunSchedule.objects.update(due_at=timezone.now())
        assert start_next("default")
        shown = desk.get(f"/schedules/{response.data['id']}/").data
    run = Run.objects.get()
    assert (run.actor_id, shown["last_run_id"], shown["actor_id"]) == (str(planner.pk), run.pk, str(planner.pk))


def test_a_schedule_is_paused_and_goes_on(desk: APIClient) -> None:
    with registered(made()):
        address = f"/schedules/{desk.post('/schedules/', {'process': 'made', 'cron': '@daily'}).data['id']}/"
        paused = desk.patch(address, {"is_active": False}, format="json")
        assert (paused.status_code, paused.data["is_active"], paused.data["due_at"]) == (200, False, None)
        resumed = desk.patch(address, {"is_active": True}, format="json")
        assert resumed.data["due_at"] is not None


def test_a_schedule_is_removed(desk: APIClient) -> None:
    with registered(made()):
        address = f"/schedules/{desk.post('/schedules/', {'process': 'made', 'cron': '@daily'}).data['id']}/"
    assert desk.delete(address).status_code == 204
    assert not RunSchedule.objects.exists()


def test_a_schedule_may_be_made_paused(desk: APIClient) -> None:
    with registered(made()):
        body = {"process": "made", "cron": "@daily", "is_active": False}
        response = desk.post("/schedules/", body, format="json")
    assert (response.data["is_active"], response.data["due_at"]) == (False, None)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"process": "made", "cron": "x"}, 400),
        ({"process": "made", "cron": "0 0 30 2 *"}, 400),
        ({"process": "made", "cron": "@daily", "payload": {"x": 1}}, 400),
        ({"process": "made", "cron": "@daily", "payload": []}, 400),
        ({"process": "made"}, 400),
        ({"process": "mad", "cron": "@daily"}, 404),
        ({"process": "\x00", "cron": "@daily"}, 400),
        ([], 400),
        (None, 400),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(desk: APIClient, body: Any, status: int) -> None:
    with registered(made()):
        response = desk.post("/schedules/", body, format="json")
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), response.content
    assert not RunSchedule.objects.exists()


def test_only_whether_it_is_active_changes(desk: APIClient) -> None:
    with registered(made()):
        address = f"/schedules/{desk.post('/schedules/', {'process': 'made', 'cron': '@daily'}).data['id']}/"
        assert desk.patch(address, {"cron": "@hourly"}, format="json").status_code == 400
        assert desk.patch(address, {}, format="json").status_code == 200
        assert desk.put(address, {"cron": "@hourly"}, format="json").status_code == 405


def test_secrets_of_the_payload_are_masked(desk: APIClient) -> None:
    open_process = make_process(task("a"), bodies={"a": lambda context: 1}, sensitive=("pin",))
    with registered(open_process):
        body = {"process": "made", "cron": "@daily", "payload": {"pin": "4711-secret", "password": "hunter2"}}
        made_one = desk.post("/schedules/", body, format="json")
        texts = made_one.content + desk.get("/schedules/").content
    assert made_one.status_code == 201
    assert b"4711-secret" not in texts
    assert b"hunter2" not in texts


def test_schedules_are_for_staff_with_permissions(client_of: Any, alice: User) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_runschedule"))
    for user, status in ((None, (401, 403)), (alice, (403,)), (clerk, (403,)), (viewer, (200,))):
        assert client_of(user).get("/schedules/").status_code in status
        assert client_of(user).post("/schedules/", {"process": "x", "cron": "@daily"}).status_code in (401, 403)
