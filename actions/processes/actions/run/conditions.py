"""What a run has to be like for each action. All of it is asked again, under a lock, by the services that do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from actions.context import ActionContext, Refusal
from actions.processes.models import Run
from actions.processes.registry import processes
from actions.processes.states import Status, Waiting

from .records import tie

if TYPE_CHECKING:
    from django.db.models import QuerySet

WRONG_STATE = "wrong_state"
UNKNOWN_PROCESS = "unknown_process"


def _over(run: Run) -> Refusal:
    return Refusal(WRONG_STATE, _("It is over: %(status)s.") % {"status": run.get_status_display()}, fix=("fork",))


def is_unfinished(run: Run, context: ActionContext) -> Refusal | None:
    """Only a run that is not over."""
    tie(run, context)
    return _over(run) if run.is_finished else None


def is_not_taken_back(run: Run, context: ActionContext) -> Refusal | None:
    """Only a run whose steps are not just being taken back."""
    return Refusal(WRONG_STATE, _("Its steps are being taken back already.")) if run.ends_as else None


def is_not_paused(run: Run, context: ActionContext) -> Refusal | None:
    """Only a run that is not paused."""
    return None if run.paused_at is None else Refusal(WRONG_STATE, _("It is paused."), fix=("resume",))


def can_be_resumed(run: Run, context: ActionContext) -> Refusal | None:
    """Only a run that is paused, or that waits for a definition that is gone, itself or in a branch."""
    tie(run, context)
    if run.is_finished:
        return _over(run)
    if run.paused_at is not None or run.stopped_at is not None:
        return None
    if _tree(run).filter(stopped_at__isnull=False).exists():
        return None
    return Refusal(WRONG_STATE, _("It is not paused."), fix=("pause",))


def has_failed(run: Run, context: ActionContext) -> Refusal | None:
    """Only a run that has failed, and whose steps were not taken back."""
    tie(run, context)
    if run.status != Status.FAILED.value:
        state = {"status": run.get_status_display()}
        return Refusal(WRONG_STATE, _("It is %(status)s: only a run that has failed can be retried.") % state)
    if run.ends_as:
        return Refusal(WRONG_STATE, _("Its steps were taken back: start it anew, or fork it."), fix=("fork",))
    return None


def has_process(run: Run, context: ActionContext) -> Refusal | None:
    """Only a run whose process there is."""
    tie(run, context)
    if run.process in processes:
        return None
    return Refusal(UNKNOWN_PROCESS, _("There is no process %(process)s any more.") % {"process": run.process})


def waits_for_input(run: Run, context: ActionContext) -> Refusal | None:
    """Only a run that waits for an input, itself or in a branch."""
    tie(run, context)
    if run.is_finished:
        return _over(run)
    if run.waiting_for == Waiting.INPUT.value or _tree(run).filter(waiting_for=Waiting.INPUT.value).exists():
        return None
    return Refusal(WRONG_STATE, _("It waits for no input."))


def _tree(run: Run) -> QuerySet[Run]:
    return Run.objects.using(run._state.db).tree_of(run.root_id or run.pk).unfinished()
