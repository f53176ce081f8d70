"""Texts that stand for other values: the `format`s of JSON Schema that become Python values, and how each is written.

A date and time without an offset means the current time zone, as Django's forms and DRF's serializers take it; a time's
offset is dropped, as Django does, because a time without a date has none.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_duration
from django.utils.duration import duration_iso_string

from .screening import MAX_DECIMAL_MAGNITUDE, has_utc

MAX_TEXT = 100
"""Longer texts are none of these; it bounds what the expressions below read."""
FILE_MARK = "\0file:"
"""Begins the text that stands for an uploaded file while JSON Schema is applied. No caller can send one like it."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_WEEKS = re.compile(r"P(\d{1,6})W", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?)([0-9a-fA-F]{4}\1){3}[0-9a-fA-F]{12}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def parse_date(text: str) -> dt.date:
    """Year, month and day: "2026-11-30"."""
    return dt.date.fromisoformat(_matched(_DATE, text))


def parse_datetime(text: str) -> dt.datetime:
    """ISO 8601 or RFC 3339, with or without seconds and offset. Aware where the project uses time zones."""
    separator, time = text[10:11], text[11:].upper()
    if separator not in {"T", "t", " "}:
        raise ValueError(text)
    date = parse_date(text[:10])
    moment = in_project_zone(dt.datetime.combine(date, dt.time.fromisoformat(_matched(_TIME, time))))
    if not has_utc(moment):
        raise ValueError(text)
    return moment


def in_project_zone(moment: dt.datetime) -> dt.datetime:
    """Aware where the project uses time zones, otherwise naive in the project's own zone.

    Raises:
        ValueError: The moment lies outside of what a date can say in that zone.
    """
    try:
        if settings.USE_TZ:
            return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
        return moment if timezone.is_naive(moment) else timezone.make_naive(moment, timezone.get_default_timezone())
    except OverflowError as error:
        raise ValueError(str(moment)) from error


def parse_time(text: str) -> dt.time:
    """Hours and minutes, with or without seconds: "14:30"."""
    return dt.time.fromisoformat(_matched(_TIME, text.upper())).replace(tzinfo=None)


def parse_timedelta(text: str) -> dt.timedelta:
    """ISO 8601 ("PT1H30M", "P2W") without years and months, which have no fixed length; or "1 12:30:00"."""
    # Django would take "P", "P1DT" and "".
    if len(text) > MAX_TEXT or text.endswith("T") or not any(map(str.isdecimal, text)):
        raise ValueError(text)
    weeks = _WEEKS.fullmatch(text)
    try:
        duration = dt.timedelta(weeks=int(weeks[1])) if weeks else parse_duration(text)
    except OverflowError as error:
        raise ValueError(text) from error
    if duration is None:
        raise ValueError(text)
    return duration


def parse_uuid(text: str) -> UUID:
    """With or without hyphens."""
    return UUID(_matched(_UUID, text))


def parse_decimal(text: str) -> Decimal:
    """A finite number of a usual size: "12.50"."""
    number = Decimal(_matched(_DECIMAL, text))
    if number and abs(number.adjusted()) > MAX_DECIMAL_MAGNITUDE:
        raise ValueError(text)
    return number


def _matched(pattern: re.Pattern[str], text: str) -> str:
    if len(text) > MAX_TEXT or pattern.fullmatch(text) is None:
        raise ValueError(text)
    return text


def _is(parse: Callable[[str], Any], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _is_file(text: str) -> bool:
    return text.startswith(FILE_MARK)


PARSERS: dict[str, Callable[[str], Any]] = {
    "date": parse_date,
    "date-time": parse_datetime,
    "time": parse_time,
    "duration": parse_timedelta,
    "uuid": parse_uuid,
    "decimal": parse_decimal,
}

CHECKS: dict[str, Callable[[str], bool]] = {
    **{name: partial(_is, parse) for name, parse in PARSERS.items()},
    "binary": _is_file,
}
"""For the validator, in place of its own notion of these formats."""


def as_text(value: Any) -> str | None:
    """The text that stands for a value of one of the types above; None for any other."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return duration_iso_string(value)
    if isinstance(value, UUID | Decimal):
        return str(value)
    return None
