"""Archived runs in Django's admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from actions.admin.records import pretty
from actions.processes.api.masking import Masking
from actions.processes.models import ArchivedRun, ArchivedSteps, Run

from .filters import ProcessFilter
from .reading import LargeTableAdmin

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest


@admin.register(ArchivedRun)
class ArchivedRunAdmin(LargeTableAdmin):
    """Runs that were moved out of the way, with the first of their steps."""

    list_display = ("id", "process", "status", "created_at", "ended_at", "archived_at")
    list_filter: ClassVar[tuple[Any, ...]] = ("status", ProcessFilter, "ended_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ArchivedRun]:
        """Of a list, without the documents."""
        rows: QuerySet[ArchivedRun] = super().get_queryset(request)
        name = getattr(request.resolver_match, "url_name", "")
        return rows.defer("document") if name == "actions_processes_archivedrun_changelist" else rows

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """All columns, and the first steps."""
        names = ("process", "status", "correlation_id", "created_at", "ended_at", "archived_at")
        return [*names, "pretty_document", "first_steps"]

    @admin.display(description=_("document"))
    def pretty_document(self, row: ArchivedRun) -> SafeString:
        """The run with its branches."""
        return pretty(self._masking(row).shown(row.document))

    @admin.display(description=_("first steps"))
    def first_steps(self, row: ArchivedRun) -> SafeString:
        """As many as were archived together."""
        rows = ArchivedSteps.objects.using(row._state.db).filter(run_id=row.pk).order_by("part")
        first = rows.first()
        return pretty(self._masking(row).shown(first.steps) if first is not None else None)

    def _masking(self, row: ArchivedRun) -> Masking:
        run = row.document.get("run", {}) if isinstance(row.document, dict) else {}
        return Masking(Run(process=row.process, payload=run.get("payload") or {}), is_for_staff=True)
