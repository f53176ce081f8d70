"""The example project's documents, and what tests want to know of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.test import Client
from django.urls import ResolverMatch, resolve

METHODS = {"get", "post", "put", "patch", "delete"}
GOLDEN = Path(__file__).parent / "golden"


def golden(name: str = "openapi.json") -> dict[str, Any]:
    """A document as it is kept, read in a hundredth of the time that making it takes.

    What is served is the same: `tests.contracts.test_openapi` sees to it.
    """
    document: dict[str, Any] = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return document


@cache
def swagger() -> dict[str, Any]:
    """What drf-yasg serves: Swagger 2.0, alpha actions included."""
    return _served("/swagger.json?alpha=true")


@cache
def openapi(version: str = "3.1.0") -> dict[str, Any]:
    """What drf-spectacular serves, in this version of OpenAPI, alpha actions included."""
    from drf_spectacular.settings import patched_settings

    with patched_settings({"OAS_VERSION": version}):
        return _served("/api/schema/?format=json&alpha=true")


def _served(url: str) -> dict[str, Any]:
    response = Client().get(url)
    assert response.status_code == 200, response.content
    document: dict[str, Any] = response.json()
    return document


def resolved(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """An operation with its shared parameters, answers and headers written out."""

    def here(node: dict[str, Any]) -> dict[str, Any]:
        *_start, kind, name = node.get("$ref", "//").split("/")
        return document["components"][kind][name] if "$ref" in node else node

    answers = {status: dict(here(answer)) for status, answer in operation["responses"].items()}
    for answer in answers.values():
        if "headers" in answer:
            answer["headers"] = {name: here(header) for name, header in answer["headers"].items()}
    return {**operation, "parameters": [here(each) for each in operation.get("parameters", ())], "responses": answers}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation with its path and method."""
    for path, item in document["paths"].items():
        for method in sorted(METHODS & set(item)):
            yield path, method, resolved(document, item[method])


def calls(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations that perform an action, each with its path."""
    for path, _method, operation in operations(document):
        if "x-action" in operation:
            yield path, operation


def route(path: str) -> ResolverMatch:
    """The route that a path of the document leads to."""
    return resolve(path.replace("{id}", "1").replace("{number}", "1"))


def validator_of(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """A validator of one schema of an OpenAPI 3.1 document."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]}, validate_formats=True)
