"""Stored definitions in Django's admin: listed, made, changed, run; every change is a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import ModelAdmin as PlainModelAdmin
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from actions.admin.door import ActionsAdminMixin
from actions.exceptions import ActionError
from actions.process_registry import services
from actions.process_registry.actions.processdefinition.action_registry import ACTIONS
from actions.process_registry.models import DefinitionVersion, ProcessDefinition

from .forms import DefinitionForm

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    ModelAdmin = PlainModelAdmin[ProcessDefinition]
else:
    ModelAdmin = PlainModelAdmin

SHOWN_VERSIONS = 20


@admin.register(ProcessDefinition)
class ProcessDefinitionAdmin(ActionsAdminMixin, ModelAdmin):
    """Its forms write through the services, like every other door."""

    action_registry = ACTIONS

    form = DefinitionForm
    fields = ("source", "note", "is_shared")
    known = ("kind", "process_id", "owner_name", "file", "fingerprint", "created_at", "changed_at", "history")
    """What is shown of one that there is."""
    list_display = ("id", "name", "kind", "process_id", "owner_name", "is_shared", "version", "changed_at")
    list_display_links = ("id", "name")
    list_filter: ClassVar[tuple[Any, ...]] = ("kind", "is_shared")
    search_fields = ("name", "process_id", "owner_name")
    show_facets = admin.ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProcessDefinition]:
        """Those that are not deleted; of a list, without the contents."""
        rows: QuerySet[ProcessDefinition] = super().get_queryset(request).filter(deleted_at__isnull=True)
        is_list = getattr(request.resolver_match, "url_name", "").endswith("_changelist")
        return rows.defer("definition", "text") if is_list else rows

    def get_fields(self, request: HttpRequest, obj: ProcessDefinition | None = None) -> list[Any]:
        """What is filled in; of one that there is, also what is known."""
        if obj is not None and not self.has_change_permission(request, obj):
            return ["pretty_source", "is_shared", *self.known]
        return [*self.fields, *(self.known if obj is not None else ())]

    def get_readonly_fields(self, request: HttpRequest, obj: ProcessDefinition | None = None) -> list[Any]:
        """All that is known, and the source for who may only look at it."""
        return ["pretty_source", *self.known]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, which checks in the user's name."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The page; what another one has done since it was checked is said at its top."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ActionError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: ProcessDefinition, form: Any, change: bool) -> None:
        """Write it as a version; what is shared is no part of one."""
        draft, note, is_shared = form.draft, form.cleaned_data["note"], form.cleaned_data["is_shared"]
        if change:
            services.replace(obj, draft, author=request.user, note=note)
            made = services.share(obj, is_shared=is_shared)
        else:
            made = services.create(draft, owner=request.user, is_shared=is_shared, note=note)
        for field in self.opts.concrete_fields:
            setattr(obj, field.attname, getattr(made, field.attname))

    def delete_model(self, request: HttpRequest, obj: ProcessDefinition) -> None:
        """Have it not be there any more."""
        services.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ProcessDefinition]) -> None:
        """Have them not be there any more."""
        for row in queryset:
            services.delete(row)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The definitions alone: versions and runs stay."""
        return [str(each) for each in objs], {}, set(), []

    @admin.display(description=_("definition"))
    def pretty_source(self, row: ProcessDefinition) -> str:
        """As the form would show it."""
        return format_html('<pre class="djaction-json">{}</pre>', DefinitionForm(instance=row)["source"].value())

    @admin.display(description=_("versions"))
    def history(self, row: ProcessDefinition) -> str:
        """The newest versions, each with what it has changed."""
        found = DefinitionVersion.objects.using(row._state.db).filter(of_id=row.pk).defer("definition", "text")
        name = "admin:actions_process_registry_definitionversion_change"
        lines = [
            (
                reverse(name, args=[each.pk], current_app=self.admin_site.name),
                each.number,
                each.created_at.strftime("%Y-%m-%d %H:%M"),
                each.author_name,
                each.note,
            )
            for each in found[:SHOWN_VERSIONS]
        ]
        return format_html_join("", '<div><a href="{}">{}</a> &nbsp; {} &nbsp; {} &nbsp; {}</div>', lines)
