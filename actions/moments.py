"""Moments as the project keeps them: with their time zone, or without one where USE_TZ is off."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

_attribute = object.__getattribute__
"""Of the settings themselves, which are lazy, and take their time."""


def now() -> datetime:
    """As `timezone.now()`, several times as quick: a step asks often."""
    return datetime.now(UTC) if _attribute(settings, "_wrapped").USE_TZ else datetime.now()  # noqa: DTZ005


def as_stored(moment: datetime) -> datetime:
    """The moment as every database takes it, and as `timezone.now()` can be compared with.

    In UTC where it has a time zone: PostgreSQL refuses some offsets that Python takes.

    Raises:
        OverflowError: It is of the first or the last day of the calendar, and in UTC of none.
    """
    if settings.USE_TZ:
        return as_aware(moment).astimezone(UTC)
    return moment if timezone.is_naive(moment) else timezone.make_naive(moment, timezone.get_default_timezone())


def as_aware(moment: datetime) -> datetime:
    """The moment with its time zone; without one it is a time of the project's."""
    return timezone.make_aware(moment, timezone.get_default_timezone()) if timezone.is_naive(moment) else moment
