"""How an input is shown to the person who answers it, where the process says more than what it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .context import StepContext


@dataclass(frozen=True)
class Page:
    """The page of one input. Functions get the step that waits: its payload, its state to be read, its actor."""

    form: Any = None
    """A Django form class, or a function that answers one; it also checks the answer. None: what the node takes."""
    template_name: str = ""
    """Tried before "automations/form_view.html" and the package's own."""
    context: Mapping[str, Any] = field(default_factory=dict)
    """More for the template."""
    success_url: str = ""
    """Where an answer leads to; "": back to where the caller came from, else the list of tasks."""
    is_repeated: bool = False
    """Whether the same input is shown again where the run waits for it again at once."""
    form_kwargs: Callable[[StepContext], Mapping[str, Any]] | None = None
    """Further arguments of the form, such as `initial`."""
    instance: Callable[[StepContext], Any] | None = None
    """What a ModelForm edits; None: it makes a new one."""
    save: Callable[[StepContext, Any], Any] | None = None
    """Gets the valid form, in the transaction that takes the answer, with the answering user as the step's actor.

    What it returns (JSON values) is the answer. None: the form's `cleaned_data`.
    """


@dataclass(frozen=True)
class Dashboard:
    """How a process stands on the dashboard."""

    template_name: str = ""
    """Shown below its numbers, with what `context` answers."""
    is_hidden: bool = False
    context: Callable[[Any], Mapping[str, Any]] | None = None
    """Gets the QuerySet of the process's runs that are shown."""


PLAIN_DASHBOARD = Dashboard()
"""Numbers and nothing else."""
