"""Processes written as automations: the steps of a business, one after the other, as attributes of a class.

    from actions.processes import flow
    from actions.processes.flow import this

    class Signup(flow.Automation):
        welcome = flow.Execute(this.send_welcome)
        remind = flow.Execute(this.send_reminder).AfterWaitingFor(timedelta(days=7)).SkipIf(this.has_confirmed)
        end = flow.End()

It can be imported before Django is ready.
"""

from __future__ import annotations

from typing import Any

from . import registering
from .automation import Automation
from .exceptions import FinishedError, ParameterError, WrongAutomationError
from .forms import Form, ModelForm
from .messages import require_data_parameters
from .nodes import Action, End, Execute, If, Join, Node, Repeat, SendMessage, Split
from .registry import get_automation_class
from .signals import on_signal
from .task import Task
from .this import This, ThisAttribute, this

_LAZY = {
    "AutomationModel": "models",
    "AutomationTaskModel": "history",
    "get_automations": "discovery",
}
"""What needs models that are loaded."""

__all__ = [
    "Action",
    "Automation",
    "AutomationModel",
    "AutomationTaskModel",
    "End",
    "Execute",
    "FinishedError",
    "Form",
    "If",
    "Join",
    "ModelForm",
    "Node",
    "ParameterError",
    "Repeat",
    "SendMessage",
    "Split",
    "Task",
    "This",
    "ThisAttribute",
    "WrongAutomationError",
    "get_automation_class",
    "get_automations",
    "on_signal",
    "require_data_parameters",
    "this",
]


registering.begin()


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LAZY[name]}", __name__), name)
