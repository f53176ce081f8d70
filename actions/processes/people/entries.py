"""A task as lists and pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils import timezone

from actions.processes.graph import Node
from actions.processes.models import OpenTask
from actions.processes.registry import processes
from actions.processes.services.answering import is_claimed_by_other

from .base import title_of


@dataclass
class Entry:
    """An open task and who looks at it."""

    task: OpenTask
    user: Any

    @property
    def pk(self) -> int:
        """Its key."""
        return self.task.pk

    @property
    def title(self) -> str:
        """What is to be done."""
        return self.task.title or self.task.node.replace("_", " ").capitalize()

    @property
    def description(self) -> str:
        """More of that, but for what looks up something in the run: that stands on the task's own page."""
        text = self.node.description if self.node is not None else ""
        return "" if "{{" in text else text

    @property
    def process_title(self) -> str:
        """What it is a part of."""
        return title_of(self.task.process)

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been answered."""
        return self.task.wanted_at is not None and self.task.wanted_at < timezone.now()

    @property
    def is_mine(self) -> bool:
        """Whether the user has claimed it."""
        return self.task.claimed_by == str(self.user.pk)

    @property
    def is_others(self) -> bool:
        """Whether somebody else has."""
        return is_claimed_by_other(self.task, self.user)

    @cached_property
    def node(self) -> Node | None:
        """Its step, as its process has it now."""
        process = processes.get(self.task.process)
        return process.graph.nodes.get(self.task.node) if process is not None else None
