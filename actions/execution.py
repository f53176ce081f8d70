"""The one way an action runs: every door comes here, and only here is an action's function called."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import connections, transaction
from django.utils import timezone

from . import acceptance, idempotency, plans, telemetry
from .agreement import agree
from .asking import ask_before
from .budgets import caller_of
from .changes import ChangeTracker
from .conf import conf
from .context import ActionContext, OnProgress, current_context
from .exceptions import ActionError, UnavailableError
from .failures import log, outcome_of, record, refused_of, tell_outer
from .lifecycle import check_lifecycle, lifecycle_headers
from .many import Many
from .models import UNFINISHED, EventAction
from .models import Outcome as Result
from .preview import HEADERS as PREVIEWED
from .preview import Preview, deliveries_of, merge, nothing_stays, preview_of, refuse_unpreviewable, waiting, would_send
from .recording import Execution, record_success
from .signals import announce_end, announce_start
from .single import Single, is_looking
from .spending import within_budgets
from .terms import PLAIN, Terms
from .tracing import correlation_of, traceparent_of
from .work import LeaseLostError

if TYPE_CHECKING:
    from .acceptance import Job
    from .binding import BoundAction
    from .resource import ViewResource


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
    correlation_id: str = ""
    """Of all that the call caused."""


def perform(
    bound: BoundAction,
    resource: ViewResource,
    read: Callable[[], Any],
    *,
    door: str,
    terms: Terms = PLAIN,
    on_progress: OnProgress | None = None,
    job: Job | None = None,
    effect_key: str = "",
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
        effect_key: What the function gets as `context.idempotency_key` where the terms have no key: for a caller that
            tries again what it has tried before.

    Raises:
        ActionError: It was refused or failed; the transaction was rolled back and the record written outside of it.
            For an unexpected error of the function it is a FailedActionError with that error as its cause.
        LeaseLostError: Of a job that another worker has taken over; nothing was done or recorded.
    """
    execution = _begin(bound, resource, door, terms, job)
    execution.context.on_progress = on_progress
    execution.context.idempotency_key = effect_key
    if not telemetry.is_on():
        return _attempt(execution, resource, read, job)
    with telemetry.execution_span(bound.name, door, execution.context.traceparent) as seen:
        execution.context.traceparent = seen.traceparent
        try:
            outcome = _attempt(execution, resource, read, job)
        except ActionError as error:
            seen.facts |= {"outcome": outcome_of(error), "status": error.status, "code": error.code}
            seen.error = error if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
            raise
        state = outcome.event.outcome if outcome.event is not None else Result.SUCCEEDED.value
        seen.facts |= {"outcome": "preview" if terms.is_preview else state, "status": outcome.status}
        seen.facts["correlation_id"] = execution.context.correlation_id
        return outcome


def _attempt(execution: Execution, resource: ViewResource, read: Callable[[], Any], job: Job | None) -> Outcome:
    """Run it, and record and announce what goes wrong."""
    token = current_context.set(execution.context)
    try:
        outcome = _run(execution, resource, read, job)
    except LeaseLostError:
        raise
    except Exception as error:
        resource.challenge(error)
        refused = refused_of(execution, error)
        refused.correlation_id = execution.context.correlation_id
        tell_outer(execution)
        log(execution, refused)
        is_replay = refused.headers.items() >= idempotency.REPLAYED.items()
        if not (execution.is_done or execution.terms.is_preview or is_replay):
            record(execution, refused, job)
            if not (job is not None and isinstance(refused, UnavailableError)):
                _announce(execution, resource, outcome_of(refused), refused.status, refused)
        if refused is error:
            raise
        raise refused from error
    finally:
        current_context.reset(token)
    outcome.correlation_id = execution.context.correlation_id
    return outcome


def refuse(bound: BoundAction, resource: ViewResource, error: ActionError, *, door: str) -> None:
    """Record a call that a door turned away before it could be performed."""
    execution = _begin(bound, resource, door, PLAIN, None)
    record(execution, error, None)
    _announce(execution, resource, outcome_of(error), error.status, error)


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
    if bound.sensitive:
        for outer in execution.context.around:
            outer.inner_names |= bound.sensitive
    execution.is_many = bound.is_instance and execution.object_id is None
    if job is not None:
        execution.event, execution.caller = job.event, job.call.request["caller"]
        execution.context.uid, execution.context.correlation_id = job.event.uid, job.event.correlation_id
        execution.context.traceparent = job.call.request.get("traceparent", "")
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
    context.idempotency_key = context.idempotency_key or str(context.uid)
    is_atomic, is_outermost = execution.bound.action.atomic, _is_outermost(execution)
    try:
        with transaction.atomic(using=execution.using) if is_atomic else nullcontext():
            if is_atomic and is_outermost:
                _note_commit(execution)
            if terms.key is not None and job is None:
                context.idempotency_key = idempotency.claim(execution)
            announce_start(type(resource.view), execution.bound.name, context)
            body, _effect = _carry_out(execution, resource)
            status = getattr(body, "status_code", HTTPStatus.OK.value)
            event = record_success(execution, body, status)
            if job is not None:
                job.finish()
            _announce(execution, resource, Result.SUCCEEDED.value, status)
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
        preview = preview_of(effect, plans.make_plan(execution, effect))
    status = getattr(body, "status_code", HTTPStatus.OK.value)
    merged = merge(body, preview)
    return Outcome(merged, getattr(merged, "status_code", status), headers=dict(PREVIEWED), preview=preview)


