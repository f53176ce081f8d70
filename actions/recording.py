"""The only writer of `EventAction` rows."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http.response import HttpResponseBase
from rest_framework.response import Response

from . import outbox
from .changes import Change, ChangeTracker
from .conf import conf
from .hooks import Hook, hooks_for
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
    is_committed: bool = False
    """Whether that has gone well, where the transaction is its own; what follows the commit may still fail."""

    @property
    def secret(self) -> frozenset[str]:
        """Names whose values are masked: also those of the actions that were performed within it."""
        inner = self.context.inner_names
        return secret_names(self.bound.sensitive | inner if inner else self.bound.sensitive)

    @property
    def secrets(self) -> set[str]:
        """The secrets that its errors may quote."""
        return secret_texts(self.data, self.secret) | self.context.inner_secrets


def record_success(execution: Execution, body: Any, status: int) -> EventAction | None:
    """Write the record of an action that was carried out; None where nothing is tracked."""
    hooks = _hooks(execution, Outcome.SUCCEEDED.value)
    if not (execution.is_tracked or hooks) and execution.event is None:
        return None
    if isinstance(body, Response):
        body = body.data
    is_json = not isinstance(body, HttpResponseBase)
    secret = execution.secret
    answer = redact(body, secret) if is_json else None
    if execution.is_many and (secrets := execution.secrets):
        # It has the errors of single objects, and their sentences may quote what was sent.
        answer = mask_within(answer, secrets)
    return _write_and_post(
        execution,
        secret,
        hooks,
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
    outcome = (Outcome.FAILED if error.status >= 500 else Outcome.REFUSED).value
    hooks = _hooks(execution, outcome) if error.status not in UNRECORDED else []
    is_needed = execution.event is not None or "key_hash" in columns or hooks
    if not is_needed and (not execution.is_tracked or error.status in UNRECORDED):
        return None
    secret, secrets = execution.secret, execution.secrets
    errors = redact_errors(error.errors, secret, secrets)
    facts: dict[str, Any] = {"code": error.code, "detail": mask(error.detail, secrets), "errors": errors}
    if error.extra:
        facts["extra"] = mask_within(redact(error.extra, secret), secrets)
    cause = error.__cause__
    if error.status >= 500 and cause is not None:
        facts["exception"] = mask(f"{type(cause).__name__}: {cause}", secrets)[:MAX_TEXT]
        facts["traceback"] = mask("".join(traceback.format_exception(cause)), secrets)[-MAX_TEXT:]
    return _write_and_post(
        execution,
        secret,
        hooks,
        outcome=outcome,
        status_code=error.status,
        error=facts,
        **columns,
    )


def record_start(execution: Execution, outcome: str, **columns: Any) -> EventAction:
    """Write the record of an execution that has not ended: one with a key, or one for later, or one with both."""
    execution.event = _write(execution, execution.secret, outcome=outcome, status_code=202, **columns)
    return execution.event


def record_downstream(event_key: Any, using: str, hook: str, facts: dict[str, Any]) -> None:
    """Write what came of an execution elsewhere; nothing where its record is gone."""
    with transaction.atomic(using=using):
        event = EventAction.objects.using(using).select_for_update().filter(pk=event_key).first()
        if event is not None:
            event.downstream = {**(event.downstream or {}), hook: facts}
            event.save(using=using, update_fields=["downstream"])


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


def _hooks(execution: Execution, outcome: str) -> list[Hook]:
    """The hooks that are told that it ended so."""
    if not (conf.HOOKS or execution.bound.action.hooks):
        return []
    return hooks_for(execution.bound.action, execution.bound.name, outcome)


def _write_and_post(execution: Execution, secret: frozenset[str], hooks: list[Hook], **columns: Any) -> EventAction:
    if not hooks:
        execution.event = _write(execution, secret, **columns)
        return execution.event
    # An action without a transaction has one for both at least.
    with transaction.atomic(using=execution.using, savepoint=False):
        execution.event = event = _write(execution, secret, **columns)
        context = execution.context
        outbox.post(event, execution.bound.action, hooks, text=context.text, traceparent=context.traceparent)
    return event


def _write(execution: Execution, secret: frozenset[str], **columns: Any) -> EventAction:
    bound, context = execution.bound, execution.context
    columns["duration_seconds"] = perf_counter() - execution.started
    event = execution.event
    if event is not None:
        if execution.object_id is not None:
            columns["object_id"] = storable(str(execution.object_id)[:255])
        if execution.selection is not None:
            columns["selection"] = redact(execution.selection, secret)
        if context.inner_names:
            # When it was written first, nobody knew of these.
            columns["request_data"] = redact(execution.data, secret)
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
