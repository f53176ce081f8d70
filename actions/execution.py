"""The one way an action runs: every door comes here, and only here is an action's function called."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from . import acceptance, idempotency, plans
from .agreement import agree
from .budgets import caller_of, refuse_spent, spend
from .changes import ChangeTracker
from .conf import conf
from .context import ActionContext, OnProgress, current_context
from .exceptions import ActionError, FailedActionError, UnavailableError
from .lifecycle import check_lifecycle, lifecycle_headers
from .many import Many
from .models import UNFINISHED, EventAction
from .preview import HEADERS as PREVIEWED
from .preview import Preview, merge, nothing_stays, preview_of, refuse_unpreviewable, waiting, would_send
from .problem import to_error
from .recording import Execution, record_error, record_success
from .redaction import secret_names
from .single import Single, is_looking
from .terms import PLAIN, Terms
from .work import LeaseLostError

if TYPE_CHECKING:
    from .acceptance import Job
    from .binding import BoundAction
    from .resource import ViewResource

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


@dataclass(slots=True)
class Outcome:
    """What came of a call that was carried out, accepted for later, or tried."""

    body: Any
    """JSON values, or a Django response that the function made."""
    status: int = 200
    event: EventAction | None = None
    """The record; None where nothing is tracked."""
    headers: dict[str, str] = field(default_factory=dict)
    preview: Preview | None = None
    """What it would do, where that was asked; `body` has it too."""


def perform(
    bound: BoundAction,
    resource: ViewResource,
    read: Callable[[], Any],
    *,
    door: str,
    terms: Terms = PLAIN,
    on_progress: OnProgress | None = None,
    job: Job | None = None,
) -> Outcome:
    """Execute an action once.

    Lifecycle, permissions, throttle; then in one transaction: the idempotency key; the object, locked, in the version
    that is meant; the payload; the conditions; the function; the plan and the budget; the record. Each stage may end
    it, and nothing later has then happened.

    Args:
        bound: The action.
        resource: The ViewSet with its request, which knows caller and target.
        read: Gives the payload as it was sent: JSON values, or a MultiValueDict with strings and files. It is asked
            when the caller is permitted, and before the transaction: a slow caller holds no lock.
        door: The way in, for the record.
        terms: How it is to be done: tried, once, later, to a certain version.
        on_progress: Told what the function reports by `context.progress(done, total, message)`.
        job: The pending call that a worker carries out.

    Raises:
        ActionError: It was refused or failed; the transaction was rolled back and the record written outside of it.
            For an unexpected error of the function it is a FailedActionError with that error as its cause.
        LeaseLostError: Of a job that another worker has taken over; nothing was done or recorded.
    """
    execution = _begin(bound, resource, door, terms, job)
    execution.context.on_progress = on_progress
    token = current_context.set(execution.context)
    try:
        return _run(execution, resource, read, job)
    except LeaseLostError:
        raise
    except Exception as error:
        resource.challenge(error)
        refused = _refused(execution, error)
        _log(execution, refused)
        is_replay = refused.headers.items() >= idempotency.REPLAYED.items()
        if not (execution.is_done or terms.is_preview or is_replay):
            _record(execution, refused, job)
        if refused is error:
            raise
        raise refused from error
    finally:
        current_context.reset(token)


def refuse(bound: BoundAction, resource: ViewResource, error: ActionError, *, door: str) -> None:
    """Record a call that a door turned away before it could be performed."""
    _record(_begin(bound, resource, door, PLAIN, None), error, None)


def _begin(bound: BoundAction, resource: ViewResource, door: str, terms: Terms, job: Job | None) -> Execution:
    execution = Execution(
        bound,
        make_context(bound, resource, door),
        terms,
        conf.TRACK_ACTIONS,
        using=resource.using_at_first,
        started=perf_counter(),
        object_id=resource.lookup_value if bound.is_instance else None,
    )
    execution.is_many = bound.is_instance and execution.object_id is None
    if job is not None:
        execution.event, execution.caller = job.event, job.call.request["caller"]
        execution.context.uid, execution.context.correlation_id = job.event.uid, job.event.correlation_id
    return execution


def _run(execution: Execution, resource: ViewResource, read: Callable[[], Any], job: Job | None) -> Outcome:
    bound, action = execution.bound, execution.bound.action
    if bound.has_lifecycle:
        check_lifecycle(action)
    resource.permit(bound)
    execution.data = execution.payload = read()
    execution.using = execution.context.using = resource.using
    agree(execution)
    terms = execution.terms
    if execution.context.is_preview:
        # Called by a function that is only tried.
        refuse_unpreviewable(action)
    if job is None and (terms.is_later or action.background) and not terms.is_preview:
        outcome = _accepted(execution, resource)
    elif terms.is_preview:
        outcome = _previewed(execution, resource)
    else:
        outcome = _performed(execution, resource, job)
    if bound.has_lifecycle:
        outcome.headers.update(lifecycle_headers(action))
    if terms is not PLAIN and terms.applied:
        outcome.headers["Preference-Applied"] = terms.applied
    return outcome


def _performed(execution: Execution, resource: ViewResource, job: Job | None) -> Outcome:
    """Do it."""
    terms, context = execution.terms, execution.context
    context.idempotency_key = terms.key or str(context.uid)
    try:
        with transaction.atomic(using=execution.using) if execution.bound.action.atomic else nullcontext():
            if terms.key is not None and job is None:
                idempotency.claim(execution)
            body, _effect = _carry_out(execution, resource)
            status = getattr(body, "status_code", HTTPStatus.OK.value)
            event = record_success(execution, body, status)
            if job is not None:
                job.finish()
            execution.is_done = True
    except idempotency.KeyTakenError:
        return _answered_again(execution)
    return Outcome(body, status, event)


def _previewed(execution: Execution, resource: ViewResource) -> Outcome:
    """Do it, look, and roll it back."""
    execution.context.is_preview = True
    with nothing_stays(execution.using):
        body, effect = _carry_out(execution, resource)
        assert effect is not None  # noqa: S101 - a preview always looks
        preview = preview_of(execution, effect, plans.make_plan(execution, effect))
    status = getattr(body, "status_code", HTTPStatus.OK.value)
    merged = merge(body, preview)
    return Outcome(merged, getattr(merged, "status_code", status), headers=dict(PREVIEWED), preview=preview)


def _accepted(execution: Execution, resource: ViewResource) -> Outcome:
    """Check everything, and leave the work to a worker."""
    execution.caller = caller_of(execution.context.request)  # type: ignore[arg-type]
    try:
        with transaction.atomic(using=execution.using):
            if execution.terms.key is not None:
                idempotency.claim(execution)
            _work_of(execution, resource).check()
            body, headers = acceptance.accept(execution, resource.lookup_value)
            execution.is_done = True
    except idempotency.KeyTakenError:
        return _answered_again(execution)
    return Outcome(body, HTTPStatus.ACCEPTED.value, execution.event, headers)


def _answered_again(execution: Execution) -> Outcome:
    """The answer that the call had when it came first."""
    event = idempotency.answer_again(execution)
    if event.outcome in UNFINISHED:
        body, headers = acceptance.accepted(event, event.pending_call.due_at, [])
        return Outcome(body, HTTPStatus.ACCEPTED.value, event, {**headers, **idempotency.REPLAYED})
    return Outcome(event.response_data, event.status_code, event, dict(idempotency.REPLAYED))


def _work_of(execution: Execution, resource: ViewResource) -> Single | Many:
    return Many(execution, resource, _log) if execution.is_many else Single(execution, resource)


def _carry_out(execution: Execution, resource: ViewResource) -> tuple[Any, plans.Effect | None]:
    """Check and do the work: the answer's body, and where a preview or a plan asks, all that it did."""
    terms, bound = execution.terms, execution.bound
    plan = plans.check_request(execution) if terms.plan is not None else None
    looks = is_looking(terms)
    work = _work_of(execution, resource)
    budgets = conf.BUDGETS
    if not (looks or execution.is_tracked or budgets):
        return work.body(work.check()), None
    started_at, before = (timezone.now(), waiting(execution.using)) if looks else (None, 0)
    # Objects are watched from the beginning: a form changes its instance already when it checks the payload.
    tracker = execution.tracker = execution.context.changes = ChangeTracker(execution.using)
    run = work.check()
    spending = (bound.resource, bound.id, execution.caller or caller_of(execution.context.request)) if budgets else None  # type: ignore[arg-type]
    if spending and not bound.action.atomic:
        refuse_spent(*spending, execution.using)
    with tracker:
        body = work.body(run)
    if spending:
        spend(*spending, tracker.log.total, execution.using, is_undoable=bound.action.atomic)
    if started_at is None:
        return body, None
    sending = would_send(execution.using, before)
    changes = tracker.settled()
    secret = secret_names(bound.sensitive)
    effect = plans.Effect(changes, tracker.others(), sending, work.versions, started_at, timezone.now(), secret)
    if plan is not None:
        plans.check_effect(plan, effect)
    return body, effect


