"""Runs in Django's admin: read, with their steps and their picture; steered by their actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from actions.admin.door import ActionsAdminMixin
from actions.admin.records import pretty
from actions.processes.api.masking import Masking
from actions.processes.api.pictures import SVG, drawn, states_of
from actions.processes.api.run_detail import MAX_BRANCHES, graph_for
from actions.processes.api.run_serializers import LARGE
from actions.processes.api.runs import RunViewSet
from actions.processes.api.steps import title_of as title_of_node
from actions.processes.models import OpenTask, Run, StepRun
from actions.processes.states import RunKind

from .filters import ProcessFilter, WaitingFilter
from .reading import LargeTableAdmin, meant_by, pretty_error, title_of

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest
    from django.urls import URLPattern

STEPS_PER_PAGE = 50
SHORT = 80
AFTER = "after"
"""The query's parameter that says behind which step a page of steps begins."""
SHOWN_OTHERWISE = {
    "payload": "pretty_payload",
    "state": "pretty_state",
    "result": "pretty_result",
    "error": "pretty_error",
    "item": "pretty_item",
    "root_id": "root_link",
    "parent_id": "parent_link",
    "forked_from": "forked_from_link",
    "event_uid": "event_link",
    "definition_id": "definition_link",
}
FIRST = (
    *("process", "status", "node", "waiting_for", "due_at", "actor_name", "created_at", "ended_at", "picture"),
    *("pretty_error", "branches", "steps", "pretty_payload", "pretty_state", "pretty_result"),
)
NEVER_SHOWN = frozenset(
    {
        "traceparent",
        "id",
        "fence",
        "attempts",
        "note",
        "key_hash",
        "ends_as",
        "undone_to",
        "has_slot",
        "open_children",
        "next_place",
    }
)


