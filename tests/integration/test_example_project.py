"""The example project beside its actions: its data, and who sees and changes what."""

from __future__ import annotations

from weakref import WeakSet

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from rest_framework.test import APIClient

from actions.registry import catalogue
from example_app.factories import TodoFactory, TodoListFactory, UserFactory
from example_app.models import Todo, TodoList

pytestmark = pytest.mark.django_db


def client_of(username):
    client = APIClient()
    client.force_authenticate(UserFactory(username=username))
    return client


def test_it_passes_all_checks(monkeypatch):
    own = [each for each in catalogue._registries if each.source.startswith(("example_app", "actions"))]
    monkeypatch.setattr(catalogue, "_registries", WeakSet(own))
    call_command("check", databases=["default"])


def test_the_demonstration_data_is_what_the_printed_examples_need(capsys):
    call_command("load_demo")
    demo = get_user_model().objects.get(username="demo")
    first = Todo.objects.earliest("pk")
    assert demo.check_password("demo")
    assert demo.is_superuser
    assert Todo.objects.count() >= 200
    assert not Todo.objects.get(pk=first.pk + 6).is_done
    assert TodoList.objects.order_by("pk")[2].todos.filter(is_done=False).exists()


def test_loading_it_again_changes_nothing(capsys):
    call_command("load_demo")
    before = set(Todo.objects.values_list("pk", "title", "is_done"))
    call_command("load_demo")
    assert set(Todo.objects.values_list("pk", "title", "is_done")) == before
    assert capsys.readouterr().out.endswith("The demonstration data is there already.\n")


def test_it_comes_out_the_same_every_time(capsys):
    def load():
        call_command("load_demo")
        return list(Todo.objects.order_by("pk").values_list("title", "is_done", "priority", "due_date"))

    first = load()
    TodoList.objects.all().delete()
    assert load() == first


def test_users_see_their_own_todos_and_those_of_shared_lists():
    own = TodoFactory(owner__username="alice")
    shared = TodoFactory(list__is_shared=True)
    TodoFactory()
    seen = client_of("alice").get("/todos/").json()["results"]
    assert {todo["id"] for todo in seen} == {own.pk, shared.pk}


def test_staff_see_all_todos():
    TodoFactory.create_batch(2)
    UserFactory(username="demo", is_staff=True)
    assert client_of("demo").get("/todos/").json()["count"] == 2


def test_nobody_reads_without_logging_in():
    assert APIClient().get("/todos/").status_code in (401, 403)
    assert APIClient().get("/lists/").status_code in (401, 403)


def test_a_new_todo_belongs_to_whoever_made_it():
    alice = client_of("alice")
    todo_list = alice.post("/lists/", {"name": "Garden"}).json()
    response = alice.post("/todos/", {"title": "Water the plants", "list": todo_list["id"]})
    assert response.status_code == 201, response.content
    assert response.json()["owner"] == "alice"


def test_a_todo_cannot_go_to_a_list_that_its_maker_does_not_see():
    hidden = TodoListFactory()
    response = client_of("alice").post("/todos/", {"title": "Water the plants", "list": hidden.pk})
    assert (response.status_code, list(response.json())) == (400, ["list"])


def test_a_shared_todo_is_changed_by_its_owner_only():
    todo = TodoFactory(owner__username="bob", list__is_shared=True)
    path = f"/todos/{todo.pk}/"
    assert client_of("alice").patch(path, {"title": "Mine"}).status_code == 403
    assert client_of("bob").patch(path, {"title": "Mine"}).status_code == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [("is_done=true", {"done"}), ("due_after=2026-02-01", {"later"}), ("search=earl", {"earlier"})],
)
def test_the_list_is_filtered_and_searched(query, expected):
    alice = UserFactory(username="alice")
    TodoFactory(owner=alice, title="done", is_done=True)
    TodoFactory(owner=alice, title="earlier", due_date="2026-01-01")
    TodoFactory(owner=alice, title="later", due_date="2026-03-01")
    found = client_of("alice").get(f"/todos/?{query}").json()["results"]
    assert {todo["title"] for todo in found} == expected


@pytest.mark.parametrize("path", ["/swagger/", "/swagger.json", "/redoc/", "/api/schema/", "/api/docs/"])
def test_the_documentation_is_there_for_everybody(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("model", ["todo", "todolist"])
def test_the_admin_shows_todos_and_lists(admin_client, model):
    TodoFactory()
    assert admin_client.get(f"/admin/example_app/{model}/").status_code == 200