def _refused(execution: Execution, error: Exception) -> ActionError:
    """What the caller is told, who must not believe that nothing was changed where something may have been."""
    if execution.is_done and isinstance(error, DatabaseError):
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


def _record(execution: Execution, error: ActionError, job: Job | None) -> None:
    """Write an error's record. Where that fails, too (the database may be gone), the caller still gets the error."""
    if job is not None and isinstance(error, UnavailableError):
        # The worker tries again.
        return
    try:
        with transaction.atomic(using=execution.using):
            _write_error(execution, error, job)
    except DatabaseError:
        logger.exception("The record of %s could not be written.", execution.bound.name)


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


def make_context(bound: BoundAction, resource: ViewResource, door: str) -> ActionContext:
    """What function and conditions are told of a call."""
    outer = current_context.get()
    uid = uuid4()
    request = resource.view.request
    return ActionContext(
        actor=request.user,
        resource=bound.resource,
        action=bound.action.id,
        door=door,
        uid=uid,
        correlation_id=outer.correlation_id if outer else str(uid),
        parent_uid=outer.uid if outer else None,
        request=request,
        is_preview=outer.is_preview if outer else False,
    )


def _log(execution: Execution, error: ActionError) -> None:
    """Unexpected errors with their traceback; refusals are the caller's and need none."""
    facts = {"action": execution.bound.name, "object_id": execution.object_id, "event_uid": str(execution.context.uid)}
    if error.status >= 500 and error.__cause__ is not None:
        logger.error("%s failed: %s", execution.bound.name, error.__cause__, exc_info=error.__cause__, extra=facts)
    elif error.__cause__ is not None and error.code in ("conflict", "out_of_range"):
        logger.warning("%s: %s", execution.bound.name, error.__cause__, exc_info=error.__cause__, extra=facts)
    else:
        logger.info("%s refused: %s", execution.bound.name, error.code, extra=facts)
