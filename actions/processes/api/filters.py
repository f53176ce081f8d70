"""What runs may be filtered by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from actions.api.moment_filters import MomentRangeFilter
from actions.processes.models import STATUSES, Run
from actions.processes.states import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet

WAITS = [(each.value, each.value) for each in Waiting if each.value]


class KeyFilter(filters.Filter):
    """By the key of a row."""

    field_class = forms.IntegerField


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
