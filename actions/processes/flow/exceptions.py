"""What can go wrong when an automation is used.

ActionError
├── WrongStateError
│   └── FinishedError      409
├── ParameterError         400
└── WrongAutomationError   409
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from actions.exceptions import ActionError
from actions.processes.exceptions import WrongStateError


class FinishedError(WrongStateError, ValueError):
    """The automation is over."""

    code = "finished"
    default_detail = _("The automation is over.")


class ParameterError(ActionError, ValueError):
    """What an automation was made with does not fit."""

    status = 400
    code = "wrong_parameters"
    default_detail = _("These parameters do not fit.")


class WrongAutomationError(ActionError, ValueError):
    """It is of another class."""

    status = 409
    code = "wrong_automation"
    default_detail = _("The automation is of another class.")
