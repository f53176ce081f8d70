"""Workflows, their steps and their jobs in Django's admin: read; a job can be started, and its log read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from actions.admin.reading import ReadOnlyAdmin
from actions.admin.records import pretty
from actions.exceptions import ActionError, InvalidPayloadError
from actions.processes.api.links import link
from actions.processes.api.masking import Masking
from actions.processes.registry import processes
from actions.processes.workflows.job_queries import JobQuerySet
from actions.processes.workflows.models import Job, KnownStep, KnownWorkflow
from actions.processes.workflows.running import order_workflow_execution

from .filters import ProcessFilter, StateFilter
from .reading import LargeTableAdmin, pretty_error

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest
    from django.urls import URLPattern

    # Django's own takes no type arguments when the program runs.
    JobForm = forms.ModelForm[Job]
else:
    JobForm = forms.ModelForm

ORDER = ("workflow", "payload")
"""Fields of the form that starts a job."""


@admin.register(KnownWorkflow)
class KnownWorkflowAdmin(ReadOnlyAdmin):
    """Workflows: their classes are the definitions."""

    list_display = ("id", "name", "path", "deleted")
    list_display_links = ("id", "name")
    list_filter = ("deleted",)
    search_fields = ("name", "path")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """With the picture, and the way to a new job."""
        return ["name", "path", "process", "deleted", "start", "picture"]

    @admin.display(description=_("job"))
    def start(self, row: KnownWorkflow) -> str:
        """Where a job is started."""
        if row.deleted:
            return "-"
        url = reverse("admin:actions_processes_job_add", current_app=self.admin_site.name)
        return format_html('<a href="{}?workflow={}">{}</a>', url, row.pk, _("Start a job"))

    @admin.display(description=_("picture"))
    def picture(self, row: KnownWorkflow) -> str:
        """Its steps, and the ways between them."""
        url = link(None, "processes:picture-svg", row.process)
        if url is None or row.deleted:
            return "-"
        return format_html('<img class="djaction-picture" src="{}" alt="{}">', url, _("Picture"))


@admin.register(KnownStep)
class KnownStepAdmin(ReadOnlyAdmin):
    """Steps that workflows have."""

    list_display = ("id", "name", "kind", "path", "deleted")
    list_display_links = ("id", "name")
    list_filter = ("kind", "deleted")
    search_fields = ("name", "path")


class JobOrderForm(JobForm):
    """Which workflow, and what it takes."""

    workflow = forms.ModelChoiceField(KnownWorkflow.objects.filter(deleted=False), label=_("Workflow"))
    payload = forms.JSONField(label=_("Payload"), required=False, help_text=_('As JSON: {"name": "Ada"}.'))

    class Meta:
        model = Job
        fields: ClassVar[list[str]] = []

    def clean(self) -> dict[str, Any]:
        """Ask the workflow whether it takes the payload."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        row = cleaned.get("workflow")
        process = processes.get(row.process) if row is not None else None
        payload = cleaned.get("payload") or {}
        if not isinstance(payload, dict):
            self.add_error("payload", _("An object was expected."))
        elif process is None and row is not None:
            self.add_error("workflow", _("It is not loaded here: restart the server."))
        elif process is not None:
            try:
                process.payload.validate(payload)
            except InvalidPayloadError as error:
                texts = [f"{name}: {' '.join(map(str, said))}" for name, said in error.errors.items()]
                self.add_error("payload", ValidationError(texts or [str(error)]))
        return cleaned


