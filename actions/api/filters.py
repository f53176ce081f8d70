"""What records may be filtered by."""

from __future__ import annotations

from django_filters import rest_framework as filters

from actions.models import EventAction

from .moment_filters import MomentRangeFilter


class EventActionFilter(filters.FilterSet):
    """Each by its exact value; `created_after` and `created_before` are a range, ISO 8601."""

    created = MomentRangeFilter(field_name="created_at")

    class Meta:
        model = EventAction
        fields = [
            "action",
            "action_type",
            "resource",
            "object_id",
            "actor_id",
            "outcome",
            "status_code",
            "door",
            "uid",
            "correlation_id",
            "parent_uid",
            "is_held",
        ]
