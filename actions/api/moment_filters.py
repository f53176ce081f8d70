"""A range of moments, as parameters of a query."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django_filters import rest_framework as filters

from actions.moments import as_aware, as_stored

if TYPE_CHECKING:
    from django.db.models import QuerySet

EARLIEST, LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
"""Every database knows what lies between."""


class MomentRangeFilter(filters.IsoDateTimeFromToRangeFilter):
    """Of moments in any time zone; PostgreSQL refuses some that Python takes."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """What lies between two moments, or after or before one."""
        return super().filter(qs, value and slice(_known(value.start), _known(value.stop)))


def _known(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return as_stored(min(max(as_aware(moment).astimezone(UTC), EARLIEST), LATEST))
    except OverflowError:
        return as_stored(EARLIEST if moment.year < LATEST.year else LATEST)
