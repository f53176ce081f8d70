"""Reads a DIGRAPH: its steps, each with its ways on, and all that is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from actions.exceptions import DefinitionProblem
from actions.processes.steps import Decision, Join, Split, Step, __start__

DIGRAPH = "DIGRAPH"
PRELUDE = ".input"
"""Ends the name of the node that asks for what its step gets as `external_input`."""
Ways = tuple[tuple[str, type[Step] | None], ...]
"""Names with the steps that they lead to, None to the end."""


def path_of(declared: type) -> str:
    """The dotted path of a class."""
    return f"{declared.__module__}.{declared.__qualname__}"


def chooses(step: type[Step]) -> bool:
    """Whether a step says itself which way to go on."""
    return issubclass(step, Decision) or step.transition is not Step.transition


def has_ways(step: type[Step]) -> bool:
    """Whether a step may have several ways on."""
    return chooses(step) or issubclass(step, Split)


@dataclass
class Declaration:
    """What a DIGRAPH says."""

    source: str
    """The workflow's dotted path."""
    start: type[Step] | None = None
    ways: dict[type[Step], Ways] = field(default_factory=dict)
    """By step, in the order of their declaration."""
    names: dict[type[Step], str] = field(default_factory=dict)
    """What steps are called in the graph."""
    problems: list[DefinitionProblem] = field(default_factory=list)

    def report(self, where: Any, message: str, remedy: str = "") -> None:
        """Note something that is wrong with a key of the DIGRAPH."""
        shown = where.__name__ if isinstance(where, type) else str(where)
        self.problems.append(DefinitionProblem(self.source, (DIGRAPH, shown) if shown else (DIGRAPH,), message, remedy))


def read(source: str, digraph: Any) -> Declaration:
    """What a DIGRAPH says; what cannot be understood is among its problems."""
    said = Declaration(source)
    if not isinstance(digraph, Mapping):
        said.report("", f"is {type(digraph).__name__}.", "Write a dict: {steps.__start__: [Step1], Step1: [Step2]}.")
        return said
    for key, value in digraph.items():
        if _is_step(said, key, key):
            said.ways[key] = tuple(_ways(said, key, value))
    _take_start(said)
    for target in [target for ways in said.ways.values() for _name, target in ways if target is not None]:
        said.ways.setdefault(target, ())
    said.names = _names(said.ways)
    for step, ways in said.ways.items():
        _check(said, step, ways)
    return said


def _is_step(said: Declaration, where: Any, value: Any) -> bool:
    if isinstance(value, type) and issubclass(value, Step):
        return True
    if isinstance(value, Step):
        said.report(type(where) if where is value else where, f"{value!r} is an instance.", "Name the class itself.")
    else:
        said.report(where, f"{value!r} is no step.", "Name a class that inherits from steps.Step.")
    return False


def _ways(said: Declaration, key: type[Step], value: Any) -> Iterator[tuple[str, type[Step] | None]]:
    if value is None:
        return
    if isinstance(value, Mapping):
        for name, target in value.items():
            if not isinstance(name, str) or not 0 < len(name) <= 100:
                said.report(key, f"{name!r} is no name of a way.", 'Name it by a text: {"yes": Step2}.')
            elif target is None or _is_step(said, key, target):
                yield name, target
        return
    if not isinstance(value, list | tuple):
        said.report(key, f"{value!r} is no list of steps.", "Write a list, [Step2], or a dict with names of the ways.")
        return
    targets = [each for each in value if _is_step(said, key, each)]
    counts = Counter(each.__name__ for each in targets)
    for number, target in enumerate(targets):
        # By its number where the name would say nothing.
        yield target.__name__ if counts[target.__name__] == 1 else str(number), target


def _take_start(said: Declaration) -> None:
    ways = said.ways.pop(__start__, None)
    targets = [target for _name, target in ways or () if target is not None]
    if ways is None:
        said.report("", "does not say where it begins.", "Add steps.__start__: [Step1].")
    elif len(targets) != 1:
        said.report(__start__, f"leads to {len(targets)} steps.", "A workflow begins with one.")
    else:
        said.start = targets[0]
        said.ways.setdefault(said.start, ())


def _check(said: Declaration, step: type[Step], ways: Ways) -> None:
    if any(target is __start__ for _name, target in ways) or step is __start__:
        said.report(step, "leads back to steps.__start__.", "Name the step that it is to go on with.")
    elif chooses(step) and not ways:
        said.report(step, "is a decision without a way on.", "Give it a list of steps.")
    elif len(ways) > 1 and not has_ways(step):
        names = ", ".join(name for name, _target in ways)
        said.report(step, f"has {len(ways)} ways on: {names}.", "Make it a steps.Decision, or a steps.Split.")
    elif issubclass(step, Split):
        for name, target in ways:
            if target is None or issubclass(target, Join):
                said.report(step, f'has a way, "{name}", without a step.', "Put a step into it, or leave it out.")


def _names(ways: Mapping[type[Step], Ways]) -> dict[type[Step], str]:
    counts = Counter(step.__name__ for step in ways)
    return {step: step.__name__ if counts[step.__name__] == 1 else path_of(step) for step in ways}
