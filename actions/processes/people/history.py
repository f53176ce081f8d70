"""One run: its picture with what it has done, and its steps, branches side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404

from actions.processes.api.masking import Masking
from actions.processes.api.pictures import SVG, drawn, states_of
from actions.processes.api.run_detail import graph_for
from actions.processes.models import OpenTask
from actions.processes.services import may_answer

from .base import Page, find_run, may_see_tracebacks, title_of
from .entries import Entry
from .steps import StepTree

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

AFTER = "after"


class HistoryView(Page):
    """What a run has done, and what it waits for."""

    template = "history.html"

    def get(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """A page of its steps."""
        run = find_run(request.user, run_id)
        text = request.GET.get(AFTER, "")
        after = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
        graph = graph_for(run, str(run._state.db))
        masking = Masking(run, is_for_staff=may_see_tracebacks(request.user))
        tree = StepTree(run, graph, masking, after=after)
        tasks = [Entry(task, request.user) for task in OpenTask.objects.filter(root_id=run.pk).order_by("pk")[:100]]
        context = {
            "run": run,
            "automation": run,
            "title": title_of(run.process),
            "has_picture": graph is not None,
            "steps": tree.steps,
            "after": after,
            "next": tree.next,
            "tasks": [{"entry": each, "is_mine": may_answer(each.task, request.user)} for each in tasks],
            "error": masking.error(run.error) or {},
            "result": masking.shown(run.result),
            "may_see_tracebacks": may_see_tracebacks(request.user),
            "payload": masking.shown(run.payload),
        }
        return self.page(context)


class PictureView(Page):
    """The process, with what the run has done."""

    def get(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """As SVG."""
        run = find_run(request.user, run_id)
        graph = graph_for(run, str(run._state.db))
        if graph is None:
            raise Http404
        return drawn(SVG, graph, states_of(run))
