"""One task: its form, and the answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, resolve_url
from django.urls import NoReverseMatch, reverse

from actions.exceptions import InvalidPayloadError
from actions.processes.actions.input.permissions import CHANGE as CHANGE_TASKS
from actions.processes.atm_settings import form_view_context
from actions.processes.exceptions import WrongStateError
from actions.processes.executor import VanishedError
from actions.processes.models import OpenTask, Run
from actions.processes.services import get_open_tasks, may_answer, provide_input
from actions.processes.services.answering import is_claimed_by_other
from actions.processes.services.asked import Asked

from .base import Page, gone, safe_back
from .entries import Entry
from .forms import answer_of, task_form
from .task_list import after_answer

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

STEP = "djaction-step"
"""In the form: which step of which run is answered, so that a second answer can be told from a wrong address."""


class TaskView(Page):
    """The form of a task."""

    template = "task.html"

    def get(self, request: HttpRequest, task_id: int) -> HttpResponse:
        """The form to be filled in."""
        task = find_task(request.user, task_id)
        asked = self._asked(task)
        return self._shown(asked, task_form(asked, request))

    def post(self, request: HttpRequest, task_id: int) -> Any:
        """The answer: taken, and on to the next page; or the form again, with what is wrong."""
        try:
            task = find_task(request.user, task_id)
        except Http404:
            if _was_there(request.POST.get(STEP, "")):
                raise gone() from None
            raise
        asked = self._asked(task)
        form = task_form(asked, request)
        try:
            provide_input(task.run_id, answer_of(asked, form, request), actor=request.user)
        except InvalidPayloadError as error:
            form.found = error.errors
            return self._shown(asked, form)
        return redirect(self._next(asked))

    def _asked(self, task: OpenTask) -> Asked:
        try:
            return Asked.of(task, actor=self.request.user)
        except Run.DoesNotExist as error:
            raise gone() from error
        except VanishedError as error:
            raise WrongStateError(str(error)) from error

    def _shown(self, asked: Asked, form: Any) -> HttpResponse:
        task, page, user = asked.task, asked.page, self.request.user
        entry = Entry(task, user)
        context = {
            "title": entry.title,
            "description": asked.description,
            **form_view_context(),
            **page.context,
            # What the template needs goes before what the process and the project add.
            "form": form,
            "entry": entry,
            "task": task,
            "step": f"{task.run_id}.{asked.context.number}",
            "is_open": not is_claimed_by_other(task, user),
            "is_paused": asked.step.track.run.paused_at is not None,
            "may_change": bool(getattr(user, "is_staff", False)) and user.has_perm(CHANGE_TASKS),
        }
        return self.page(context, templates=[page.template_name, "automations/form_view.html"])

    def _next(self, asked: Asked) -> str:
        """Where an answer leads to."""
        task, page = asked.task, asked.page
        if page.is_repeated:
            again = get_open_tasks(self.request.user).filter(run_id=task.run_id, node=task.node).first()
            if again is not None:
                query = self.request.GET.urlencode()
                return reverse("people:task", args=[again.pk]) + (f"?{query}" if query else "")
        if page.success_url:
            try:
                return resolve_url(page.success_url)
            except NoReverseMatch:
                # The answer was taken: it leads on, if not to where it should.
                logger.exception("%s: success_url leads nowhere.", task, extra={"run": task.run_id})
        return safe_back(self.request) or after_answer(task, self.request.user)


def find_task(user: Any, key: int) -> OpenTask:
    """A task that a user may answer.

    Raises:
        Http404: It is not there, or not any more.
        PermissionDenied: It is for others.
    """
    task = OpenTask.objects.filter(pk=key).first()
    if task is None:
        raise Http404
    if not may_answer(task, user):
        raise PermissionDenied
    return task


def _was_there(text: str) -> bool:
    """Whether the step that a form was made for is over."""
    run_id, _dot, number = text.partition(".")
    if not all(each.isascii() and each.isdecimal() and len(each) < 19 for each in (run_id, number)):
        return False
    run = Run.objects.filter(pk=int(run_id)).only("number", "status").first()
    return run is not None and (run.number > int(number) or run.is_finished)
