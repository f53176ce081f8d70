"""A step that does something, and one that decides. They are classes; each try of a step has an instance of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from actions.processes.graph import Mode
from actions.processes.policies import Retry

if TYPE_CHECKING:
    from actions.processes.workflows.step_job import StepJob

IGNORE = "ignore"
"""As `on_error`: the workflow goes on as if the step had not been."""


class Step:
    """Something that is done without interruption: its own writes and the fact that it ran commit together.

    The attributes below are optional. What says "or a method" may be one, `def skip_if(self, _input=None)`, which is
    called when it is needed. Durations are seconds or timedeltas.
    """

    job: StepJob
    """The job that it is a step of, and the way to its payload and data."""

    title: ClassVar[str] = ""
    """What people read; the class's docstring describes it."""

    register: ClassVar[str] = ""
    """The key of the job's data that gets the result."""

    UserInputSchema: ClassVar[Any] = None
    """A pydantic model, form, serializer or JSON Schema of what somebody has to say first."""
    users: ClassVar[Any] = ()
    """Who may, one of them: a text is a name; a number, a UUID or a user is a key, and so is `{"pk": "0b54…"}`.

    Also a method that answers one or several. Without any of these, everybody who is logged in.
    """
    groups: ClassVar[Any] = ()
    """Names, all of them; or a method that answers these."""
    permissions: ClassVar[Sequence[str]] = ()
    """"app.codename", all of them."""
    user_filter: ClassVar[Mapping[str, Any]] = {}
    """Look-ups of Django that find the user: `{"is_staff": True}`. They are asked again each time."""
    group_filter: ClassVar[Mapping[str, Any]] = {}
    """Look-ups that find one of his groups."""

    mode: ClassVar[Mode | str | None] = None
    """"database" (the default), "local", "external" or "pure": what it touches; see docs/processes.md."""
    retry: ClassVar[Retry | int | None] = None
    """How often it is tried in all, or how."""
    timeout: ClassVar[float | timedelta | None] = None
    """Of one try; of a step that only asks or waits: of that."""
    on_error: ClassVar[type[Step] | str | None] = None
    """The step to go on with when it has failed, or "ignore"."""
    in_background: ClassVar[bool] = False
    """Whether the caller that starts the job does not wait for it."""

    skip_if: ClassVar[Any] = None
    """Whether it is left out: a method."""
    skip_after: ClassVar[Any] = None
    """When it is left out, from when the job has come to it: a duration or a method."""
    wait_for: ClassVar[Any] = None
    """How long it waits first: a duration or a method."""
    wait_until: ClassVar[Any] = None
    """Until when: a moment or a method."""
    as_soon_as: ClassVar[Any] = None
    """What has to be true first: a method."""
    every: ClassVar[float | timedelta | None] = None
    """How often `as_soon_as` is asked; a minute by default."""

    def execute(self, _input: Any = None, external_input: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Do the work.

        Args:
            _input: The result of the step before; None for the first one.
            external_input: What somebody has said, by `UserInputSchema`.
            args: For more to come.
            kwargs: For more to come.

        Returns:
            JSON, or an instance of a model.
        """
        raise NotImplementedError(f"{type(self).__name__} has no execute().")

    def transition(self, _input: Any = None, external_input: Any = None, *args: Any, **kwargs: Any) -> int | str:
        """Which way to go on: its number from 0, or its name. A step has one."""
        return 0


class Decision(Step):
    """A step with several ways on: `transition()` says which. It may have an `execute()`, which is called before.

    Without one, what it has got is handed on to the next step.
    """


class _Start(Step):
    """Where a workflow begins."""


_Start.__name__ = _Start.__qualname__ = "__start__"
__start__ = _Start
