"""Definitions, schedules and messages in Django's admin: read; schedules also paused and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.http import Http404, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from actions.admin.records import pretty
from actions.processes.api.masking import sensitive_of
from actions.processes.api.pictures import SVG, drawn
from actions.processes.api.schedules import activate
from actions.processes.graph import Graph
from actions.processes.models import Definition, Message, RunSchedule
from actions.processes.store.messages import shown_key
from actions.redaction import redact, secret_names

from .filters import ProcessFilter
from .reading import LargeTableAdmin

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest
    from django.urls import URLPattern

SHORT = 80


def masked(value: Any, process_id: str) -> SafeString:
    """JSON as it can be read, without secrets."""
    return pretty(redact(value, secret_names(sensitive_of(process_id))))


@admin.register(Definition)
class DefinitionAdmin(LargeTableAdmin):
    """What runs run by."""

    list_display = ("process", "short_fingerprint", "created_at")
    list_filter: ClassVar[tuple[Any, ...]] = (ProcessFilter,)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """The picture, and all columns."""
        return ["picture", "process", "fingerprint", "created_at", "pretty_graph"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Definition]:
        """Of a list, without the graphs."""
        rows: QuerySet[Definition] = super().get_queryset(request)
        name = getattr(request.resolver_match, "url_name", "")
        return rows.defer("graph") if name == "actions_processes_definition_changelist" else rows

    def get_urls(self) -> list[URLPattern]:
        """The picture, then the admin's own pages."""
        view = self.admin_site.admin_view(self.picture_view)
        return [path("<int:key>/picture.svg", view, name="actions_processes_definition_picture"), *super().get_urls()]

    def picture_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The steps, and the ways between them."""
        row = self.get_object(request, str(key))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        try:
            return drawn(SVG, Graph.from_json(row.graph))
        except ValueError as error:
            raise Http404 from error

    @admin.display(description=_("fingerprint"))
    def short_fingerprint(self, row: Definition) -> str:
        """Its beginning."""
        return row.fingerprint[:8]

    @admin.display(description=_("picture"))
    def picture(self, row: Definition) -> SafeString:
        """The steps, and the ways between them."""
        url = reverse("admin:actions_processes_definition_picture", args=[row.pk], current_app=self.admin_site.name)
        return format_html('<a href="{}"><img class="djaction-picture" src="{}" alt="{}"></a>', url, url, _("Picture"))

    @admin.display(description=_("graph"))
    def pretty_graph(self, row: Definition) -> SafeString:
        """All of it."""
        return pretty(row.graph)


@admin.register(RunSchedule)
class RunScheduleAdmin(LargeTableAdmin):
    """What starts processes again and again."""

    list_display = ("process", "cron", "is_active", "due_at", "last_run", "short_error")
    list_filter: ClassVar[tuple[Any, ...]] = ("is_active", ProcessFilter)
    actions = ("pause", "go_on")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """All columns but those of the queue."""
        names = ("process", "cron", "is_active", "pretty_payload", "actor_id", "due_at", "last_run", "error")
        return [*names, "created_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As Django's permissions say. Runs that it has started go on."""
        return request.user.has_perm("actions_processes.delete_runschedule")

    def has_pause_permission(self, request: HttpRequest) -> bool:
        """Whether the user may pause schedules: Django's permission to change them."""
        return request.user.has_perm("actions_processes.change_runschedule")

    @admin.action(permissions=["pause"], description=_("Pause: start nothing"))
    def pause(self, request: HttpRequest, queryset: QuerySet[RunSchedule]) -> None:
        """Have schedules start nothing."""
        self._activate(request, queryset, is_active=False)

    @admin.action(permissions=["pause"], description=_("Go on: start again"))
    def go_on(self, request: HttpRequest, queryset: QuerySet[RunSchedule]) -> None:
        """Have paused schedules start again, at their next moment."""
        self._activate(request, queryset, is_active=True)

    def _activate(self, request: HttpRequest, queryset: QuerySet[RunSchedule], *, is_active: bool) -> None:
        found = [activate(each, is_active=is_active) for each in queryset.filter(is_active=not is_active)]
        count = len(found)
        text = ngettext("%(count)s schedule was changed.", "%(count)s schedules were changed.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.display(description=_("last run"))
    def last_run(self, row: RunSchedule) -> str:
        """The run that it has started last."""
        return self.link_to_run(row.last_run_id)

    @admin.display(description=_("last error"))
    def short_error(self, row: RunSchedule) -> str:
        """Its beginning."""
        return Truncator(row.error).chars(SHORT)

    @admin.display(description=_("payload"))
    def pretty_payload(self, row: RunSchedule) -> SafeString:
        """What each run is given."""
        return masked(row.payload, row.process)


@admin.register(Message)
class MessageAdmin(LargeTableAdmin):
    """What was said to runs, as long as nobody has got it."""

    list_display = ("id", "wanted", "process", "receiver", "created_at", "expires_at")
    list_filter: ClassVar[tuple[Any, ...]] = (ProcessFilter,)
    search_fields = ("wait_key__startswith",)
    search_help_text = _('What receivers wait for, from its beginning: "name" or "name:key".')

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """All columns but those of the queue."""
        return ["uid", "name", "wanted", "process", "receiver", "pretty_data", "due_at", "created_at", "expires_at"]

    @admin.display(description=_("what receivers wait for"), ordering="wait_key")
    def wanted(self, message: Message) -> str:
        """Its name, with its key."""
        return shown_key(message.wait_key)

    @admin.display(description=_("run"))
    def receiver(self, message: Message) -> str:
        """Who gets it."""
        return self.link_to_run(message.run_id)

    @admin.display(description=_("data"))
    def pretty_data(self, message: Message) -> SafeString:
        """What is said."""
        return masked(message.data, message.process)
