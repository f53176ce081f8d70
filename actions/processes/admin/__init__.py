"""Django's admin: runs with their steps and pictures, definitions, schedules, open inputs, messages, archived runs."""

from .archived import ArchivedRunAdmin
from .runs import RunAdmin
from .tables import DefinitionAdmin, MessageAdmin, OpenTaskAdmin, RunScheduleAdmin

__all__ = [
    "ArchivedRunAdmin",
    "DefinitionAdmin",
    "MessageAdmin",
    "OpenTaskAdmin",
    "RunAdmin",
    "RunScheduleAdmin",
]
