"""A call that is made twice with one Idempotency-Key is done once.

The key is claimed by an INSERT of the record in the transaction of the effect; the column is unique, so that of two
calls at the very same time one waits for the other. What is kept of the answer is what the record keeps: secrets are
masked in a replay. An answer is kept from the moment on at which the function was called, failures included; a call
that was refused before may be corrected and sent again with its key.

Source: draft-ietf-httpapi-idempotency-key-header-07; what is stored is as Stripe does it.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.core.files.base import File
from django.db import IntegrityError, OperationalError, connections, transaction
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from rest_framework.utils.encoders import JSONEncoder

from .budgets import user_of
from .conf import conf
from .exceptions import ActionError, IdempotencyError
from .models import UNFINISHED, EventAction, Outcome
from .recording import record_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

    from .recording import Execution

KEY_HEADER = "Idempotency-Key"
REPLAYED = {"Idempotent-Replayed": "true"}


class KeyTakenError(Exception):
    """There is a record with the key; `answer_again` says what it means."""


def claim(execution: Execution, outcome: str = Outcome.RUNNING.value) -> str:
    """Write the record with the key, before anything else in the transaction; the key's digest.

    Raises:
        KeyTakenError: There is one.
        IdempotencyError: Another call has the key and did not end in time.
    """
    using = execution.using
    taken: IntegrityError | None = None
    columns = key_columns(execution)
    # The wait is outside of the savepoint: it is set back in a transaction that nothing has broken.
    with transaction.atomic(using=using, savepoint=False), _bounded_wait(connections[using]):
        try:
            with transaction.atomic(using=using):
                record_start(execution, outcome, **columns)
        except IntegrityError as error:
            execution.event, taken = None, error
    if taken is not None:
        raise KeyTakenError from taken
    return columns["key_hash"]


def answer_again(execution: Execution) -> EventAction:
    """The record of the call that had the key, where it may answer this one.

    Raises:
        IdempotencyError: It was another request (422), or has not ended (409).
        ActionError: The answer is the error that it had.
    """
    events = EventAction.objects.using(execution.using)
    event: EventAction | None = events.filter(key_hash=key_hash(execution)).first()
    if event is None:
        # The other call was rolled back in the meantime: the key is free again.
        raise _still_running()
    if event.request_hash != execution.fingerprint:
        detail = _("This Idempotency-Key belongs to another request. Use a new key for a new request.")
        raise IdempotencyError(detail, status=422, code="key_reused")
    if event.outcome in UNFINISHED:
        if not hasattr(event, "pending_call"):
            raise _still_running()
    elif event.outcome == Outcome.SUCCEEDED.value:
        if event.response_content:
            detail = _("This was done already, and its answer, a file, was not kept.")
            raise IdempotencyError(detail, code="answer_not_kept", headers=REPLAYED)
    else:
        raise _error_of(event)
    return event


def key_columns(execution: Execution) -> dict[str, str]:
    """The columns of a record that hold its key."""
    return {"key_hash": key_hash(execution), "request_hash": execution.fingerprint}


def key_hash(execution: Execution) -> str:
    """The key by user and action, of one length and telling nothing."""
    said = [user_of(execution.context.request), execution.bound.name, execution.terms.key]  # type: ignore[arg-type]
    return _digest(said)


def fingerprint(execution: Execution) -> str:
    """A fingerprint of all that the call asks for."""
    request: Any = execution.context.request
    query = sorted((name, request.query_params.getlist(name)) for name in request.query_params if name != "dry_run")
    key = None if execution.object_id is None else str(execution.object_id)
    terms = execution.terms
    # `If-Match` is left out: a repeated call may know a newer version.
    how = [terms.is_async, terms.is_each, terms.scheduled_at, terms.cron]
    return _digest([execution.bound.name, key, query, _plain(execution.data), how])


def _error_of(event: EventAction) -> ActionError:
    if event.outcome == Outcome.CANCELLED.value:
        return IdempotencyError(_("The call with this Idempotency-Key was cancelled."), code="cancelled")
    facts = event.error or {}
    return ActionError(
        facts.get("detail"),
        errors=facts.get("errors"),
        code=facts.get("code"),
        status=event.status_code,
        headers=REPLAYED,
        extra=facts.get("extra"),
    )


def _still_running() -> IdempotencyError:
    return IdempotencyError(headers={"Retry-After": "1"})


_WAITS = {
    "postgresql": (
        (
            "SELECT set_config('actions.wait', current_setting('lock_timeout'), true), "
            "set_config('lock_timeout', '%(ms)sms', true)"
        ),
        "SELECT set_config('lock_timeout', current_setting('actions.wait'), true)",
    ),
    "mysql": (
        "SET @wait = @@SESSION.innodb_lock_wait_timeout, SESSION innodb_lock_wait_timeout = %(s)s",
        "SET SESSION innodb_lock_wait_timeout = @wait",
    ),
}
"""By the database's vendor, what shortens the wait and what restores it."""
_TIMED_OUT = frozenset({"55P03", 1205})
"""How PostgreSQL and MySQL call a lock that was not free in time."""


@contextmanager
def _bounded_wait(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Wait for another call's INSERT of the same key, but not for as long as that call runs.

    SQLite waits for the whole database, for the time that the connection's own `timeout` says, and before the
    transaction begins: nobody can tell for whom. That is a database that is busy, 503.

    Raises:
        IdempotencyError: The other call did not end in time.
    """
    seconds = conf.KEY_WAIT_SECONDS
    before, after = _WAITS.get(connection.vendor, ("", ""))
    if not before:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(before % {"ms": max(1, int(seconds * 1000)), "s": max(1, round(seconds))})
    try:
        yield
    except OperationalError as error:
        _restore(connection, after)
        if _has_timed_out(error):
            raise _still_running() from error
        raise
    except BaseException:
        _restore(connection, after)
        raise
    _restore(connection, after)


def _restore(connection: BaseDatabaseWrapper, sql: str) -> None:
    if not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute(sql)
    elif connection.vendor == "mysql":
        # A deadlock has ended the transaction, which Django does not know yet; the session goes on.
        with connection.wrap_database_errors, connection.connection.cursor() as cursor:
            cursor.execute(sql)


def _has_timed_out(error: OperationalError) -> bool:
    """Whether a lock was not free in time: PostgreSQL says it by its SQLSTATE, MySQL by a number."""
    return not _TIMED_OUT.isdisjoint({getattr(error.__cause__, "sqlstate", None), *error.args[:1]})


def _plain(data: Any) -> Any:
    """What was sent as JSON values; of a file what it contains."""
    if isinstance(data, MultiValueDict):
        return {key: [_plain(value) for value in values] for key, values in sorted(data.lists())}
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, File):
        digest = hashlib.sha256()
        for chunk in data.chunks():
            digest.update(chunk)
        data.seek(0)
        return [data.name, digest.hexdigest()]
    return data


def _digest(value: Any) -> str:
    text = json.dumps(value, cls=JSONEncoder, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
