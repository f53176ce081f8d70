"""Mails about open tasks, one to each person who may answer and has an address.

Templates: `actions/processes/mail/<arrival|reminder|escalation>.txt` and `…_subject.txt`, which a project can replace.
What anybody may answer is mailed to nobody, and superusers get only what names them.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse

from actions.conf import conf
from actions.processes.models import OpenTask
from actions.processes.registry import processes

from .answering import get_users_concerned

logger = logging.getLogger(__name__)

FOLDER = "actions/processes/mail"


def send_mail(task: OpenTask, kind: str) -> int:
    """Tell those who may answer a task; how many.

    Raises:
        Exception: Whatever the mail backend raises.
    """
    if conf.TASK_MAILS is False:
        return 0
    users = recipients(task)
    if not users:
        logger.info("Task %s: there is nobody to be mailed.", task.pk, extra={"run": task.run_id, "mail": kind})
        return 0
    for user, address in users:
        _mail(task, kind, user, address).send()
    return len(users)


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
