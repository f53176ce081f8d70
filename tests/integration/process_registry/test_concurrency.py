"""Several who write the same definition at once, on every database."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from actions.process_registry import services
from actions.process_registry.models import DefinitionVersion, ProcessDefinition
from tests.threads import together

from .test_contract import URL

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 4


def client(**headers: str) -> Client:
    credentials = b64encode(b"staff:staff").decode()
    return Client(headers={"Authorization": f"Basic {credentials}", **headers}, raise_request_exception=False)


def put(place: str, number: int, **headers: str) -> Any:
    body = json.dumps({"definition": {"exec": f"/{number}"}})
    while True:
        response = client(**headers).put(place, body, content_type="application/json")
        if response.status_code != 503:
            # SQLite may say that it is busy: the answer says when to ask again.
            return response


def numbered() -> Any:
    """A function that answers another number each time."""
    numbers = iter(range(1, 1000))
    return lambda: next(numbers)


@pytest.fixture
def place(staff: User) -> str:
    row = services.create(services.check({"exec": "/0"}), owner=staff)
    return f"{URL}{row.pk}/"


def test_of_those_who_mean_the_same_version_one_writes(place: str) -> None:
    tag, number = client().get(place)["ETag"], numbered()
    responses = together(AT_ONCE, lambda: put(place, number(), **{"If-Match": tag}))
    assert sorted(each.status_code for each in responses) == [204, *[412] * (AT_ONCE - 1)]
    assert sorted(DefinitionVersion.objects.values_list("number", flat=True)) == [1, 2]


def test_versions_are_numbered_without_gaps(place: str) -> None:
    number = numbered()
    responses = together(AT_ONCE, lambda: put(place, number()))
    assert {each.status_code for each in responses} == {204}
    versions = list(DefinitionVersion.objects.order_by("number"))
    assert [each.number for each in versions] == list(range(1, AT_ONCE + 2))
    row = ProcessDefinition.objects.get()
    assert (row.version, row.definition) == (AT_ONCE + 1, versions[-1].definition)


def test_of_those_who_delete_it_one_does(place: str) -> None:
    responses = together(AT_ONCE, lambda: client().delete(place))
    assert {each.status_code for each in responses} <= {204, 404, 503}
    assert [each.status_code for each in responses].count(204) == 1
    assert client().get(place).status_code == 404


def test_of_those_who_store_the_same_process_one_does(staff: User) -> None:
    body = json.dumps({"definition": {"name": "Same", "tasks": [{"task": "io.say_hello"}]}})

    def post() -> Any:
        while (response := client().post(URL, body, content_type="application/json")).status_code == 503:
            pass
        return response

    responses = together(AT_ONCE, post)
    assert sorted(each.status_code for each in responses) == [201, *[409] * (AT_ONCE - 1)]
    assert ProcessDefinition.objects.count() == DefinitionVersion.objects.count() == 1
