"""Who may see, change, write and run stored definitions.

Whoever has stored a definition sees and changes it. One that is shared is seen and started by everybody who is logged
in. Staff with Django's permission to view or change definitions sees all of them; who may change them, changes all.

Two things reach further than a row, and want a permission of their own: to write processes (`author_process`), whose
steps are tasks and actions of the project, and to run programs (`run_program`) that the settings allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from actions.exceptions import RefusedError

from .documents import EXECUTABLE, PROCESS

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from .models import ProcessDefinition
    from .programs.models import ProgramRun

APP = "actions_process_registry"
VIEW, CHANGE, DELETE = (f"{APP}.{verb}_processdefinition" for verb in ("view", "change", "delete"))
AUTHOR, RUN = f"{APP}.author_process", f"{APP}.run_program"


def key_of(user: Any) -> str | None:
    """The key of a user as rows keep it."""
    key = getattr(user, "pk", None)
    return None if key is None else str(key)


def sees_all(user: Any) -> bool:
    """Whether a user sees everybody's definitions."""
    return bool(getattr(user, "is_staff", False)) and (user.has_perm(VIEW) or user.has_perm(CHANGE))


def is_open_to(owner_id: str | None, is_shared: bool, user: Any) -> bool:
    """Whether a user may know of a definition."""
    return is_shared or (owner_id is not None and owner_id == key_of(user)) or sees_all(user)


def visible(rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """The definitions that a user may know of: his own, and those that are shared."""
    key = key_of(user)
    if key is None:
        return rows.none()
    return rows if sees_all(user) else rows.filter(Q(owner_id=key) | Q(is_shared=True))


def may_change(row: ProcessDefinition, user: Any, permission: str = CHANGE) -> bool:
    """Whether a user may change (or delete) a definition."""
    is_own = row.owner_id is not None and row.owner_id == key_of(user)
    return is_own or (bool(getattr(user, "is_staff", False)) and bool(user.has_perm(permission)))


def assert_may_change(row: ProcessDefinition, user: Any, permission: str = CHANGE) -> None:
    """Refuse whoever may not.

    Raises:
        RefusedError: 403.
    """
    if not may_change(row, user, permission):
        raise _denied(_("This definition is shared with you. Its owner alone changes it."))


def assert_may_write(kind: str, user: Any) -> None:
    """Refuse whoever may not store definitions of a kind.

    Raises:
        RefusedError: 403.
    """
    if kind == PROCESS and not user.has_perm(AUTHOR):
        raise _denied(_("To store processes, the permission %(permission)s is needed.") % {"permission": AUTHOR})


def assert_may_run(kind: str, user: Any) -> None:
    """Refuse whoever may not run definitions of a kind. Processes have permissions of their own.

    Raises:
        RefusedError: 403.
    """
    if kind == EXECUTABLE and not user.has_perm(RUN):
        raise _denied(_("To run programs, the permission %(permission)s is needed.") % {"permission": RUN})


def _denied(detail: str) -> RefusedError:
    return RefusedError(detail, status=403, code="permission_denied")


def sees_all_runs(user: Any) -> bool:
    """Whether a user sees everybody's runs of programs."""
    verbs = ("view", "change")
    return bool(getattr(user, "is_staff", False)) and any(user.has_perm(f"{APP}.{verb}_programrun") for verb in verbs)


def may_stop(run: ProgramRun, user: Any) -> bool:
    """Whether a user may stop a run."""
    is_own = run.actor_id is not None and run.actor_id == key_of(user)
    return is_own or (bool(getattr(user, "is_staff", False)) and bool(user.has_perm(f"{APP}.change_programrun")))
