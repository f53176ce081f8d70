"""Stored webhooks as JSON. Secrets are shown by what makes them, once, and by nothing else."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from rest_framework import serializers

from actions.hooks.settings import OUTCOMES
from actions.models import HookState, WebhookEndpoint
from actions.senders.http_urls import place_of

from .endpoint_health import states_of

ACTION_PATTERN = re.compile(r"^(\*|[^\s:*?\[\]]+:(\*|[A-Za-z][A-Za-z0-9_]*))\Z")
"""What an endpoint may say of actions: "todo:mark_done", "todo:*", "*"."""
NO_PATTERN = lazy('Write the name of an action, as in "todo:mark_done", or "todo:*", or "*".')
MAX_PATTERNS = 200
MAX_PATTERN = 201


def check_url(url: str) -> None:
    """Refuse what nothing can be sent to.

    Raises:
        ValidationError: With what is wrong.
    """
    try:
        place_of(url)
    except ValueError as error:
        raise ValidationError(_("The URL %(problem)s.") % {"problem": error}, code="invalid") from error


class ReceiverURLField(serializers.URLField):
    """A URL as senders take it: also one with a host that only the project's own network knows, as "http://crm/"."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [*(each for each in self.validators if not isinstance(each, URLValidator)), check_url]


class ActionWebhookHealthSerializer(serializers.ModelSerializer[HookState]):
    """How the receiver is doing."""

    class Meta:
        model = HookState
        fields = ["failures", "failing_since", "paused_until", "disabled_at", "error"]
        read_only_fields = fields

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """What is known of the endpoint's receiver."""
        assert isinstance(self.parent, ActionWebhookSerializer)  # noqa: S101 - it is made for that one
        return super().to_representation(self.parent.state_of(instance))


class _OnePage(serializers.ListSerializer[Any]):
    """Several endpoints, with one statement for the states of all of them."""

    def to_representation(self, data: Any) -> Any:
        endpoints = list(data)
        assert isinstance(self.child, ActionWebhookSerializer)  # noqa: S101 - it is made for that one
        self.child.states = states_of(endpoints)
        return super().to_representation(endpoints)


class ActionWebhookSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """A stored webhook, without its secrets."""

    url = ReceiverURLField(max_length=500, help_text=lazy("Takes the messages. Redirects are not followed."))
    actions = serializers.ListField(
        child=serializers.RegexField(
            ACTION_PATTERN, max_length=MAX_PATTERN, error_messages={"invalid": NO_PATTERN}, help_text=NO_PATTERN
        ),
        max_length=MAX_PATTERNS,
        required=False,
        help_text=lazy('Which events: names as "todo:mark_done", "todo:*" or "*"; none for all.'),
    )
    outcomes = serializers.ListField(
        child=serializers.ChoiceField(OUTCOMES),
        max_length=len(OUTCOMES),
        required=False,
        help_text=lazy('Of which outcomes; none for "succeeded".'),
    )
    hook = serializers.CharField(read_only=True, help_text=lazy("What its deliveries have as their hook."))
    secrets_count = serializers.SerializerMethodField(help_text=lazy("With how many secrets messages are signed."))
    health = ActionWebhookHealthSerializer(source="*", read_only=True)

    states: dict[str, HookState] | None = None
    """Of all endpoints of a page; None for a single one."""

    class Meta:
        model = WebhookEndpoint
        fields = [
            *("id", "uid", "url", "description", "actions", "outcomes", "is_ordered", "is_active", "created_at"),
            *("hook", "secrets_count", "health"),
        ]
        list_serializer_class = _OnePage

    def update(self, instance: WebhookEndpoint, validated_data: dict[str, Any]) -> WebhookEndpoint:
        """Save what was sent and nothing else: somebody may just be rotating the secret."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=list(validated_data))
        return instance

    def get_secrets_count(self, endpoint: WebhookEndpoint) -> int:
        """How many there are."""
        return len(endpoint.secrets)

    def state_of(self, endpoint: WebhookEndpoint) -> HookState:
        """What is known of its receiver."""
        states = states_of([endpoint]) if self.states is None else self.states
        return states.get(endpoint.hook) or HookState(hook=endpoint.hook)


class ActionWebhookWithSecretSerializer(ActionWebhookSerializer):
    """A stored webhook that has just been made: the only time that its secret is shown."""

    secret = serializers.SerializerMethodField(help_text=lazy("For the receiver. It is not shown again."))

    class Meta(ActionWebhookSerializer.Meta):
        fields = [*ActionWebhookSerializer.Meta.fields, "secret"]

    def get_secret(self, endpoint: WebhookEndpoint) -> str:
        """The newest one."""
        return str(endpoint.secrets[0])
