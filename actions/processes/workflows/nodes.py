"""Makes the nodes of a step."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from actions.payloads import Payload
from actions.processes.authoring.functions import REMEDY, why_not_called
from actions.processes.context import Body
from actions.processes.graph import NEXT, Edge, Kind, Mode, Node
from actions.processes.policies import Policy
from actions.processes.steps import Action, Join, Split, Step, Wait

from . import policies
from .bodies import deciding, executing
from .declaration import PRELUDE, chooses, path_of
from .expressions import Values
from .forms import payload_of


@dataclass
class Parts:
    """What the nodes of a workflow need besides."""

    bodies: dict[str, Body] = field(default_factory=dict)
    forms: dict[str, Payload] = field(default_factory=dict)


def asks(step: type[Step]) -> bool:
    """Whether somebody has to say something first."""
    return step.UserInputSchema is not None and not issubclass(step, Split | Join | Wait | Action)


def works(step: type[Step]) -> bool:
    """Whether there is anything to be called."""
    return chooses(step) or step.execute is not Step.execute


def has_prelude(step: type[Step]) -> bool:
    """Whether it asks in a node of its own: for a step that has work to do as well."""
    return asks(step) and works(step)


class NodeMaker:
    """Makes the nodes of one step."""

    def __init__(self, step: type[Step], name: str, parts: Parts, name_of: Callable[[Any], str]) -> None:
        """Begin.

        Args:
            step: Its class.
            name: What the graph calls it.
            parts: Gets its functions and forms.
            name_of: What the graph calls where another step is come to.
        """
        self._step = step
        self._name = name
        self._parts = parts
        self._name_of = name_of
        self._path = path_of(step)
        self._values = Values(step, self._path, parts.bodies)

    def make(self, edges: tuple[Edge, ...], join: str) -> Iterator[Node]:
        """Its nodes, in their order.

        Raises:
            TypeError, ValueError, ImportError: An attribute of the class is wrong.
        """
        if not has_prelude(self._step):
            yield self._node(self._name, edges, join)
            return
        if self._step.skip_after is not None:
            raise TypeError("skip_after is of no use for a step that asks and then works. Make two steps of it.")
        prelude = self._name + PRELUDE
        yield self._input(prelude, (Edge(self._name, NEXT),), self._policy(), is_prelude=True)
        skips = policies.gates(self._step, self._values)["skip_if"]
        yield self._work(edges, Policy(skip_if=skips, **self._of_work()))

    def _node(self, name: str, edges: tuple[Edge, ...], join: str) -> Node:
        step, policy = self._step, self._policy(**self._of_work())
        if issubclass(step, Split):
            return self._make(name, Kind.SPLIT, edges, policy, join=join)
        if issubclass(step, Join):
            return self._make(name, Kind.JOIN, edges, policy)
        if issubclass(step, Wait):
            return self._make(name, Kind.WAIT, edges, policy)
        if issubclass(step, Action):
            return self._action(step, edges, policy)
        if asks(step):
            return self._input(name, edges, policy)
        if not works(step):
            raise TypeError("it has no execute(), and asks for nothing.")
        return self._work(edges, policy)

    def _work(self, edges: tuple[Edge, ...], policy: Policy) -> Node:
        step = self._step
        for function in (step.execute, step.transition):
            if reason := why_not_called(function):
                raise TypeError(f"{function.__name__}() {reason}. {REMEDY}")
        is_decision = chooses(step)
        self._parts.bodies[self._path] = deciding(step) if is_decision else executing(step)
        kind = Kind.DECISION if is_decision else Kind.TASK
        mode = None if step.mode is None else Mode(step.mode)
        return self._make(self._name, kind, edges, policy, run=self._path, mode=mode)

    def _input(self, name: str, edges: tuple[Edge, ...], policy: Policy, *, is_prelude: bool = False) -> Node:
        self._parts.forms[self._path] = payload_of(self._step.UserInputSchema)
        return self._make(
            name,
            Kind.INPUT,
            edges,
            policy,
            run=self._path,
            who=policies.who_may_answer(self._step, self._values),
            care=policies.care_of(self._step, self._values),
            is_prelude=is_prelude,
        )

    def _action(self, step: type[Action], edges: tuple[Edge, ...], policy: Policy) -> Node:
        return self._make(
            self._name,
            Kind.ACTION,
            edges,
            policy,
            run=step.action,
            target=self._values.attribute("target"),
            args=self._values.mapping("arguments", step.arguments),
            selection=self._values.mapping("selection", step.selection),
        )

    def _make(self, name: str, kind: Kind, edges: tuple[Edge, ...], policy: Policy, **more: Any) -> Node:
        register = "" if more.get("is_prelude") else self._step.register
        # What people are asked needs a name for them.
        title = self._step.title or (_words(self._step.__name__) if kind is Kind.INPUT else "")
        return Node(name, kind, edges, title, _description(self._step), register=register, policy=policy, **more)

    def _policy(self, **others: Any) -> Policy:
        return policies.policy(self._step, self._values, **others)

    def _of_work(self) -> dict[str, Any]:
        return policies.of_work(self._step, self._path, self._parts.bodies, self._name_of)


def _words(name: str) -> str:
    """FilePathStep as "File path step"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").capitalize()


def _description(step: type[Step]) -> str:
    """Its own docstring, not that of a base."""
    return inspect.cleandoc(step.__dict__.get("__doc__") or "")
