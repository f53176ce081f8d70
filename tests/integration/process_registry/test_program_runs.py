"""Programs are run by their stored definitions over REST, and their runs are seen and stopped there."""

from __future__ import annotations

import base64
import os
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from actions.process_registry.programs.models import ProgramRun
from actions.process_registry.programs.worker import take_next

from .test_contract import URL, post, stored
from .test_ownership import do

pytestmark = pytest.mark.django_db

RUNS = "/api/program_run/"
TR = {"exec": "/usr/bin/tr", "argv": ["a-z", "A-Z"], "timeout": 20}


@pytest.fixture(autouse=True)
def _permitted(settings: Any) -> None:
    """What may be run here."""
    settings.DJACTION_PROGRAMS = ["/usr/bin/tr"]
    settings.DJACTION_PROGRAM_USER = "root" if os.geteuid() == 0 else ""


def started(client: Client, definition: Any = None, **sent: Any) -> dict[str, Any]:
    """A run that waits for a worker."""
    response = do(client, f"{stored(client, definition or TR)}run/", **sent)
    assert response.status_code == 202, response.content
    answer: dict[str, Any] = response.json()
    assert response["Location"] == answer["url"]
    return answer


def test_a_program_is_run_by_a_worker_and_its_output_is_kept(old: Client) -> None:
    run = started(old, input="hello")
    assert (run["status"], run["name"], run["version"]) == ("pending", "tr", 1)
    assert old.get(run["url"])["Retry-After"] == "2"
    assert take_next("default")
    ended = old.get(run["url"]).json()
    assert (ended["status"], ended["exit_code"], ended["output_size"]) == ("succeeded", 0, 5)
    assert old.get(run["output_url"]).json()["output"] == "HELLO"
    assert old.get(f"{URL}{ended['definition'].split('/')[3]}/").json()["definition"] == TR


def test_what_is_no_text_goes_in_and_comes_out_as_base64(old: Client) -> None:
    run = started(old, input_base64=base64.b64encode(b"a\xff").decode())
    take_next("default")
    assert base64.b64decode(old.get(run["output_url"]).json()["output_base64"]) == b"A\xff"


def test_a_program_runs_the_version_that_it_was_started_with(old: Client) -> None:
    place = stored(old, TR)
    run = do(old, f"{place}run/", input="hello").json()
    old.put(place, '{"definition": {"exec": "/usr/bin/tr", "argv": ["-d", "l"]}}', content_type="application/json")
    old.delete(place)
    take_next("default")
    assert old.get(run["output_url"]).json()["output"] == "HELLO"


@pytest.mark.parametrize(
    "sent",
    [
        {"input": 5},
        {"input_base64": "%"},
        {"input": "a", "input_base64": "YQ=="},
        {"payload": {}},
        {"unknown": 1},
        {"input": "\ud800"},
    ],
    ids=str,
)
def test_an_input_that_makes_no_sense_is_refused(old: Client, sent: dict[str, Any]) -> None:
    assert do(old, f"{stored(old, TR)}run/", **sent).status_code == 400
    assert not ProgramRun.objects.exists()


def test_what_no_setting_names_does_not_run(old: Client, settings: Any) -> None:
    settings.DJACTION_PROGRAMS = []
    run = started(old, input="hello")
    take_next("default")
    ended = old.get(run["url"]).json()
    assert (ended["status"], ended["exit_code"]) == ("failed", None)
    assert "DJACTION_PROGRAMS" in ended["error"]


def test_a_run_that_waits_is_stopped(old: Client) -> None:
    run = started(old)
    stopped = do(old, f"{run['url']}stop/")
    assert (stopped.status_code, stopped.json()["status"]) == (200, "cancelled")
    assert not take_next("default")
    again = do(old, f"{run['url']}stop/")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


def test_runs_are_seen_by_who_has_started_them_and_by_staff(old: Client, bob: User, staff: User, basic: Any) -> None:
    run = started(old)
    other = basic("bob")
    assert other.get(RUNS).json()["results"] == []
    assert [other.get(run["url"]).status_code, other.get(run["output_url"]).status_code] == [404, 404]
    assert do(other, f"{run['url']}stop/").status_code == 404
    assert [each["id"] for each in basic("staff").get(RUNS).json()["results"]] == [run["id"]]
    assert Client().get(RUNS).status_code == 401
    bob.is_staff = True
    bob.save()
    bob.user_permissions.add(Permission.objects.get(codename="view_programrun"))
    assert [other.get(run["url"]).status_code, do(other, f"{run['url']}stop/").status_code] == [200, 403]


def test_runs_are_filtered(old: Client) -> None:
    first, second = started(old), started(old)
    do(old, f"{first['url']}stop/")
    key = second["definition"].split("/")[3]
    assert [each["id"] for each in old.get(f"{RUNS}?status=pending").json()["results"]] == [second["id"]]
    assert [each["id"] for each in old.get(f"{RUNS}?definition={key}").json()["results"]] == [second["id"]]
    assert [old.get(f"{RUNS}?{query}").status_code for query in ("status=x", "definition=x")] == [400, 400]


def test_a_key_starts_one_run(old: Client) -> None:
    place = stored(old, TR)
    answers = [
        old.post(f"{place}run/", "{}", content_type="application/json", headers={"Idempotency-Key": '"once"'})
        for _ in range(2)
    ]
    assert [each.json()["id"] for each in answers] == [ProgramRun.objects.get().pk] * 2


def test_a_step_of_a_process_runs_a_stored_program(old: Client, author: User) -> None:
    stored(old, {**TR, "process_name": "shout"})
    task = {"task": "program.run", "args": {"program": "shout", "input": "hello"}, "register": "said"}
    assert post(old, {"name": "Shouting", "tasks": [task], "result": "state.said.output"}).status_code == 201
    response = do(old, "/processes/shouting/")
    assert (response.status_code, response.json()["result"]) == (201, "HELLO"), response.content
