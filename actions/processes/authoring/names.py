"""What a file may name, asked of whoever knows it: so that compiling needs no registry."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from actions.payloads import Payload
from actions.processes.context import Body
from actions.processes.graph import Mode

from .validations import Validation


class NamedTask(Protocol):
    """A task as far as a file has to do with it."""

    @property
    def name(self) -> str:
        """Its short name: "io.say_hello"."""

    @property
    def payload(self) -> Any:
        """What it takes: has `json_schema()`."""

    @property
    def mode(self) -> Mode:
        """What it touches."""

    @property
    def takes_context(self) -> bool:
        """Whether it sees the step, and so can put anything into the state."""

    @property
    def is_core(self) -> bool:
        """Whether this package brings it: then it puts nothing there."""

    @property
    def body(self) -> Body:
        """What a node runs."""


def mode_of(task: NamedTask) -> dict[str, Mode]:
    """The `mode` of a node that runs it, where the step says nothing else; the usual one is left out."""
    return {} if task.mode is Mode.DATABASE else {"mode": task.mode}


class Names(Protocol):
    """Tasks, validations and forms by what files call them."""

    def task(self, name: str) -> NamedTask | None:
        """The task of a name."""

    def near_tasks(self, name: str) -> Sequence[str]:
        """Names of tasks that are like a wrong one."""

    def validation(self, name: str) -> Validation | None:
        """What checks one value of the payload, or all of it. Whatever importing it raises is raised."""

    def near_validations(self, name: str) -> Sequence[str]:
        """Names of validations that are like a wrong one."""

    def app_labels(self) -> Collection[str]:
        """What permissions begin with: the labels of the installed apps."""

    def wrong_look_up(self, kind: str, name: str, value: Any) -> tuple[str, str] | None:
        """What is wrong with a look-up of a "user_filter" or "group_filter", and the remedy; None where nothing is."""

    def form(self, path: str) -> Payload:
        """A form, serializer or pydantic model by its dotted path.

        Raises:
            ImportError, TypeError: There is none, or it is something else.
        """
