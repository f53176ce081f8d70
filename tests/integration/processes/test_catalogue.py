"""The catalogue of actions, tasks and processes, for people and for programs."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.processes import make_process, registered, task

pytestmark = pytest.mark.django_db

CATALOGUE = "/docs/registry/"
PAGES = [CATALOGUE, *(f"{CATALOGUE}{part}/" for part in ("processes", "tasks", "actions"))]


@pytest.fixture
def browser(alice: User) -> Client:
    """A browser that Alice is logged in with."""
    client = Client(headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    client.force_login(alice)
    return client


def test_programs_get_all_of_it_as_json(api: APIClient) -> None:
    response = api.get(CATALOGUE)
    assert response["Content-Type"] == "application/json"
    assert set(response.data) == {"processes", "tasks", "actions"}


def test_a_process_is_listed_with_payload_steps_and_pictures(api: APIClient) -> None:
    found = {each["id"]: each for each in api.get(f"{CATALOGUE}processes/").data}
    shown = found["signup-request"]
    assert shown["title"] == "SignupRequest"
    assert shown["payload"]["properties"]["password"]["minLength"] == 8
    assert shown["tasks"] == [
        *("account.create_user", "account.send_follow_up_email"),
        *("account.send_welcome_email", "slack.send_notification"),
    ]
    assert urlsplit(shown["picture"]).path == "/processes/signup-request/picture.svg"


def test_a_task_is_listed_with_docs_meta_payload_and_behaviour(api: APIClient) -> None:
    modules = {each["name"]: each for each in api.get(f"{CATALOGUE}tasks/").data}
    tasks = {each["name"]: each for each in modules["io"]["tasks"]}
    assert tasks["say_hello"]["invoke_name"] == "process.tasks.io.say_hello"
    assert {"docs", "meta", "behaviour", "payload"} <= set(tasks["say_hello"])
    assert modules["account"]["tasks"][0]["behaviour"]


def test_an_action_is_listed_with_its_payload(api: APIClient) -> None:
    found = {each["resource"]: each for each in api.get(f"{CATALOGUE}actions/").data}
    assert {"todo", "run", "delivery"} <= set(found)
    actions = {each["name"]: each for each in found["run"]["actions"]}
    assert "compensate" in actions["run:cancel"]["payload"]["properties"]
    assert actions["run:cancel"]["url"] == "/runs/:pk/cancel/"


@pytest.mark.parametrize("path", PAGES)
def test_people_get_a_page(browser: Client, path: str) -> None:
    response = browser.get(path)
    assert (response.status_code, response["Content-Type"]) == (200, "text/html; charset=utf-8")
    text = response.content.decode()
    anchors = set(re.findall(r'<article id="([^"]+)"', text))
    assert anchors
    assert set(re.findall(r'<li><a href="#([^"]+)"', text)) == anchors


@pytest.mark.parametrize("path", PAGES)
def test_a_page_needs_no_script_and_no_style_of_its_own(browser: Client, path: str) -> None:
    text = browser.get(path).content.decode()
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", text)


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_nothing(client_of: Any, path: str) -> None:
    response = client_of(None).get(path)
    assert response.status_code in (401, 403)
    assert response["Content-Type"] == "application/problem+json"


def test_who_is_not_logged_in_is_shown_where_to(client: Client) -> None:
    response = client.get(CATALOGUE, headers={"accept": "text/html"})
    assert response.status_code == 403
    assert f'href="/api-auth/login/?next={CATALOGUE}"' in response.content.decode()


def test_the_format_may_stand_in_the_query(browser: Client, api: APIClient) -> None:
    assert browser.get(f"{CATALOGUE}?format=json")["Content-Type"] == "application/json"
    assert api.get(f"{CATALOGUE}?format=html")["Content-Type"].startswith("text/html")


def test_a_search_finds_what_has_all_the_words(api: APIClient, browser: Client) -> None:
    found = api.get(f"{CATALOGUE}?search=HELLO world").data
    assert [each["id"] for each in found["processes"]] == ["hello-world"]
    nothing = api.get(f"{CATALOGUE}?search=nothing-has-this").data
    assert nothing == {"processes": [], "tasks": [], "actions": []}
    page = browser.get(CATALOGUE, {"search": '<script>"&'}).content.decode()
    assert "<script" not in page
    assert "&lt;script&gt;&quot;&amp;" in page


def test_texts_of_definitions_are_shown_as_text(browser: Client) -> None:
    evil = make_process(task("a"), bodies={"a": lambda context: 1}, title="<script>1</script>", description="<b>x</b>")
    with registered(evil):
        page = browser.get(f"{CATALOGUE}processes/").content.decode()
    assert "&lt;script&gt;1&lt;/script&gt;" in page
    assert "<b>x" not in page


def test_the_catalogue_asks_the_database_only_who_asks(browser: Client) -> None:
    browser.get(CATALOGUE)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        browser.get(CATALOGUE)
    assert len(queries) <= 2


def test_the_format_of_process_files_is_there_for_editors(client: Client) -> None:
    response = client.get(f"{CATALOGUE}process-format.json")
    assert (response.status_code, response["Content-Type"]) == (200, "application/schema+json")
    assert response.json()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "tasks_scheduled" in response.json()["properties"]


def test_code_in_texts_is_shown_as_code_and_arguments_stand_in_the_table(browser: Client) -> None:
    page = browser.get(CATALOGUE).content.decode()
    assert "<code>DJACTION_ARCHIVE</code>" in page
    assert "Args:" not in page
