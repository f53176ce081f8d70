"""Inputs: what they take, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.payloads import Payload
from actions.processes.exceptions import WrongStateError
from actions.processes.executor import VanishedError, go_on_inline
from actions.processes.models import OpenTask, Run
from actions.processes.notes import BY, INPUT, noted
from actions.processes.states import Status, Waiting
from actions.processes.store import close_tasks, lease_end, tracks_of
from actions.work import announce

from .asked import Asked
from .handing import go_on, is_inline, refresh
from .starting import read_back
from .tasks import check_may_answer


def form_of(task: OpenTask, *, using: str = "default") -> Payload | None:
    """What an open task takes; None where anything may be answered.

    Raises:
        VanishedError: Its process or node is gone.
    """
    return Asked.of(task, using=using).payload


def provide_input(run: Run | int, data: Mapping[str, Any], *, actor: Any, using: str = "default") -> Run:
    """Answer what a run waits for; the caller goes on with it.

    Args:
        run: The run, branch or item that waits, or its key.
        data: The answer.
        actor: Who answers; None: the project's own code, which is not asked for permission.
        using: The database, where a key is given.

    Raises:
        WrongStateError: It waits for no input, or no more: somebody was quicker. Or it is paused.
        RefusedError: The actor may not answer (403), or somebody else has claimed it (409).
        InvalidPayloadError: The answer does not fit; the run goes on waiting.
    """
    key, database = (run, using) if isinstance(run, int) else (run.pk, str(run._state.db))
    with transaction.atomic(using=database):
        row = Run._base_manager.using(database).select_for_update().filter(pk=key).first()
        task = OpenTask.objects.using(database).select_for_update().filter(run_id=key).first()
        if row is None or task is None or row.waiting_for != Waiting.INPUT.value:
            raise WrongStateError(_("Run %(run)s waits for no input.") % {"run": key})
        if row.paused_at is not None:
            raise WrongStateError(_("Run %(run)s is paused. It can be answered when it is resumed.") % {"run": key})
        if actor is not None:
            check_may_answer(task, actor)
        values = _validated(task, data, actor, database)
        is_held = is_inline()
        by = {"id": str(actor.pk), "name": str(actor)} if actor is not None else None
        row.note = noted(row.note, {INPUT: values, BY: by})
        row.due_at = lease_end() if is_held else timezone.now()
        row.status = Status.RUNNING.value if is_held else Status.PENDING.value
        Run._base_manager.using(database).filter(pk=key).update(
            note=row.note, due_at=row.due_at, status=row.status, fence=F("fence") + 1
        )
        row.fence += 1
        close_tasks([key], database)
    if not is_held:
        announce(database)
        return row
    return _go_on(row, database)


def _go_on(row: Run, using: str) -> Run:
    if row.root_id is None:
        return read_back(go_on(row, using), using)
    go_on_inline(tracks_of([row], using), using)
    return refresh(row, using)


def _validated(task: OpenTask, data: Mapping[str, Any], actor: Any, using: str) -> Any:
    try:
        asked = Asked.of(task, actor=actor, using=using)
    except VanishedError as error:
        raise WrongStateError(str(error)) from error
    return asked.answer(data)
