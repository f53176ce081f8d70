"""The class that projects inherit from: what it declares is compiled and registered when it is defined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from actions.exceptions import ConfigurationError, DefinitionProblem
from actions.processes.process import Process
from actions.processes.registry import processes

from .compiling import compile_workflow
from .options import META


class Workflow:
    """A process as a directed graph of steps.

        class MyWorkflow(workflows.Workflow):
            DIGRAPH = {
                steps.__start__: [Step1],
                Step1: [Decision1],
                Decision1: [Step2a, Step2b],          # or {"small": Step2a, "large": Step2b}
                Step2a: [Step3],
                Step2b: [Step3],
            }

    Each key is a step, each value its ways on. A step without any ends the workflow. `class Meta` may say `id`,
    `title`, `version`, `tags`, `permissions`, `sensitive`, `on_change`, `compensates` and `max_running`.

    Raises:
        DefinitionError: What is declared cannot be run; with all problems at once.
    """

    DIGRAPH: ClassVar[Mapping[Any, Any] | None] = None
    """None: of a base class."""
    PayloadSchema: ClassVar[Any] = None
    """A pydantic model, form, serializer or JSON Schema of what a job is ordered with; None: nothing."""
    process: ClassVar[Process]
    """What was made of it."""
    step_paths: ClassVar[Mapping[str, str]]
    """By names of nodes, the paths of their classes."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.DIGRAPH is None:
            return
        cls.process, cls.step_paths = compile_workflow(cls)
        try:
            processes.register(cls.process)
        except ConfigurationError as error:
            remedy = f'Say another one: class {META}: id = "…".'
            processes.report([DefinitionProblem(cls.process.source, (META, "id"), str(error), remedy)])
