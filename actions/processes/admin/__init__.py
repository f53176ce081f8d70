"""Django's admin: runs with their steps and pictures, definitions, schedules, open inputs, messages, archived runs."""

from .archived import ArchivedRunAdmin
from .runs import RunAdmin
from .tables import DefinitionAdmin, MessageAdmin, RunScheduleAdmin
from .tasks import OpenTaskAdmin
from .workflows import JobAdmin, KnownStepAdmin, KnownWorkflowAdmin

__all__ = [
    "ArchivedRunAdmin",
    "DefinitionAdmin",
    "JobAdmin",
    "KnownStepAdmin",
    "KnownWorkflowAdmin",
    "MessageAdmin",
    "OpenTaskAdmin",
    "RunAdmin",
    "RunScheduleAdmin",
]
