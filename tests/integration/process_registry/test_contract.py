"""The registry's first routes: a contract that clients have had for long, kept to the letter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from actions.process_registry.models import ProcessDefinition

pytestmark = pytest.mark.django_db

URL = "/api/process_definition/"
PLAIN = {"exec": "/path/to/executable"}


def post(client: Client, definition: Any = None, url: str = URL) -> Any:
    body = {"definition": PLAIN if definition is None else definition}
    return client.post(url, json.dumps(body), content_type="application/json")


def put(client: Client, url: str, body: Any, **headers: str) -> Any:
    return client.put(url, json.dumps(body), content_type="application/json", headers=headers)


def stored(client: Client, definition: Any = None) -> str:
    """The path of a new definition."""
    response = post(client, definition)
    assert response.status_code == 201, response.content
    return str(response["Location"]).removeprefix("http://testserver")


@pytest.mark.parametrize("path", [URL, f"{URL}1/", URL[:-1], f"{URL}1"])
@pytest.mark.parametrize("credentials", [None, "Basic YWxpY2U6d3Jvbmc=", "Basic %%%", "Basic"])
def test_who_is_not_known_is_asked_for_a_password(alice: User, path: str, credentials: str | None) -> None:
    client = Client(headers={"Authorization": credentials} if credentials else {})
    for method in ("get", "post", "put", "delete"):
        response = getattr(client, method)(path)
        assert response.status_code == 401, (method, path)
        assert response["WWW-Authenticate"].startswith("Basic")


def test_a_list_is_the_documented_envelope_and_nothing_else(old: Client) -> None:
    for _ in range(2):
        post(old)
    first = ProcessDefinition.objects.order_by("pk")[0].pk
    response = old.get(URL)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response.json() == {
        "meta": {"limit": 20, "next": None, "offset": 0, "previous": None, "total_count": 2},
        "objects": [
            {"definition": PLAIN, "id": first, "resource_uri": f"{URL}{first}/"},
            {"definition": PLAIN, "id": first + 1, "resource_uri": f"{URL}{first + 1}/"},
        ],
    }


def test_a_list_is_printed_as_the_document_prints_it(old: Client) -> None:
    post(old)
    key = ProcessDefinition.objects.get().pk
    assert old.get(URL).content.decode() == (
        '{\n  "meta": {\n    "limit": 20,\n    "next": null,\n    "offset": 0,\n    "previous": null,\n'
        '    "total_count": 1\n  },\n  "objects": [\n    {\n      "definition": {\n'
        '        "exec": "/path/to/executable"\n      },\n'
        f'      "id": {key},\n      "resource_uri": "{URL}{key}/"\n    }}\n  ]\n}}'
    )


def test_following_next_visits_every_row_once(old: Client) -> None:
    keys = [int(stored(old).split("/")[3]) for _ in range(45)]
    seen, pages, path = [], 0, URL
    while path:
        answer = old.get(path).json()
        seen += [row["id"] for row in answer["objects"]]
        path, pages = answer["meta"]["next"], pages + 1
    assert (seen, pages) == (sorted(keys), 3)
    assert old.get(URL).json()["meta"]["next"] == f"{URL}?limit=20&offset=20"
    assert old.get(f"{URL}?offset=20").json()["meta"]["previous"] == f"{URL}?limit=20&offset=0"


def test_limit_and_offset_are_understood_or_refused(old: Client) -> None:
    for _ in range(3):
        post(old)
    assert len(old.get(f"{URL}?limit=0").json()["objects"]) == 3
    assert old.get(f"{URL}?limit=5000").json()["meta"]["limit"] == 1000
    assert old.get(f"{URL}?limit=2&offset=50").json()["objects"] == []
    assert old.get(f"{URL}?limit=2&format=json").json()["meta"]["next"] == f"{URL}?limit=2&offset=2&format=json"
    for query in ("limit=-1", "limit=x", "limit=", "offset=-1", "offset=1.5", "limit=٣", f"offset={'9' * 30}"):
        response = old.get(f"{URL}?{query}")
        assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json"), query


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "application/xml", "nonsense", ""])
def test_whatever_is_accepted_the_type_is_exactly_json(old: Client, accept: str) -> None:
    place = stored(old)
    for path in (URL, place):
        response = old.get(path, headers={"Accept": accept})
        assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("slash", ["/", ""])
def test_every_method_works_with_and_without_the_final_slash(old: Client, slash: str) -> None:
    response = post(old, url=f"{URL[:-1]}{slash}")
    assert response.status_code == 201
    place = response["Location"].removeprefix("http://testserver").removesuffix("/") + slash
    assert old.get(f"{URL[:-1]}{slash}").status_code == 200
    assert old.get(place).json()["definition"] == PLAIN
    assert put(old, place, {"definition": {"exec": "/other"}}).status_code == 204
    assert old.get(place).json()["definition"] == {"exec": "/other"}
    assert old.delete(place).status_code == 204


def test_a_new_one_is_said_where_it_is(old: Client) -> None:
    response = post(old)
    key = ProcessDefinition.objects.get().pk
    assert (response.status_code, response["Location"]) == (201, f"http://testserver{URL}{key}/")
    assert "Accept" in [name.strip() for name in response["Vary"].split(",")]
    assert response.content == b""


def test_a_fetched_row_can_be_put_back(old: Client) -> None:
    place = stored(old, {"exec": "/bin/tr", "argv": ["a", "b"], "process_name": "swap", "else": {"deep": [1, None]}})
    row = old.get(place).json()
    assert put(old, place, row).status_code == 204
    row["definition"]["argv"] = []
    assert put(old, place, row).status_code == 204
    assert old.get(place).json() == row


def test_what_is_unknown_is_not_found(old: Client) -> None:
    assert old.get(f"{URL}99/").status_code == 404
    assert put(old, f"{URL}99/", {"definition": PLAIN}).status_code == 404
    assert old.delete(f"{URL}99/").status_code == 404
    assert old.get(f"{URL}{'9' * 19}/").status_code == 404
    assert not ProcessDefinition.objects.exists()


def test_what_is_deleted_is_gone(old: Client) -> None:
    place = stored(old)
    assert old.delete(place).status_code == 204
    assert [old.delete(place).status_code, old.get(place).status_code] == [404, 404]
    assert old.get(URL).json()["meta"]["total_count"] == 0


@pytest.mark.parametrize("path", [URL, URL[:-1]])
def test_nobody_replaces_or_deletes_everything(old: Client, path: str) -> None:
    stored(old)
    assert put(old, path, {"objects": []}).status_code == 405
    assert old.delete(path).status_code == 405
    assert ProcessDefinition.objects.present().count() == 1


VERBATIM = {
    "exec": "/path/to/executable",
    "application": "referencetodtindtrs",
    "process_type": "single",
    "timeout": 60,
    "cwd": "/path/to/cwd",
    "environment": {"ENVAR": "val"},
    "argv": ["arg1", "arg2"],
    "input_adapter": {"input_type": "port", "input_params": {"chunk_size": "10KB", "tcp_port": 8090}},
    "output_adapter": {"output_type": "file", "output_parameters": {"file": "path/to/file"}},
    "process_name": "n\u0000ul \ud83d\ude00",
    "zebra": {"b": 1, "a": [1.5, True, None, 10**30, {}]},
    "apple": [],
}


def test_keys_order_nesting_and_characters_are_kept(old: Client) -> None:
    place = stored(old, VERBATIM)
    assert json.dumps(old.get(place).json()["definition"]) == json.dumps(VERBATIM)


def test_half_a_character_comes_back_as_it_was_sent(old: Client) -> None:
    body = '{"definition": {"exec": "/x", "broken": "\\ud800"}}'
    response = old.post(URL, body, content_type="application/json")
    assert response.status_code == 201
    assert b'"\\ud800"' in old.get(response["Location"]).content


BAD_BODIES = [
    *("", "{", "[]", "null", "5", '"x"', "{}", "\x00", "{'definition': {}}", "[" * 50_000),
    *('{"definition": null}', '{"definition": "x"}', '{"definition": []}', '{"definition": {}}', '{"definition": 5}'),
    *('{"definition": {"exec": NaN}}', '{"definition": {"exec": "/x", "n": 1e999}}', '{"exec": "/x"}'),
    '{"definition": {"exec": "/x", "n": ' + "9" * 5000 + "}}",
    '{"definition": {"exec": "/x"}, "text": "name: x"}',
    '{"definition": {"exec": "/x"}, "note": 5}',
    '{"definition": {"exec": "/x", "deep": ' + "[" * 300 + "]" * 300 + "}}",
    '{"definition": {"exec": ""}}',
    '{"definition": {"exec": "/x\\u0000"}}',
    '{"definition": {"exec": ["/x"]}}',
    '{"text": 5}',
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: body[:30])
def test_a_body_that_makes_no_sense_is_refused_and_changes_nothing(old: Client, body: str) -> None:
    place = stored(old)
    for response in (
        old.post(URL, body, content_type="application/json"),
        old.put(place, body, content_type="application/json"),
    ):
        assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json"), response.content
    assert old.get(place).json()["definition"] == PLAIN
    assert ProcessDefinition.objects.get().version == 1


def test_a_body_of_another_type_is_refused(old: Client) -> None:
    assert old.post(URL, "definition=x", content_type="application/x-www-form-urlencoded").status_code == 415
    assert old.post(URL, b"\xff\xfe", content_type="application/json").status_code == 400
    assert old.post(URL, b"\xff\xfe", content_type="application/yaml").status_code == 400


def test_a_body_that_is_too_large_is_refused(old: Client, settings: Any) -> None:
    large = {"exec": "/x", "rest": "x" * 1_100_000}
    assert post(old, large).status_code == 413
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert post(old, large).status_code == 413
    assert not ProcessDefinition.objects.exists()


def test_all_that_is_wrong_is_said_at_once(old: Client) -> None:
    wrong = {"argv": "a b", "process_type": "x", "timeout": "a", "input_adapter": {"input_type": "telepathy"}}
    response = post(old, wrong)
    assert response.status_code == 400
    problem = response.json()
    assert problem["code"] == "invalid_definition"
    paths = [".".join(map(str, each["path"])) for each in problem["problems"]]
    assert {"exec", "argv", "process_type", "timeout"} <= set(paths)
    assert any(path.startswith("input_adapter") for path in paths)
    assert "definition.argv" in problem["errors"]


def test_no_token_against_forgery_is_asked_of_a_password(old: Client, alice: User) -> None:
    old.force_login(alice)
    assert post(old).status_code == 201


def test_a_session_alone_needs_its_token(author: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(author)
    assert browser.get(URL).status_code == 200
    assert post(browser).status_code == 403
