"""Tells others what has become of open tasks: by signals, and by a record as if somebody had called the action.

Hooks hear of records.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from actions.conf import conf
from actions.context import ActionContext
from actions.exceptions import UnknownActionError
from actions.processes.models import OpenTask, Run
from actions.processes.signals import task_escalated, task_reminded
from actions.processes.store import replace_candidates
from actions.recording import Execution, record_success
from actions.requests import find
from actions.signals import after_commit

logger = logging.getLogger(__name__)

RESOURCE, REMIND, ESCALATE = "input", "remind", "escalate"
ARRIVE = "arrive"
"""What nobody calls: that a run waits for an input."""
DOOR = "worker"


def announce_reminded(task: OpenTask, using: str) -> None:
    """Send the signal when it is committed."""
    after_commit(using, partial(task_reminded.send_robust, OpenTask, task=task))


def announce_escalated(task: OpenTask, using: str) -> None:
    """Have those found it to whom it was escalated, and send the signal."""
    replace_candidates(task, using)
    after_commit(using, partial(task_escalated.send_robust, OpenTask, task=task))


def tell(task: OpenTask, action: str, body: dict[str, Any], using: str) -> None:
    """Write the record of what was done to a task, in the caller's transaction.

    Args:
        task: The task.
        action: "arrive", "remind" or "escalate".
        body: What has come of it.
        using: The database.
    """
    try:
        bound = find(f"{RESOURCE}:{action if action != ARRIVE else REMIND}")[1]
    except UnknownActionError:
        # This project does not serve `/inputs/`; the task's own columns say what was done.
        logger.debug("No record of %s: inputs are not served.", action, extra={"task": task.pk})
        return
    if action == ARRIVE:
        bound = replace(bound, action=replace(bound.action, id=ARRIVE, title=_("An input is wanted"), hooks=()))
    found = Run._base_manager.using(using).filter(pk=task.root_id).values_list("correlation_id", flat=True).first()
    context = ActionContext(
        actor=AnonymousUser(),
        resource=RESOURCE,
        action=action,
        door=DOOR,
        uid=uuid4(),
        correlation_id=found or uuid4().hex,
        using=using,
    )
    execution = Execution(bound, context, is_tracked=conf.TRACK_ACTIONS, using=using, started=perf_counter())
    execution.object_id = task.pk
    about = {"process": task.process, "node": task.node, "run": task.root_id, "title": task.title or task.node}
    record_success(execution, {**about, **body}, 200)
