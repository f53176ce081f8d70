"""Tasks: documented functions that processes name, "io.say_hello".

A task is a function in a module of its own, `process/tasks/io/say_hello.py`, named as its file:

    from actions.processes.tasks import task

    @task(mode="external", environment=["SLACK_TOKEN"])
    def send_notification(message: str, channel: str = "#general") -> dict[str, Any]:
        ...

The decorator is for options only; a task without any needs none. The folder is the task's module, and the task is
`module.task` in a process, or in full `process.tasks.module.task`. A parameter called `context` gets the `StepContext`.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from actions.exceptions import ConfigurationError, DefinitionError, DefinitionProblem

from .context import StepContext
from .exceptions import StepError
from .graph import Mode
from .task_options import OPTIONS, TaskOptions, names_of, task
from .task_payload import CONTEXT, TaskPayload

__all__ = ["Task", "TaskModule", "TaskRegistry", "make_task", "task", "tasks"]

PREFIX = "process.tasks."
"""Of the full reference of every task, wherever its folder is."""


@dataclass(frozen=True)
class Task:
    """A function as processes use it."""

    name: str
    """Module and function: "io.say_hello"."""
    function: Callable[..., Any]
    title: str = ""
    description: str = ""
    """The docstring."""
    mode: Mode = Mode.DATABASE
    environment: tuple[str, ...] = ()
    """Names of environment variables that have to be set where it runs."""
    examples: tuple[Mapping[str, Any], ...] = ()
    behaviours: tuple[str, ...] = ()
    """What its tests say of it, as sentences."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    sensitive: tuple[str, ...] = ()
    deprecated: str = ""
    """What to use in its place; "" for one that is not deprecated."""
    takes_context: bool = False
    source: str = ""
    """File and line."""
    is_core: bool = False
    """Whether this package brings it; a project's own task of the same name goes before it."""

    @property
    def module(self) -> str:
        """The module that it belongs to: "io"."""
        return self.name.rpartition(".")[0]

    @property
    def full_name(self) -> str:
        """The long reference: "process.tasks.io.say_hello"."""
        return f"{PREFIX}{self.name}"

    @cached_property
    def payload(self) -> TaskPayload:
        """What it takes."""
        return TaskPayload(self.function, sensitive=self.sensitive)

    @property
    def missing_environment(self) -> list[str]:
        """Environment variables that it needs and that are not set, or empty."""
        return [name for name in self.environment if not os.environ.get(name)]

    def body(self, context: StepContext, arguments: dict[str, Any]) -> Any:
        """What a node runs: checks the arguments and calls the function.

        Raises:
            StepError: An environment variable is not set.
            InvalidPayloadError: The arguments do not fit.
        """
        if missing := self.missing_environment:
            raise StepError(
                f'The task "{self.name}" needs the environment variable {" and ".join(missing)}, which is not set '
                "where this step runs. Set it and retry the run."
            )
        values = self.payload.validate(arguments)
        if self.takes_context:
            values[CONTEXT] = context
        return self.function(**values)


@dataclass(frozen=True, slots=True)
class TaskModule:
    """What is said of several tasks together: a package of `tasks/`."""

    name: str
    """"io"."""
    description: str = ""
    """Its docstring."""
    meta: Mapping[str, Any] = field(default_factory=dict)


def make_task(
    function: Callable[..., Any],
    name: str,
    *,
    meta: Mapping[str, Any] | None = None,
    behaviours: Iterable[str] = (),
    is_core: bool = False,
) -> Task:
    """A function with what its decorator, signature and docstring say.

    Args:
        name: "module.task".
        meta: What its file says: `environment`, `examples` and `mode` are read as the decorator's options are, which
            go before them.
        behaviours: Sentences out of its tests.

    Raises:
        DefinitionError: It cannot be a task, with all reasons.
    """
    options: TaskOptions = getattr(function, OPTIONS, TaskOptions())
    meta = {**(meta or {}), **options.meta}
    source, line = _place(function)
    made = Task(
        name=name,
        function=function,
        title=options.title or name.rpartition(".")[2].replace("_", " ").capitalize(),
        description=inspect.getdoc(function) or "",
        mode=options.mode,
        environment=options.environment or names_of(meta.get("environment") or (), "environment"),
        examples=options.examples or tuple(meta.get("examples") or ()),
        behaviours=tuple(behaviours),
        meta=meta,
        sensitive=options.sensitive,
        deprecated=options.deprecated,
        takes_context=_takes_context(function),
        source=f"{source}:{line}" if line else source,
        is_core=is_core,
    )
    if OPTIONS not in vars(function) and "mode" in meta:
        made = replace(made, mode=_mode(meta["mode"], name, source, line))
    if problems := [DefinitionProblem(source, (name,), *each, line=line) for each in _problems(made)]:
        raise DefinitionError(problems)
    return made