def _accepted(execution: Execution, resource: ViewResource) -> Outcome:
    """Check everything, and leave the work to a worker."""
    execution.caller = caller_of(execution.context.request)  # type: ignore[arg-type]
    is_outermost = _is_outermost(execution)
    try:
        with transaction.atomic(using=execution.using):
            if is_outermost:
                _note_commit(execution)
            if execution.terms.key is not None:
                idempotency.claim(execution)
            _work_of(execution, resource).check()
            body, headers = acceptance.accept(execution, resource.lookup_value)
            execution.is_done = True
    except idempotency.KeyTakenError:
        return _answered_again(execution)
    return Outcome(body, HTTPStatus.ACCEPTED.value, execution.event, headers)


def _is_outermost(execution: Execution) -> bool:
    """Whether the transaction that is about to begin is one, and no part of another one."""
    return not connections[execution.using].in_atomic_block


def _note_commit(execution: Execution) -> None:
    """Know of the commit before anything that is left to be done after it: that may raise what a commit raises."""
    transaction.on_commit(partial(setattr, execution, "is_committed", True), using=execution.using)


def _answered_again(execution: Execution) -> Outcome:
    """The answer that the call had when it came first."""
    event = idempotency.answer_again(execution)
    if event.outcome in UNFINISHED:
        body, headers = acceptance.accepted(event, event.pending_call.due_at, [])
        return Outcome(body, HTTPStatus.ACCEPTED.value, event, {**headers, **idempotency.REPLAYED})
    return Outcome(event.response_data, event.status_code, event, dict(idempotency.REPLAYED))


def _work_of(execution: Execution, resource: ViewResource) -> Single | Many:
    return Many(execution, resource, log) if execution.is_many else Single(execution, resource)


def _carry_out(execution: Execution, resource: ViewResource) -> tuple[Any, plans.Effect | None]:
    """Check and do the work: the answer's body, and where a preview or a plan asks, all that it did."""
    terms, bound = execution.terms, execution.bound
    plan = plans.check_request(execution) if terms.plan is not None else None
    looks = is_looking(terms)
    work = _work_of(execution, resource)
    budgets = conf.BUDGETS
    if not (looks or execution.is_tracked or budgets):
        return work.body(_asked(execution, work.check())), None
    started_at, before = (timezone.now(), waiting(execution.using)) if looks else (None, 0)
    # Objects are watched from the beginning: a form changes its instance already when it checks the payload.
    tracker = execution.tracker = execution.context.changes = ChangeTracker(execution.using)
    run = _asked(execution, work.check())
    if budgets:
        body = within_budgets(execution, tracker, partial(work.body, run))
    else:
        with tracker:
            body = work.body(run)
    if started_at is None:
        return body, None
    sending = [*would_send(execution.using, before), *deliveries_of(bound)]
    changes = tracker.settled()
    ended_at = timezone.now()
    effect = plans.Effect(changes, tracker.others(), sending, work.versions, started_at, ended_at, execution.secret)
    if plan is not None:
        plans.check_effect(plan, effect)
    return body, effect


def _asked(execution: Execution, run: Callable[[], Any]) -> Callable[[], Any]:
    """The work, when the hook that is asked before it has agreed."""
    if execution.bound.action.hooks:
        ask_before(execution)
    return run


def _announce(
    execution: Execution, resource: ViewResource, outcome: str, status: int, error: ActionError | None = None
) -> None:
    announce_end(
        type(resource.view),
        execution.bound.name,
        outcome=outcome,
        using=execution.using,
        status=status,
        event=execution.event,
        context=execution.context,
        error=error,
    )


def make_context(bound: BoundAction, resource: ViewResource, door: str) -> ActionContext:
    """What function and conditions are told of a call."""
    outer = current_context.get()
    uid = uuid4()
    request = resource.view.request
    meta = request.META
    return ActionContext(
        actor=request.user,
        resource=bound.resource,
        action=bound.action.id,
        door=door,
        uid=uid,
        correlation_id=outer.correlation_id if outer else correlation_of(meta) or str(uid),
        traceparent=outer.traceparent if outer else traceparent_of(meta),
        parent_uid=outer.uid if outer else None,
        request=request,
        is_preview=outer.is_preview if outer else False,
        outer=outer,
    )