@admin.register(Job)
class JobAdmin(LargeTableAdmin):
    """Runs of workflows, by the names that jobs have."""

    list_display = ("id", "process", "shown_state", "where", "actor_name", "created_at", "ended_at")
    list_filter: ClassVar[tuple[Any, ...]] = (StateFilter, ProcessFilter, "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Jobs; of a list without their data."""
        jobs = cast("JobQuerySet", super().get_queryset(request))
        name = getattr(request.resolver_match, "url_name", "")
        return jobs.without_data() if name == "actions_processes_job_changelist" else jobs

    def get_urls(self) -> list[URLPattern]:
        """The log, then the admin's own pages."""
        view = self.admin_site.admin_view(self.logs_view)
        return [path("<int:key>/logs/", view, name="actions_processes_job_logs"), *super().get_urls()]

    def logs_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """All that a job has said, as text."""
        job = self.get_object(request, str(key))
        if job is None or not self.has_view_permission(request, job):
            raise Http404
        text = Masking(job, is_for_staff=True).shown(job.logs)
        return HttpResponse(text, content_type="text/plain; charset=utf-8")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Who may, starts a job."""
        return bool(request.user.has_perm("actions_processes.add_job"))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """What it is started with, or what there is to know of it."""
        if obj is None:
            return list(ORDER)
        first = ["workflow_link", "shown_state", "where", "waits", "run_link", "logs_link"]
        return [*first, "pretty_error", "pretty_storage", "pretty_payload", "actor_name", "created_at", "ended_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """All of a job that is there."""
        return [] if obj is None else self.get_fields(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form that starts one."""
        return JobOrderForm if obj is None else super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Job, form: Any, change: bool) -> None:
        """Start it."""
        said = form.cleaned_data
        try:
            obj.pk = order_workflow_execution(said["workflow"].pk, said["payload"] or {}, actor=request.user)
        except ActionError as error:
            # What the form could not know: this user may not, or it has just been deleted.
            raise PermissionDenied(str(error)) from error
        obj.__dict__.update(Job.objects.get(pk=obj.pk).__dict__)

    def response_add(self, request: HttpRequest, obj: Model, post_url_continue: str | None = None) -> HttpResponse:
        """Show it."""
        url = reverse("admin:actions_processes_job_change", args=[obj.pk], current_app=self.admin_site.name)
        return HttpResponseRedirect(url)

    @admin.display(description=_("state"))
    def shown_state(self, job: Job) -> str:
        """How far it is."""
        return str(job.job_state)

    @admin.display(description=_("step"))
    def where(self, job: Job) -> str:
        """The path of the step at hand."""
        return job.current_step

    @admin.display(description=_("waits for"))
    def waits(self, job: Job) -> str:
        """Pages on which somebody answers."""
        found = [(link(None, "people:task", task.pk), task.title or task.node) for task in job.open_inputs()]
        links = [(url, name) for url, name in found if url is not None]
        return format_html_join(" ", '<a href="{}">{}</a>', links) or ", ".join(name for _url, name in found) or "-"

    @admin.display(description=_("workflow"))
    def workflow_link(self, job: Job) -> str:
        """What it is a job of."""
        row = job.workflow
        if row is None:
            return job.process
        url = reverse("admin:actions_processes_knownworkflow_change", args=[row.pk], current_app=self.admin_site.name)
        return format_html('<a href="{}">{}</a>', url, row.name)

    @admin.display(description=_("run"))
    def run_link(self, job: Job) -> str:
        """Its picture, its steps, and what can be done with it."""
        return self.link_to_run(job.pk)

    @admin.display(description=_("log"))
    def logs_link(self, job: Job) -> str:
        """All that it has said."""
        url = reverse("admin:actions_processes_job_logs", args=[job.pk], current_app=self.admin_site.name)
        return format_html('<a href="{}">{}</a>', url, _("Log"))

    @admin.display(description=_("storage"))
    def pretty_storage(self, job: Job) -> SafeString:
        """What its steps have answered."""
        return pretty(self._masking(job).shown(job.storage))

    @admin.display(description=_("payload"))
    def pretty_payload(self, job: Job) -> SafeString:
        """What it was started with."""
        return pretty(self._masking(job).shown(job.payload))

    @admin.display(description=_("error"))
    def pretty_error(self, job: Job) -> SafeString:
        """Why it has failed, or does not go on."""
        return pretty_error(self._masking(job).error(job.error))

    def _masking(self, job: Job) -> Masking:
        return Masking(job, is_for_staff=True)
