"""Stored webhooks in Django's admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from actions.api.endpoint_health import forget, states_of
from actions.api.endpoints import WebhookEndpointViewSet
from actions.models import WebhookEndpoint
from actions.redaction import MASK
from actions.signatures import new_secret

from .door import ActionsAdminMixin
from .endpoint_forms import WebhookEndpointForm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from actions.binding import BoundAction
    from actions.execution import Outcome
    from actions.models import HookState

    ModelAdmin = admin.ModelAdmin[WebhookEndpoint]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ActionsAdminMixin, ModelAdmin):
    """Added and changed by hand; a secret is made for each, and shown once."""

    action_registry = WebhookEndpointViewSet.action_registry

    form = WebhookEndpointForm
    readonly_fields = ("hook", "secrets_count", "health")
    list_display = ("__str__", "url", "is_active", "health", "created_at")
    list_filter = ("is_active",)
    search_fields = ("url", "description")
    show_facets = admin.ShowFacets.NEVER

    def get_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> list[Any]:
        """What is filled in; of one that there is, also what is known."""
        return [*WebhookEndpointForm.base_fields, *(self.readonly_fields if obj is not None else ())]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, with the states of all of its receivers in one statement."""
        found = super().get_changelist_instance(request)
        states = states_of(found.result_list)
        for endpoint in found.result_list:
            endpoint.known_state = states.get(endpoint.hook)
        return found

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:
        """Save it; a new one with a secret."""
        if change:
            # And nothing else: somebody may just be rotating the secret.
            obj.save(update_fields=list(form.fields))
            return
        obj.secrets = [new_secret()]
        super().save_model(request, obj, form, change)
        self._show_secret(request, obj.secrets[0])

    def delete_model(self, request: HttpRequest, obj: WebhookEndpoint) -> None:
        """Remove it, and what is known of its receiver."""
        forget([obj])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        """Remove them, and what is known of their receivers."""
        forget(queryset)
        super().delete_queryset(request, queryset)

    def tell_outcome(self, request: HttpRequest, bound: BoundAction, outcome: Outcome) -> None:
        """Show a new secret, and what came of a test."""
        for answer in _answers(outcome.body):
            if "secret" in answer:
                self._show_secret(request, answer["secret"])
            elif "delivered" in answer:
                level = messages.SUCCESS if answer["delivered"] else messages.ERROR
                self.message_user(request, str(answer["detail"]), level)

    @admin.display(description=lazy("secrets"))
    def secrets_count(self, endpoint: WebhookEndpoint) -> int:
        """With how many of them messages are signed."""
        return len(endpoint.secrets)

    @admin.display(description=lazy("receiver"))
    def health(self, endpoint: WebhookEndpoint) -> str:
        """How the receiver is doing, in one sentence."""
        if not hasattr(endpoint, "known_state"):
            endpoint.known_state = states_of([endpoint]).get(endpoint.hook)  # type: ignore[attr-defined]
        return _sentence(endpoint.known_state)  # type: ignore[attr-defined]

    def _show_secret(self, request: HttpRequest, secret: str) -> None:
        if secret == MASK:
            # The button was pressed twice: this is the record of the first time.
            text = _("The new secret was shown already. If nobody has noted it, rotate once more.")
            self.message_user(request, text, messages.WARNING)
            return
        text = _("The secret for the receiver, which is not shown again: %(secret)s") % {"secret": secret}
        self.message_user(request, text, messages.INFO)


def _answers(body: Any) -> Iterator[dict[str, Any]]:
    """What an action answered, of several objects for each of them."""
    if not isinstance(body, dict):
        return
    several = body.get("results")
    for each in several if isinstance(several, list) else [{"result": body}]:
        if isinstance(answer := each.get("result"), dict):
            yield answer


def _sentence(state: HookState | None) -> str:
    if state is None:
        return _("takes messages")
    facts = {"count": state.failures, "error": state.error}
    if state.disabled_at is not None:
        return _("disabled: %(error)s") % facts
    return _("fails, %(count)s times in a row: %(error)s") % facts
