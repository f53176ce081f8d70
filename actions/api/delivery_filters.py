"""What deliveries may be filtered by."""

from __future__ import annotations

from django import forms
from django_filters import rest_framework as filters

from actions.models import Delivery


class KeyFilter(filters.Filter):
    """By the key of a row. The usual filter by a relation would offer all the rows that there are."""

    field_class = forms.IntegerField


class DeliveryFilter(filters.FilterSet):
    """Each by its exact value."""

    event = KeyFilter(field_name="event_id", min_value=1, max_value=2**63 - 1)

    class Meta:
        model = Delivery
        fields = ["state", "hook", "correlation_id", "uid"]
