"""Starts processes again and again, by cron expressions."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from actions import work
from actions.acceptance import next_moment
from actions.exceptions import ActionError, RefusedError
from actions.processes.executor import find_process
from actions.processes.models import RunSchedule
from actions.redaction import storable

from .allowing import check_may_start
from .starting import start

logger = logging.getLogger(__name__)


def schedule(
    process_id: str, cron: str, payload: Mapping[str, Any] | None = None, *, actor: Any = None, using: str = "default"
) -> RunSchedule:
    """Have a process started by a cron expression, in the project's time zone.

    Raises:
        UnknownProcessError: There is no such process.
        RefusedError: The actor may not start it (403).
        InvalidPayloadError: The payload does not fit.
        InvalidTermError: The expression is none, or never comes true.
        MissingExtraError: cronsim is not installed.
    """
    process = find_process(process_id)
    check_may_start(process, actor)
    process.payload.validate(payload or {})
    row = RunSchedule(
        process=process_id,
        cron=cron,
        payload=dict(payload or {}),
        actor_id=None if actor is None else str(actor.pk),
        due_at=next_moment("cron", cron, timezone.now()),
    )
    row.save(using=using, force_insert=True)
    return row


def start_next(using: str) -> bool:
    """Start what a schedule says, where one is due; False where none is. What fails stands in the schedule."""
    row = work.claim(RunSchedule, using=using)
    if row is None:
        return False
    if not row.is_active:
        work.release(row, None)
        return True
    due_at = next_moment("cron", row.cron, timezone.now())
    try:
        # Together: a worker that dies in the middle has started nothing.
        with transaction.atomic(using=using):
            run = start(row.process, row.payload, actor=_actor(row, using), in_background=True, using=using)
            work.release(row, due_at, error="", last_run_id=run.pk)
    except work.LeaseLostError:
        raise
    except Exception as error:
        # Also of the project's own code that checks a payload: the next one may be right again.
        logger.exception("Schedule %s could not start %s.", row.pk, row.process)
        said = str(error) if isinstance(error, ActionError) else f"{type(error).__name__}: {error}"
        work.release(row, due_at, error=storable(said))
    return True


def _actor(row: RunSchedule, using: str) -> Any:
    """Whose schedule it is; None where the project's own code has made it.

    Raises:
        RefusedError: He is not there any more, or cannot log in.
    """
    if row.actor_id is None:
        return None
    user = get_user_model()._default_manager.using(using).filter(pk=row.actor_id).first()
    if user is None or not user.is_active:
        # Without an actor it would be the project's own code, which may do anything.
        detail = _("User %(user)s, who has made this schedule, is gone or cannot log in any more. Make another one.")
        raise RefusedError(detail % {"user": row.actor_id}, status=403, code="permission_denied")
    return user
