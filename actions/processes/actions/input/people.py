"""Finds the person that a caller names."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from actions.exceptions import InvalidPayloadError
from actions.processes.services.answering import active_users


def find_user(named: str, using: str) -> Any:
    """The active user of a name, else of a key.

    Raises:
        InvalidPayloadError: There is none.
    """
    model = get_user_model()
    users = active_users(using)
    found = users.filter(**{model.USERNAME_FIELD: named}).first()
    if found is None:
        try:
            found = users.filter(pk=model._meta.pk.to_python(named)).first()
        except (ValidationError, OverflowError):
            found = None
    if found is None:
        told = _("There is no user “%(user)s” who can log in. Give a name or a key.") % {"user": named}
        raise InvalidPayloadError(errors={"user": [told]})
    return found
