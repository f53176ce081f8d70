"""What the functions of an automation are told: the task at hand."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps

from actions.moments import now

if TYPE_CHECKING:
    from actions.processes.context import StepContext

    from .nodes import Node


class Task:
    """One node that is being looked at or carried out."""

    __slots__ = ("context", "instance")

    finished: datetime | None = None

    def __init__(self, instance: Any, context: StepContext) -> None:
        self.instance = instance
        """The automation, whose `data` is the task's."""
        self.context = context
        """The step as the engine has it: attempt, actor, `idempotency_key`, …"""

    def __repr__(self) -> str:
        return f"<Task {self.status} of {self.instance!r}>"

    @property
    def id(self) -> str:
        """The same for every try of this task, and no other's."""
        return self.context.idempotency_key

    @property
    def status(self) -> str:
        """The name of its node."""
        return self.context.node

    @property
    def data(self) -> Any:
        """The automation's."""
        return self.instance.data

    @property
    def automation(self) -> Any:
        """The automation's row, an `AutomationModel`."""
        rows: Any = apps.get_model("actions_processes", "AutomationModel")
        return rows.objects.using(self.context.using).get(pk=self.context.run_id)

    @property
    def created(self) -> datetime:
        """When the automation came to this node."""
        return self.context.entered_at

    @property
    def actor(self) -> Any:
        """The user who started the automation."""
        return self.context.actor

    @property
    def attempt(self) -> int:
        """1 at the first try."""
        return self.context.attempt

    def get_node(self) -> Node | None:
        """Its node."""
        found: Node | None = type(self.instance).nodes.get(self.status)
        return found

    def hours_since_created(self) -> float:
        """How long ago the automation came to this node."""
        return (now() - self.created).total_seconds() / 3600

    def get_previous_tasks(self) -> Any:
        """The tasks of the automation that are over, the oldest first."""
        return self.instance.tasks.filter(is_finished=True)

    def log(self, text: str) -> None:
        """Add a line to its log."""
        self.context.log(text)
