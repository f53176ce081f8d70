"""Finds the person that a caller names."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from actions.exceptions import InvalidPayloadError
from actions.processes.services.answering import active_users


def find_user(name: str | None, key: str | None, using: str) -> Any:
    """The active user of a name, or of a key; None where neither is given.

    One of both, as somebody may have another's key as his name.

    Raises:
        InvalidPayloadError: There is none, or both are given.
    """
    if name is not None and key is not None:
        raise InvalidPayloadError(errors={"key": [_("Give a name or a key, not both.")]})
    if name is None and key is None:
        return None
    model = get_user_model()
    field: Any
    field, said = (model._meta.get_field(model.USERNAME_FIELD), name) if name is not None else (model._meta.pk, key)
    try:
        found = active_users(using).filter(**{field.name: field.to_python(said)}).first()
    except (ValidationError, OverflowError):
        found = None
    if found is None:
        told = _("There is no user “%(user)s” who can log in.") % {"user": said}
        raise InvalidPayloadError(errors={"user" if name is not None else "key": [told]})
    return found
