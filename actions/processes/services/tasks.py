"""Who does an open task: claimed, released, reassigned, delegated.

Each is an action on `/inputs/7/` as well; the records of these actions are the task's history.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.exceptions import RefusedError
from actions.processes.exceptions import WrongStateError
from actions.processes.executor.asking import ARRIVAL
from actions.processes.models import OpenTask
from actions.processes.store import replace_candidates
from actions.work import announce

from . import plans
from .answering import is_claimed_by_other, may_answer
from .telling import announce_escalated, announce_reminded

CLAIMED = "claimed"
NOT_ALLOWED = "permission_denied"


def claim(task: OpenTask, user: Any) -> OpenTask:
    """Say that a user does it: nobody else can answer it until it is released. Again by the same user: no change.

    Raises:
        WrongStateError: It has been answered.
        RefusedError: He may not answer it (403), or somebody else has claimed it (409).
    """
    with _locked(task) as row:
        check_may_answer(row, user)
        if row.claimed_by is None:
            row.claimed_by, row.claimed_name, row.claimed_at = str(user.pk), _name(user), timezone.now()
            _save(row, *plans.CLAIM)
    return row


def release(task: OpenTask) -> OpenTask:
    """Have anybody who may answer it answer it again. Whether the caller may do that, he has to know.

    Raises:
        WrongStateError: It has been answered, or nobody has claimed it.
    """
    with _locked(task) as row:
        if row.claimed_by is None:
            raise WrongStateError(_("Nobody has claimed it."))
        _unclaim(row)
    return row


def reassign(task: OpenTask, user: Any | None) -> OpenTask:
    """Have somebody else answer it in place of those whom the process names; None: them again.

    Raises:
        WrongStateError: It has been answered.
        RefusedError: The user cannot log in (409).
    """
    with _locked(task) as row:
        _assign(row, user, by=None)
    return row


def delegate(task: OpenTask, user: Any, *, by: Any) -> OpenTask:
    """Have somebody else answer it in one's own place.

    Raises:
        WrongStateError: It has been answered.
        RefusedError: `by` may not answer it (403), somebody has claimed it, or the user cannot log in (409).
    """
    with _locked(task) as row:
        check_may_answer(row, by)
        if str(by.pk) == str(user.pk):
            raise RefusedError(_("It is yours already."), code="same_user")
        _assign(row, user, by=by)
    return row


def remind(task: OpenTask) -> OpenTask:
    """Remind those who may answer now; the next reminder comes when it would have come.

    Raises:
        WrongStateError: It has been answered.
    """
    with _locked(task) as row:
        next_at = row.plan.get(plans.REMIND_AT)
        plans.remind(row, timezone.now())
        if next_at is not None:
            row.plan[plans.REMIND_AT] = next_at
        _save(row, *plans.COLUMNS)
        _mail_soon(row)
        announce_reminded(row, str(row._state.db))
    return row


def escalate(task: OpenTask) -> OpenTask:
    """Have those to whom it would be escalated answer it as well from now on, whoever has it; a claim ends.

    Raises:
        WrongStateError: It has been answered, was escalated already, or its process names nobody for that.
    """
    with _locked(task) as row:
        if plans.ESCALATE_TO not in row.plan:
            raise WrongStateError(_("There is nobody to escalate it to."))
        plans.escalate(row, timezone.now())
        _save(row, *plans.COLUMNS, *plans.CLAIM)
        announce_escalated(row, str(row._state.db))
        _mail_soon(row)
    return row


def check_may_answer(task: OpenTask, user: Any) -> None:
    """Raise where a user cannot answer a task.

    Raises:
        RefusedError: He may not (403), or somebody else has claimed it (409).
    """
    if not may_answer(task, user):
        raise RefusedError(_("You may not answer this."), status=403, code=NOT_ALLOWED)
    if is_claimed_by_other(task, user):
        raise RefusedError(_("%(name)s has claimed it.") % {"name": task.claimed_name}, code=CLAIMED)


@contextmanager
def _locked(task: OpenTask) -> Iterator[OpenTask]:
    using = str(task._state.db)
    with transaction.atomic(using=using):
        row = OpenTask._base_manager.using(using).select_for_update().filter(pk=task.pk).first()
        if row is None:
            raise WrongStateError(_("It has been answered, or is not asked any more."))
        yield row


def _assign(row: OpenTask, user: Any | None, *, by: Any | None) -> None:
    if user is not None and not user.is_active:
        raise RefusedError(_("%(name)s cannot log in any more.") % {"name": _name(user)}, code="inactive_user")
    row.assigned_to = None if user is None else str(user.pk)
    row.assigned_name = "" if user is None else _name(user)
    row.delegated_by = None if by is None else str(by.pk)
    _save(row, "assigned_to", "assigned_name", "delegated_by")
    if row.claimed_by is not None:
        _unclaim(row)
    replace_candidates(row, str(row._state.db))
    if row.plan.get("notify"):
        plans.add_mail(row.plan, ARRIVAL)
        _mail_soon(row)


def _unclaim(row: OpenTask) -> None:
    plans.unclaim(row)
    _save(row, *plans.CLAIM)


def _mail_soon(row: OpenTask) -> None:
    """Have the worker tell those for whom it is now; one that is just busy with it has lost it, and tells nobody."""
    row.due_at = timezone.now()
    rows = OpenTask._base_manager.using(row._state.db).filter(pk=row.pk)
    rows.update(plan=row.plan, due_at=row.due_at, fence=F("fence") + 1)
    announce(str(row._state.db))


def _save(row: OpenTask, *names: str) -> None:
    # By name: the columns of the lease are the worker's.
    row.save(using=row._state.db, update_fields=names)


def _name(user: Any) -> str:
    return str(user.get_username())[:255]
