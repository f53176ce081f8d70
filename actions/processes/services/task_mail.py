"""Mails about open tasks, one to each person who may answer and has an address.

Templates: `actions/processes/mail/<arrival|reminder|escalation>.txt` and `…_subject.txt`, which a project can replace.
What anybody may answer is mailed to nobody, and superusers get only what names them.
"""

from __future__ import annotations

import logging
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse

from actions.conf import conf
from actions.processes.models import OpenTask
from actions.processes.registry import processes

from . import plans
from .answering import get_users_concerned
from .post import NoServerError, Post

logger = logging.getLogger(__name__)

FOLDER = "actions/processes/mail"
REFUSED_FOR_GOOD = 500
"""SMTP's replies from here on are permanent (RFC 5321, 4.2.1)."""


def send_mail(task: OpenTask, kind: str, post: Post) -> None:
    """Tell those who may answer a task. Whom it has told is noted in its plan, so that he is not told again.

    Raises:
        NoServerError: Nobody can be told now.
        Exception: The first one that the mail backend, or a template, has raised, when all others have been told.
    """
    if conf.TASK_MAILS is False:
        return
    users = recipients(task)
    if not users:
        logger.info("Task %s: there is nobody to be mailed.", task.pk, extra={"run": task.run_id, "mail": kind})
    told = plans.told(task.plan, kind)
    failed: list[Exception] = []
    for user, address in users:
        if str(user.pk) in told:
            continue
        try:
            post.send(_mail(task, kind, user, address))
        except NoServerError:
            raise
        except Exception as error:  # noqa: BLE001 - it is raised when the others have been told
            logger.warning("Task %s: %s was not told: %s", task.pk, user.pk, error, extra={"run": task.run_id})
            if not _is_refused_for_good(error, address):
                failed.append(error)
                continue
        told.append(str(user.pk))
    if failed:
        raise failed[0]


def _is_refused_for_good(error: Exception, address: str) -> bool:
    """Whether trying again leads nowhere: the server does not know the address, or it is none."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= REFUSED_FOR_GOOD for code, _said in error.recipients.values())
    try:
        validate_email(address)
    except ValidationError:
        return True
    return False


def recipients(task: OpenTask) -> list[tuple[Any, str]]:
    """Whom it concerns, each with the address."""
    field = get_user_model().get_email_field_name()
    addressed = ((user, str(getattr(user, field, "") or "")) for user in get_users_concerned(task))
    return [(user, address) for user, address in addressed if address]


def _mail(task: OpenTask, kind: str, user: Any, address: str) -> EmailMessage:
    process = processes.get(task.process)
    context = {
        "task": task,
        "title": task.title or task.node,
        "process": (process.title if process is not None else "") or task.process,
        "user": user,
        "kind": kind,
        "url": _url(task),
    }
    # A subject is one line.
    subject = " ".join(render_to_string(f"{FOLDER}/{kind}_subject.txt", context).split())
    body = render_to_string(f"{FOLDER}/{kind}.txt", context)
    return EmailMessage(subject, body, conf.TASK_MAIL_FROM, [address])


def _url(task: OpenTask) -> str:
    if not conf.SITE_URL:
        return ""
    try:
        return conf.SITE_URL.rstrip("/") + reverse("people:task", args=[task.pk])
    except NoReverseMatch:
        return ""
