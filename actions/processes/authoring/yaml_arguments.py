"""Whether arguments fit the task that gets them, as far as the file tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.exceptions import InvalidPayloadError
from actions.payloads import SchemaPayload
from actions.processes.expressions import VALUE, Expression

from .names import NamedTask
from .source import Path, Source, did_you_mean


def check_arguments(source: Source, place: Path, task: NamedTask, arguments: Mapping[str, Expression]) -> None:
    """Report arguments that the task does not take, that it lacks, and literals of a wrong type.

    Args:
        place: Of the step.
    """
    schema = task.payload.json_schema()
    known: Mapping[str, Any] = schema.get("properties", {})
    takes_all = schema.get("additionalProperties", True) is not False
    for name, value in arguments.items():
        if name in known:
            _check_literal(source, (*place, "args", name), name, schema, value)
        elif not takes_all:
            message = f'the task "{task.name}" takes no argument "{name}".'
            remedy = did_you_mean(name, known, "It takes none.")
            source.report((*place, "args", name), message, remedy, at_key=True)
    for name in schema.get("required", ()):
        if name not in arguments:
            message = f'the task "{task.name}" needs the argument "{name}".'
            source.report((*place, "args") if arguments else place, message, f"Add it to args: {name}: …")


def _check_literal(source: Source, place: Path, name: str, schema: Mapping[str, Any], value: Expression) -> None:
    if VALUE not in value:
        return
    declared = {"type": "object", "properties": {name: schema["properties"][name]}}
    declared |= {"$defs": schema["$defs"]} if "$defs" in schema else {}
    try:
        SchemaPayload(declared).validate({name: value[VALUE]})
    except InvalidPayloadError as error:
        sentences = [sentence for found in error.errors.values() for sentence in found]
        for sentence in sentences:
            source.report(place, f'the argument "{name}": {sentence}', "Correct it.")
