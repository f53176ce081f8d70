"""What is collected while the steps of a file are compiled, and how they are linked.

Compiling goes forwards, since a step can look up only what steps before it have registered. Linking goes backwards,
since an edge needs the name of what follows: so a compiled step is a `Part`, which makes its nodes when told that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from actions.exceptions import DefinitionProblem
from actions.payloads import Payload
from actions.processes.context import Body
from actions.processes.graph import Node

from .names import NamedTask, Names
from .source import Path, Source, did_you_mean
from .yaml_arguments import Arguments, misfits
from .yaml_scope import Scope
from .yaml_values import Values

END = "end"
_NO_NAME = re.compile(r"[^\w-]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A compiled step that does not know yet what follows."""

    entry: str
    """The node that it begins with."""
    finish: Callable[[str], None]
    """Makes its nodes, given the node that follows."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Compiled steps, one after the other."""

    parts: Sequence[Part]

    def entry(self, after: str) -> str:
        """The node that they begin with: what follows, where there are none."""
        return self.parts[0].entry if self.parts else after

    def finish(self, after: str) -> None:
        """Make all nodes."""
        for part in reversed(self.parts):
            part.finish(after)
            after = part.entry


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a step stands."""

    scope: Scope
    on_error: str = ""
    """The node to go on with after an error, where the step itself says nothing."""
    ignores_errors: bool = False
    in_background: bool = False

    def branch(self, *, has_item: bool | None = None) -> Frame:
        """Of a way of its own."""
        return replace(self, scope=self.scope.branch(has_item=has_item))


def no_misfits(_schema: Mapping[str, Any]) -> Iterable[DefinitionProblem]:
    """Of what gets no arguments."""
    return ()


@dataclass(frozen=True, slots=True)
class Named:
    """An action, process or error class that a file names: whether it is there can be said when all are loaded."""

    kind: str
    """"action", "process" or "error"."""
    name: str
    problem: Callable[[str, str], DefinitionProblem]
    """The problem with a message and a remedy."""
    misfits: Callable[[Mapping[str, Any]], Iterable[DefinitionProblem]] = no_misfits
    """What is wrong with the arguments that it gets, given the schema of what it takes."""
    has_target: bool | None = None
    """Of an action: whether the file says to which object it is done."""


@dataclass
class Builder:
    """The nodes of a graph, and the functions and forms that they name."""

    source: Source
    names: Names
    values: Values
    bodies: dict[str, Body] = field(default_factory=dict)
    forms: dict[str, Payload] = field(default_factory=dict)
    named: list[Named] = field(default_factory=list)
    start: str = END
    compensates: bool = False
    _nodes: dict[str, Node] = field(default_factory=dict)
    _order: list[str] = field(default_factory=list)
    _ids: dict[str, Path] = field(default_factory=dict)
    _places: dict[str, Path] = field(default_factory=dict)
    _targets: list[tuple[Path, str]] = field(default_factory=list)

    def claim_ids(self, steps: Sequence[tuple[Path, Mapping[str, Any]]]) -> None:
        """Keep the ids that steps give themselves, before any name is made up."""
        for place, step in steps:
            name = step.get("id")
            if not isinstance(name, str):
                continue
            if name in self._ids or name == END:
                other = self._ids.get(name)
                where = "the end of the process" if other is None else " > ".join(map(str, other))
                self.source.report((*place, "id"), f'the id "{name}" is taken by {where}.', "Give it another one.")
            else:
                self._ids[name] = place

    def claim(self, place: Path, step: Mapping[str, Any], proposal: str) -> str:
        """The name of a step's first node: its id, or one that is made of what it does."""
        own = step.get("id")
        name = own if isinstance(own, str) and self._ids.get(own) == place else self._free(proposal)
        self._order.append(name)
        self._places[name] = place
        return name

    def place_of(self, name: str) -> Path:
        """Where the step stands that a node was made of."""
        return self._places.get(name) or self._places.get(name.partition(".")[0], ())

    def claim_inner(self, name: str) -> str:
        """A further node of a step: "send.join"."""
        self._order.append(name)
        return name

    def add(self, node: Node) -> None:
        """Add a node whose name was claimed."""
        self._nodes[node.name] = node

    def refer(self, place: Path, name: str) -> str:
        """Remember that a step names another one."""
        self._targets.append((place, name))
        return name

    def refer_to(self, kind: str, name: str, place: Path) -> None:
        """Remember that a step names an action, a process or a class of errors."""
        self.named.append(Named(kind, name, partial(self.source.problem, place)))

    def refer_with(self, kind: str, step: Mapping[str, Any], place: Path, arguments: Arguments) -> None:
        """The same of one that gets arguments.

        Args:
            kind: The step's verb.
            step: The step.
            place: Of the step.
            arguments: What the file says.
        """
        name = step[kind]
        fit = partial(misfits, self.source, place, f'the {kind} "{name}"', arguments)
        has_target = step.get("on") is not None if kind == "action" else None
        self.named.append(Named(kind, name, partial(self.source.problem, (*place, kind)), fit, has_target))

    def task(self, place: Path, name: str) -> NamedTask | None:
        """The task of a name; None after reporting that there is none."""
        found = self.names.task(name)
        if found is None:
            near = self.names.near_tasks(name)
            remedy = f'Did you mean "{near[0]}"?' if near else "Write it, or list its module in MODULE_REGISTRY."
            self.source.report(place, f'there is no task "{name}".', remedy)
        return found

    def nodes(self) -> dict[str, Node]:
        """All nodes, in the order of the file; wrong references to steps are reported."""
        for place, name in self._targets:
            if name not in self._nodes and name not in self._ids:
                remedy = did_you_mean(name, [each for each in self._nodes if "." not in each])
                self.source.report(place, f'there is no step "{name}".', remedy)
        return {name: self._nodes[name] for name in dict.fromkeys(self._order) if name in self._nodes}

    def _free(self, proposal: str) -> str:
        base = _NO_NAME.sub("_", proposal).strip("_")[:80] or "step"
        taken = {*self._order, *self._ids, END}
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        return name
