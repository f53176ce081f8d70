"""The job as its steps see it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from .declaration import path_of

if TYPE_CHECKING:
    from actions.processes.context import StepContext
    from actions.processes.steps import Step

    from .models import Job


class StepJob:
    """What a step finds as `self.job`. What it has not by itself is read from the job's row, once."""

    __slots__ = ("_context", "_row", "_step")

    def __init__(self, context: StepContext, step: type[Step]) -> None:
        self._context = context
        self._step = step
        self._row: Job | None = None

    @property
    def id(self) -> int:
        """Its number."""
        return self._context.run_id

    pk = id

    @property
    def uuid(self) -> UUID:
        """As in the name of its log."""
        return self._context.run_uid

    @property
    def payload(self) -> Mapping[str, Any]:
        """What it was ordered with."""
        return self._context.payload

    @property
    def data(self) -> MutableMapping[str, Any]:
        """What steps keep for each other, JSON; written if the step succeeds."""
        return self._context.state

    @property
    def actor(self) -> Any:
        """The user who has ordered it."""
        return self._context.actor

    @property
    def current_step(self) -> str:
        """The path of the step at hand."""
        return path_of(self._step)

    @property
    def attempt(self) -> int:
        """1 at the first try of the step."""
        return self._context.attempt

    @property
    def idempotency_key(self) -> str:
        """The same for each try of this step, and for no other step."""
        return self._context.idempotency_key

    def log(self, text: str) -> None:
        """Add a line to its log, as printing does."""
        self._context.log(text)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._row is None:
            from .models import Job

            self._row = Job.objects.using(self._context.using).get(pk=self.id)
        return getattr(self._row, name)
