"""Makes the open task of an input: who may answer it, and what is done while it waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.forms import BaseForm
from django.forms.models import BaseModelForm
from django.utils import timezone

from actions.conf import conf
from actions.hooks import all_hooks
from actions.lookups import LookUpError
from actions.processes.constants import is_duration
from actions.processes.exceptions import StepError
from actions.processes.expressions import text
from actions.processes.models import OpenTask
from actions.processes.people_names import read_groups, read_users

if TYPE_CHECKING:
    from actions.processes.context import StepContext
    from actions.processes.expressions import Expression
    from actions.processes.graph import TaskPolicy, Who
    from actions.processes.pages import Page

    from .step import Step

ARRIVES = "input:arrive"
"""What hooks are told when it begins to wait."""
ARRIVAL = "arrival"
"""The mail that says that something waits."""


def task_of(step: Step, expires_at: datetime | None) -> OpenTask:
    """What a step is to be answered, not written yet.

    Raises:
        StepError: A duration is none, or nobody is named; and whatever the node's expressions raise.
    """
    run, node, now = step.track.run, step.node, timezone.now()
    task = OpenTask(
        run_id=run.pk,
        root_id=run.root_id or run.pk,
        process=run.process,
        node=node.name,
        title=filled_in(node.title, step)[:255],
        created_at=now,
        expires_at=expires_at,
        due_at=None,
        **(_asked_for(step, node.who) if node.who is not None else {}),
    )
    if node.care is not None:
        _plan(step, node.care, task)
    if any(hook.is_for(ARRIVES) for hook in all_hooks().values()):
        task.plan["tell"] = True
        task.due_at = now
    if conf.TASK_MAILS if conf.TASK_MAILS is not None else (node.care is not None and node.care.notify):
        task.plan |= {"mails": [ARRIVAL], "notify": True}
        task.due_at = now
    return task


def form_of_page(page: Page, context: StepContext) -> Any:
    """The class of a page's form.

    Raises:
        StepError: What the page says is none; and whatever its function raises.
    """
    form = page.form if isinstance(page.form, type) else page.form(context)
    if not (isinstance(form, type) and issubclass(form, BaseForm)):
        raise StepError(f"{context.node}: {form!r} is no form's class.")
    return form


def check_page(step: Step) -> None:
    """See that an input can be shown and answered, before somebody waits for that.

    Raises:
        StepError: Its form cannot be made; and whatever the page's functions raise.
    """
    page = step.program.process.pages.get(step.node.name)
    if page is None or page.form is None:
        return
    form = form_of_page(page, step.context)
    if page.instance is None:
        return
    if page.save is not None and not issubclass(form, BaseModelForm):
        raise StepError(f"{step.node.name}: {form!r} is no ModelForm, and edits no object.")
    page.instance(step.context)


def filled_in(template: str, step: Step) -> str:
    """A text for people with what it looks up in the run; as it stands where that is not there."""
    if "{{" not in template:
        return template
    try:
        return str(step.look.value(text(template)))
    except (LookUpError, StepError):
        # A key that is not there, or an object that is gone.
        return template


def _plan(step: Step, care: TaskPolicy, task: OpenTask) -> None:
    """Say when what is to be done, in columns and in `plan`."""
    every = _seconds(step, care.remind_every)
    if every is not None and every <= 0:
        raise StepError(f"{step.node.name}: it would remind without end; a reminder every {every:g} seconds is none.")
    first = _seconds(step, care.remind_after)
    task.wanted_at = _after(task, _seconds(step, care.due_after))
    plan: dict[str, Any] = {
        "remind_at": _after(task, first if first is not None else every),
        "remind_every": every,
        "escalate_at": _after(task, _seconds(step, care.escalate_after)),
        "escalate_to": _escalation(step, care.escalate_to),
    }
    moments = [plan[name] for name in ("remind_at", "escalate_at") if plan[name] is not None]
    task.due_at = min(moments, default=None)
    task.plan = {
        name: each.isoformat() if isinstance(each, datetime) else each
        for name, each in plan.items()
        if each is not None
    }


def _asked_for(step: Step, who: Who) -> Mapping[str, Any]:
    """Who may answer; a list of nobody is not taken for everybody."""
    said = _values(step, who)
    if said is None:
        asked = " and ".join(name for name, each in (("users", who.users), ("groups", who.groups)) if each)
        raise StepError(f"{step.node.name}: nobody could answer it: what it says of {asked} comes to none.")
    return said


def _values(step: Step, who: Who) -> Mapping[str, Any] | None:
    """None where users or groups are asked for and none is named: without them it would be for everybody."""
    value = step.look.value
    try:
        users = read_users(map(value, who.users))
    except ValueError as error:
        raise StepError(f"{step.node.name}: {error}") from error
    groups = [read_groups([value(each)]) for each in who.groups]
    if (who.users and not users) or not all(groups):
        return None
    return {
        "users": users,
        "groups": [name for each in groups for name in each],
        "permissions": list(who.permissions),
        "user_filter": dict(who.user_filter),
        "group_filter": dict(who.group_filter),
    }


def _escalation(step: Step, who: Who | None) -> Mapping[str, Any] | None:
    """None where it comes to nobody: what asks for nothing would be for everybody."""
    said = _values(step, who) if who is not None else None
    return said if said is not None and any(said.values()) else None


def _seconds(step: Step, expression: Expression | None) -> float | None:
    if expression is None:
        return None
    value = step.look.value(expression)
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if not is_duration(value):
        raise StepError(f"{step.node.name}: seconds were expected, and {value!r} was found.")
    return float(value)


def _after(task: OpenTask, seconds: float | None) -> datetime | None:
    return None if seconds is None else task.created_at + timedelta(seconds=seconds)
