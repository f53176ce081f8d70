"""Records in Django's admin: to be read, searched and held. Made for tables with millions of rows."""

from __future__ import annotations

import json
from functools import partial, reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import FloatField, JSONField, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from actions.api.views import EventActionViewSet
from actions.models import ArchivedEventAction, Delivery, EventAction, EventRecord
from actions.registry import catalogue

from .door import ActionsAdminMixin
from .reading import ReadOnlyAdmin

if TYPE_CHECKING:
    # Django's own takes no type arguments when the program runs.
    AnyPaginator = Paginator[Any]
else:
    AnyPaginator = Paginator

MAX_COUNT = 10_000
MAX_DELIVERIES = 100
"""Of one record, on its page."""
PRE = '<pre class="djaction-json">{}</pre>'


class BoundedPaginator(AnyPaginator):
    """Counts no further than `MAX_COUNT`: a filter finds what is older sooner than page 1,000 does."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most `MAX_COUNT`."""
        rows = cast("QuerySet[EventRecord]", self.object_list)
        return rows.order_by()[:MAX_COUNT].count()


class ResourceFilter(admin.SimpleListFilter):
    """By resource. The choices are the registries': to collect them from the rows would read them all."""

    title = _("resource")
    parameter_name = "resource"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The project's resources."""
        return [(resource, resource) for resource in sorted({registry.resource for registry in catalogue})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Records of one resource."""
        return queryset.filter(resource=self.value()) if self.value() else queryset


class ActionFilter(admin.SimpleListFilter):
    """By action, once a resource is chosen."""

    title = _("action")
    parameter_name = "action_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The chosen resource's actions."""
        registry = catalogue.find(request.GET.get(ResourceFilter.parameter_name, ""))
        return [(each.id, each.title or each.id) for each in registry.definitions.values()] if registry else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Records of one action."""
        return queryset.filter(action=self.value()) if self.value() else queryset


class EventRecordAdmin(ReadOnlyAdmin):
    """What the admins of records have in common. Only `actions.recording` writes them, `actions.archive` moves them."""

    # What came of it stands early, so that it is seen on narrow pages.
    list_display = ("created_at", "outcome", "what_was_called", "actor_name", "status_code")
    list_display_links = ("created_at", "what_was_called")
    list_filter: ClassVar[tuple[Any, ...]] = ("outcome", ResourceFilter, ActionFilter, "created_at")
    list_per_page = 50
    # The only order that an index gives, also together with a filter by date.
    sortable_by = ("created_at",)
    ordering = ("-created_at",)
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_help_text = _("The key of an object, a user's name or key, a uid or a correlation id, each in full.")
    search_fields = ("object_id", "actor_id", "actor_name", "uid", "correlation_id")
    """That there are some shows the search box; what is looked up is said in `get_search_results`."""

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Every column; JSON as it can be read."""
        columns = [field for field in self.opts.concrete_fields if not field.primary_key]
        is_shown_otherwise = (JSONField, FloatField)
        return [f"pretty_{field.name}" if isinstance(field, is_shown_otherwise) else field.name for field in columns]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Exact look-ups, no parts of words: one column without an index would have every row read."""
        for term in search_term.split():
            found = queryset.filter(_meant_by(term))
            # The name of somebody who is no user any more has no index, but the records are still there.
            queryset = found if found.exists() else queryset.filter(actor_name=term)
        return queryset, False

    @admin.display(description=_("action"))
    def what_was_called(self, event: EventRecord) -> str:
        """Resource, action and object in one column: `todo:mark_done 7`."""
        return f"{event.resource}:{event.action} {event.object_id or ''}".rstrip()

    @admin.display(description=_("selection"))
    def pretty_selection(self, event: EventRecord) -> SafeString:
        """Which objects were meant."""
        return pretty(event.selection)

    @admin.display(description=_("duration"))
    def pretty_duration_seconds(self, event: EventRecord) -> str:
        """In milliseconds, which most are."""
        return f"{event.duration_seconds * 1000:,.1f} ms"

    @admin.display(description=_("request data"))
    def pretty_request_data(self, event: EventRecord) -> SafeString:
        """What was sent."""
        return pretty(event.request_data)

    @admin.display(description=_("response data"))
    def pretty_response_data(self, event: EventRecord) -> SafeString:
        """What was answered."""
        return pretty(event.response_data)

    @admin.display(description=_("changes"))
    def pretty_changes(self, event: EventRecord) -> SafeString:
        """What became different."""
        return pretty(event.changes)

    @admin.display(description=_("downstream"))
    def pretty_downstream(self, event: EventRecord) -> SafeString:
        """What came of it elsewhere."""
        return pretty(event.downstream)

    @admin.display(description=_("error"))
    def pretty_error(self, event: EventRecord) -> SafeString:
        """What went wrong; the traceback as Python prints it."""
        if not isinstance(event.error, dict) or "traceback" not in event.error:
            return pretty(event.error)
        facts = {key: value for key, value in event.error.items() if key != "traceback"}
        return format_html_join("", PRE, [(_json(facts),), (event.error["traceback"],)])


@admin.register(EventAction)
class EventActionAdmin(ActionsAdminMixin, EventRecordAdmin):
    """Records that are not archived yet, with what can be done with them."""

    action_registry = EventActionViewSet.action_registry

    list_filter: ClassVar[tuple[Any, ...]] = (*EventRecordAdmin.list_filter, "is_held")
    actions = ("hold", "release")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Every column, and where it was sent."""
        return [*super().get_fields(request, obj), "sent"]

    @admin.display(description=_("deliveries"))
    def sent(self, event: EventAction) -> str:
        """The first messages about it, each with how far it is."""
        rows = Delivery.objects.using(event._state.db).filter(event_id=event.pk).order_by("id")
        found = list(rows.only("hook", "state")[:MAX_DELIVERIES])
        if not self.admin_site.is_registered(Delivery):
            return ", ".join(f"{each.hook}: {each.get_state_display()}" for each in found) or "-"
        url = partial(reverse, "admin:actions_delivery_change", current_app=self.admin_site.name)
        parts = ((url(args=[each.pk]), each.hook, each.get_state_display()) for each in found)
        return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a>: {}', parts) or "-"

    def has_hold_permission(self, request: HttpRequest) -> bool:
        """Whether the user may keep records from the archive: Django's permission to change them."""
        return request.user.has_perm("actions.change_eventaction")

    @admin.action(permissions=["hold"], description=_("Hold: keep out of the archive"))
    def hold(self, request: HttpRequest, queryset: QuerySet[EventAction]) -> None:
        """Keep records from being archived."""
        self._say(request, queryset.order_by().update(is_held=True))

    @admin.action(permissions=["hold"], description=_("Release: let them be archived"))
    def release(self, request: HttpRequest, queryset: QuerySet[EventAction]) -> None:
        """Let held records be archived again."""
        self._say(request, queryset.order_by().update(is_held=False))

    def _say(self, request: HttpRequest, count: int) -> None:
        text = ngettext("%(count)s record was changed.", "%(count)s records were changed.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS)


@admin.register(ArchivedEventAction)
class ArchivedEventActionAdmin(EventRecordAdmin):
    """Records that were archived into the table."""


def pretty(value: Any) -> SafeString:
    """JSON on several lines, escaped; a dash for nothing."""
    return format_html(PRE, "-" if value is None else _json(value))


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _meant_by(term: str) -> Q:
    """What one word of a search may mean."""
    found = Q(object_id=term) | Q(actor_id=term) | Q(correlation_id=term)
    try:
        uid = UUID(term)
    except ValueError:
        pass
    else:
        return found | Q(uid=uid) | Q(correlation_id=str(uid))
    user_model = get_user_model()
    try:
        keys = list(user_model._base_manager.filter(**{user_model.USERNAME_FIELD: term}).values_list("pk", flat=True))
    except (TypeError, ValueError, ValidationError):
        # The project's users have no names but, say, numbers.
        return found
    return reduce(or_, (Q(actor_id=str(key)) for key in keys), found)
