"""Answer inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from actions.exceptions import RefusedError
from actions.processes import services
from actions.processes.actions.run.records import tie
from actions.processes.exceptions import WrongStateError
from actions.processes.executor import VanishedError
from actions.processes.models import OpenTask, Run

if TYPE_CHECKING:
    from actions.context import ActionContext


def provide_input(run: Run, *, context: ActionContext, **data: Any) -> Run:
    """Answer what it waits for."""
    tie(run, context)
    waiting, task = _waiting(run, context)
    return services.provide_input(waiting, _as_sent(task, context) or data, actor=context.actor)


def _as_sent(task: OpenTask, context: ActionContext) -> MultiValueDict[str, Any] | None:
    """The fields of a form, of which the input's own declaration says what their texts stand for."""
    sent = getattr(context.request, "data", None)
    if not isinstance(sent, MultiValueDict):
        return None
    try:
        has_form = services.form_of(task, using=context.using) is not None
    except VanishedError:
        # The answer is refused with the reason.
        has_form = False
    return sent if has_form else None


def _waiting(run: Run, context: ActionContext) -> tuple[Run, OpenTask]:
    """The run or the branch of it that waits, and for what.

    Raises:
        WrongStateError: None does, or several do.
        RefusedError: The user may not answer any of them (403).
    """
    rows = OpenTask.objects.using(context.using)
    tasks = list(rows.filter(run_id=run.pk) or rows.filter(run__root_id=run.pk).order_by("pk"))
    mine = [task for task in tasks if services.may_answer(task, context.actor)]
    if tasks and not mine:
        raise RefusedError(_("You may not answer this."), status=403, code="permission_denied")
    if len(mine) > 1:
        detail = _("Several of its branches wait for an input. Answer one of them: its own key stands in the URL.")
        raise WrongStateError(detail, extra={"runs": [task.run_id for task in mine]})
    if not mine:
        raise WrongStateError(_("It waits for no input."))
    task = mine[0]
    return run if task.run_id == run.pk else Run.objects.using(context.using).get(pk=task.run_id), task
