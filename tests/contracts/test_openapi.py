"""The documents of the example project: valid, complete, true, and as they were.

`UPDATE_GOLDEN=1` writes the golden files anew; the difference is then to be read in the version control.
"""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

import pytest

from actions.api.deliveries import DeliveryViewSet
from actions.api.endpoints import WebhookEndpointViewSet
from actions.api.views import EventActionViewSet
from actions.process_registry.api.definitions import ProcessDefinitionViewSet
from actions.process_registry.api.program_runs import ProgramRunViewSet
from actions.processes.api.inputs import InputViewSet
from actions.processes.api.runs import RunViewSet
from example_app.views import TodoViewSet

from .openapi_documents import GOLDEN, calls, openapi, operations, route, swagger, validator_of


@pytest.fixture(scope="module")
def two() -> dict[str, Any]:
    return swagger()


@pytest.fixture(scope="module")
def three() -> dict[str, Any]:
    return openapi()


def assert_golden(name: str, document: dict[str, Any]) -> None:
    """The document is the one of the file, line by line."""
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    file = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        file.write_text(text, encoding="utf-8")
    assert text.splitlines() == file.read_text(encoding="utf-8").splitlines(), f"UPDATE_GOLDEN=1 writes {name} anew."


def test_the_swagger_document_is_as_it_was(two: dict[str, Any]) -> None:
    assert_golden("swagger.json", two)


def test_the_openapi_document_is_as_it_was(three: dict[str, Any]) -> None:
    assert_golden("openapi.json", three)


def test_the_swagger_document_is_valid(two: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        # The validator's own dependencies complain when they are imported.
        warnings.simplefilter("ignore")
        from swagger_spec_validator.validator20 import validate_spec
    validate_spec(two)


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_the_openapi_document_is_valid(version: str) -> None:
    from openapi_spec_validator import validate

    document = openapi(version)
    assert document["openapi"] == version
    validate(document)


def test_every_action_is_an_operation_of_both_documents(two: dict[str, Any], three: dict[str, Any]) -> None:
    registry = (ProcessDefinitionViewSet, ProgramRunViewSet, InputViewSet)
    viewsets = (*registry, TodoViewSet, EventActionViewSet, DeliveryViewSet, WebhookEndpointViewSet, RunViewSet)
    served = {bound.name for viewset in viewsets for bound in viewset.action_registry.bound.values()}
    for document in (two, three):
        found = {
            route(path).func.cls.action_registry.bound[each["x-action"]["id"]].name for path, each in calls(document)
        }
        assert found == served


@pytest.mark.parametrize("make", [swagger, openapi])
def test_every_operation_is_one_of_a_route(make: Any) -> None:
    for path, method, operation in operations(make()):
        served = route(path).func
        # A view that is no ViewSet has methods of these names itself.
        served_by = getattr(served, "actions", None) or vars(served.cls)
        assert method in served_by, f"{operation['operationId']}: {method} {path}"
        if "x-action" in operation:
            assert served.actions[method] == operation["x-action"]["id"]


@pytest.mark.parametrize("make", [swagger, openapi])
def test_only_the_main_routes_are_documented(make: Any) -> None:
    document = make()
    assert "/todos/{id}/mark_done/" in document["paths"]
    assert "/todos/actions/" in document["paths"]
    assert not [path for path in document["paths"] if "/actions/" in path.removesuffix("actions/") or "unknown" in path]


@pytest.mark.parametrize("make", [swagger, openapi])
def test_the_other_operations_of_the_viewset_are_the_librarys_own(make: Any) -> None:
    document = make()
    assert set(document["paths"]["/todos/{id}/"]) - {"parameters"} == {"get", "put", "patch", "delete"}
    assert "x-action" not in document["paths"]["/todos/{id}/"]["put"]


@pytest.mark.parametrize("make", [swagger, openapi])
def test_the_routes_of_the_records_have_summaries(make: Any) -> None:
    paths = make()["paths"]
    assert paths["/dj-actions/actionevents/"]["get"]["summary"] == "Records of calls"
    assert paths["/dj-actions/actionevents/{id}/"]["get"]["summary"] == "The record of a call"
    assert paths["/dj-actions/actionevents/{id}/"]["delete"]["summary"] == "Cancel a call"


@pytest.mark.parametrize("make", [swagger, openapi])
def test_no_two_operations_share_an_id(make: Any) -> None:
    ids = [operation["operationId"] for _path, _method, operation in operations(make())]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("make", [swagger, openapi])
def test_the_routes_of_one_resource_stand_in_one_group(make: Any) -> None:
    tags = [each["tags"] for path, _method, each in operations(make()) if path.startswith("/dj-actions/actionevents/")]
    assert len(tags) > 3
    assert tags == [["dj-actions"]] * len(tags)


def test_every_example_fits_the_payload_that_is_declared(three: dict[str, Any]) -> None:
    checked = 0
    for path, operation in calls(three):
        for content in operation["requestBody"]["content"].values():
            validator = validator_of(three, content["schema"])
            for example in content.get("examples", {}).values():
                errors = [str(error) for error in validator.iter_errors(example["value"])]
                assert not errors, f"{path}: {example['value']}"
                checked += 1
    assert checked > 10


def test_every_example_fits_the_answer_that_is_declared(three: dict[str, Any]) -> None:
    checked = 0
    for path, operation in calls(three):
        for response in operation["responses"].values():
            for content in response["content"].values():
                validator = validator_of(three, content["schema"])
                for example in content.get("examples", {}).values():
                    errors = [str(error) for error in validator.iter_errors(example["value"])]
                    assert not errors, f"{path}: {example['value']}"
                    checked += 1
    assert checked > 10


def test_a_problem_of_an_example_has_the_status_that_it_stands_under(three: dict[str, Any]) -> None:
    for path, operation in calls(three):
        for status, response in operation["responses"].items():
            for example in response["content"].get("application/problem+json", {}).get("examples", {}).values():
                assert (path, str(example["value"]["status"])) == (path, status)


def test_the_documents_name_the_same_operations(two: dict[str, Any], three: dict[str, Any]) -> None:
    assert {each["operationId"].replace("-", "_") for _path, each in calls(two)} == {
        each["operationId"] for _path, each in calls(three)
    }
