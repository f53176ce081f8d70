"""What went wrong: a report by process, and tracebacks for those who may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from actions.processes.api.masking import Masking
from actions.processes.models import Run, StepRun
from actions.processes.states import Status

from .base import Page, find_run, may_see_dashboard, may_see_tracebacks, title_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

AFTER = "after"
SIZE = 50


class ErrorReportView(Page):
    """Runs that have failed, or that cannot go on, the newest first."""

    template = "error_report.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """A page of them."""
        if not may_see_dashboard(request.user):
            raise PermissionDenied
        text = request.GET.get(AFTER, "")
        runs = Run.objects.roots().filter(status=Status.FAILED.value)
        if text.isascii() and text.isdecimal() and len(text) < 19:
            runs = runs.filter(pk__lt=int(text))
        found = list(runs.defer("state", "result").order_by("-pk")[: SIZE + 1])
        stuck = Run.objects.filter(stopped_at__isnull=False).defer("state", "result").order_by("-pk")[:SIZE]
        context = {
            "runs": [_shown(run, request.user) for run in found[:SIZE]],
            "stuck": [_shown(run, request.user) for run in stuck] if not text else [],
            "next": found[SIZE - 1].pk if len(found) > SIZE else None,
            "now": timezone.now(),
        }
        return self.page(context)


def _shown(run: Run, user: Any) -> dict[str, Any]:
    error = Masking(run, is_for_staff=may_see_tracebacks(user)).error(run.error)
    return {"run": run, "key": run.root_id or run.pk, "title": title_of(run.process), "error": error or {}}


class TracebackView(Page):
    """The traceback of a step that has failed; step 0 is the run itself."""

    template = "traceback.html"

    def get(self, request: HttpRequest, run_id: int, step_id: int) -> HttpResponse:
        """What Python has said."""
        run = find_run(request.user, run_id)
        if not may_see_tracebacks(request.user):
            raise PermissionDenied
        step = None
        error = run.error
        if step_id:
            step = StepRun.objects.filter(pk=step_id, root_id=run.pk).first()
            if step is None:
                raise Http404
            error = step.error
        shown = Masking(run, is_for_staff=True).error(error)
        context = {
            "run": run,
            "automation": run,
            "title": title_of(run.process),
            "step": step,
            "error": shown if isinstance(shown, dict) else {},
        }
        return self.page(context)
