"""What can go wrong with processes, besides what `actions.exceptions` has.

ActionError
├── UnknownProcessError     404
├── WrongStateError         409
│   └── BrokenFormError     the form of what a run waits for cannot be made
└── StepError               500: a step could not do its work
    └── StepTimeoutError    it took longer than its policy allows
AgainError is no failure: the body of a step asks to be called again later.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from actions.exceptions import ActionError, ActionsError


class UnknownProcessError(ActionError):
    """No such process."""

    status = 404
    code = "unknown_process"
    default_detail = _("There is no such process.")


class WrongStateError(ActionError):
    """The run is not in a state for this: it has ended, or waits for something else."""

    status = 409
    code = "wrong_state"
    default_detail = _("The run is not in a state for this.")


class BrokenFormError(WrongStateError):
    """The form of what a run waits for cannot be made; the run waits on until its process is mended."""

    code = "broken_form"


class StepError(ActionError):
    """A step could not do its work; the detail says why."""

    code = "step_failed"
    default_detail = _("The step failed.")


class StepTimeoutError(StepError):
    """A try of a step took longer than it may."""

    code = "step_timeout"
    default_detail = _("The step took too long.")


class AgainError(ActionsError):
    """The body asks to be called again: what it waits for outside has not come yet. No try is counted as failed."""

    def __init__(self, after: timedelta, note: Any = None) -> None:
        """Ask for it.

        Args:
            after: When the body is called again, from now on.
            note: JSON that it finds in `context.note` then.
        """
        self.after = after
        self.note = note
        super().__init__(f"To be called again in {after.total_seconds():g} seconds.")
