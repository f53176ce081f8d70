"""Who may start a process: whoever has the permissions that it names. One that names none asks nobody."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from actions.exceptions import RefusedError
from actions.processes.process import Process


def refusal_of_start(process: Process, user: Any) -> RefusedError | None:
    """Why a user may not start a process; None where he may."""
    missing = [name for name in process.permissions if not user.has_perm(name)]
    if not missing:
        return None
    said = {"process": process.id, "permissions": ", ".join(missing)}
    detail = _("You may not start %(process)s: it asks for the permission %(permissions)s.") % said
    return RefusedError(detail, status=403, code="permission_denied")


def check_may_start(process: Process, actor: Any) -> None:
    """Refuse an actor who may not start a process; the project's own code, with no actor, is not asked.

    Raises:
        RefusedError: He may not (403).
    """
    if actor is not None and (refusal := refusal_of_start(process, actor)) is not None:
        raise refusal
