"""Refuse to sign somebody up twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def validate_not_exists(payload: Mapping[str, Any]) -> None:
    """Refuse a username that is taken.

    Raises:
        ValidationError: It is.
    """
    if User.objects.filter(username=payload["username"]).exists():
        raise ValidationError({"username": [_("This username is taken.")]})
