"""The worker's queue of calls that were accepted for later: takes them, and sees that none is lost.

A call whose worker dies falls due again with its lease, and is begun again or counts as failed, as its definition says
(`interrupted`). One that finds the database busy is tried again, later and later. After DJACTION_MAX_ATTEMPTS either
ends as failed, in its record. So nothing waits without end, and nothing ends unseen.
"""

from __future__ import annotations

import logging

from django.utils import timezone
from django.utils.translation import gettext as _

from . import archive, later, work
from .conf import conf
from .definitions import INTERRUPTED
from .discovery import load_viewsets
from .exceptions import UnavailableError, UnknownActionError
from .models import PendingCall
from .requests import find

logger = logging.getLogger(__name__)


def databases() -> list[str]:
    """Where calls may wait: beside the records."""
    # Which databases that are, the ViewSets say.
    load_viewsets()
    return archive.databases()


def carry_out_next(using: str) -> bool:
    """Take the call that has been due longest and carry it out; False where none is due.

    Raises:
        DatabaseError: Nothing could be taken. What goes wrong later concerns one call, and is only logged.
    """
    call = work.claim(PendingCall, using=using)
    if call is None:
        return False
    facts = {"event": call.pk, "attempt": call.attempts, "database": using}
    try:
        with work.Hold(call) as hold:
            _end_or_try_again(call, hold)
    except work.LeaseLostError as error:
        # Its effects are rolled back; who has the call now does it.
        logger.warning("%s", error, extra=facts)
    except Exception:
        # Nobody knows how far it came: as if this worker had died, it falls due again when the lease is over.
        logger.exception("Call %s was not carried out.", call.pk, extra=facts)
    return True


def _end_or_try_again(call: PendingCall, hold: work.Hold) -> None:
    if reason := _reason_to_give_up(call):
        later.give_up(call, reason)
        return
    try:
        later.carry_out(call, hold)
    except UnavailableError as error:
        if call.attempts >= conf.MAX_ATTEMPTS:
            later.give_up(
                call, _("Tried %(count)s times. %(detail)s") % {"count": call.attempts, "detail": error.detail}
            )
            return
        wait = work.backoff(call.attempts)
        logger.info("Call %s is tried again in %s: %s", call.pk, wait, error, extra={"attempt": call.attempts})
        work.release(call, timezone.now() + wait)


def _reason_to_give_up(call: PendingCall) -> str:
    """Why it is not begun, for a person; "" where it is."""
    if call.attempts > conf.MAX_ATTEMPTS:
        return _("Begun %(count)s times, and never brought to an end.") % {"count": call.attempts - 1}
    if work.was_interrupted(call) and _interrupted(call) == INTERRUPTED.FAIL.value:
        return _("It was cut off in the middle, and is not begun again by itself.")
    return ""


def _interrupted(call: PendingCall) -> str:
    """What the definition says; of an action that is gone the execution will say so."""
    try:
        _registry, bound = find(f"{call.event.resource}:{call.event.action}")
    except UnknownActionError:
        return INTERRUPTED.RETRY.value
    return bound.action.interrupted
