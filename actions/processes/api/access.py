"""Who may see and steer runs.

Whoever has started a run sees it. Staff with Django's permission to view or change runs see all of them. An input may
be answered by those whom its process names, whether they see the run or not.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework.permissions import SAFE_METHODS, BasePermission

from actions.processes.models import OpenTask
from actions.processes.services import get_open_tasks, may_answer
from actions.processes.services.answering import is_claimed_by_other
from actions.processes.states import Waiting

VIEW, CHANGE = "actions_processes.view_run", "actions_processes.change_run"
NEEDED = {"create": "add", "destroy": "delete"}


def is_staff(user: Any) -> bool:
    """Whether a user is told of the project's code: tracebacks."""
    return bool(getattr(user, "is_staff", False))


def sees_all(user: Any) -> bool:
    """Whether a user sees everybody's runs."""
    return is_staff(user) and (user.has_perm(VIEW) or user.has_perm(CHANGE))


def sees_all_tasks(user: Any) -> bool:
    """Whether a user sees what waits for others."""
    return is_staff(user) and any(user.has_perm(f"actions_processes.{verb}_opentask") for verb in ("view", "change"))


def may_change(user: Any) -> bool:
    """Whether a user steers everybody's runs."""
    return is_staff(user) and bool(user.has_perm(CHANGE))


def visible(runs: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """The runs that a user sees."""
    key = getattr(user, "pk", None)
    if key is None:
        return runs.none()
    return runs if sees_all(user) else runs.filter(actor_id=str(key))


def answerable(runs: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """The runs that a user sees, and those that wait for his answer, themselves or in a branch."""
    key = getattr(user, "pk", None)
    if key is None:
        return runs.none()
    if sees_all(user):
        return runs
    mine = get_open_tasks(user, using=runs.db)
    waits = Exists(mine.filter(run_id=OuterRef("pk")))
    in_branches = Exists(mine.filter(run__root_id=OuterRef("pk"), run__waiting_for=Waiting.INPUT.value))
    return runs.filter(Q(actor_id=str(key)) | waits | in_branches)


class MayManageSchedules(BasePermission):
    """Staff with Django's permissions for schedules: to look, "view" or "change"."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Whether the caller may."""
        user = request.user
        if not (user and user.is_authenticated and user.is_staff):
            return False
        verbs = ("view", "change") if request.method in SAFE_METHODS else (NEEDED.get(view.action, "change"),)
        return any(user.has_perm(f"actions_processes.{verb}_runschedule") for verb in verbs)


class Answerer:
    """A user who is asked about inputs."""

    def __init__(self, user: Any) -> None:
        self._user = user

    def may(self, task: OpenTask) -> bool:
        """Whether the user may answer an input, and nobody else has claimed it."""
        return may_answer(task, self._user) and not is_claimed_by_other(task, self._user)
