"""What a caller may say about a start beside the payload, checked before anything is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from actions.exceptions import InvalidTermError
from actions.moments import as_stored
from actions.redaction import storable
from actions.tracing import is_correlation_id

MAX_PRIORITY = 10 * 366 * 24 * 60


def check_priority(priority: Any) -> None:
    """Minutes of head start.

    Raises:
        InvalidTermError: It is no whole number, negative, or more than ten years.
    """
    if type(priority) is not int or not 0 <= priority <= MAX_PRIORITY:
        raise InvalidTermError(_("A priority is a number of minutes from 0 to %(most)s.") % {"most": MAX_PRIORITY})


def check_key(name: str, key: Any) -> None:
    """An idempotency key or a unique key.

    Raises:
        InvalidTermError: It is no text, or one that databases refuse.
    """
    if key is not None and (not isinstance(key, str) or storable(key) != key):
        detail = _("%(name)s is %(key)s. Expected was a text without NUL and lone surrogates.")
        raise InvalidTermError(detail % {"name": name, "key": ascii(key)[:100]})


def check_correlation(correlation_id: Any) -> None:
    """What ties a run to whatever else has come of the same.

    Raises:
        InvalidTermError: It is none that headers and records take.
    """
    if correlation_id is not None and not (isinstance(correlation_id, str) and is_correlation_id(correlation_id)):
        detail = _("A correlation id is 1 to 128 letters, digits and . _ : + / = @ -, and not %(text)s.")
        raise InvalidTermError(detail % {"text": ascii(correlation_id)[:100]})


def read_moment(at: Any) -> datetime:
    """When a run is to begin, as it is stored.

    Raises:
        InvalidTermError: It is no moment, or too near to an end of the calendar.
    """
    try:
        moment = as_stored(at.astimezone(UTC) if timezone.is_aware(at) else at)
        # What a priority takes off it, and what it is in other time zones, have to be moments, too.
        moment - timedelta(minutes=MAX_PRIORITY), moment + timedelta(days=1)
    except (AttributeError, OverflowError, TypeError) as error:
        raise InvalidTermError(_("%(at)s is no moment at which a run can begin.") % {"at": ascii(at)[:100]}) from error
    return moment
