"""The payload, the same on every side."""

from __future__ import annotations

from rest_framework import serializers


class MarkDoneSerializer(serializers.Serializer[object]):
    """What there is to say about it."""

    note = serializers.CharField(required=False, allow_blank=True, max_length=1000, default="")
    minutes = serializers.IntegerField(required=False, min_value=0, max_value=1440, default=0)
