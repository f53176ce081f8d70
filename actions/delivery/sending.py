"""Takes what is due, hands it to its sender, and draws the conclusions."""

from __future__ import annotations

import logging
import traceback
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from actions import archive, telemetry
from actions.conf import conf
from actions.discovery import load_viewsets
from actions.exceptions import ConfigurationError
from actions.hooks import ENDPOINTS, all_hooks
from actions.models import Delivery, DeliveryState
from actions.recording import record_downstream
from actions.redaction import redact
from actions.senders import DeliveryError, GoneError, Parcel, PermanentError, Receipt, TemporaryError
from actions.work import Hold, LeaseLostError, backoff, claim, claim_row, release

from .endpoints import fan_out
from .health import (
    disable,
    has_failed_too_long,
    pause_waiting,
    state_of,
    went_well,
    went_wrong,
)
from .order import is_parked, wake_next
from .targets import Target, is_endpoint, target_of

logger = logging.getLogger(__name__)

MIN_TRIES = 5
"""A delivery is not given up before, however long its time has been over: the worker may have been away."""


def databases() -> list[str]:
    """Where deliveries may wait: beside the records."""
    # Which databases that are, the ViewSets say.
    load_viewsets()
    return archive.databases()


def deliver_next(using: str) -> bool:
    """Take the delivery that has been due longest, and send it; False where none is due.

    Raises:
        DatabaseError: Nothing could be taken. What goes wrong later concerns one delivery, and is only logged.
    """
    row = claim(Delivery, using=using)
    if row is None:
        return False
    _deliver_safely(row)
    return True


def deliver_posted(sender: Any, *, using: str, keys: list[int], **kwargs: Any) -> None:
    """Send what has just been committed at once, in this process, where DJACTION_DELIVER says so."""
    if conf.DELIVER != "commit":
        return
    left = list(keys)
    while left:
        row = claim_row(Delivery, left.pop(0), using=using)
        if row is not None:
            left += [each.pk for each in _deliver_safely(row)]


def deliver(row: Delivery) -> list[Delivery]:
    """Send a delivery that has been claimed, unless its time has not come.

    Returns:
        Those that it has become, where it was for all stored webhooks.

    Raises:
        LeaseLostError: Another worker has it.
    """
    using = str(row._state.db)
    hook = all_hooks().get(row.hook)
    if hook is not None and hook.type == ENDPOINTS:
        return [] if is_parked(row) else fan_out(row)
    state = state_of(row.hook, using)
    if state is not None and state.disabled_at is not None:
        _end(row, DeliveryState.DEAD, error=state.error)
        return []
    if state is not None and state.paused_until is not None and state.paused_until > timezone.now():
        release(row, state.paused_until)
        pause_waiting(row.hook, using, state.paused_until)
        return []
    if is_parked(row):
        return []
    with Hold(row):
        _attempt(row, has_failed=state is not None)
    return []


def _deliver_safely(row: Delivery) -> list[Delivery]:
    facts = {"delivery": str(row.uid), "hook": row.hook, "attempt": row.tries + 1}
    state, receipt = row.state, row.receipt
    try:
        return deliver(row)
    except LeaseLostError as error:
        # The receiver may get it twice, and knows it by its number.
        logger.warning("%s", error, extra=facts)
    except Exception as error:
        # As if this worker had died: it falls due again when the lease is over; and if that can be written, it is seen.
        logger.exception("Delivery %s was not brought to an end.", row.uid, extra=facts)
        row.state, row.receipt, row.ended_at = state, receipt, None
        _note(row, error)
    return []


def _note(row: Delivery, error: Exception) -> None:
    """Write down that an attempt broke in a way that nobody has thought of, so that it is seen and given up one day."""
    row.first_tried_at = row.first_tried_at or timezone.now()
    try:
        _fail(row, TemporaryError(_("It broke: %(kind)s.") % {"kind": type(error).__name__}))
    except Exception as failure:  # noqa: BLE001 - the database may be gone, or the row somebody else's
        logger.warning("Delivery %s: %s", row.uid, failure, extra={"hook": row.hook})


