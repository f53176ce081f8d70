"""Processes in Django's admin: read quickly, without secrets, and steered by the actions of runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions.models import EventAction
from actions.processes import services
from actions.processes.expressions import literal
from actions.processes.graph import BODY, Edge, Kind
from actions.processes.models import ArchivedRun, ArchivedSteps, Definition, Message, OpenTask, Run, RunSchedule
from actions.processes.policies import Policy
from actions.processes.process import Process
from actions.processes.store.definitions import forget
from tests.processes import make_process, node, registered, task

pytestmark = pytest.mark.django_db

ADMIN = "/admin/actions_processes/"
RUNS = f"{ADMIN}run/"
LISTS = ("run", "definition", "runschedule", "opentask", "message", "archivedrun")


def one(context: Any, **arguments: Any) -> int:
    return 1


def boom(context: Any, **arguments: Any) -> None:
    raise ValueError("no")


def in_items(count: int) -> Process:
    """Works on a list, an item at a time."""
    return make_process(
        node("each", Kind.EACH, Edge("item", BODY), target=literal(list(range(count))), join="join"),
        task("item", "join"),
        node("join", Kind.JOIN, "end"),
        node("end", Kind.END),
        bodies={"item": one},
    )


def waiting(**options: Any) -> Process:
    """Waits for an hour."""
    return make_process(task("a", policy=Policy(wait_for=literal(3600))), bodies={"a": one}, **options)


@pytest.fixture
def browser(client: Client, staff: User) -> Client:
    """A browser that a superuser is logged in with."""
    client.force_login(staff)
    return client


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def statements(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def make_rows() -> None:
    """One row for every list, with secrets."""
    secret = {"password": "hunter2hunter2", "text": "x"}
    RunSchedule.objects.create(process="made", cron="@daily", payload=secret)
    Message.objects.create(name="paid", wait_key="paid", data=secret, expires_at=timezone.now())
    document = {"run": {"payload": secret}, "branches": []}
    ArchivedRun.objects.create(id=1, process="made", status="succeeded", document=document, created_at=timezone.now())
    ArchivedSteps.objects.create(run_id=1, part=0, steps=[{"input": secret}])
    asking = make_process(node("ask", Kind.INPUT, run="form", title="Approve"), forms={"form": {"type": "object"}})
    with registered(asking):
        services.start("made", secret)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_and_page_is_shown_without_secrets(browser: Client, name: str) -> None:
    make_rows()
    model = next(
        each for each in (Run, Definition, RunSchedule, OpenTask, Message, ArchivedRun) if each._meta.model_name == name
    )
    key = model.objects.values_list("pk", flat=True).get()  # type: ignore[attr-defined]
    texts = text_of(browser, f"{ADMIN}{name}/") + text_of(browser, f"{ADMIN}{name}/{key}/change/")
    assert "hunter2hunter2" not in texts


@pytest.mark.parametrize("name", LISTS)
def test_nothing_is_written_by_hand(browser: Client, name: str) -> None:
    make_rows()
    assert browser.get(f"{ADMIN}{name}/add/").status_code == 403
    assert browser.get(f"{ADMIN}{name}/1/delete/").status_code in ((200, 302) if name == "runschedule" else (302, 403))


@pytest.mark.parametrize("name", LISTS)
def test_it_is_for_staff_with_permissions(client: Client, name: str) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    client.force_login(clerk)
    assert client.get(f"{ADMIN}{name}/").status_code == 403


@pytest.mark.parametrize("name", LISTS)
def test_a_list_counts_no_further_than_it_has_to(browser: Client, name: str) -> None:
    make_rows()
    browser.get(f"{ADMIN}{name}/")
    with CaptureQueriesContext(connection) as queries:
        browser.get(f"{ADMIN}{name}/")
    counts = [each["sql"] for each in queries if "COUNT(" in each["sql"]]
    assert counts
    assert all("LIMIT" in each for each in counts)


def test_a_list_of_many_runs_costs_as_many_statements_as_one_of_few(browser: Client) -> None:
    counts = []
    with registered(waiting()):
        for number in (2, 10):
            for _time in range(number):
                services.start("made")
            counts.append(statements(browser, RUNS))
    assert counts[0] == counts[1]


def test_a_list_reads_no_payloads_and_no_branches(browser: Client) -> None:
    with registered(in_items(3)):
        services.start("made")
        with CaptureQueriesContext(connection) as queries:
            page = text_of(browser, RUNS)
    reading = [each["sql"] for each in queries if "actor_name" in each["sql"]]
    assert reading
    assert not any("payload" in each or '"state"' in each for each in reading)
    assert page.count('class="field-id"') == 1


def test_the_page_of_a_run_costs_as_many_statements_with_many_steps_as_with_few(browser: Client) -> None:
    counts = []
    for number in (3, 40):
        process = in_items(number)
        with registered(process):
            run = services.start("made")
            counts.append(statements(browser, f"{RUNS}{run.pk}/change/"))
    assert counts[0] == counts[1]
    assert counts[0] < 30


def test_the_steps_of_a_run_come_in_pages(browser: Client) -> None:
    with registered(in_items(120)):
        run = services.start("made")
        page, seen, pages = text_of(browser, f"{RUNS}{run.pk}/change/"), 0, 0
        while True:
            seen += page.partition("field-steps")[2].count("<td>item")
            pages += 1
            _before, marker, after = page.partition('<a href="?after=')
            if not marker:
                break
            page = text_of(browser, f"{RUNS}{run.pk}/change/?after={after.partition(chr(34))[0]}")
    assert (seen, pages) == (120, 3)


def test_a_failed_run_is_shown_with_the_traceback(browser: Client) -> None:
    with registered(make_process(task("a"), bodies={"a": boom})):
        run = services.start("made")
        page = text_of(browser, f"{RUNS}{run.pk}/change/")
    assert "Traceback (most recent call last)" in page
    assert "ValueError" in page


def test_a_run_has_a_picture(browser: Client) -> None:
    with registered(waiting()):
        run = services.start("made")
        page = text_of(browser, f"{RUNS}{run.pk}/change/")
        assert f'src="{RUNS}{run.pk}/picture.svg"' in page
        response = browser.get(f"{RUNS}{run.pk}/picture.svg")
        assert response["Content-Type"] == "image/svg+xml"
        definition = Definition.objects.get()
        assert browser.get(f"{ADMIN}definition/{definition.pk}/picture.svg").status_code == 200
        browser.logout()
        assert browser.get(f"{RUNS}{run.pk}/picture.svg").status_code == 302
    assert browser.get(f"{RUNS}999/picture.svg").status_code == 302


def test_a_run_is_cancelled_by_a_button(browser: Client) -> None:
    with registered(waiting()):
        run = services.start("made")
        assert f"{RUNS}{run.pk}/_actions/cancel/" in text_of(browser, f"{RUNS}{run.pk}/change/")
        address = f"{RUNS}{run.pk}/_actions/cancel/"
        browser.post(address, {"djaction-step": "run"})
        response = browser.post(address, {"djaction-step": "confirm"})
    run.refresh_from_db()
    assert (response.status_code, run.status) == (302, "cancelled")
    assert EventAction.objects.filter(resource="run", action="cancel", door="admin", outcome="succeeded").count() == 1


def test_who_may_only_view_runs_is_offered_nothing(client: Client) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_run"))
    client.force_login(viewer)
    with registered(waiting()):
        run = services.start("made")
        page = text_of(client, f"{RUNS}{run.pk}/change/")
        assert "/_actions/pause/" not in page
        assert "/_actions/cancel/" not in page
        client.post(f"{RUNS}{run.pk}/_actions/pause/", {"djaction-step": "run"})
    run.refresh_from_db()
    assert run.paused_at is None


@pytest.mark.parametrize(
    "query",
    [
        *("q=1", "q=x", "q=%00", "q=99999999999999999999", "q=staff"),
        *("status__exact=failed", "waiting_for=time", "process=made", "process=%00"),
    ],
)
def test_runs_are_searched_and_filtered(browser: Client, query: str) -> None:
    with registered(waiting()):
        services.start("made")
        assert browser.get(f"{RUNS}?{query}").status_code == 200


def test_a_run_is_found_by_its_number_its_actor_and_its_correlation_id(browser: Client, alice: User) -> None:
    with registered(waiting()):
        run = services.start("made", actor=alice, correlation_id="order-7")
        services.start("made")
        for term in (run.pk, run.uid, "alice", "order-7"):
            page = text_of(browser, f"{RUNS}?q={term}")
            assert page.count('class="field-id"') == 1, term


@pytest.mark.parametrize("after", ["x", "-1", "99999999999999999999999", "%00", ""])
def test_an_odd_page_of_steps_is_the_first_or_an_empty_one(browser: Client, after: str) -> None:
    with registered(in_items(2)):
        run = services.start("made")
        assert browser.get(f"{RUNS}{run.pk}/change/?after={after}").status_code == 200


def test_schedules_are_paused_and_go_on(browser: Client) -> None:
    pytest.importorskip("cronsim")
    with registered(waiting()):
        schedule = services.schedule("made", "@daily")
    for action, is_active in (("pause", False), ("go_on", True)):
        data = {"action": action, "_selected_action": [schedule.pk]}
        browser.post(f"{ADMIN}runschedule/", data)
        schedule.refresh_from_db()
        assert (schedule.is_active, schedule.due_at is not None) == (is_active, is_active)


def test_a_run_whose_process_is_gone_is_shown(browser: Client) -> None:
    with registered(waiting()):
        run = services.start("made")
    assert "made" in text_of(browser, f"{RUNS}{run.pk}/change/")
    Definition.objects.all().delete()
    forget()
    assert browser.get(f"{RUNS}{run.pk}/change/").status_code == 200
    assert browser.get(f"{RUNS}{run.pk}/picture.svg").status_code == 404
