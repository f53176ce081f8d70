"""Deliveries and the states of hooks in Django's admin: to be read, retried and discarded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import JSONField
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from actions.api.deliveries import DeliveryViewSet
from actions.api.delivery_serializers import NEVER_SHOWN, shown_options
from actions.hooks import all_hooks
from actions.models import Delivery, EventAction, HookState, WebhookEndpoint

from .door import ActionsAdminMixin
from .reading import ReadOnlyAdmin
from .records import BoundedPaginator, pretty

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

MAX_ENDPOINTS = 100
"""Stored webhooks that the filter offers."""
SHORT = 80
"""Characters of an error in the list."""


class HookFilter(admin.SimpleListFilter):
    """By hook. The choices are the settings' and the stored ones: to collect them from the rows would read them all."""

    title = _("hook")
    parameter_name = "hook"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The project's hooks, and the one that is asked for: it may be none of them any more."""
        stored = WebhookEndpoint.objects.order_by("-id")[:MAX_ENDPOINTS]
        names = {name: name for name in all_hooks()} | {each.hook: str(each) for each in stored}
        if (chosen := self.value()) is not None:
            names.setdefault(chosen, chosen)
        return list(names.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What goes to one of them."""
        return queryset.filter(hook=self.value()) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(ActionsAdminMixin, ReadOnlyAdmin):
    """What is on its way, and what has arrived as long as it is kept."""

    action_registry = DeliveryViewSet.action_registry

    list_display = ("created_at", "state", "hook", "event_link", "tries", "next_attempt", "short_error")
    list_display_links = ("created_at",)
    list_filter: ClassVar[tuple[Any, ...]] = ("state", HookFilter)
    list_per_page = 50
    # The only order that an index gives, whatever the filter.
    sortable_by = ()
    ordering = ("-id",)
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Every column but those of the queue; JSON as it can be read."""
        names = {"event": "event_link", "due_at": "next_attempt"}
        return [
            f"pretty_{field.name}" if isinstance(field, JSONField) else names.get(field.name, field.name)
            for field in self.opts.concrete_fields
            if field.name not in NEVER_SHOWN and not field.primary_key
        ]

    @admin.display(description=_("event"))
    def event_link(self, delivery: Delivery) -> str:
        """The record, by what its message says: to read the records of a page would leave out those archived."""
        text = f"{delivery.event_id}: {delivery.message.get('type', '')}".removesuffix(": ")
        if not self.admin_site.is_registered(EventAction):
            return text
        url = reverse("admin:actions_eventaction_change", args=[delivery.event_id], current_app=self.admin_site.name)
        return format_html('<a href="{}">{}</a>', url, text)

    @admin.display(description=_("next attempt"))
    def next_attempt(self, delivery: Delivery) -> Any:
        """When it is due; nothing for what is over, or waits behind another one."""
        return delivery.due_at

    @admin.display(description=_("last error"))
    def short_error(self, delivery: Delivery) -> str:
        """Its beginning."""
        return Truncator(delivery.error).chars(SHORT)

    @admin.display(description=_("options"))
    def pretty_options(self, delivery: Delivery) -> SafeString:
        """What the action's definition says otherwise than the settings."""
        return pretty(shown_options(delivery))

    @admin.display(description=_("message"))
    def pretty_message(self, delivery: Delivery) -> SafeString:
        """What is sent."""
        return pretty(delivery.message)

    @admin.display(description=_("receipt"))
    def pretty_receipt(self, delivery: Delivery) -> SafeString:
        """What the receiver answered."""
        return pretty(delivery.receipt)


@admin.register(HookState)
class HookStateAdmin(ReadOnlyAdmin):
    """How the receivers are doing that have failed."""

    list_display = ("hook", "failures", "failing_since", "paused_until", "disabled_at", "short_error")
    ordering = ("hook",)

    @admin.display(description=_("last error"))
    def short_error(self, state: HookState) -> str:
        """Its beginning."""
        return Truncator(state.error).chars(SHORT)
