"""The worker's queue of open tasks: mails, reminders, escalation.

First what has fallen due is written down, in one transaction; then the mails are sent. A mail server that is down holds
up no escalation, and mails that it has not taken are sent later, to those who have not got them. Who dies between
sending and writing sends them again.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from actions import work
from actions.processes.models import OpenTask
from actions.work.leases import held

from .plans import CLAIM, COLUMNS, ESCALATE_AT, REMIND_AT, TELL, escalate, is_due, next_moment, remind, remove_mail
from .post import NoServerError, Post
from .task_mail import send_mail
from .telling import ARRIVE, ESCALATE, REMIND, announce_escalated, announce_reminded, tell

logger = logging.getLogger(__name__)

MOST = 50
"""Tasks that are cared for before others take their turn."""


def care_for_due(using: str) -> bool:
    """Do what has fallen due for open tasks, some of them; False where nothing has. Their mails share a connection."""
    with Post() as post:
        count = 0
        while count < MOST and care_for_next(using, post):
            count += 1
    return count > 0


def care_for_next(using: str, post: Post) -> bool:
    """Do what has fallen due for an open task; False where nothing has."""
    task = work.claim(OpenTask, using=using)
    if task is None:
        return False
    try:
        with work.Hold(task):
            _go_through(task, using, post)
    except work.LeaseLostError as error:
        # It was answered or reassigned meanwhile, or took longer than the lease.
        logger.info("%s", error, extra={"task": task.pk})
    except Exception:
        wait = work.backoff(task.attempts)
        logger.exception("Nobody could be told of task %s; again in %s.", task.pk, wait, extra={"run": task.run_id})
        _give_back(task, timezone.now() + wait)
    return True


def _go_through(task: OpenTask, using: str, post: Post) -> None:
    """Write down what is due, then send each mail; one that fails does not keep the others back.

    Raises:
        Exception: The first one that a mail has failed with, when the others have been sent.
    """
    _advance(task, using)
    failed: list[Exception] = []
    for kind in list(task.plan.get("mails", ())):
        try:
            send_mail(task, kind, post)
        except NoServerError:
            raise
        except Exception as error:  # noqa: BLE001 - raised below
            failed.append(error)
        else:
            remove_mail(task.plan, kind)
    if failed:
        raise failed[0]
    work.release(task, next_moment(task.plan), plan=task.plan, attempts=0)


def _give_back(task: OpenTask, due_at: datetime) -> None:
    try:
        work.release(task, due_at, plan=task.plan)
    except work.LeaseLostError as error:
        logger.info("%s", error, extra={"task": task.pk})


def _advance(task: OpenTask, using: str) -> None:
    """Write down what has fallen due.

    Raises:
        LeaseLostError: The task is somebody else's, or gone.
    """
    now = timezone.now()
    is_reminded, is_escalated = is_due(task.plan, REMIND_AT, now), is_due(task.plan, ESCALATE_AT, now)
    is_new = task.plan.pop(TELL, False)
    if not (is_reminded or is_escalated or is_new):
        return
    if is_reminded:
        remind(task, now)
    if is_escalated:
        escalate(task, now)
    # A claim may just have been made: what does not end it leaves it alone.
    columns = (*COLUMNS, *CLAIM) if is_escalated and task.escalated_to is not None else COLUMNS
    with transaction.atomic(using=using):
        if not held(task).update(**{name: getattr(task, name) for name in columns}):
            raise work.LeaseLostError(f"Task {task.pk} is not held any more.")
        if is_new:
            tell(task, ARRIVE, {}, using)
        if is_reminded:
            announce_reminded(task, using)
            tell(task, REMIND, {"reminders": task.reminders}, using)
        if is_escalated:
            announce_escalated(task, using)
            tell(task, ESCALATE, {"escalated_to": task.escalated_to}, using)
