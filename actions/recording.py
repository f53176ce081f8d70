"""The only writer of `EventAction` rows."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from django.http.response import HttpResponseBase
from rest_framework.response import Response

from .changes import Change, ChangeTracker
from .models import BULK, INSTANCE, EventAction, Outcome
from .redaction import (
    MASK,
    mask,
    mask_within,
    redact,
    redact_change,
    redact_errors,
    secret_names,
    secret_texts,
    storable,
)
from .terms import PLAIN, Terms

if TYPE_CHECKING:
    from .binding import BoundAction
    from .context import ActionContext
    from .exceptions import ActionError

UNRECORDED = frozenset({401, 429})
"""Refusals that leave no record: anybody on the network could fill the table with them."""
MAX_TEXT = 10_000
"""Characters that a record keeps of an answer that is no JSON, and of a traceback."""


@dataclass(slots=True)
class Execution:
    """What is known of one execution so far."""

    bound: BoundAction
    context: ActionContext
    terms: Terms = PLAIN
    is_tracked: bool = True
    """What DJACTION_TRACK_ACTIONS said when it began: to read a setting takes its time."""
    data: Any = None
    """As it was sent."""
    payload: Any = None
    """The same without what is no payload: ids, items and terms."""
    using: str = "default"
    started: float = 0.0
    """`perf_counter()` at the beginning."""
    object_id: object = None
    selection: dict[str, Any] | None = None
    is_many: bool = False
    """Whether it is done to several objects."""
    caller: str = ""
    """Whose budget it spends."""
    fingerprint: str = ""
    """Of all that it asks for, where a key or a plan needs it."""
    tracker: ChangeTracker | None = None
    event: EventAction | None = None
    """The row that there is already: an idempotency key has claimed it, or a worker carries it out."""
    has_begun: bool = False
    """Whether the function was called: all that could be checked before is right."""
    is_done: bool = False
    """Whether function and record are done, and only the commit is left."""


def record_success(execution: Execution, body: Any, status: int) -> EventAction | None:
    """Write the record of an action that was carried out; None where nothing is tracked."""
    if not execution.is_tracked and execution.event is None:
        return None
    if isinstance(body, Response):
        body = body.data
    is_json = not isinstance(body, HttpResponseBase)
    secret = secret_names(execution.bound.sensitive)
    answer = redact(body, secret) if is_json else None
    if execution.is_many and (secrets := secret_texts(execution.data, secret)):
        # It has the errors of single objects, and their sentences may quote what was sent.
        answer = mask_within(answer, secrets)
    return _write(
        execution,
        secret,
        outcome=Outcome.SUCCEEDED.value,
        status_code=status,
        response_data=answer,
        response_content="" if is_json else _described(body),
        **_changed(execution.tracker, secret),
    )


def record_error(execution: Execution, error: ActionError, **columns: Any) -> EventAction | None:
    """Write the record of an action that was refused or failed; None where nothing is tracked.

    Calls of nobody (401) and too many calls (429) leave none.

    To be called outside of the transaction that was rolled back, so that the record stays.

    Args:
        execution: What is known of it.
        error: What the caller is told.
        columns: What else is written: the idempotency key, where it keeps this answer.
    """
    is_needed = execution.event is not None or "key_hash" in columns
    if not is_needed and (not execution.is_tracked or error.status in UNRECORDED):
        return None
    secret = secret_names(execution.bound.sensitive)
    secrets = secret_texts(execution.data, secret)
    errors = redact_errors(error.errors, secret, secrets)
    facts: dict[str, Any] = {"code": error.code, "detail": mask(error.detail, secrets), "errors": errors}
    if error.extra:
        facts["extra"] = mask_within(redact(error.extra, secret), secrets)
    cause = error.__cause__
    if error.status >= 500 and cause is not None:
        facts["exception"] = mask(f"{type(cause).__name__}: {cause}", secrets)[:MAX_TEXT]
        facts["traceback"] = mask("".join(traceback.format_exception(cause)), secrets)[-MAX_TEXT:]
    return _write(
        execution,
        secret,
        outcome=(Outcome.FAILED if error.status >= 500 else Outcome.REFUSED).value,
        status_code=error.status,
        error=facts,
        **columns,
    )


def record_start(execution: Execution, outcome: str, **columns: Any) -> EventAction:
    """Write the record of an execution that has not ended: one with a key, or one for later."""
    secret = secret_names(execution.bound.sensitive)
    execution.event = _write(execution, secret, outcome=outcome, status_code=202, **columns)
    return execution.event


def record_state(event: EventAction, outcome: str, *, of: tuple[str, ...], **columns: Any) -> bool:
    """Move the record of an execution that has not ended on; False where it is in none of the outcomes `of` any more.

    Args:
        event: The record; changed as its row is.
        outcome: What it is from now on.
        of: Outcomes that it may have now.
        columns: What else is written.
    """
    rows = EventAction.objects.using(event._state.db).filter(pk=event.pk, outcome__in=of)
    columns["outcome"] = outcome
    if not rows.update(**columns):
        return False
    for name, value in columns.items():
        setattr(event, name, value)
    return True


def _changed(tracker: ChangeTracker | None, secret: frozenset[str]) -> dict[str, Any]:
    """The columns that say what was changed."""
    if tracker is None:
        return {}
    changes = [redact_change(change, secret) for change in tracker.found()]
    is_complete = all(map(_is_restorable, changes)) and not tracker.others()
    return {"changes": changes or None, "is_complete": is_complete}


def _is_restorable(change: Change) -> bool:
    """Whether the value of before can be written back: of a row that was there and still is, and no secret."""
    return change["field"] is not None and change["before"] != MASK and change["after"] != MASK


def _write(execution: Execution, secret: frozenset[str], **columns: Any) -> EventAction:
    bound, context = execution.bound, execution.context
    columns["duration_seconds"] = perf_counter() - execution.started
    event = execution.event
    if event is not None:
        if execution.object_id is not None:
            columns["object_id"] = storable(str(execution.object_id)[:255])
        for name, value in columns.items():
            setattr(event, name, value)
        event.save(using=execution.using, update_fields=columns)
        return event
    event = EventAction(
        uid=context.uid,
        resource=context.resource[:100],
        action=context.action[:100],
        definition_version=bound.action.version[:50],
        action_type=INSTANCE if bound.is_instance and not execution.is_many else BULK,
        object_id=None if execution.object_id is None else storable(str(execution.object_id)[:255]),
        selection=execution.selection and redact(execution.selection, secret),
        actor_id=_actor_id(context.actor),
        actor_name=_actor_name(context.actor),
        door=context.door[:30],
        correlation_id=context.correlation_id,
        parent_uid=context.parent_uid,
        request_data=redact(execution.data, secret),
        **columns,
    )
    event.save(force_insert=True, using=execution.using)
    return event


def _actor_id(actor: Any) -> str | None:
    pk = getattr(actor, "pk", None)
    return None if pk is None else str(pk)[:255]


def _actor_name(actor: Any) -> str:
    if getattr(actor, "pk", None) is None:
        return ""
    name = actor.get_username() if hasattr(actor, "get_username") else actor
    return str(name)[:255]


def _described(response: HttpResponseBase) -> str:
    """What an answer that is no JSON was: its text, or for anything else its media type and size."""
    content_type = response.get("Content-Type", "")
    if response.streaming:
        return f"{content_type}, streamed"
    if not getattr(response, "is_rendered", True):
        return f"{content_type}, from a template"
    content = getattr(response, "content", b"")
    if content_type.startswith("text/") and len(content) <= MAX_TEXT:
        return storable(content.decode(response.charset or "utf-8", errors="replace"))
    return f"{content_type}, {len(content)} bytes"
