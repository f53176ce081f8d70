"""Inputs: who may answer what waits, and the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.exceptions import RefusedError
from actions.payloads import Payload
from actions.processes.exceptions import WrongStateError
from actions.processes.executor import Programs, VanishedError, go_on_inline
from actions.processes.models import OpenTask, Run
from actions.processes.states import Status, Waiting
from actions.processes.store import lease_end, tracks_of
from actions.processes.values import dump
from actions.work import announce

from .handing import go_on, is_inline
from .starting import read_back


def may_answer(task: OpenTask, user: Any) -> bool:
    """Whether a user may answer an open task: of its users, groups and permissions each that is given has to hold."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return False
    if user.is_superuser:
        return True
    if task.users and not {str(user.pk), user.get_username()} & set(task.users):
        return False
    if task.groups and set(task.groups) - set(user.groups.values_list("name", flat=True)):
        return False
    return bool(user.has_perms(task.permissions))


def form_of(task: OpenTask, *, using: str = "default") -> Payload | None:
    """What an open task takes; None where anything may be answered.

    Raises:
        VanishedError: Its process or node is gone.
    """
    run = Run.objects.using(using).get(pk=task.run_id)
    program = Programs(using).of(run)
    return program.process.forms.get(program.node(task.node).run)


def provide_input(run: Run | int, data: Mapping[str, Any], *, actor: Any, using: str = "default") -> Run:
    """Answer what a run waits for; the caller goes on with it.

    Args:
        run: The run, branch or item that waits, or its key.
        data: The answer.
        actor: Who answers.
        using: The database, where a key is given.

    Raises:
        WrongStateError: It waits for no input, or no more: somebody was quicker.
        RefusedError: The actor may not answer (403).
        InvalidPayloadError: The answer does not fit; the run goes on waiting.
    """
    key, database = (run, using) if isinstance(run, int) else (run.pk, str(run._state.db))
    with transaction.atomic(using=database):
        row = Run._base_manager.using(database).select_for_update().filter(pk=key).first()
        task = OpenTask.objects.using(database).filter(run_id=key).first()
        if row is None or task is None or row.waiting_for != Waiting.INPUT.value or row.paused_at is not None:
            raise WrongStateError(_("Run %(run)s waits for no input.") % {"run": key})
        if not may_answer(task, actor):
            raise RefusedError(_("You may not answer this."), status=403, code="permission_denied")
        values = _validated(task, data, database)
        is_held = is_inline()
        row.note = {"input": values, "by": {"id": str(actor.pk), "name": str(actor)}}
        row.due_at = lease_end() if is_held else timezone.now()
        row.status = Status.RUNNING.value if is_held else Status.PENDING.value
        Run._base_manager.using(database).filter(pk=key).update(
            note=row.note, due_at=row.due_at, status=row.status, fence=F("fence") + 1
        )
        row.fence += 1
        task.delete()
    if not is_held:
        announce(database)
        return row
    return _go_on(row, database)


def _go_on(row: Run, using: str) -> Run:
    if row.root_id is None:
        return read_back(go_on(row, using), using)
    go_on_inline(tracks_of([row], using), using)
    row.refresh_from_db(using=using)
    return row


def _validated(task: OpenTask, data: Mapping[str, Any], using: str) -> Any:
    try:
        form = form_of(task, using=using)
    except VanishedError as error:
        raise WrongStateError(str(error)) from error
    values = form.validate(data) if form is not None else dict(data)
    return json.loads(dump(values))
