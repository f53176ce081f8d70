"""The hook that is asked before the work: a system that has a say, or that has to be told first ("writeback")."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from .exceptions import ConfigurationError, RefusedError, UnavailableError
from .hooks import before_hook, find_hook
from .redaction import redact, secret_names
from .senders import Parcel, PermanentError, TemporaryError, sender_of

if TYPE_CHECKING:
    from .hooks import Hook
    from .recording import Execution

logger = logging.getLogger(__name__)

MAX_DETAIL = 500


def ask_before(execution: Execution) -> None:
    """Ask the hook that the definition names, if any; its answer is `context.writeback`.

    In the action's transaction and with its locks: for receivers that answer quickly. A preview asks nobody.

    Raises:
        RefusedError: It says no (409), in its own words if it gives any.
        UnavailableError: It cannot be asked (503).
    """
    named = before_hook(execution.bound.action)
    context = execution.context
    if named is None or context.is_preview:
        return
    try:
        context.writeback = _answer(execution, named)
    except PermanentError as error:
        if error.status is None or not HTTPStatus.BAD_REQUEST <= error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _unavailable(named.name, error) from error
        raise RefusedError(error.detail[:MAX_DETAIL], code="refused_by_hook") from error
    except (TemporaryError, ConfigurationError) as error:
        raise _unavailable(named.name, error) from error


def _answer(execution: Execution, named: Hook) -> Any:
    """What the hook answers.

    Raises:
        DeliveryError: It does not, or says no.
        ConfigurationError: The settings do not know it, or it cannot be asked at all.
    """
    context = execution.context
    hook = find_hook(named.name)
    sender: Any = sender_of(hook.type)
    if not hasattr(sender, "ask"):
        raise ConfigurationError(f'DJACTION_HOOKS["{hook.name}"]: a {hook.type} is told things and answers nothing.')
    parcel = Parcel(
        uid=context.uid,
        hook=hook.name,
        options={**hook.options, **named.overrides},
        message=_message(execution),
        correlation_id=context.correlation_id,
        traceparent=context.traceparent,
    )
    return sender.ask(parcel)


def _unavailable(name: str, error: Exception) -> UnavailableError:
    """What the caller is told where the hook cannot be asked. Why is for the operator, and stands in the log."""
    logger.error("%s cannot be asked: %s", name, error, extra={"hook": name})
    detail = _('"%(hook)s" has to be asked first and cannot be reached. Nothing was changed; try again.')
    retry_after = getattr(error, "retry_after", None)
    seconds = int(retry_after.total_seconds()) if retry_after is not None else 5
    return UnavailableError(
        detail % {"hook": name}, code="hook_unavailable", headers={"Retry-After": str(max(1, seconds))}
    )


def _message(execution: Execution) -> dict[str, Any]:
    """What the hook is asked: as the message of the event later, without what is not known yet."""
    bound, context = execution.bound, execution.context
    secret = secret_names(bound.sensitive)
    object_id = None if execution.object_id is None else str(execution.object_id)
    actor_id = None if getattr(context.actor, "pk", None) is None else str(context.actor.pk)
    data = {
        "uid": str(context.uid),
        "resource": bound.resource,
        "action": bound.id,
        "version": bound.action.version,
        "object_id": object_id,
        "selection": execution.selection and redact(execution.selection, secret),
        "actor": {"id": actor_id, "name": str(context.actor)},
        "door": context.door,
        "correlation_id": context.correlation_id,
        "parent_uid": context.parent_uid and str(context.parent_uid),
        "request": redact(execution.data, secret),
    }
    return {
        "type": f"{bound.resource}.{bound.id}.before",
        "verb": bound.id,
        "actor": "" if actor_id is None else f"user:{actor_id}",
        "actor_name": str(context.actor),
        "object": "" if object_id is None else f"{bound.resource}:{object_id}",
        "text": bound.action.title or bound.id,
        "time": timezone.now().isoformat(),
        "foreign_id": str(context.uid),
        "data": data,
    }
