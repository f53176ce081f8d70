"""Stored processes are started like those of the code, everywhere, in the version that they have now."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions.process_registry import services
from actions.process_registry.models import ProcessDefinition, RegistryStamp
from actions.process_registry.stored import StoredProcesses, stored
from actions.processes import services as process_services
from actions.processes.exceptions import UnknownProcessError
from actions.processes.models import Run
from actions.processes.registry import processes
from tests.processes import make_due, rows_of, run_due

from .test_contract import URL, put
from .test_contract import post as post_definition
from .test_contract import stored as stored_at
from .test_ownership import do

pytestmark = pytest.mark.django_db

HELLO = """\
# Greets somebody.
name: GreetSomebody
payload:
  - {key: who, type: string, required: true}
tasks:
  - task: io.say_hello
    id: greet
    args: {message: "Hello {{ payload.who }}"}
    register: said
result: state.said
"""
WAITS = """\
name: Waits
tasks:
  - {task: io.say_hello, id: first, args: {message: old}, register: said}
  - {wait: 1 hour, id: pause}
  - {task: io.say_hello, id: last, args: {message: old}, register: said}
result: state.said
"""


@pytest.fixture
def store(author: User) -> Callable[..., ProcessDefinition]:
    def make(text: str = HELLO, **options: Any) -> ProcessDefinition:
        return services.create(services.check(text=text, actor=author), owner=author, **options)

    return make


def change(row: ProcessDefinition, text: str) -> ProcessDefinition:
    return services.replace(row, services.check(text=text))


def in_two_hours(*runs: Run) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
        for run in runs:
            make_due(run)
        run_due()


def test_a_process_is_stored_over_rest_and_started_like_any_other(old: Client) -> None:
    created = old.post(URL, HELLO, content_type="application/yaml")
    assert created.status_code == 201, created.content
    response = do(old, "/processes/greet-somebody/", who="Ada")
    assert (response.status_code, response.json()["result"]) == (201, {"result": "Hello Ada"})
    assert do(old, "/processes/greet-somebody/").status_code == 400
    assert old.get("/processes/greet-somebody/").json()["title"] == "GreetSomebody"
    assert old.get("/processes/greet-somebody/picture.svg").status_code == 200
    ids = [each["id"] for each in old.get("/docs/registry/processes/").json()]
    assert {"greet-somebody", "hello-world"} <= set(ids)


def test_it_is_run_by_its_number_too(old: Client) -> None:
    place = old.post(URL, HELLO, content_type="application/yaml")["Location"]
    response = do(old, f"{place}run/", payload={"who": "Ada"})
    assert (response.status_code, response.json()["status"]) == (201, "succeeded")
    assert response["Location"] == response.json()["url"]
    assert old.get(response["Location"]).json()["result"] == {"result": "Hello Ada"}
    assert do(old, f"{place}run/", input="x").status_code == 400
    assert do(old, f"{place}run/", payload={"whom": "Ada"}).status_code == 400
    assert Run.objects.count() == 1


def test_a_process_may_be_stored_as_json(old: Client) -> None:
    definition = {"name": "Json", "tasks": [{"task": "io.say_hello", "args": {"message": "\u2028 \U0001f600"}}]}
    place = stored_at(old, definition)
    assert old.get(place).json()["definition"] == definition
    assert do(old, f"{place}run/").status_code == 201


def test_who_stores_a_process_does_not_find_out_secrets_of_users_by_it(old: Client) -> None:
    asked = {"user_filter": {"groups__user__password__startswith": "md5"}, "groups": ["staff"]}
    (problem,) = post_definition(old, {"name": "Spying", "tasks": [{"input": asked}]}).json()["problems"]
    assert problem["path"] == ["tasks", 0, "input", "user_filter", "groups__user__password__startswith"]
    assert "looks for a secret" in problem["message"]
    assert not ProcessDefinition.objects.exists()


def test_what_is_wrong_is_said_with_line_and_column(old: Client) -> None:
    text = "name: Broken\ntasks:\n  - task: io.say_helo\n  - {task: io.say_hello, retrys: 3}\n  - process: nowhere\n"
    problems = old.post(URL, text, content_type="application/yaml").json()["problems"]
    assert [(each["line"], each["path"]) for each in problems] == [
        (3, ["tasks", 0, "task"]),
        (4, ["tasks", 1, "retrys"]),
        (5, ["tasks", 2, "process"]),
    ]
    assert "io.say_hello" in problems[0]["remedy"]
    tasks = [{"task": "io.say_helo"}, {"task": "io.say_hello", "retrys": 3}, {"process": "nowhere"}]
    as_json = {"name": "Broken", "tasks": tasks}
    found = post_definition(old, as_json).json()["problems"]
    assert sorted(each["path"] for each in found) == sorted(each["path"] for each in problems)
    assert {each["line"] for each in found} == {None}
    assert old.post(URL, "name: [", content_type="application/yaml").json()["problems"][0]["line"] == 2
    assert not ProcessDefinition.objects.exists()


def test_the_id_of_another_process_is_refused(old: Client, store: Any) -> None:
    store()
    for name in ("GreetSomebody", "hello world"):
        response = post_definition(old, {"name": name, "tasks": [{"task": "io.say_hello"}]})
        assert (response.status_code, response.json()["code"]) == (409, "taken")
    place = stored_at(old, {"name": "Other", "tasks": [{"task": "io.say_hello"}]})
    taken = put(old, place, {"definition": {"name": "GreetSomebody", "tasks": [{"task": "io.say_hello"}]}})
    assert taken.status_code == 409
    assert old.get(place).json()["definition"]["name"] == "Other"


def test_the_id_of_one_that_is_deleted_is_free_again(store: Any) -> None:
    services.delete(store())
    assert processes.get("greet-somebody") is None
    assert services.create(services.check(text=HELLO)).process_id == "greet-somebody"


def test_it_is_a_step_of_others(old: Client, store: Any, author: User) -> None:
    store()
    outer = {"name": "Outer", "tasks": [{"process": "greet-somebody", "args": {"who": "Ada"}, "register": "said"}]}
    place = stored_at(old, {**outer, "result": "state.said"})
    response = do(old, f"{place}run/")
    assert (response.status_code, response.json()["result"]) == (201, {"result": "Hello Ada"})


def test_others_neither_see_nor_start_what_is_not_shared(store: Any, bob: User, basic: Any) -> None:
    row, other = store(), basic("bob")
    answers = [
        do(other, "/processes/greet-somebody/", who="Bob"),
        other.get("/processes/greet-somebody/"),
        other.get("/processes/greet-somebody/picture.svg"),
    ]
    assert [each.status_code for each in answers] == [404] * 3
    assert "greet-somebody" not in [each["id"] for each in other.get("/docs/registry/processes/").json()]
    with pytest.raises(UnknownProcessError):
        process_services.start("greet-somebody", {"who": "Bob"}, actor=bob)
    services.share(row)
    assert do(other, "/processes/greet-somebody/", who="Bob").status_code == 201
    assert Run.objects.count() == 1


def test_what_somebody_does_not_see_he_cannot_name_as_a_step(store: Any, bob: User, author: User, basic: Any) -> None:
    store()
    bob.user_permissions.set(author.user_permissions.all())
    response = post_definition(
        basic("bob"), {"name": "Spy", "tasks": [{"process": "greet-somebody", "args": {"who": "x"}}]}
    )
    assert response.status_code == 400
    assert "greet-somebody" in json.dumps(response.json()["problems"])


def test_a_run_goes_on_by_the_version_that_it_began_with(store: Any) -> None:
    row = store(WAITS)
    run = process_services.start("waits")
    assert (run.status, run.node) == ("waiting", "pause")
    change(row, WAITS.replace("message: old", "message: new").replace("id: last", "id: final"))
    newer = process_services.start("waits")
    in_two_hours(run, newer)
    results = [Run.objects.get(pk=each.pk).result for each in (run, newer)]
    assert results == [{"result": "old"}, {"result": "new"}]
    assert rows_of(run)[-1][0] == "last"


def test_a_run_goes_on_when_its_definition_is_deleted(store: Any) -> None:
    row = store(WAITS)
    run = process_services.start("waits")
    services.delete(row)
    in_two_hours(run)
    run.refresh_from_db()
    assert (run.status, run.result) == ("succeeded", {"result": "old"})
    with pytest.raises(UnknownProcessError):
        process_services.start("waits")


def test_other_processes_of_the_installation_learn_of_a_change(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = StoredProcesses()
    row = store()
    assert elsewhere.get("greet-somebody") is not None
    change(row, HELLO.replace("Hello", "Good morning"))
    services.create(services.check(text=WAITS))
    assert list(elsewhere.ids()) == ["greet-somebody"]
    elsewhere.look_again()
    newer = elsewhere.get("greet-somebody")
    assert newer is not None
    assert newer.graph.fingerprint == stored.get("greet-somebody").graph.fingerprint  # type: ignore[union-attr]
    assert sorted(elsewhere.ids()) == ["greet-somebody", "waits"]


def test_it_costs_one_small_query_in_a_second_and_none_for_the_code(store: Any) -> None:
    store()
    processes.get("greet-somebody")
    with CaptureQueriesContext(connection) as queries:
        for _ in range(100):
            assert processes.get("greet-somebody") is not None
            assert processes.get("hello-world") is not None
    assert len(queries) == 0
    stored.look_again()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(100):
            processes.get("hello-world")
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        for _ in range(100):
            processes.get("greet-somebody")
    assert len([each for each in queries if "SELECT" in each["sql"]]) == 1


def test_a_process_whose_task_is_gone_is_not_there_and_says_why(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from actions.processes.tasks import tasks

    store()
    stored.forget()
    monkeypatch.setattr(tasks, "get", lambda name: None)
    assert processes.get("greet-somebody") is None
    assert any("io.say_hello" in str(each) for each in processes.problems)
    processes.forget_problems()


def test_one_that_cannot_be_compiled_is_not_compiled_at_each_look(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store()
    compiled: list[int] = []
    monkeypatch.setattr("actions.process_registry.stored._compile", lambda version: compiled.append(version.pk))
    other = StoredProcesses()
    assert [other.get("greet-somebody") for _look in range(3)] == [None, None, None]
    assert len(compiled) == 1


def test_where_nothing_can_be_asked_what_is_known_stays(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import DatabaseError

    store()
    assert processes.get("greet-somebody") is not None

    def broken() -> str:
        raise DatabaseError("no such table")

    monkeypatch.setattr("actions.process_registry.stored.read_stamp", broken)
    stored.look_again()
    assert processes.get("greet-somebody") is not None
    stored.forget()
    assert processes.get("greet-somebody") is None
    assert not list(stored.ids())


def test_an_executable_is_no_change_of_a_process(old: Client) -> None:
    stored_at(old)
    assert not RegistryStamp.objects.exists()


def test_a_process_that_becomes_an_executable_is_no_process_any_more(old: Client, store: Any) -> None:
    row = store()
    assert processes.get("greet-somebody") is not None
    assert put(old, f"{URL}{row.pk}/", {"definition": {"exec": "/x"}}).status_code == 204
    assert processes.get("greet-somebody") is None
    assert old.get(f"{URL}{row.pk}/about/").json()["kind"] == "executable"
