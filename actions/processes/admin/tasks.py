"""Open tasks in Django's admin: found, claimed, reassigned, … by their actions, and answered by their form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from actions.admin.door import ActionsAdminMixin
from actions.exceptions import ActionError, InvalidPayloadError
from actions.processes.api.inputs import InputViewSet
from actions.processes.executor import VanishedError
from actions.processes.models import OpenTask, Run
from actions.processes.people.forms import answer_of, task_form
from actions.processes.people_names import user_text
from actions.processes.services import may_answer, provide_input
from actions.processes.services.asked import Asked
from actions.processes.services.tasks import check_may_answer

from .filters import ProcessFilter
from .reading import LargeTableAdmin

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from django.urls import URLPattern

TEMPLATE = "actions/processes/admin_answer.html"
NAME = "actions_processes_opentask"


class ClaimFilter(admin.SimpleListFilter):
    """By whether somebody does it."""

    title = lazy("claimed")
    parameter_name = "claim"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """By somebody, by nobody, by the user."""
        return [("claimed", _("by somebody")), ("free", _("by nobody")), ("mine", _("by me"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What is or is not."""
        asked = {
            "claimed": Q(claimed_by__isnull=False),
            "free": Q(claimed_by__isnull=True),
            "mine": Q(claimed_by=str(request.user.pk)),
        }
        return queryset.filter(asked[self.value()]) if self.value() in asked else queryset  # type: ignore[index]


class LateFilter(admin.SimpleListFilter):
    """By the due date."""

    title = lazy("due")
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Overdue or not."""
        return [("late", _("overdue")), ("in_time", _("not overdue"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What is or is not."""
        late = Q(wanted_at__lt=timezone.now())
        if self.value() == "late":
            return queryset.filter(late)
        return queryset.filter(Q(wanted_at=None) | ~late) if self.value() == "in_time" else queryset


@admin.register(OpenTask)
class OpenTaskAdmin(ActionsAdminMixin, LargeTableAdmin):
    """Inputs that runs wait for."""

    action_registry = InputViewSet.action_registry

    list_display = ("id", "process", "what", "root", "for_whom", "claimed_name", "created_at", "wanted_at")
    list_display_links = ("id", "what")
    list_filter: ClassVar[tuple[Any, ...]] = (ClaimFilter, LateFilter, ProcessFilter)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """All columns but those of the queue; runs as links."""
        answer = ["answer"] if isinstance(obj, OpenTask) and may_answer(obj, request.user) else []
        about = ("process", "what", "node", "root", "waiting_run")
        who = ("users", "groups", "permissions", "user_filter", "group_filter", "escalated_to")
        does = ("claimed_name", "claimed_at", "assigned_name", "delegated_by")
        when = ("created_at", "wanted_at", "expires_at", "reminders", "reminded_at", "escalated_at")
        return [*answer, *about, *who, *does, *when]

    def get_urls(self) -> list[URLPattern]:
        """The page of the answer, then the admin's own."""
        view = self.admin_site.admin_view(self.answer_view)
        return [path("<int:key>/answer/", view, name=f"{NAME}_answer"), *super().get_urls()]

    def answer_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """The form of a task, and its answer."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        task = OpenTask.objects.filter(pk=key).first()
        if task is None:
            return self._gone(request)
        if not may_answer(task, request.user):
            raise PermissionDenied
        try:
            check_may_answer(task, request.user)
            asked = Asked.of(task, actor=request.user)
            form = task_form(asked, request)
            if request.method == "POST":
                return self._answer(request, asked, form)
        except (ActionError, VanishedError, Run.DoesNotExist) as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(self._url(request, "changelist", []))
        return self._page(request, asked, form)

    def _answer(self, request: HttpRequest, asked: Asked, form: Any) -> HttpResponseBase:
        try:
            provide_input(asked.task.run_id, answer_of(asked, form, request), actor=request.user)
        except InvalidPayloadError as error:
            form.found = error.errors
            return self._page(request, asked, form)
        self.message_user(request, _("The answer was taken; the run goes on."), messages.SUCCESS)
        return HttpResponseRedirect(self._url(request, "changelist", []))

    def _page(self, request: HttpRequest, asked: Asked, form: Any) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": self.what(asked.task),
            "description": asked.description,
            "opts": self.opts,
            "original": asked.task,
            "adminform": AdminForm(form, [(None, {"fields": list(form.fields)})], {}),
            "media": self.media + form.media,
            "back_url": self._url(request, "change", [asked.task.pk]),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, TEMPLATE, context)

    def _gone(self, request: HttpRequest) -> HttpResponseRedirect:
        text = _("It has been answered already, or is not asked any more. Nothing was changed.")
        self.message_user(request, text, messages.WARNING)
        return HttpResponseRedirect(self._url(request, "changelist", []))

    @admin.display(description=lazy("answer"))
    def answer(self, task: OpenTask) -> str:
        """To the form."""
        url = reverse(f"admin:{NAME}_answer", args=[task.pk], current_app=self.admin_site.name)
        return format_html('<a class="button" href="{}">{}</a>', url, _("Answer"))

    @admin.display(description=lazy("title"))
    def what(self, task: OpenTask) -> str:
        """What is to be answered."""
        return task.title or task.node

    @admin.display(description=lazy("for"))
    def for_whom(self, task: OpenTask) -> str:
        """Who may answer, in a few words."""
        if task.assigned_to is not None:
            return task.assigned_name
        filters = {**task.user_filter, **task.group_filter}
        found = [f"{name} = {value}" for name, value in filters.items()]
        return ", ".join([*map(user_text, task.users), *task.groups, *task.permissions, *found]) or "-"

    @admin.display(description=lazy("root"))
    def root(self, task: OpenTask) -> str:
        """The run."""
        return self.link_to_run(task.root_id)

    @admin.display(description=lazy("run"))
    def waiting_run(self, task: OpenTask) -> str:
        """The run or branch that waits."""
        return self.link_to_run(task.run_id)
