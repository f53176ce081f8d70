"""The format of process files as one JSON Schema: what editors complete by, and what files are checked by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from actions.payloads.explaining import Explainer
from actions.payloads.schema import make_validator

from . import yaml_keys
from .yaml_keys import VERBS, Schema, object_of


def _references(properties: dict[str, Schema]) -> dict[str, Schema]:
    return {name: {"$ref": f"#/$defs/step/properties/{name}"} for name in properties}


@cache
def _structure() -> Schema:
    step = object_of(
        "One step: exactly one verb, and what goes with it.",
        {**yaml_keys.verbs(), **yaml_keys.companions(), **yaml_keys.modifiers()},
    )
    top = object_of("A process.", yaml_keys.top(), ["name"])
    schedule = {"schedule": yaml_keys.scheduled()}
    return {
        **top,
        "title": "Process",
        "patternProperties": {"^x-": {"description": "Keys of the project's own."}},
        "$defs": {
            "step": step,
            "scheduled_step": object_of(
                "A step with its schedule.", {**_references(step["properties"]), **schedule}, ["schedule"]
            ),
            "field": yaml_keys.field(),
            "example": yaml_keys.example(),
        },
    }


def format_schema() -> Schema:
    """JSON Schema 2020-12 of a process file, with a description of every key. A copy."""
    schema = deepcopy(_structure())
    one_verb = [{"required": [verb]} for verb in VERBS]
    for name in ("step", "scheduled_step"):
        schema["$defs"][name]["anyOf"] = one_verb
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def structure_problems(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with the structure of a file, by path.

    That a step has one verb is not in the schema that is asked: an own check says it in better words.
    """
    validator, explainer = _validator()
    for path, sentence in explainer.problems(validator.iter_errors(document), document):
        yield tuple(path), sentence


@cache
def _validator() -> tuple[Any, Explainer]:
    return make_validator(_structure()), Explainer(_structure())
