"""What waits for the user."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _

from actions.processes.api.access import sees_all_tasks
from actions.processes.api.input_pages import AFTER, ALL, CLAIMED, ORDER, OVERDUE, InputQuery
from actions.processes.models import OpenTask, Run
from actions.processes.services import get_open_tasks
from actions.processes.services.answering import free_for

from .base import Page, title_of
from .entries import Entry

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

DONE = "done"
"""The query's parameter that says of which run a task was just answered, and by whom.

It is signed: whoever has answered need not be allowed to see the run, and is told how it is; nobody else is.
"""
DONE_SALT = "actions.processes.people.done"
DONE_AGE = timedelta(hours=1)


class TaskListView(Page):
    """The tasks that the user may answer."""

    template = "task_list.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """A page of them."""
        query = InputQuery.read(request.GET)
        found, after = query.page(request.user)
        tasks = [Entry(each, request.user) for each in found]
        context = {
            "error": "",
            "tasks": tasks,
            "count": len(tasks),
            "tabs": _tabs(request.user, query),
            "orders": _orders(query),
            "next_url": _here({**query.said, AFTER: after}) if after is not None else "",
            "is_later_page": bool(query.after),
            "first_url": _here(query.said),
            "done": _done(request),
        }
        return self.page(context)


def after_answer(task: OpenTask, user: Any) -> str:
    """The list as it is shown to whoever has just answered a task."""
    return _here({DONE: signing.dumps([task.root_id, str(user.pk)], salt=DONE_SALT)})


def _here(query: dict[str, Any] | Any) -> str:
    text = urlencode(query)
    return reverse("people:task_list") + (f"?{text}" if text else "")


def _tabs(user: Any, query: InputQuery) -> list[dict[str, Any]]:
    kept = {ORDER: query.said[ORDER]} if ORDER in query.said else {}
    given: list[tuple[str, dict[str, str]]] = [
        (_("For me"), {}),
        (_("Claimed by me"), {CLAIMED: "me"}),
        (_("Claimed by others"), {CLAIMED: "others"}),
        (_("Overdue"), {OVERDUE: "true"}),
    ]
    if sees_all_tasks(user):
        given.append((_("Everybody's"), {ALL: "true"}))
    here = {name: value for name, value in query.said.items() if name in (CLAIMED, OVERDUE, ALL)}
    return [{"title": title, "url": _here({**said, **kept}), "is_here": said == here} for title, said in given]


def _orders(query: InputQuery) -> list[dict[str, Any]]:
    rest = {name: value for name, value in query.said.items() if name != ORDER}
    given = [(_("oldest first"), "created"), (_("by due date"), "due")]
    return [
        {"title": title, "url": _here({**rest, ORDER: name}), "is_here": query.order == name} for title, name in given
    ]


def _done(request: HttpRequest) -> dict[str, Any] | None:
    """What has become of the run whose task was just answered, and what of it waits for the user next."""
    try:
        run_id, user_id = signing.loads(request.GET.get(DONE, ""), salt=DONE_SALT, max_age=DONE_AGE)
    except signing.BadSignature:
        return None
    if user_id != str(request.user.pk):
        return None
    run = Run.objects.filter(pk=run_id).only("process", "status", "root_id").first()
    if run is None:
        return None
    following = free_for(get_open_tasks(request.user).filter(root_id=run.pk), request.user).first()
    return {
        "process_title": title_of(run.process),
        "status": run.get_status_display(),
        "is_finished": run.is_finished,
        "next": Entry(following, request.user) if following is not None else None,
    }
