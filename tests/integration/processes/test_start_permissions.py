"""Who may start a process that names permissions: at every door, and by schedules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from rest_framework.test import APIClient

from actions.exceptions import RefusedError
from actions.processes import services
from actions.processes.authoring.validations import Check, WholeCheck, from_function
from actions.processes.models import Run, RunSchedule
from actions.processes.services.scheduling import start_next
from tests.processes import make_process, registered, task

pytestmark = pytest.mark.django_db

NEEDED = ("example_app.change_todo", "example_app.add_todo")


@pytest.fixture(autouse=True)
def _process() -> Iterator[None]:
    process = make_process(task("a"), bodies={"a": lambda context: 1}, permissions=NEEDED)
    with registered(process):
        yield


def allow(user: User, *names: str) -> User:
    """The user, with permissions that are asked for anew."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=[each.partition(".")[2] for each in names]))
    return User.objects.get(pk=user.pk)


def test_who_lacks_a_permission_is_told_which(api: APIClient, alice: User, client_of: Any) -> None:
    response = client_of(allow(alice, NEEDED[0])).post("/processes/made/", {}, format="json")
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert response.json()["detail"] == "You may not start made: it asks for the permission example_app.add_todo."
    assert not Run.objects.exists()


def test_it_is_asked_before_the_payload(api: APIClient) -> None:
    for path, body in (("/processes/made/", []), ("/processes/", {"process_id": "made"})):
        assert api.post(path, body, format="json").status_code == 403


def test_who_has_them_starts_it(alice: User, client_of: Any) -> None:
    response = client_of(allow(alice, *NEEDED)).post("/processes/made/", {}, format="json")
    assert (response.status_code, response.data["status"]) == (201, "succeeded")


def test_the_project_s_own_code_is_not_asked() -> None:
    assert services.start("made").status == "succeeded"


def test_a_superuser_may_and_somebody_who_was_locked_out_may_not(alice: User, staff: User) -> None:
    assert services.start("made", actor=staff).status == "succeeded"
    alice = allow(alice, *NEEDED)
    alice.is_active = False
    with pytest.raises(RefusedError):
        services.start("made", actor=alice)


def test_documentation_and_catalogue_say_whether_the_caller_may_and_why_not(
    api: APIClient, alice: User, client_of: Any
) -> None:
    shown = api.get("/processes/made/").data
    assert (shown["permissions"], shown["available"]) == (list(NEEDED), False)
    assert [(reason["code"], reason["kind"]) for reason in shown["reasons"]] == [("permission_denied", "permission")]
    (listed,) = (each for each in api.get("/docs/registry/processes/").data if each["id"] == "made")
    assert (listed["available"], listed["reasons"]) == (False, shown["reasons"])
    shown = client_of(allow(alice, *NEEDED)).get("/processes/made/").data
    assert (shown["available"], shown["reasons"]) == (True, [])


def test_a_run_of_it_is_not_forked_by_somebody_who_may_not_start_it(alice: User) -> None:
    run = services.start("made")
    with pytest.raises(RefusedError):
        services.fork(run, node="a", actor=alice)
    assert Run.objects.count() == 1


def test_a_schedule_asks_its_actor_when_it_is_made_and_each_time(alice: User) -> None:
    pytest.importorskip("cronsim")
    with pytest.raises(RefusedError):
        services.schedule("made", "0 8 * * *", actor=alice)
    row = services.schedule("made", "0 8 * * *", actor=allow(alice, *NEEDED))
    alice.user_permissions.clear()
    RunSchedule.objects.update(due_at=timezone.now())
    assert start_next("default")
    row.refresh_from_db()
    assert "You may not start made" in row.error
    assert not Run.objects.exists()


@pytest.mark.parametrize("becomes", ["gone", "locked out"])
def test_a_schedule_starts_nothing_for_somebody_who_is_gone(alice: User, becomes: str) -> None:
    with registered(make_process(task("a"), bodies={"a": lambda context: 1}, name="free")):
        for name in ("made", "free"):
            services.schedule(name, "* * * * *", actor=allow(alice, *NEEDED))
        if becomes == "gone":
            alice.delete()
        else:
            User.objects.update(is_active=False)
        RunSchedule.objects.update(due_at=timezone.now())
        assert start_next("default")
        assert start_next("default")
    assert not Run.objects.exists()
    for row in RunSchedule.objects.all():
        assert "gone or cannot log in" in row.error
        assert row.due_at is not None
        assert row.due_at > timezone.now()


def test_a_schedule_says_what_a_validation_has_stumbled_over(api: APIClient) -> None:
    def crash(payload: Any) -> None:
        raise KeyError("missing")

    whole = WholeCheck(Check(from_function("crash", crash)))
    with registered(make_process(task("a"), bodies={"a": lambda context: 1}, name="free", validations=(whole,))):
        services.schedule("free", "* * * * *")
        RunSchedule.objects.update(due_at=timezone.now())
        assert start_next("default")
        response = api.post("/processes/free/", {}, format="json")
    assert RunSchedule.objects.get().error == "The validation crash failed: KeyError. Nothing was done."
    assert (response.status_code, response.json()["code"]) == (500, "validation_failed")


def test_a_schedule_says_what_else_goes_wrong() -> None:
    def crash(payload: Any) -> None:
        raise KeyError("missing")

    with registered(make_process(task("a"), bodies={"a": lambda context: 1}, name="free", validations=(crash,))):
        services.schedule("free", "* * * * *")
        RunSchedule.objects.update(due_at=timezone.now())
        assert start_next("default")
    assert RunSchedule.objects.get().error == "KeyError: 'missing'"
