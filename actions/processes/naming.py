"""What is wrong with the actions, processes and error classes that files name, when all of them are loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from actions.binding import BoundAction
from actions.definitions import SELECTION
from actions.exceptions import DefinitionProblem
from actions.registry import catalogue
from actions.selection import IDS

from . import errors
from .authoring.source import did_you_mean
from .authoring.yaml_builder import Named
from .registry import processes

ERROR = "error"


def problems(every: Sequence[Named]) -> list[DefinitionProblem]:
    """There are none of that name, they take other arguments, or it is not said which object an action is done to."""
    callable_ones = [each for each in every if each.kind != ERROR]
    return [*_unknown(callable_ones), *_misfits(callable_ones), *_unknown_errors(every)]


def _unknown_errors(every: Iterable[Named]) -> Iterator[DefinitionProblem]:
    for each in every:
        if each.kind == ERROR and not errors.is_known(each.name):
            yield each.problem(f'there is no error class "{each.name}".', errors.remedy(each.name))


def _unknown(every: Sequence[Named]) -> list[DefinitionProblem]:
    actions = {f"{registry.resource}:{name}" for registry in catalogue for name in registry.definitions}
    known = {"action": sorted(actions), "process": sorted(process.id for process in processes.declared())}
    return [
        each.problem(f'there is no {each.kind} "{each.name}".', did_you_mean(each.name, known[each.kind]))
        for each in every
        if each.name not in known[each.kind] and not (each.kind == "process" and each.name in processes)
    ]


def _misfits(every: Iterable[Named]) -> Iterator[DefinitionProblem]:
    for each in every:
        if each.kind == "process":
            process = processes.get(each.name)
            yield from each.misfits(process.payload.json_schema()) if process is not None else ()
        elif (bound := _bound(each.name)) is not None:
            yield from each.misfits(_schema(bound))
            yield from _target_problems(each, bound)


def _bound(name: str) -> BoundAction | None:
    """The action, None where there is none that can be called: that is said elsewhere."""
    resource, _colon, action = name.rpartition(":")
    registry = next((each for each in catalogue if each.resource == resource and action in each.definitions), None)
    return registry.bound.get(action) if registry is not None else None


def _schema(bound: BoundAction) -> Mapping[str, Any]:
    """What it takes; of a bulk action `ids` may stand among the arguments."""
    schema = bound.payload.json_schema()
    if bound.is_instance or bound.selection == SELECTION.NONE.value:
        return schema
    return {**schema, "properties": {IDS: {"type": "array"}, **schema.get("properties", {})}}


def _target_problems(named: Named, bound: BoundAction) -> Iterator[DefinitionProblem]:
    if bound.is_instance and not named.has_target:
        yield named.problem(f'the action "{named.name}" is done to one object.', "Say which: on: state.…")
    if not bound.is_instance and named.has_target:
        message = f'the action "{named.name}" is done to a set of objects, not to one.'
        yield named.problem(message, "Say selection in place of on: selection: {ids: […]}.")
