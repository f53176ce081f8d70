"""Versions of definitions in Django's admin: read, each with what it has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from actions.admin.records import PRE, pretty
from actions.process_registry.comparing import differences, text_diff
from actions.process_registry.models import DefinitionVersion
from actions.processes.admin.reading import LargeTableAdmin

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest


@admin.register(DefinitionVersion)
class DefinitionVersionAdmin(LargeTableAdmin):
    """What definitions said, and say."""

    list_display = ("of", "number", "name", "author_name", "note", "restored_from", "created_at")
    list_display_links = ("of", "number")
    list_select_related = ("of",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DefinitionVersion]:
        """Of a list, without the contents."""
        rows: QuerySet[DefinitionVersion] = super().get_queryset(request)
        is_list = getattr(request.resolver_match, "url_name", "").endswith("_changelist")
        return rows.defer("definition", "text", "of__definition", "of__text") if is_list else rows

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """What it is, what it has changed, and what it says."""
        known = ("number", "name", "kind", "process_id", "author_name", "note", "restored_from", "created_at")
        return ["definition_link", *known, "fingerprint", "changes", "changes_of_text", "pretty_definition", "text"]

    @admin.display(description=_("stored definition"))
    def definition_link(self, version: DefinitionVersion) -> str:
        """The definition as it is now."""
        name = "admin:actions_process_registry_processdefinition_change"
        url = reverse(name, args=[version.of_id], current_app=self.admin_site.name)
        return format_html('<a href="{}">{}</a>', url, version.of_id)

    @admin.display(description=_("what has changed"))
    def changes(self, version: DefinitionVersion) -> SafeString:
        """Beside the version before it."""
        before = _before(version)
        if before is None:
            return pretty(None)
        return pretty([each.as_json() for each in differences(before.definition, version.definition)])

    @admin.display(description=_("what has changed in the text"))
    def changes_of_text(self, version: DefinitionVersion) -> str:
        """Beside the version before it."""
        before = _before(version)
        if before is None or not (before.text or version.text):
            return "-"
        return format_html(PRE, text_diff(before.text, version.text, (str(before.number), str(version.number))))

    @admin.display(description=_("definition"))
    def pretty_definition(self, version: DefinitionVersion) -> SafeString:
        """What it says."""
        return pretty(version.definition)


def _before(version: DefinitionVersion) -> DefinitionVersion | None:
    rows = DefinitionVersion.objects.using(version._state.db)
    return rows.filter(of_id=version.of_id, number=version.number - 1).first()