def _place_of(error: Exception) -> str:
    """What an error is and where it was raised, without its words."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return f"{type(error).__name__} in {last[0].name} ({last[0].filename}:{last[0].lineno})" if last else repr(error)


def _attempt(row: Delivery, *, has_failed: bool) -> None:
    using = str(row._state.db)
    row.tries += 1
    row.first_tried_at = row.first_tried_at or timezone.now()
    with telemetry.delivery_span(row.hook, row.tries, row.traceparent) as seen:
        try:
            target = target_of(row)
            if target is None:
                _end(row, DeliveryState.DISCARDED, error=_("Its endpoint is gone."))
                return
            receipt = _send(target, row, seen.traceparent)
        except DeliveryError as error:
            seen.error = error
            _fail(row, error)
        else:
            _succeed(row, target, receipt)
            if has_failed:
                went_well(row.hook, using)
        seen.facts["state"] = row.state


def _send(target: Target, row: Delivery, traceparent: str) -> Receipt:
    """Hand it to its sender.

    Raises:
        DeliveryError: It was not taken; whatever else goes wrong is one, too.
    """
    parcel = Parcel(
        uid=row.uid,
        hook=row.hook,
        options=target.options,
        message=row.message,
        attempt=row.tries,
        correlation_id=row.correlation_id,
        traceparent=traceparent,
        receipt=row.receipt or {},
    )
    try:
        receipt = target.sender.send(parcel)
    except DeliveryError:
        raise
    except ConfigurationError as error:
        raise TemporaryError(str(error)) from error
    except Exception as error:
        # Its kind only: words may quote what was sent.
        logger.error("The sender of %s broke: %s", row.hook, _place_of(error), extra={"hook": row.hook})  # noqa: TRY400
        raise TemporaryError(_("The sender broke: %(kind)s.") % {"kind": type(error).__name__}) from error
    if not isinstance(receipt, Receipt):
        raise PermanentError(_("The sender gave no receipt. Perhaps the message was sent."))
    # As a record keeps it: without what no database can hold.
    return Receipt(redact(dict(receipt.facts), frozenset()), receipt.again_in)


def _succeed(row: Delivery, target: Target, receipt: Receipt) -> None:
    facts = dict(receipt.facts)
    with transaction.atomic(using=row._state.db):
        if target.is_downstream and facts != row.receipt:
            record_downstream(row.event_id, str(row._state.db), row.hook, facts)
        row.receipt = facts
        if receipt.again_in is None:
            _end(row, DeliveryState.DELIVERED)
        else:
            # What goes wrong from here on has all its time again.
            row.state, row.error, row.first_tried_at = DeliveryState.FOLLOWED.value, "", timezone.now()
            _release(row, receipt.again_in)
    logger.info("%s: delivered", row.hook, extra={"delivery": str(row.uid), "hook": row.hook, "attempt": row.tries})


def _fail(row: Delivery, error: DeliveryError) -> None:
    using = str(row._state.db)
    detail = error.detail if error.status is None else f"{error.status}: {error.detail}"
    row.error = detail
    facts = {"delivery": str(row.uid), "hook": row.hook, "attempt": row.tries}
    with transaction.atomic(using=using):
        if not isinstance(error, TemporaryError):
            logger.error("%s does not take delivery %s: %s", row.hook, row.uid, detail, extra=facts)
            _end(row, DeliveryState.DEAD, error=detail)
            if isinstance(error, GoneError) and is_endpoint(row.hook):
                disable(row.hook, using, detail)
            return
        until = went_wrong(row.hook, using, detail, retry_after=error.retry_after)
        if _is_over(row):
            logger.error("Delivery %s to %s is given up: %s", row.uid, row.hook, detail, extra=facts)
            _end(row, DeliveryState.DEAD, error=detail)
        else:
            logger.warning("%s: not delivered: %s", row.hook, detail, extra=facts)
            _release(row, max(until - timezone.now(), backoff(row.tries)))
        _disable_if_hopeless(row.hook, using, detail)


def _disable_if_hopeless(hook: str, using: str, detail: str) -> None:
    """A stored webhook that has taken nothing for days is left alone."""
    state = state_of(hook, using) if is_endpoint(hook) else None
    if state is not None and state.failures >= MIN_TRIES and has_failed_too_long(state):
        disable(hook, using, detail)


def _is_over(row: Delivery) -> bool:
    since = row.first_tried_at or timezone.now()
    return row.tries >= MIN_TRIES and since < timezone.now() - timedelta(minutes=conf.DELIVERY_RETRY_MINUTES)


def _end(row: Delivery, state: DeliveryState, *, error: str = "") -> None:
    row.state, row.error, row.ended_at = state.value, error, timezone.now()
    with transaction.atomic(using=row._state.db):
        _release(row, None)
        if state != DeliveryState.DEAD:
            # Behind a dead one the others wait: their order was asked for.
            wake_next(row)


def _release(row: Delivery, wait: timedelta | None) -> None:
    release(
        row,
        None if wait is None else timezone.now() + wait,
        **{name: getattr(row, name) for name in ("state", "tries", "first_tried_at", "receipt", "error", "ended_at")},
    )
