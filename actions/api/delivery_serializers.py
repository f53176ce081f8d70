"""Deliveries as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from actions.models import Delivery
from actions.redaction import redact, secret_names

NEVER_SHOWN = frozenset({"order_key", "fence"})


class ActionDeliverySerializer(serializers.ModelSerializer[Delivery]):
    """Every column but those of the queue, for reading."""

    class Meta:
        model = Delivery
        fields = [field.name for field in Delivery._meta.concrete_fields if field.name not in NEVER_SHOWN]
        read_only_fields = fields

    def to_representation(self, instance: Delivery) -> dict[str, Any]:
        """The delivery."""
        shown = super().to_representation(instance)
        shown["options"] = shown_options(instance)
        return shown


def shown_options(delivery: Delivery) -> Any:
    """What the action's definition says otherwise than the settings, without secrets."""
    return redact(delivery.options, secret_names(()))
