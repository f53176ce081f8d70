"""The settings of Django Automations that mean something here, under their own names. Read on every access.

ATM_FORM_VIEW_CONTEXT                   what every page of a form gets for its template
ATM_TASK_LIST_TEMPLATES                 (template, label) pairs; the first one is what `{% my_tasks %}` is shown with
ATM_GROUP_MODEL                         the project's groups, "app.Model"; what the users' `groups` are
ATM_USER_WITH_PERMISSIONS_FORM_METHOD   path of a function (node of an automation) -> QuerySet of users
ATM_USER_WITH_PERMISSIONS_MODEL_METHOD  path of a function (open task) -> QuerySet of users: says who may answer

The last three belong together: see the check automations.E001.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.module_loading import import_string

TOGETHER = (
    "ATM_GROUP_MODEL",
    "ATM_USER_WITH_PERMISSIONS_FORM_METHOD",
    "ATM_USER_WITH_PERMISSIONS_MODEL_METHOD",
)
GROUPS = "groups"
"""The field of users that leads to their groups, which have a `name`."""


def form_view_context() -> Mapping[str, Any]:
    """For the templates of forms."""
    return getattr(settings, "ATM_FORM_VIEW_CONTEXT", None) or {}


def task_list_templates() -> Sequence[tuple[str, Any]]:
    """Templates of a list of tasks, each with a label."""
    return getattr(settings, "ATM_TASK_LIST_TEMPLATES", None) or ()


def group_model() -> type[Any] | None:
    """The groups that users are in: as the setting says, else what the users' `groups` are; None where they have none.

    Raises:
        LookupError: ATM_GROUP_MODEL names no model.
    """
    name = getattr(settings, TOGETHER[0], None)
    if name is not None:
        return apps.get_model(name)
    field = next((each for each in get_user_model()._meta.get_fields() if each.name == GROUPS), None)
    found: type[Any] | None = field.related_model if field is not None else None
    return found


def users_of_form() -> Callable[[Any], Any] | None:
    """Replaces `Form.get_users_with_permission`.

    Raises:
        ImportError: The setting names nothing.
    """
    return _function(TOGETHER[1])


def users_of_task() -> Callable[[Any], Any] | None:
    """Replaces `get_users_with_permission` of an open task.

    Raises:
        ImportError: The setting names nothing.
    """
    return _function(TOGETHER[2])


def _function(name: str) -> Callable[[Any], Any] | None:
    path = getattr(settings, name, None)
    found: Callable[[Any], Any] | None = import_string(path) if path else None
    return found
