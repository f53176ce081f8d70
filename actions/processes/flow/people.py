"""Who may answer the forms of automations."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from actions.processes.atm_settings import users_of_form
from actions.processes.expressions import VALUE, Expression, evaluate, literal
from actions.processes.models import OpenTask
from actions.processes.people_names import read_users
from actions.processes.services.answering import get_open_tasks, get_users_with_permission

from .asking import who_of
from .calling import is_constant
from .keys import database


def users_of(node: Any, *, include_superusers: bool) -> Any:
    """The users who may answer a form, as far as the class alone says it; of one without .Permission nobody.

    ATM_USER_WITH_PERMISSIONS_FORM_METHOD says it in the project's own way.
    """
    method = users_of_form()
    if method is not None:
        return method(node)
    who = who_of(node, _known) if node.said("permissions") else None
    if who is None:
        return get_user_model()._default_manager.none()
    task = OpenTask(
        users=read_users(evaluate(each, _unknown) for each in who.users),
        groups=[str(each[VALUE]) for each in who.groups if each[VALUE] is not None],
        permissions=list(who.permissions),
        user_filter=dict(who.user_filter),
        group_filter=dict(who.group_filter),
    )
    task._state.db = database()
    return get_users_with_permission(task, include_superusers=include_superusers)


def _known(value: Any, _node: Any, _key: str) -> Expression:
    return literal(value if is_constant(value) else None)


def _unknown(_tag: str, _content: Any) -> None:
    return None


def users_of_task(task: OpenTask | None, *, include_superusers: bool, backend: str | None) -> Any:
    """The users who may answer an open task; nobody where there is none."""
    if task is None:
        return get_user_model()._default_manager.none()
    return get_users_with_permission(task, include_superusers=include_superusers, backend=backend)


def open_tasks_of(user: Any, using: str) -> Any:
    """What waits for a user."""
    return get_open_tasks(user, using=using).order_by("pk")