@admin.register(Run)
class RunAdmin(ActionsAdminMixin, LargeTableAdmin):
    """What processes are doing, and have done."""

    action_registry = RunViewSet.action_registry

    list_display = ("id", "title", "status", "where", "waits_for", "actor_name", "created_at", "ended_at")
    list_display_links = ("id", "title")
    list_filter: ClassVar[tuple[Any, ...]] = ("status", WaitingFilter, ProcessFilter, "created_at")
    search_fields = ("correlation_id", "uid", "event_uid", "actor_id")
    """That there are some shows the search box; what is looked up says `meant_by`."""
    search_help_text = _("The number of a run, a user's name, a uid or a correlation id, each in full.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Exact look-ups, no parts of words: those would have every row read."""
        for term in search_term.replace("\x00", "").split():
            queryset = queryset.filter(meant_by(term))
        return queryset, False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Runs; of a list without their data, and without branches, which their runs show."""
        runs: QuerySet[Run] = super().get_queryset(request)
        is_list = getattr(request.resolver_match, "url_name", "") == "actions_processes_run_changelist"
        return runs.filter(kind=RunKind.ROOT.value).defer(*LARGE) if is_list else runs

    def get_urls(self) -> list[URLPattern]:
        """The picture, then the admin's own pages."""
        view = self.admin_site.admin_view(self.picture_view)
        return [path("<int:key>/picture.svg", view, name="actions_processes_run_picture"), *super().get_urls()]

    def picture_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The process, with what the run has done."""
        run = self.get_object(request, str(key))
        if run is None or not self.has_view_permission(request, run):
            raise Http404
        graph = graph_for(run, str(run._state.db))
        if graph is None:
            raise Http404
        return drawn(SVG, graph, states_of(run))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """What there is to know of a run, then the rest of its columns but those of the queue."""
        columns = [
            SHOWN_OTHERWISE.get(each.name, each.name)
            for each in self.opts.concrete_fields
            if each.name not in NEVER_SHOWN
        ]
        return [*FIRST, *(name for name in columns if name not in FIRST)]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """The page of a run; the query says which page of its steps."""
        after = request.GET.get(AFTER, "")
        is_key = after.isascii() and after.isdecimal() and len(after) < 19
        request.actions_steps_after = int(after) if is_key else 0  # type: ignore[attr-defined]
        return super().change_view(request, object_id, *args, **kwargs)

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Run | None:
        """The run, with the page of steps that is asked for."""
        run: Run | None = super().get_object(request, *args, **kwargs)
        if run is not None:
            run.steps_after = getattr(request, "actions_steps_after", 0)  # type: ignore[attr-defined]
        return run

    @admin.display(description=_("process"))
    def title(self, run: Run) -> str:
        """What people call it."""
        return title_of(run.process)

    @admin.display(description=_("node"))
    def where(self, run: Run) -> str:
        """Where it is."""
        return Truncator(run.node).chars(SHORT)

    @admin.display(description=_("root"))
    def root_link(self, run: Run) -> str:
        """The run that it is a branch of."""
        return self.link_to_run(run.root_id)

    @admin.display(description=_("parent"))
    def parent_link(self, run: Run) -> str:
        """The run that has started it."""
        return self.link_to_run(run.parent_id)

    @admin.display(description=_("forked from"))
    def forked_from_link(self, run: Run) -> str:
        """The run that it was forked from."""
        return self.link_to_run(run.forked_from)

    @admin.display(description=_("event"))
    def event_link(self, run: Run) -> str:
        """The execution of an action that has started it."""
        return self.link_to_record(run.event_uid)

    @admin.display(description=_("definition"))
    def definition_link(self, run: Run) -> str:
        """What it runs by."""
        url = reverse(
            "admin:actions_processes_definition_change", args=[run.definition_id], current_app=self.admin_site.name
        )
        return format_html('<a href="{}">{}</a>', url, run.definition_id)

    @admin.display(description=_("picture"))
    def picture(self, run: Run) -> SafeString:
        """The process, with what it has done."""
        name = "admin:actions_processes_run_picture"
        url = reverse(name, args=[run.root_id or run.pk], current_app=self.admin_site.name)
        return format_html('<a href="{}"><img class="djaction-picture" src="{}" alt="{}"></a>', url, url, _("Picture"))

    @admin.display(description=_("payload"))
    def pretty_payload(self, run: Run) -> SafeString:
        """What it was started with."""
        return pretty(self._masking(run).shown(run.payload))

    @admin.display(description=_("state"))
    def pretty_state(self, run: Run) -> SafeString:
        """What steps have registered."""
        return pretty(self._masking(run).shown(run.state))

    @admin.display(description=_("result"))
    def pretty_result(self, run: Run) -> SafeString:
        """What came of it."""
        return pretty(self._masking(run).shown(run.result))

    @admin.display(description=_("item"))
    def pretty_item(self, run: Run) -> SafeString:
        """Of an item of a list."""
        return pretty(self._masking(run).shown(run.item))

    @admin.display(description=_("error"))
    def pretty_error(self, run: Run) -> SafeString:
        """What went wrong."""
        return pretty_error(self._masking(run).error(run.error))

    @admin.display(description=_("branches"))
    def branches(self, run: Run) -> str:
        """The first of its branches and items, and the processes that it has started."""
        using = str(run._state.db)
        rows = Run._base_manager.using(using).filter(parent_id=run.pk).defer(*LARGE).order_by("-pk")
        found = list(rows[:MAX_BRANCHES])
        waits = OpenTask.objects.using(using).filter(run_id__in=[run.pk, *(each.pk for each in found)])
        tasks = {each.run_id: each for each in waits}
        shown = [{"run": each, "link": self.link_to_run(each.pk), "task": tasks.get(each.pk)} for each in found]
        context = {"branches": shown, "task": tasks.get(run.pk)}
        return render_to_string("actions/processes/admin_branches.html", context) if shown or tasks else "-"

    @admin.display(description=_("steps"))
    def steps(self, run: Run) -> str:
        """A page of its steps."""
        using, after = str(run._state.db), getattr(run, "steps_after", 0)
        tries = StepRun.objects.using(using).filter(root_id=run.root_id or run.pk, pk__gt=after)
        if run.root_id is not None:
            tries = tries.filter(run_id=run.pk)
        rows = list(tries.order_by("pk")[: STEPS_PER_PAGE + 1])
        graph, masking = graph_for(run, using), self._masking(run)
        steps = [
            {
                "row": row,
                "title": title_of_node(graph, row.node),
                "record": self.link_to_record(row.event_uid),
                "log": masking.shown(row.log),
                "data": [
                    (name, shown)
                    for name, shown in (
                        (_("input"), pretty(masking.shown(row.input)) if row.input is not None else None),
                        (_("result"), pretty(masking.shown(row.result)) if row.result is not None else None),
                        (_("error"), pretty_error(masking.error(row.error)) if row.error is not None else None),
                    )
                    if shown is not None
                ],
            }
            for row in rows[:STEPS_PER_PAGE]
        ]
        following = rows[STEPS_PER_PAGE - 1].pk if len(rows) > STEPS_PER_PAGE else None
        context = {"steps": steps, "next": following, "after": after, "parameter": AFTER}
        return render_to_string("actions/processes/admin_steps.html", context) if steps or after else "-"

    def _masking(self, run: Run) -> Masking:
        return Masking(run, is_for_staff=True)
