"""Delegate inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from actions.exceptions import InvalidPayloadError
from actions.processes import services
from actions.processes.actions.input.people import find_user

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import OpenTask


def delegate(task: OpenTask, *, context: ActionContext, user: str | None = None, key: str | None = None) -> OpenTask:
    """Have somebody else answer it in the caller's place.

    Args:
        user: The name of who answers it.
        key: His key, in place of the name.
    """
    found = find_user(user, key, context.using)
    if found is None:
        raise InvalidPayloadError(errors={"user": [_("Give a name, or a key.")]})
    return services.delegate(task, found, by=context.actor)
