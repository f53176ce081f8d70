"""Stored definitions in Django's admin."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from actions.process_registry import services
from actions.process_registry.models import DefinitionVersion, ProcessDefinition
from actions.process_registry.programs.models import ProgramRun
from actions.processes.models import Run

from .test_stored_processes import HELLO

pytestmark = pytest.mark.django_db

ADMIN = "/admin/actions_process_registry/"
DEFINITIONS = f"{ADMIN}processdefinition/"


@pytest.fixture
def browser(client: Client, staff: User) -> Client:
    """A browser that a superuser is logged in with."""
    client.force_login(staff)
    return client


def fill(browser: Client, url: str, source: str, **fields: Any) -> Any:
    return browser.post(url, {"source": source, "note": "", **fields})


def errors_of(response: Any) -> list[str]:
    assert response.status_code == 200
    return list(response.context["adminform"].form.errors["source"])


def test_a_definition_is_made_changed_and_deleted(browser: Client, staff: User) -> None:
    made = fill(browser, f"{DEFINITIONS}add/", '{"exec": "/usr/bin/tr", "argv": ["a", "b"]}', is_shared="on")
    row = ProcessDefinition.objects.get()
    assert (made.status_code, row.owner_id, row.is_shared, row.name) == (302, str(staff.pk), True, "tr")
    page = f"{DEFINITIONS}{row.pk}/change/"
    assert "/usr/bin/tr" in browser.get(page).content.decode()
    fill(browser, page, "# in YAML\r\nexec: /usr/bin/tr\r\n", note="shorter")
    row.refresh_from_db()
    assert (row.version, row.text, row.is_shared) == (2, "# in YAML\nexec: /usr/bin/tr\n", False)
    assert DefinitionVersion.objects.get(number=2).note == "shorter"
    assert "shorter" in browser.get(page).content.decode()
    browser.post(f"{DEFINITIONS}{row.pk}/delete/", {"post": "yes"})
    assert not ProcessDefinition.objects.present().exists()
    assert DefinitionVersion.objects.count() == 2
    assert browser.get(page).status_code == 302


def test_all_that_is_wrong_is_said_at_the_field(browser: Client) -> None:
    found = errors_of(fill(browser, f"{DEFINITIONS}add/", "name: X\ntasks:\n  - task: io.say_helo\n  - {wait: soon}\n"))
    assert len(found) == 2
    assert found[0].startswith("Line 3: tasks > 0 > task")
    assert len(errors_of(fill(browser, f"{DEFINITIONS}add/", '{"exec": 5, "argv": "x", "timeout": "a"}'))) == 3
    assert errors_of(fill(browser, f"{DEFINITIONS}add/", "[1]"))
    services.create(services.check(text=HELLO))
    assert "greet-somebody" in errors_of(fill(browser, f"{DEFINITIONS}add/", HELLO))[0]
    assert ProcessDefinition.objects.count() == 1


def test_versions_show_what_they_have_changed(browser: Client) -> None:
    row = services.create(services.check({"exec": "/x", "argv": ["one"]}))
    services.replace(row, services.check({"exec": "/x", "argv": ["two"]}))
    newest = DefinitionVersion.objects.get(number=2)
    shown = browser.get(f"{ADMIN}definitionversion/{newest.pk}/change/").content.decode()
    assert "one" in shown
    assert "two" in shown
    assert browser.get(f"{ADMIN}definitionversion/").status_code == 200
    assert browser.post(f"{ADMIN}definitionversion/{newest.pk}/change/", {"name": "x"}).status_code == 403


def test_a_process_is_started_from_its_page(browser: Client, staff: User) -> None:
    row = services.create(services.check(text=HELLO), owner=staff)
    assert "/_actions/run/" in browser.get(f"{DEFINITIONS}{row.pk}/change/").content.decode()
    page = f"{DEFINITIONS}{row.pk}/_actions/run/"
    filled = {"djaction-step": "run", "input": "", "input_base64": "", "payload": json.dumps({"who": "Ada"})}
    browser.post(page, filled)
    assert Run.objects.get().result == {"result": "Hello Ada"}


def test_who_may_only_look_changes_nothing(client: Client, bob: User) -> None:
    row = services.create(services.check({"exec": "/x"}))
    bob.is_staff = True
    bob.save()
    bob.user_permissions.add(Permission.objects.get(codename="view_processdefinition"))
    client.force_login(bob)
    page = f"{DEFINITIONS}{row.pk}/change/"
    assert "/x" in client.get(page).content.decode()
    assert fill(client, page, '{"exec": "/y"}').status_code == 403
    row.refresh_from_db()
    assert row.version == 1


def test_processes_are_written_by_who_may(client: Client, bob: User) -> None:
    bob.is_staff = True
    bob.save()
    names = ("view_processdefinition", "add_processdefinition")
    bob.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(bob)
    assert "author_process" in errors_of(fill(client, f"{DEFINITIONS}add/", HELLO))[0]


def test_runs_of_programs_are_read(browser: Client, staff: User) -> None:
    row = services.create(services.check({"exec": "/x"}))
    run = ProgramRun.objects.create(
        definition=row, version=row.current_version, output=b"hello \xff", output_size=7, log=b"<b>", log_size=3
    )
    assert browser.get(f"{ADMIN}programrun/?status=pending").status_code == 200
    shown = browser.get(f"{ADMIN}programrun/{run.pk}/change/").content.decode()
    assert "hello" in shown
    assert "&lt;b&gt;" in shown
    assert "/_actions/stop/" in shown


def test_a_list_reads_no_contents(browser: Client, staff: User, django_assert_num_queries: Any) -> None:
    services.create(services.check({"exec": "/bin/tr", "mark": "large"}), owner=staff)
    with django_assert_num_queries(5) as asked:
        assert browser.get(DEFINITIONS).status_code == 200
    assert not any('"definition"' in query["sql"] or "`definition`" in query["sql"] for query in asked)
