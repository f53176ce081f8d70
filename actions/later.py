"""Calls that were accepted for later: carried out, with everything checked anew, given up, or taken back."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from .acceptance import Job
from .archive import databases
from .budgets import forget_spent
from .exceptions import ActionError, FailedActionError, UnavailableError, UnknownActionError
from .execution import perform
from .hooks import hooks_for
from .models import UNFINISHED, EventAction, Outcome, PendingCall
from .outbox import post
from .problem import to_error
from .recording import record_state
from .requests import find, make_view
from .resource import ViewResource
from .signals import announce_end
from .terms import Terms
from .work import finish

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from .binding import BoundAction
    from .definitions import Action
    from .registry import ActionRegistry
    from .work import Hold

ABANDONED = timedelta(days=1)
"""How long an execution outside of a transaction may run before it counts as cut off."""
ABANDONED_AT_ONCE = 1000
"""How many of them are ended in one go."""


def carry_out(call: PendingCall, hold: Hold) -> None:
    """Perform a call that a worker has claimed: as whoever called, permissions, versions and conditions checked anew.

    What comes of it stands in its record. Throttles are not asked again: they were when it was accepted.

    Args:
        call: The row.
        hold: Gets the action's progress.

    Raises:
        UnavailableError: Trying again later may help; nothing was done or recorded.
        LeaseLostError: Another worker has it; nothing was done or recorded.
    """
    job = Job(call)
    if not record_state(job.event, Outcome.RUNNING.value, of=UNFINISHED):
        _end_ended(job)
        return
    try:
        resource, bound, data = _prepared(call)
    except Exception as error:
        refused = to_error(error)
        if isinstance(refused, UnavailableError):
            raise refused from error
        fail(call, refused)
        return
    try:
        perform(
            bound,
            resource,
            lambda: data,
            door=job.event.door,
            terms=Terms.of(call.request["terms"]),
            on_progress=hold.progress,
            job=job,
        )
    except UnavailableError:
        raise
    except ActionError:
        # The record has it.
        return


def _end_ended(job: Job) -> None:
    """Remove a call whose record has ended: cancelled while it was taken, or done by a worker that died right after."""
    call, using = job.call, job.call._state.db
    is_cancelled = EventAction.objects.using(using).filter(pk=job.event.pk, outcome=Outcome.CANCELLED.value).exists()
    with transaction.atomic(using=using):
        if is_cancelled:
            finish(call)
        else:
            job.finish()


def cancel(event: EventAction) -> bool:
    """Take back what has not begun; False where it has, or is over.

    A call that repeats is not repeated any more.
    """
    using = event._state.db
    with transaction.atomic(using=using):
        calls = PendingCall.objects.using(using).filter(event_id=event.pk, attempts=0)
        # In one statement, as in `work.finish`: a worker could take the call between a look and the deletion.
        if not calls._raw_delete(using):  # noqa: SLF001
            return False
        return record_state(event, Outcome.CANCELLED.value, of=(Outcome.PENDING.value,))


def fail(call: PendingCall, error: ActionError) -> None:
    """End a call that cannot be carried out, with the reason in its record. What repeats goes on."""
    with transaction.atomic(using=call._state.db):
        _end(call.event, error, of=UNFINISHED, traceparent=call.request.get("traceparent", ""))
        Job(call).finish()


def give_up(call: PendingCall, reason: str) -> None:
    """End a call whose workers died, or that never found the database free.

    Raises:
        LeaseLostError: Another worker has it.
    """
    fail(call, FailedActionError(reason, code="interrupted"))


def sweep_interval() -> timedelta:
    """How often the worker clears up."""
    return timedelta(hours=1)


def sweep() -> None:
    """Clear up on every database that has records: end what was cut off, forget budgets of windows that are over."""
    for using in databases():
        fail_abandoned(using)
        forget_spent(using)


def fail_abandoned(using: str) -> int:
    """End records of executions without a transaction whose process died; how many there were."""
    since = timezone.now() - ABANDONED
    events = EventAction.objects.using(using).filter(outcome=Outcome.RUNNING.value, created_at__lt=since)
    error = FailedActionError(_("It began and never ended."), code="interrupted")
    count = 0
    for event in events.filter(pending_call__isnull=True)[:ABANDONED_AT_ONCE]:
        with transaction.atomic(using=using):
            count += _end(event, error, of=(Outcome.RUNNING.value,))
    return count


def _end(event: EventAction, error: ActionError, *, of: tuple[str, ...], traceparent: str = "") -> bool:
    """End a record with an error, and tell whom it concerns; False where it is none of the outcomes `of` any more."""
    using, name = str(event._state.db), f"{event.resource}:{event.action}"
    outcome = (Outcome.FAILED if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.REFUSED).value
    facts = {"code": error.code, "detail": error.detail, "errors": error.errors}
    if not record_state(event, outcome, of=of, status_code=error.status, error=facts):
        return False
    registry, action = _known(name)
    post(event, action, hooks_for(action, name, outcome), traceparent=traceparent)
    announce_end(
        registry.viewset if registry is not None else None,
        name,
        outcome=outcome,
        using=using,
        status=error.status,
        event=event,
        context=None,
        error=error,
    )
    return True


def _known(name: str) -> tuple[ActionRegistry | None, Action | None]:
    """Registry and definition of an action, None for what is gone."""
    try:
        registry, bound = find(name)
    except UnknownActionError:
        return None, None
    return registry, bound.action


def _actor_of(event: EventAction) -> AbstractBaseUser | None:
    """The user who called, None for nobody.

    Raises:
        ActionError: There is no such user any more, or they may not log in (403).
    """
    if event.actor_id is None:
        return None
    users = get_user_model()._default_manager
    try:
        user = users.filter(pk=event.actor_id).first()
    except (ValueError, ValidationError):
        user = None
    if user is None or not user.is_active:
        raise ActionError(_("Whoever called may not log in any more."), status=403, code="actor_gone")
    return user


def _data_of(call: PendingCall) -> Any:
    """The payload as it was sent."""
    data = call.request["data"]
    if "form" not in data:
        return data["json"]
    form = QueryDict(mutable=True)
    for name, values in data["form"].items():
        form.setlist(name, values)
    return form


def _prepared(call: PendingCall) -> tuple[ViewResource, BoundAction, Any]:
    """The ViewSet with the request as it would come again from the same caller."""
    event, request = call.event, call.request
    registry, bound = find(f"{event.resource}:{event.action}")
    data = _data_of(call)
    query = QueryDict(request["query"], mutable=True)
    view = make_view(registry, bound, target=request["target"], data=data, actor=_actor_of(event), query=query)
    return ViewResource(view, is_throttled=False), bound, data
