"""Tasks and runs in a project's own templates, and in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.template import Context, Template
from django.test import Client, RequestFactory

from actions.processes import services
from actions.processes.graph import Kind
from actions.processes.models import Message, OpenTask, Run
from tests.processes import make_process, node, registered

from .asking import asking, fresh, group, member, start

pytestmark = pytest.mark.django_db

LISTENS = make_process(node("hear", Kind.RECEIVE, "end", run="paid"), node("end", Kind.END), name="listens")


@pytest.fixture
def ada() -> User:
    return member("ada", "approvers")


@pytest.fixture
def asks() -> Any:
    process = asking(group("approvers"))
    with registered(process, LISTENS):
        yield process


def rendered(text: str, user: Any, **context: Any) -> str:
    request = RequestFactory().get("/somewhere/?page=2")
    request.user = user
    return Template("{% load processes %}" + text).render(Context({"request": request, **context}))


def test_a_template_lists_and_counts_my_tasks(asks: Any, ada: User, tmp_path: Any, settings: Any) -> None:
    tasks = [start(asks) for _number in range(3)]
    text = rendered("{% my_task_count as count %}{{ count }}{% my_tasks limit=2 %}", ada)
    assert text.startswith("3<ul")
    assert text.count("Is it fine?</a>") == 2
    assert f"/tasks/{tasks[0].pk}/" in text
    assert "All tasks" in text
    services.claim(tasks[0], member("bob", "approvers"))
    assert rendered("{% my_task_count %}", fresh(ada)) == "2"
    for nobody in (member("eve"), AnonymousUser()):
        assert "Currently no tasks for you" in rendered("{% my_tasks %}", nobody)
        assert rendered("{% my_task_count %}", nobody) == "0"
    (tmp_path / "own.html").write_text("{{ count }} things")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]
    assert rendered('{% my_tasks template="own.html" %}', ada) == "2 things"
    settings.ATM_TASK_LIST_TEMPLATES = (("own.html", "Short"),)
    assert rendered("{% my_tasks %}", ada) == "2 things"


def test_a_template_shows_what_a_run_is_doing(asks: Any, ada: User) -> None:
    run = start(asks).run
    assert "Asks: waiting (ask)" in rendered("{% run_status run %}", ada, run=run)
    assert "Asks: waiting" in rendered("{% run_status run %}", ada, run=run.pk)
    assert rendered("{% run_status run %}", ada, run=999).strip() == ""
    assert rendered("{% run_status run %}", ada, run=None).strip() == ""


def test_a_button_sends_a_message_and_leads_back(asks: Any) -> None:
    boss = member("boss", is_staff=True)
    boss.user_permissions.add(Permission.objects.get(codename="change_run"))
    run = services.start("listens")
    text = rendered('{% send_message run "paid" data=data label="It is paid" %}', boss, run=run, data={"sum": 5})
    assert "It is paid" in text
    assert 'value="{&quot;sum&quot;: 5}"' in text
    assert f'action="/tasks/dashboard/{run.pk}/message/?back=%2Fsomewhere%2F%3Fpage%3D2"' in text
    client = Client()
    client.force_login(boss)
    at = f"/tasks/dashboard/{run.pk}/message/"
    assert client.post(at, {"name": "paid", "data": "{"}).status_code == 400
    assert client.post(at, {"data": "1"}).status_code == 400
    assert client.get(at).status_code == 405
    answer = client.post(f"{at}?back=/somewhere/", {"name": "paid", "data": '{"sum": 5}'})
    assert (answer.status_code, answer["Location"]) == (302, "/somewhere/")
    assert Message.objects.get().data == {"sum": 5}
    eve = Client()
    eve.force_login(member("eve"))
    assert eve.post(at, {"name": "paid"}).status_code in (403, 404)
    assert Message.objects.count() == 1


# --- admin ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


LIST = "/admin/actions_processes/opentask/"


def test_the_admin_lists_and_filters_open_tasks(asks: Any, admin: Client, ada: User) -> None:
    first, second = start(asks), start(asks)
    services.claim(first, ada)
    text = admin.get(LIST).content.decode()
    assert text.count("Is it fine?</a>") == 2
    assert "ada" in text
    for query, expected in (("claim=claimed", 1), ("claim=free", 1), ("late=late", 0), ("late=in_time", 2)):
        assert admin.get(f"{LIST}?{query}").content.decode().count("Is it fine?</a>") == expected, query
    page = admin.get(f"{LIST}{second.pk}/change/").content.decode()
    assert f"{LIST}{second.pk}/answer/" in page
    assert "Claim" in page


def test_an_input_is_answered_in_the_admin(asks: Any, admin: Client) -> None:
    task = start(asks)
    at = f"{LIST}{task.pk}/answer/"
    text = admin.get(at).content.decode()
    assert 'name="is_fine"' in text
    wrong = admin.post(at, {"is_fine": "on", "note": "much too long for this field"})
    assert wrong.status_code == 200
    assert "errorlist" in wrong.content.decode()
    right = admin.post(at, {"is_fine": "on", "note": "ok"})
    assert (right.status_code, right["Location"]) == (302, LIST)
    assert Run.objects.get().state["answer"] == {"is_fine": True, "note": "ok"}
    assert not OpenTask.objects.exists()
    assert admin.get(at).status_code == 302


def test_the_admin_answers_for_nobody_else(asks: Any) -> None:
    task = start(asks)
    staff = member("staff", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_opentask"))
    client = Client()
    client.force_login(staff)
    assert client.get(f"{LIST}{task.pk}/change/").status_code == 200
    assert f"{task.pk}/answer/" not in client.get(f"{LIST}{task.pk}/change/").content.decode()
    assert client.get(f"{LIST}{task.pk}/answer/").status_code == 403
    assert client.post(f"{LIST}{task.pk}/answer/", {"is_fine": "on"}).status_code == 403
    assert Run.objects.get().status == "waiting"
