"""The JSON Schema of the format: for editors, and as the package ships it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from actions.payloads import check_schema
from actions.processes.authoring.durations import UNITS
from actions.processes.authoring.yaml_format import format_schema, structure_problems
from actions.processes.authoring.yaml_keys import VERBS
from actions.processes.authoring.yaml_steps import BESIDE
from actions.yaml_source import load_yaml

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "actions" / "processes" / "static" / "actions" / "process.schema.json"
EXAMPLES = sorted((ROOT / "example_app" / "process" / "processes").glob("*.yml"))


def _properties(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        for name, each in schema.get("properties", {}).items():
            yield f"{path}/{name}", each
        for key, each in schema.items():
            yield from _properties(each, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, each in enumerate(schema):
            yield from _properties(each, f"{path}/{index}")


def test_it_is_a_json_schema() -> None:
    assert not check_schema({key: value for key, value in format_schema().items() if key != "$schema"})


def test_the_shipped_file_is_what_the_package_makes() -> None:
    assert json.loads(SHIPPED.read_text(encoding="utf-8")) == format_schema(), (
        f"Write it anew: manage.py process schema > {SHIPPED.relative_to(ROOT)}"
    )


def test_every_key_has_a_description() -> None:
    without = [path for path, each in _properties(format_schema()) if "description" not in each and "$ref" not in each]
    assert {path.rpartition("/")[2] for path in without} <= set(UNITS)


def test_every_verb_says_what_may_stand_beside_it() -> None:
    step = format_schema()["$defs"]["step"]["properties"]
    assert set(BESIDE) == set(VERBS)
    assert {key for keys in BESIDE.values() for key in keys} <= set(step)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_the_examples_fit_it(file: Path) -> None:
    document = load_yaml(file.read_bytes(), file=file.name).value
    assert Draft202012Validator(format_schema()).is_valid(document)
    assert not list(structure_problems(document))


@pytest.mark.parametrize(
    "document",
    [
        {"name": "A", "tasks": [{"name": "nothing"}]},
        {"name": "A", "tasks": [{"task": 5}]},
        {"name": "A", "tasks_scheduled": [{"task": "io.say_hello"}]},
        {"tasks": []},
        {"name": "A", "nmae": "A"},
    ],
)
def test_an_editor_marks_what_is_wrong(document: Any) -> None:
    assert not Draft202012Validator(format_schema()).is_valid(document)


def test_who_gets_the_schema_may_change_it() -> None:
    format_schema()["properties"].clear()
    assert format_schema()["properties"]