class TaskRegistry:
    """Tasks by name, and what is wrong with those that could not be loaded."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._modules: dict[str, TaskModule] = {}
        self._aliases: dict[str, str] = {}
        self._problems: list[DefinitionProblem] = []

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def register(self, task: Task, *, alias: str = "") -> Task:
        """Add a task, or the newer form of one from the same file.

        Args:
            alias: The dotted name of its file, by which it is found as well: "shop.process.tasks.orders.charge".

        Raises:
            ConfigurationError: Another file has a task of this name.
        """
        known = self._tasks.get(task.name)
        if known is not None and not known.is_core and task.is_core:
            return known
        is_other = known is not None and known.function is not task.function and _file(known) != _file(task)
        if known is not None and known.is_core == task.is_core and is_other:
            raise ConfigurationError(
                f'Two tasks are called "{task.name}": {known.source} and {task.source}. Rename one of them.'
            )
        self._tasks[task.name] = task
        if alias:
            self._aliases[alias] = task.name
        return task

    def remove(self, name: str) -> None:
        """Forget a task."""
        self._tasks.pop(name, None)

    def get(self, name: str) -> Task | None:
        """The task that a reference means: "io.say_hello" or "process.tasks.io.say_hello"."""
        return self._tasks.get(name) or self._tasks.get(self._aliases.get(name, "") or name.removeprefix(PREFIX))

    def near(self, name: str) -> list[str]:
        """Names that are like a wrong one."""
        name = name.removeprefix(PREFIX)
        own = [known for known in self._tasks if known.rpartition(".")[2] == name.rpartition(".")[2]]
        return list(dict.fromkeys([*get_close_matches(name, self._tasks, n=3), *own]))[:3]

    def describe_module(self, module: TaskModule) -> None:
        """Keep what is said of a module."""
        self._modules[module.name] = module

    def modules(self) -> list[tuple[TaskModule, list[Task]]]:
        """Modules with their tasks, both by name."""
        by_module: dict[str, list[Task]] = {}
        for each in sorted(self, key=lambda each: each.name):
            by_module.setdefault(each.module, []).append(each)
        return [(self._modules.get(name, TaskModule(name)), found) for name, found in by_module.items()]

    def report(self, problems: Iterable[DefinitionProblem]) -> None:
        """Keep what is wrong, for `manage.py check` and for pages."""
        self._problems.extend(each for each in problems if each not in self._problems)

    @property
    def problems(self) -> tuple[DefinitionProblem, ...]:
        """All that was reported."""
        return tuple(self._problems)

    def forget_problems(self) -> None:
        """Before everything is loaded again."""
        self._problems.clear()


def _mode(given: Any, name: str, source: str, line: int | None) -> Mode:
    try:
        return Mode(given)
    except ValueError:
        message = f"There is no mode {given!r}."
        remedy = f"Use one of {', '.join(Mode)}."
        raise DefinitionError([DefinitionProblem(source, (name, "mode"), message, remedy, line=line)]) from None


def _takes_context(function: Callable[..., Any]) -> bool:
    parameter = inspect.signature(function).parameters.get(CONTEXT)
    return parameter is not None and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)


def _problems(task: Task) -> Iterator[tuple[str, str]]:
    """Why a function cannot be a task: message and remedy of each reason."""
    function = task.function
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        yield (
            f"{function.__name__} is async, and a step runs in one thread with its transaction.",
            "Write a plain def, and call async code in it by asgiref.sync.async_to_sync.",
        )
        return
    for name, message, remedy in task.payload.problems:
        yield f"{name}: {message}", remedy


def _place(function: Callable[..., Any]) -> tuple[str, int | None]:
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return getattr(function, "__module__", "") or "", None
    path, here = Path(code.co_filename), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path), code.co_firstlineno


def _file(task: Task) -> str:
    return task.source.rpartition(":")[0] or task.source


tasks = TaskRegistry()
"""All tasks of the project, and those that this package brings."""
