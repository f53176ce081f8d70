"""Calls for later: accepted, with everything checked, and written down for a worker. `actions.later` has the rest."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.core.files.base import File
from django.http import QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from .exceptions import InvalidPayloadError, MissingExtraError, NotPossibleError, UnavailableError
from .models import EventAction, Outcome, PendingCall
from .moments import as_aware, as_stored
from .recording import record_start
from .terms import Terms, invalid, refuse_past
from .work import announce, finish, is_worker_alive

if TYPE_CHECKING:
    from .recording import Execution

logger = logging.getLogger(__name__)

EVENT_URL = "actions:actionevent-detail"
CHECK_AGAIN = 2
"""Seconds after which a caller may ask how far it is."""


class Job:
    """A pending call while a worker carries it out."""

    def __init__(self, call: PendingCall) -> None:
        self.call = call
        self.event: EventAction = call.event

    def finish(self) -> None:
        """In the transaction of the effect or of the refusal: the call is over, and what repeats is due again.

        Raises:
            LeaseLostError: Another worker has it.
        """
        finish(self.call)
        if self.call.cron:
            _repeat(self.call)


def event_url(event: EventAction) -> str:
    """Where the record of a call is read.

    Raises:
        NotPossibleError: The project does not serve the records.
    """
    try:
        return reverse(EVENT_URL, args=[event.pk])
    except NoReverseMatch as error:
        detail = _("Calls for later need a place to ask for them: include actions.urls in the project's URLs.")
        raise NotPossibleError(detail, code="events_not_served") from error


def accept(execution: Execution, lookup: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Write down what a worker is to do: the answer's body and headers.

    To be called inside the transaction, when everything has been checked.

    Args:
        execution: What is known of the call.
        lookup: The object's key as the URL has it, None for a list.

    Raises:
        InvalidPayloadError: The payload has a file.
        UnavailableError: The action is always done by a worker, and none is alive.
        InvalidTermError: The cron expression is none, or the moment is over.
    """
    refuse_past(execution.terms)
    terms, context = execution.terms, execution.context
    due_at = _first_moment(terms)
    is_alive = is_worker_alive(execution.using)
    if not is_alive and execution.bound.action.background:
        detail = _("No worker is alive to do this. Nothing was changed; try again.")
        raise UnavailableError(detail, code="no_worker", headers={"Retry-After": "60"})
    query = context.request.query_params if context.request is not None else QueryDict()
    request = {
        "target": None if lookup is None else str(lookup),
        "data": _kept(execution.data),
        "query": query.urlencode(),
        "terms": terms.as_dict(),
        "caller": execution.caller,
        "traceparent": context.traceparent,
    }
    event = record_start(execution, Outcome.PENDING.value, scheduled_at=terms.scheduled_at and due_at)
    call = PendingCall(event=event, due_at=due_at, request=request, cron=terms.cron or "")
    call.save(force_insert=True, using=execution.using)
    if due_at <= timezone.now():
        announce(execution.using)
    warnings = [] if is_alive else [_("No worker is alive now: it waits until one is.")]
    if warnings:
        logger.warning("%s waits, and no worker is alive. Start manage.py actions_worker.", execution.bound.name)
    return accepted(event, due_at, warnings)


def accepted(event: EventAction, due_at: datetime | None, warnings: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The 202 of a call that waits: body and headers."""
    url = event_url(event)
    body: dict[str, Any] = {"event": event.pk, "uid": str(event.uid), "outcome": event.outcome, "href": url}
    body["due_at"] = due_at
    if warnings:
        body["warnings"] = warnings
    seconds = CHECK_AGAIN
    if due_at is not None:
        seconds = max(seconds, int((due_at - timezone.now()).total_seconds()))
    return body, {"Location": url, "Retry-After": str(seconds)}


def next_moment(name: str, expression: str, after: datetime) -> datetime:
    """When a cron expression comes next, in the project's time zone.

    Raises:
        InvalidTermError: It is none, or names a moment that never comes.
        NotPossibleError: The library for it is not installed.
    """
    try:
        from cronsim import CronSim, CronSimError
    except ImportError:
        # Where it was looked for says nobody anything: a line for the log, and no cause whose traceback is logged.
        detail = str(MissingExtraError("cronsim", "cron"))
        logger.error("%s", detail)  # noqa: TRY400
        raise NotPossibleError(detail, code="missing_extra") from None
    plain = _ALIASES.get(expression.lower(), expression)
    try:
        found: datetime = next(CronSim(plain, timezone.localtime(as_aware(after))))
    except (CronSimError, StopIteration, OverflowError) as error:
        sentence = _('A cron expression was expected, as in "0 8 * * 1" for Mondays at eight.')
        raise invalid(name, sentence) from error
    return as_stored(found)


_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def _first_moment(terms: Terms) -> datetime:
    now = timezone.now()
    moment = now if terms.scheduled_at is None else max(as_stored(terms.scheduled_at), now)
    return next_moment("cron", terms.cron, moment) if terms.cron else moment


def _repeat(call: PendingCall) -> None:
    """Write down the next execution of a call that repeats, a record of its own."""
    event, using = call.event, call._state.db
    now = timezone.now()
    due_at = next_moment("cron", call.cron, max(now, call.event.scheduled_at or now))
    following = EventAction(
        uid=uuid4(),
        outcome=Outcome.PENDING.value,
        status_code=HTTPStatus.ACCEPTED.value,
        duration_seconds=0,
        scheduled_at=due_at,
        parent_uid=event.uid,
        **{name: getattr(event, name) for name in _REPEATED},
    )
    following.save(force_insert=True, using=using)
    # A trace of its own: that of the first call ended long ago.
    request = {**call.request, "traceparent": ""}
    PendingCall(event=following, due_at=due_at, request=request, cron=call.cron).save(force_insert=True, using=using)


_REPEATED = (
    *("resource", "action", "definition_version", "action_type", "object_id", "selection"),
    *("actor_id", "actor_name", "door", "correlation_id", "request_data"),
)


def _kept(data: Any) -> dict[str, Any]:
    """The payload as a row can hold it."""
    if isinstance(data, MultiValueDict):
        if files := [name for name, values in data.lists() if any(isinstance(value, File) for value in values)]:
            sentence = _("A file is not kept for later.")
            raise InvalidPayloadError(errors={name: [sentence] for name in files})
        return {"form": {name: list(values) for name, values in data.lists()}}
    return {"json": dict(data) if isinstance(data, Mapping) else data}
