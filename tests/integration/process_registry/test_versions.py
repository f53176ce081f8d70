"""Every write makes a version, which can be read, compared and restored."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from actions.process_registry.models import DefinitionVersion, ProcessDefinition

from .test_contract import PLAIN, URL, post, put, stored
from .test_ownership import do

pytestmark = pytest.mark.django_db


def versions() -> list[tuple[int, dict[str, Any], int | None]]:
    rows = DefinitionVersion.objects.order_by("number")
    return [(row.number, row.definition, row.restored_from) for row in rows]


def test_every_write_makes_a_version_and_the_same_content_none(old: Client, author: User) -> None:
    place = stored(old)
    put(old, place, {"definition": {"exec": "/y", "argv": []}, "note": "a better one"})
    put(old, place, {"definition": {"argv": [], "exec": "/y"}})
    assert versions() == [(1, PLAIN, None), (2, {"exec": "/y", "argv": []}, None)]
    newest = DefinitionVersion.objects.get(number=2)
    assert (newest.author_id, newest.author_name, newest.note) == (str(author.pk), "alice", "a better one")
    assert newest.fingerprint == ProcessDefinition.objects.get().fingerprint


def test_versions_are_listed_newest_first_and_read_by_number(old: Client) -> None:
    place = stored(old)
    put(old, place, {"definition": {"exec": "/y"}})
    listed = old.get(f"{place}versions/").json()
    assert [each["number"] for each in listed["results"]] == [2, 1]
    assert (listed["next"], "definition" in listed["results"][0]) == (None, False)
    first = old.get(listed["results"][1]["url"]).json()
    assert (first["number"], first["definition"], first["author"]) == (1, PLAIN, "alice")
    assert old.get(f"{place}versions/1").json() == first
    assert old.get(f"{place}versions/3/").status_code == 404
    assert old.get(f"{place}versions/?cursor=nonsense").status_code == 404


def test_two_versions_are_compared_value_by_value(old: Client) -> None:
    place = stored(old, {"exec": "/x", "argv": ["a", "b"], "timeout": 1})
    put(old, place, {"definition": {"exec": "/x", "argv": ["a", "c", "d"], "cwd": "/srv"}})
    answer = old.get(f"{place}compare/?from=1&to=2").json()
    assert answer["changes"] == [
        {"path": ["argv", 1], "change": "changed", "before": "b", "after": "c"},
        {"path": ["argv", 2], "change": "added", "before": None, "after": "d"},
        {"path": ["timeout"], "change": "removed", "before": 1, "after": None},
        {"path": ["cwd"], "change": "added", "before": None, "after": "/srv"},
    ]
    assert old.get(f"{place}compare/").json() == answer
    assert old.get(f"{place}compare/?from=x").status_code == 400
    assert old.get(f"{place}compare/?from=7").status_code == 404


def test_texts_are_compared_line_by_line(old: Client) -> None:
    old.post(URL, "exec: /x\n# one\n", content_type="application/yaml")
    place = f"{URL}{ProcessDefinition.objects.get().pk}/"
    old.put(place, "exec: /x\n# two\n", content_type="application/yaml")
    answer = old.get(f"{place}compare/").json()
    assert answer["changes"] == []
    assert answer["text_diff"].splitlines()[-2:] == ["-# one", "+# two"]


def test_an_old_version_is_restored_as_a_new_one(old: Client) -> None:
    place = stored(old)
    put(old, place, {"definition": {"exec": "/y"}})
    answer = do(old, f"{place}restore/", number=1, note="back")
    assert (answer.status_code, answer.json()["version"]) == (200, 3)
    assert old.get(place).json()["definition"] == PLAIN
    assert versions()[-1] == (3, PLAIN, 1)
    assert do(old, f"{place}restore/", number=3).json()["version"] == 3
    assert do(old, f"{place}restore/", number=9).status_code == 404
    assert do(old, f"{place}restore/", number=2, note="\x00\ud800").status_code == 400
    for number in (0, "x", None, 2**40):
        assert do(old, f"{place}restore/", number=number).status_code == 400


def test_who_means_another_version_changes_nothing(old: Client) -> None:
    place = stored(old)
    tag = old.get(place)["ETag"]
    second = put(old, place, {"definition": {"exec": "/y"}}, **{"If-Match": tag})
    assert (second.status_code, second["ETag"]) == (204, old.get(place)["ETag"])
    stale = put(old, place, {"definition": {"exec": "/z"}}, **{"If-Match": tag})
    assert (stale.status_code, stale["ETag"]) == (412, second["ETag"])
    assert old.delete(place, headers={"If-Match": tag}).status_code == 412
    assert put(old, place, {"definition": PLAIN}, **{"If-Match": "nonsense"}).status_code == 400
    assert old.get(place).json()["definition"] == {"exec": "/y"}
    assert old.delete(place, headers={"If-Match": second["ETag"]}).status_code == 204


def test_a_version_is_asked_for_where_the_project_wants_it(old: Client, settings: Any) -> None:
    settings.DJACTION_DEFINITIONS_NEED_IF_MATCH = True
    place = stored(old)
    assert put(old, place, {"definition": PLAIN}).status_code == 428
    assert old.delete(place).status_code == 428
    assert put(old, place, {"definition": PLAIN}, **{"If-Match": "*"}).status_code == 204


def test_a_text_is_kept_as_it_is_written(old: Client) -> None:
    text = "# what it does\nexec: /x\nargv: [1.5e3, yes]  # two\n"
    response = old.post(URL, text, content_type="application/yaml")
    assert response.status_code == 400
    assert [(each["line"], each["path"]) for each in response.json()["problems"]] == [(3, ["argv", 0])]
    text = text.replace("1.5e3", "a")
    place = old.post(URL, text, content_type="text/yaml")["Location"]
    assert old.get(place).json()["definition"] == {"exec": "/x", "argv": ["a", "yes"]}
    assert old.get(f"{place}versions/1/").json()["text"] == text
    # The row that was fetched says the same as the text.
    put(old, place, old.get(place).json())
    assert old.get(f"{place}about/").json()["version"] == 1


def test_what_is_known_of_it_is_told(old: Client, author: User) -> None:
    place = stored(old, {"exec": "/usr/bin/tr", "process_name": "swap"})
    about = old.get(f"{place}about/").json()
    assert (about["kind"], about["name"], about["version"]) == ("executable", "swap", 1)
    assert (about["owner"], about["owner_id"], about["is_shared"]) == ("alice", str(author.pk), False)
    assert (about["resource_uri"], about["run_url"]) == (place, f"http://testserver{place}run/")


def test_what_is_deleted_leaves_its_versions(old: Client) -> None:
    place = stored(old)
    old.delete(place)
    assert [number for number, *_rest in versions()] == [1]
    assert post(old).status_code == 201
