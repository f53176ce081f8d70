"""Look-ups of users and groups that processes name to say who may answer."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldError, ValidationError
from django.db.models.constants import LOOKUP_SEP

from actions.redaction import is_secret_name, secret_names

from .atm_settings import group_model
from .authoring.source import did_you_mean

USER, GROUP = "user_filter", "group_filter"
"""The names of the two filters, in `Who` and in files."""


def wrong_look_up(kind: str, name: str, value: Any) -> tuple[str, str] | None:
    """What is wrong with a look-up of the project's users or groups, and the remedy; None where nothing is.

    Args:
        kind: "user_filter" or "group_filter".
        name: "is_staff", "profile__level__gte".
        value: What it is compared with.
    """
    model = get_user_model() if kind == USER else group_model()
    if model is None:
        return "this project has no groups.", "Remove it."
    called = f"{model.__name__}'s"
    try:
        model._default_manager.filter(**{name: value})
    except FieldError:
        fields = sorted(each.name for each in model._meta.get_fields())
        return f'"{name}" is none of {called} look-ups.', did_you_mean(name.partition(LOOKUP_SEP)[0], fields)
    except (ValidationError, ValueError, TypeError):
        return f"{value!r} is nothing that {called} {name} is compared with.", "Write a value of that field."
    return None


def is_secret(name: str) -> bool:
    """Whether a look-up leads to a secret, which who is found by it would tell bit by bit."""
    names = secret_names(())
    return any(is_secret_name(part, names) for part in name.split(LOOKUP_SEP))
