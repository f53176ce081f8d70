"""What runs may be filtered by."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from actions.moments import as_aware, as_stored
from actions.processes.models import STATUSES, Run
from actions.processes.states import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet

WAITS = [(each.value, each.value) for each in Waiting if each.value]


class KeyFilter(filters.Filter):
    """By the key of a row."""

    field_class = forms.IntegerField


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


class RunFilter(filters.FilterSet):
    """Each by its exact value; `created_after` and `created_before` are a range, ISO 8601."""

    status = filters.MultipleChoiceFilter(choices=STATUSES, help_text=_("One of them, or several."))
    waiting_for = filters.ChoiceFilter(choices=WAITS, method="filter_waiting_for")
    forked_from = KeyFilter(min_value=1, max_value=2**63 - 1)
    created = MomentRangeFilter(field_name="created_at")

    def filter_waiting_for(self, runs: QuerySet[Run], name: str, value: str) -> QuerySet[Run]:
        """Runs that wait for something."""
        return runs.that_wait_for(value)  # type: ignore[attr-defined, no-any-return]

    class Meta:
        model = Run
        fields = ["process", "status", "waiting_for", "actor_id", "correlation_id", "uid", "event_uid", "forked_from"]
