"""Runs of programs in Django's admin: read, with what the programs wrote; stopped by their action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from actions.admin.door import ActionsAdminMixin
from actions.admin.records import PRE, pretty
from actions.process_registry.actions.programrun.action_registry import ACTIONS
from actions.process_registry.programs import services
from actions.process_registry.programs.models import ProgramRun
from actions.processes.admin.reading import LargeTableAdmin

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

LARGE = ("input", "output", "log")


@admin.register(ProgramRun)
class ProgramRunAdmin(ActionsAdminMixin, LargeTableAdmin):
    """What stored programs are doing, and have done."""

    action_registry = ACTIONS

    list_display = ("id", "program", "status", "is_service", "exit_code", "restarts", "actor_name", "created_at")
    list_display_links = ("id", "program")
    list_filter: ClassVar[tuple[Any, ...]] = ("status", "is_service", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProgramRun]:
        """Runs; of a list without what their programs wrote."""
        rows: QuerySet[ProgramRun] = super().get_queryset(request).select_related("version")
        rows = rows.defer("version__definition", "version__text")
        is_list = getattr(request.resolver_match, "url_name", "").endswith("_changelist")
        return rows.defer(*LARGE) if is_list else rows

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """What became of it, what it wrote, and how it came about."""
        became = ("status", "exit_code", "reason", "error", "restarts", "pretty_usage", "pretty_output", "pretty_log")
        about = ("is_service", "queue", "worker", "actor_name", "created_at", "started_at", "ended_at")
        return ["definition_link", "version", *became, *about, "stop_requested_at"]

    @admin.display(description=_("name"))
    def program(self, run: ProgramRun) -> str:
        """What people call it."""
        return str(run.version.name)

    @admin.display(description=_("stored definition"))
    def definition_link(self, run: ProgramRun) -> str:
        """The definition as it is now."""
        name = "admin:actions_process_registry_processdefinition_change"
        url = reverse(name, args=[run.definition_id], current_app=self.admin_site.name)
        return format_html('<a href="{}">{}</a>', url, run.definition_id)

    @admin.display(description=_("usage"))
    def pretty_usage(self, run: ProgramRun) -> SafeString:
        """Time and memory."""
        return pretty(run.usage)

    @admin.display(description=_("output"))
    def pretty_output(self, run: ProgramRun) -> str:
        """The end of it."""
        return format_html(PRE, services.output(run)["output"])

    @admin.display(description=_("log"))
    def pretty_log(self, run: ProgramRun) -> str:
        """The end of what it wrote to standard error."""
        return format_html(PRE, services.output(run)["log"])
