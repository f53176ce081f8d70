"""What becomes of an execution that was refused or failed: what the caller is told, the record, the log."""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import gettext as _

from . import idempotency
from .exceptions import ActionError, FailedActionError, UnavailableError
from .models import EventAction, Outcome
from .problem import to_error
from .recording import Execution, record_error
from .redaction import mask

if TYPE_CHECKING:
    from .acceptance import Job

logger = logging.getLogger(__name__)

CLAIMS_NOTHING_CHANGED = frozenset({"failed", "conflict", "unavailable"})
"""Codes of errors that say so of a transaction that was rolled back."""
NO_ANSWER = frozenset(
    {
        HTTPStatus.SERVICE_UNAVAILABLE.value,
        HTTPStatus.TOO_MANY_REQUESTS.value,
        HTTPStatus.PRECONDITION_FAILED.value,
    }
)
"""Statuses that no Idempotency-Key keeps: the same call may go well a moment later, or with another plan."""


def refused_of(execution: Execution, error: Exception) -> ActionError:
    """What the caller is told, who must not believe that nothing was changed where something may have been."""
    if execution.is_done and not execution.is_committed and isinstance(error, DatabaseError):
        # The commit itself failed.
        execution.is_done = False
    if execution.is_done:
        # It came from what the function left to be done after the commit. The record of the success is there.
        detail = _("The action was done, but what follows it failed.")
        refused: ActionError = FailedActionError(detail, code="failed_after_commit")
        refused.__cause__ = error
        return refused
    refused = to_error(error)
    if not execution.bound.action.atomic and refused.code in CLAIMS_NOTHING_CHANGED:
        refused.detail = _("The action failed. It has no transaction: a part of it may have been done.")
    return refused


def outcome_of(error: ActionError) -> str:
    return (Outcome.FAILED if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.REFUSED).value


def tell_outer(execution: Execution) -> None:
    """Have those that it was performed in know its secrets: their own errors may quote them, and this one's."""
    if execution.context.outer is not None:
        secrets = execution.secrets
        for outer in execution.context.around:
            outer.inner_secrets |= secrets


def record(execution: Execution, error: ActionError, job: Job | None) -> None:
    """Write an error's record. Where that fails, too (the database may be gone), the caller still gets the error."""
    if job is not None and isinstance(error, UnavailableError):
        # The worker tries again.
        return
    try:
        with transaction.atomic(using=execution.using):
            _write_error(execution, error, job)
    except DatabaseError as failure:
        # Without `exc_info`: what it follows from is the action's own error, which may quote a secret.
        name, text = execution.bound.name, masked(execution, failure)
        logger.error("The record of %s could not be written: %s", name, text)  # noqa: TRY400


def _write_error(execution: Execution, error: ActionError, job: Job | None) -> None:
    columns: dict[str, Any] = {}
    event = execution.event
    if event is not None and job is None:
        is_kept = execution.terms.key is not None and execution.has_begun and error.status not in NO_ANSWER
        if not EventAction.objects.using(execution.using).filter(pk=event.pk).exists():
            # The row went with the transaction, and the key that it had claimed.
            execution.event = None
            columns = idempotency.key_columns(execution) if is_kept else {}
        elif not is_kept:
            columns = {"key_hash": None}
    try:
        with transaction.atomic(using=execution.using):
            record_error(execution, error, **columns)
    except IntegrityError:
        if not columns:
            raise
        # Another call has claimed the key since this one was rolled back.
        record_error(execution, error)
    if job is not None:
        job.finish()


def log(execution: Execution, error: ActionError) -> None:
    """Unexpected errors with their traceback; refusals are the caller's and need none."""
    name, cause = execution.bound.name, error.__cause__
    facts = {"action": name, "object_id": execution.object_id, "event_uid": str(execution.context.uid)}
    if error.status >= 500 and cause is not None:
        logger.error("%s failed: %s", name, masked(execution, cause), extra=facts)
    elif cause is not None and error.code in ("conflict", "out_of_range"):
        logger.warning("%s: %s", name, masked(execution, cause), extra=facts)
    else:
        logger.info("%s refused: %s", name, error.code, extra=facts)


def masked(execution: Execution, cause: BaseException) -> str:
    """An error with its traceback as the log may have it: both may quote what was sent."""
    return mask(f"{cause}\n{''.join(traceback.format_exception(cause))}", execution.secrets)
