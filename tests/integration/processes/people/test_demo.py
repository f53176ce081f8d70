"""The example's approval: answered in the browser by whoever the demonstration has made an approver."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from actions.processes import services
from actions.processes.models import OpenTask, Run
from example_app.models import Todo, TodoList

pytestmark = pytest.mark.django_db

COMPANY = {"email": "ada@example.com", "name": "Analytical Engines", "company_size": 80}


@pytest.fixture
def alice() -> User:
    user = User.objects.create_user("alice", password="alice")
    user.groups.add(Group.objects.create(name="approvers"))
    return user


@pytest.fixture
def run(alice: User) -> Run:
    todo = Todo.objects.create(title="Let them in", owner=alice, list=TodoList.objects.create(name="x", owner=alice))
    return services.start("signup-approval", {**COMPANY, "todo": todo.pk}, actor=alice)


def answer(client: Client, title: str, **sent: str) -> None:
    """Go from the list to a task of that title, and fill in its form."""
    found = re.search(rf'href="(/tasks/\d+/)">{title}</a>', client.get("/tasks/").content.decode())
    assert found, title
    assert client.get(found[1]).status_code == 200
    assert client.post(found[1], sent).status_code == 302


def test_the_approver_approves_in_the_browser_and_the_run_goes_on(run: Run) -> None:
    client = Client()
    assert client.login(username="alice", password="alice")
    page = client.get(f"/tasks/{OpenTask.objects.get().pk}/").content.decode()
    assert "Analytical Engines (80 people, ada@example.com) wants to come in." in page
    answer(client, "Approve the sign-up", is_approved="on")
    assert sorted(OpenTask.objects.values_list("node", flat=True)) == ["open_account", "send_contract"]
    answer(client, "Send the contract", is_sent="on")
    answer(client, "Open an account", number="4711")
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert Todo.objects.get().is_done
    history = client.get(f"/tasks/dashboard/{run.pk}/").content.decode()
    assert history.count("answered by alice") == 3


def test_a_company_that_is_refused_is_not_let_in(run: Run) -> None:
    client = Client()
    assert client.login(username="alice", password="alice")
    answer(client, "Approve the sign-up")
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert not Todo.objects.get().is_done
    assert not OpenTask.objects.exists()
