"""Whether arguments fit what gets them, as far as the file tells: tasks at once, others when all of them are loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from actions.exceptions import DefinitionProblem, InvalidPayloadError
from actions.payloads import SchemaPayload
from actions.processes.expressions import VALUE, Expression

from .names import NamedTask
from .source import Path, Source, did_you_mean

Arguments = Mapping[str, Expression]


def check_arguments(source: Source, place: Path, task: NamedTask, arguments: Arguments) -> None:
    """Report what is wrong with the arguments of a task; see `misfits`."""
    for problem in misfits(source, place, f'the task "{task.name}"', arguments, task.payload.json_schema()):
        source.keep(problem)


def misfits(
    source: Source, place: Path, what: str, arguments: Arguments, schema: Mapping[str, Any]
) -> Iterator[DefinitionProblem]:
    """Arguments that are not taken, that are missing, and literals of a wrong type.

    Args:
        source: The file.
        place: Of the step.
        what: What gets them, as messages call it.
        arguments: What the file says.
        schema: What it takes.
    """
    known: Mapping[str, Any] = schema.get("properties", {})
    takes_all = schema.get("additionalProperties", True) is not False
    for name, value in arguments.items():
        if name in known:
            yield from _literal(source, (*place, "args", name), name, schema, value)
        elif not takes_all:
            remedy = did_you_mean(name, known, "It takes none.")
            message = f'{what} takes no argument "{name}".'
            yield source.problem((*place, "args", name), message, remedy, at_key=True)
    for name in schema.get("required", ()):
        if name not in arguments:
            where = (*place, "args") if arguments else place
            yield source.problem(where, f'{what} needs the argument "{name}".', f"Add it to args: {name}: …")


def _literal(
    source: Source, place: Path, name: str, schema: Mapping[str, Any], value: Expression
) -> Iterator[DefinitionProblem]:
    if VALUE not in value:
        return
    declared = {"type": "object", "properties": {name: schema["properties"][name]}}
    declared |= {"$defs": schema["$defs"]} if "$defs" in schema else {}
    try:
        SchemaPayload(declared).validate({name: value[VALUE]})
    except InvalidPayloadError as error:
        for sentence in (each for found in error.errors.values() for each in found):
            yield source.problem(place, f'the argument "{name}": {sentence}', "Correct it.")
