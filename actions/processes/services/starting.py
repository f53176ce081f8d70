"""Starts runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.conf import conf
from actions.context import current_context
from actions.exceptions import IdempotencyError, InvalidTermError, RefusedError
from actions.processes.executor import find_process, hash_of, prepare, unique_key_of
from actions.processes.models import Run
from actions.processes.store import insert_run
from actions.processes.store.columns import Text
from actions.processes.values import dump
from actions.work import announce

from .allowing import check_may_start
from .handing import go_on, hand_over, is_handed_over, is_inline, refresh
from .start_terms import check_correlation, check_key, check_priority, read_moment


def start(  # noqa: PLR0913 - each is a thing that a caller may say
    process_id: str,
    payload: Mapping[str, Any] | None = None,
    *,
    actor: Any = None,
    key: str | None = None,
    unique_key: str | None = None,
    at: datetime | None = None,
    priority: int = 0,
    queue: str | None = None,
    event_uid: UUID | None = None,
    correlation_id: str | None = None,
    in_background: bool | None = None,
    is_paused: bool = False,
    node: str | None = None,
    state: Mapping[str, Any] | None = None,
    using: str = "default",
) -> Run:
    """Start a process.

    By default (DJACTION_RUNNER = "inline") the caller goes on with it until it waits or ends. Inside of a transaction
    of the caller's the run shares its fate, and steps that act outside of the database wait for its commit.

    Args:
        process_id: Such as "signup-request".
        payload: What it takes.
        actor: Who starts it: its actions are done by him. He needs the permissions that the process names; where no
            actor is given, the project's own code starts it, and is not asked.
        key: An idempotency key: the same one gives the same run again.
        unique_key: Of the process's unfinished runs with the same one there is one at the most. None: as the process
            says itself, of an automation its `unique`.
        at: Not before this moment.
        priority: Minutes of head start in the queue: it is taken as if it had waited so much longer.
        queue: Whose workers take it; None: as the process says, "default" for most.
        event_uid: The execution of an action that starts it; None: the one that this is called in, if any.
        correlation_id: Of all that it causes; None: that execution's, or one of its own.
        in_background: Whether the caller does not wait for any step; None: as DJACTION_RUNNER says.
        is_paused: Whether nothing is done until it is resumed.
        node: The step to begin with; None: the first one.
        state: JSON that its state begins with. It is not checked: nothing of a caller's belongs there.
        using: The database that it is kept in.

    Returns:
        The run as far as it has come; `is_replay` says that it was there already.

    Raises:
        UnknownProcessError: There is no such process.
        RefusedError: The actor may not start it (403), or a run with this unique key is not over yet.
        InvalidPayloadError: The payload does not fit.
        IdempotencyError: The key was used with another payload.
        InvalidTermError: The priority is no whole number from 0 to that of ten years; a key or the correlation id is
            none; `at` is no moment; there is no such step; no worker takes runs of this queue; there is a unique key,
            and the process says itself what there may be one of.
    """
    check_priority(priority)
    check_correlation(correlation_id)
    check_key("key", key)
    check_key("unique_key", unique_key)
    begins_at = read_moment(at) if at is not None else None
    check_may_start(find_process(process_id, actor), actor)
    run = prepare(process_id, payload, using=using)
    _say_who(run, actor, event_uid, correlation_id)
    run.priority, run.queue = priority, _known_queue(queue or run.queue)
    if node is not None:
        run.node = _known_node(process_id, node)
    if state:
        run.state = dict(state)
    if is_paused:
        run.paused_at = timezone.now()
    if unique_key is not None:
        run.unique_key = run.retry_key = _said_unique(run, unique_key)
    run.key_hash = hash_of(process_id, run.actor_id, key) if key is not None else None
    run.due_at = begins_at
    is_later = begins_at is not None and begins_at > timezone.now()
    is_held = not is_later and not is_paused and (is_inline(in_background) or is_handed_over())
    known = write_new(run, using, is_held=is_held)
    if known is not None or is_paused:
        return known or run
    if not run.fence:
        announce(using)
    elif is_inline(in_background):
        return read_back(go_on(run, using), using)
    else:
        hand_over(run, using)
    return run


def _known_queue(queue: str) -> str:
    # Nobody looks for others: it would wait for ever.
    if queue not in conf.QUEUES:
        names = ", ".join(conf.QUEUES)
        raise InvalidTermError(
            _('There is no queue "%(queue)s". DJACTION_QUEUES has %(names)s.') % {"queue": queue[:100], "names": names}
        )
    return queue


def _known_node(process_id: str, node: str) -> str:
    if node not in find_process(process_id).graph.nodes:
        raise InvalidTermError(_("There is no node %(node)s in %(process)s.") % {"node": node, "process": process_id})
    return node


def _said_unique(run: Run, unique_key: str) -> str:
    if run.unique_key is not None:
        detail = _("%(process)s says itself what there may be one of: give no unique key.") % {"process": run.process}
        raise InvalidTermError(detail)
    return unique_key_of(run.process, unique_key)


def write_new(run: Run, using: str, *, is_held: bool) -> Run | None:
    """Write it; the run that is there already where it has the same idempotency key.

    Raises:
        RefusedError: One with its unique key is not over yet.
        IdempotencyError: Its key was used with another payload.
    """
    limit = find_process(run.process).graph.max_running
    if run.key_hash is None and run.unique_key is None:
        insert_run(run, using, is_held=is_held, max_running=limit)
        return None
    try:
        with transaction.atomic(using=using):
            insert_run(run, using, is_held=is_held, max_running=limit)
    except IntegrityError:
        known = _known(run, using)
        if known is None:
            raise
        return known
    return None


def _known(run: Run, using: str) -> Run | None:
    rows: QuerySet[Run] = Run._base_manager.using(using)
    if run.key_hash is not None:
        known = rows.filter(key_hash=run.key_hash).first()
        if known is not None:
            if known.payload != json.loads(dump(run.payload)):
                raise IdempotencyError(
                    _("This key was used to start a run with another payload."), status=422, code="key_reused"
                )
            known.is_replay = True
            return known
    refuse_second(run.unique_key, using)
    return None


def refuse_second(unique_key: str | None, using: str) -> None:
    """Refuse a run beside the one that has its unique key.

    Raises:
        RefusedError: There is one (409).
    """
    if unique_key is None:
        return
    other = Run._base_manager.using(using).filter(unique_key=unique_key).first()
    if other is not None:
        detail = _("Run %(run)s of %(process)s is not over yet, and there may be only one.")
        raise RefusedError(
            detail % {"run": other.pk, "process": other.process}, code="already_running", extra={"run": other.pk}
        )


def _say_who(run: Run, actor: Any, event_uid: UUID | None, correlation_id: str | None) -> None:
    context = current_context.get()
    if context is not None:
        actor = context.actor if actor is None else actor
        event_uid = event_uid or context.uid
        correlation_id = correlation_id or context.correlation_id
        run.traceparent = context.traceparent
    if actor is not None and actor.pk is not None:
        run.actor_id, run.actor_name = str(actor.pk), str(actor)[:255]
    run.event_uid = event_uid
    run.correlation_id = correlation_id or run.correlation_id


def read_back(run: Run, using: str) -> Run:
    """The run as it is in the database; without a look where all of it is known here."""
    if not run.is_finished:
        # A branch or another worker may have gone on with it.
        return refresh(run, using)
    # As it is written: nobody has it any more.
    run.due_at = None
    if isinstance(run.result, Text):
        run.result = json.loads(run.result)
    return run
