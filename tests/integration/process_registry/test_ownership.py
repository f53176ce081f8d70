"""Definitions belong to who has stored them, unless they are shared."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from actions.process_registry import services
from actions.process_registry.lookup import find_executable
from actions.process_registry.models import ProcessDefinition

from .test_contract import PLAIN, URL, post, put, stored

pytestmark = pytest.mark.django_db


def do(client: Client, url: str, **body: Any) -> Any:
    return client.post(url, json.dumps(body), content_type="application/json")


@pytest.fixture
def other(bob: User, basic: Any) -> Client:
    client: Client = basic("bob")
    return client


def test_others_neither_see_nor_change_it(old: Client, other: Client) -> None:
    place = stored(old)
    assert other.get(URL).json()["meta"]["total_count"] == 0
    answers = [
        other.get(place),
        put(other, place, {"definition": PLAIN}),
        other.delete(place),
        do(other, f"{place}run/"),
    ]
    assert [each.status_code for each in answers] == [404] * 4
    assert [other.get(f"{place}{part}/").status_code for part in ("about", "versions", "compare")] == [404] * 3


def test_one_that_is_shared_is_seen_and_not_changed(old: Client, other: Client) -> None:
    place = stored(old)
    assert do(old, f"{place}share/").json() == {"id": ProcessDefinition.objects.get().pk, "is_shared": True}
    assert other.get(place).json()["definition"] == PLAIN
    assert other.get(URL).json()["meta"]["total_count"] == 1
    refused = [put(other, place, {"definition": {"exec": "/y"}}), other.delete(place), do(other, f"{place}unshare/")]
    refused += [do(other, f"{place}restore/", number=1)]
    assert [each.status_code for each in refused] == [403] * 4
    assert old.get(place).json()["definition"] == PLAIN
    assert do(old, f"{place}unshare/").status_code == 200
    assert other.get(place).status_code == 404


def test_staff_needs_a_permission_for_what_is_others(old: Client, other: Client, bob: User) -> None:
    place = stored(old)
    bob.is_staff = True
    bob.save()
    assert other.get(place).status_code == 404
    bob.user_permissions.add(Permission.objects.get(codename="view_processdefinition"))
    assert [other.get(place).status_code, put(other, place, {"definition": PLAIN}).status_code] == [200, 403]
    bob.user_permissions.add(Permission.objects.get(codename="change_processdefinition"))
    assert put(other, place, {"definition": {"exec": "/y"}}).status_code == 204
    assert [other.delete(place).status_code, old.get(place).status_code] == [403, 200]


def test_who_may_not_write_processes_stores_executables_only(other: Client) -> None:
    assert post(other).status_code == 201
    response = post(other, {"name": "Hello", "tasks": [{"task": "io.say_hello"}]})
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert "actions_process_registry.author_process" in response.json()["detail"]


def test_who_may_not_run_programs_is_told_so(other: Client) -> None:
    place = stored(other)
    response = do(other, f"{place}run/")
    assert response.status_code == 403


def test_whoever_may_not_run_programs_puts_none_of_his_own_in_the_place_of_what_a_process_means(
    author: User, bob: User
) -> None:
    meant = services.create(services.check({"exec": "/bin/tr", "name": "capitals"}), owner=author, is_shared=True)
    own = services.create(services.check({"exec": "/bin/sh", "name": "capitals"}), owner=bob)
    assert find_executable("capitals", bob) == meant
    # By its number it is the process that says so.
    assert find_executable(own.pk, bob) == own
    bob.user_permissions.add(Permission.objects.get(codename="run_program"))
    assert find_executable("capitals", User.objects.get(pk=bob.pk)) == own
