"""Records as JSON."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from actions.models import Delivery, EventAction, Outcome

NEVER_SHOWN = frozenset({"key_hash", "request_hash"})
FOR_STAFF = ("exception", "traceback")
"""Members of `error` that tell of the project's code."""


class ActionEventDeliverySerializer(serializers.ModelSerializer[Delivery]):
    """Where an event goes, and how far it is."""

    class Meta:
        model = Delivery
        fields = ["uid", "hook", "state"]
        read_only_fields = fields


class EventActionSerializer(serializers.ModelSerializer[EventAction]):
    """Every column, for reading, and how far a call is that has not ended."""

    progress = serializers.JSONField(
        source="pending_call.progress",
        read_only=True,
        allow_null=True,
        help_text=_("`{done, total, message}` as the action reported it last, while it runs."),
    )
    due_at = serializers.DateTimeField(
        source="pending_call.due_at", read_only=True, allow_null=True, help_text=_("When it begins, while it waits.")
    )
    deliveries = ActionEventDeliverySerializer(
        many=True, read_only=True, help_text=_("Messages about it, as long as they are kept.")
    )

    class Meta:
        model = EventAction
        fields = [
            *(field.name for field in EventAction._meta.concrete_fields if field.name not in NEVER_SHOWN),
            "progress",
            "due_at",
            "deliveries",
        ]
        read_only_fields = fields

    def to_representation(self, instance: EventAction) -> dict[str, Any]:
        """The record; of a failure, staff alone sees the exception."""
        shown = super().to_representation(instance)
        if instance.outcome != Outcome.PENDING.value:
            # While it runs, the column is the end of the worker's lease.
            shown["due_at"] = None
        if isinstance(shown["error"], dict) and not self._is_for_staff():
            shown["error"] = {name: value for name, value in shown["error"].items() if name not in FOR_STAFF}
        return shown

    def _is_for_staff(self) -> bool:
        request = self.context.get("request")
        return bool(getattr(getattr(request, "user", None), "is_staff", False))
