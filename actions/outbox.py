"""The only writer of new `Delivery` rows: in the transaction of the record, so that neither is there without the other.

event = record_success(...)
outbox.post(event, action, hooks_for(action, name, outcome))      # one row for each hook
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from .hooks import ENDPOINTS, Hook, Message, describe
from .models import Delivery, DeliveryState
from .redaction import redact, storable
from .signals import after_commit, deliveries_posted
from .work import announce

if TYPE_CHECKING:
    from .definitions import Action
    from .models import EventAction

Text = str | Callable[[], str]

logger = logging.getLogger(__name__)


def post(
    event: EventAction, action: Action | None, hooks: Iterable[Hook], *, text: Text = "", traceparent: str = ""
) -> list[Delivery]:
    """Write down what is to be sent about a record that has just been written.

    Args:
        event: The record of an execution that has ended.
        action: Its definition, None where it is gone.
        hooks: Those that it concerns; see `hooks.hooks_for`.
        text: What the action says of itself, "" for the usual sentence.
        traceparent: W3C Trace Context of the call.
    """
    title = action.title if action is not None else ""
    found = [_delivery(event, hook, title, text, traceparent) for hook in hooks]
    rows = [row for row in found if row is not None]
    using = event._state.db
    if rows:
        Delivery.objects.using(using).bulk_create(rows)
        after_commit(str(using), partial(_tell, str(using), rows))
        announce(str(using))
    return rows


def order_key(hook: str, event: EventAction) -> str:
    """What deliveries have in common that are to arrive in their order: hook and object; a list is an object, too."""
    return f"{hook}|{event.resource}|{event.object_id or ''}"[:255]


def _delivery(event: EventAction, hook: Hook, title: str, text: Text, traceparent: str) -> Delivery | None:
    row = Delivery(
        event=event,
        hook=hook.name,
        options=dict(hook.overrides),
        # Which stored webhooks want an order is known when they are read.
        order_key=order_key(hook.name, event) if hook.ordered or hook.type == ENDPOINTS else "",
        correlation_id=event.correlation_id,
        traceparent=traceparent,
    )
    name = "get_stream_message"
    try:
        # In a block of its own, so that a statement of the function that fails does not spoil the transaction.
        with transaction.atomic(using=event._state.db, savepoint=bool(hook.message) or not isinstance(text, str)):
            said = storable(str(text() if callable(text) else text))
            name = hook.message
            message = describe(event, hook, title=title, text=said)
            if message is None:
                return None
            row.message = _kept(message) if hook.message else message.as_dict()
    except Exception as error:  # noqa: BLE001 - whatever a function of the project raises
        # What is told of an action must not make it fail.
        # Its kind only: words may quote what was sent.
        kind = type(error).__name__
        logger.error("%s: %s could not word a message: %s.", hook.name, name, kind, extra={"hook": hook.name})  # noqa: TRY400
        plain = describe(event, Hook(hook.name, hook.type), title=title)
        assert plain is not None  # noqa: S101 - without a function there always is one
        row.message = plain.as_dict()
        row.state, row.due_at, row.ended_at = DeliveryState.DEAD.value, None, timezone.now()
        row.error = f"{name} failed: {type(error).__name__}. If retried, it goes as it is here."
    return row


def _kept(message: Message) -> dict[str, Any]:
    """What a project's function has made, in values that every database takes."""
    if not isinstance(message.data, Mapping):
        raise TypeError("The data of a message is a mapping.")
    kept: dict[str, Any] = redact(message.as_dict(), frozenset())
    return kept


def _tell(using: str, rows: list[Delivery]) -> None:
    keys = [row.pk for row in rows if row.state == DeliveryState.WAITING.value]
    deliveries_posted.send_robust(Delivery, using=using, keys=keys)
