"""Why a program is not run. What becomes of one that has begun stands in its result.

ActionError
├── InvalidProgramError         400: the definition is wrong; `errors` has all problems by path
├── ProgramNotPermittedError    409: the settings do not allow it here
└── UnknownProgramError         404: no definition is stored under that name, or it is another's
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from actions.exceptions import ActionError


class InvalidProgramError(ActionError):
    """The definition cannot be run as it is."""

    status = 400
    code = "invalid_program"
    default_detail = _("The definition of the program is not valid.")


class ProgramNotPermittedError(ActionError):
    """A setting would have to allow it, or the machine lacks what it needs."""

    status = 409
    code = "program_not_permitted"
    default_detail = _("This program may not be run here.")


class UnknownProgramError(ActionError):
    """There is no such definition, for this user."""

    status = 404
    code = "unknown_program"
    default_detail = _("There is no such definition of a program.")
