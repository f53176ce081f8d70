"""Tasks and runs in a project's own templates.

    {% load processes %}
    {% my_tasks %}                                 a list of what the user may answer; limit=5 template="…"
    {% my_task_count as count %}                   how many that are
    {% run_status run %}                           what a run, its key, or an automation is doing; template="…"
    {% send_message run "paid" data=order_data label="Paid" %}   a button that says something to a run

The pages of `actions.processes.people.urls` have to be included, as the tags lead there.
"""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from actions.processes.atm_settings import task_list_templates
from actions.processes.models import Run
from actions.processes.people.base import OWN, title_of
from actions.processes.people.entries import Entry
from actions.processes.services import get_open_tasks
from actions.processes.services.answering import free_for

register = template.Library()

LIMIT = 10


@register.simple_tag(takes_context=True)
def my_tasks(context: template.Context, limit: int = LIMIT, template: str = "") -> SafeString:
    """What the user may answer, the oldest first.

    Args:
        context: Has `request`, or `user`.
        limit: How many are shown.
        template: Instead of the first one of ATM_TASK_LIST_TEMPLATES, else the package's own.
    """
    user = _user(context)
    found = list(free_for(get_open_tasks(user), user).order_by("pk")[: limit + 1]) if user is not None else []
    names = [template] if template else [*(name for name, _label in task_list_templates()[:1])]
    shown = {"tasks": [Entry(task, user) for task in found[:limit]], "more": len(found) > limit}
    shown["count"] = len(shown["tasks"])  # type: ignore[arg-type]
    return render_to_string(names or [f"{OWN}/includes/my_tasks.html"], shown, context.get("request"))


@register.simple_tag(takes_context=True)
def my_task_count(context: template.Context) -> int:
    """How many tasks the user may answer."""
    user = _user(context)
    return free_for(get_open_tasks(user), user).count() if user is not None else 0


@register.simple_tag(takes_context=True)
def run_status(context: template.Context, run: Any, template: str = "") -> SafeString:
    """What a run is doing; nothing where there is no such run.

    Args:
        context: For the template.
        run: A run, its key, or something with an `id` that is one.
        template: Instead of the package's own.
    """
    found = _run(run)
    shown: dict[str, Any] = {"run": found}
    if found is not None:
        shown |= {"title": title_of(found.process), "step": found.node}
    return render_to_string(template or f"{OWN}/includes/status.html", shown, context.get("request"))


@register.simple_tag(takes_context=True)
def send_message(
    context: template.Context, run: Any, name: str, *, key: Any = "", data: Any = None, label: str = "", back: str = ""
) -> SafeString:
    """A button that sends a message to a run, for users who may change runs.

    Args:
        context: Has `request`.
        run: A run, its key, or something with an `id` that is one.
        name: The message's.
        key: Which one of them, where the run waits for a certain one.
        data: JSON values that the run gets.
        label: What stands on the button.
        back: Where it leads to; "": the page that it stands on.
    """
    found, request = _run(run), context.get("request")
    if found is None:
        return SafeString("")
    back = back or (request.get_full_path() if request is not None else "")
    shown = {
        "name": name,
        "key": key,
        "data": "" if data is None else json.dumps(data),
        "label": label or _("Send “%(name)s”") % {"name": name},
        "url": reverse("people:message", args=[found.pk], query={"back": back} if back else None),
    }
    return render_to_string(f"{OWN}/includes/send_message.html", shown, request)


def _user(context: template.Context) -> Any:
    request = context.get("request")
    user = getattr(request, "user", None) or context.get("user")
    return user if getattr(user, "is_authenticated", False) else None


def _run(given: Any) -> Run | None:
    if given is None or isinstance(given, Run):
        return given
    key = getattr(given, "id", given)
    return Run.objects.filter(pk=key).first() if str(key).isdecimal() else None
