"""Runs a function of the project's on a run that waits, beside its steps."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.processes.context import StepContext, current_step
from actions.processes.exceptions import StepError, WrongStateError
from actions.processes.executor import actor_of, facts_of, is_in_transaction
from actions.processes.models import Run
from actions.processes.registry import processes
from actions.processes.states import Status
from actions.processes.store import Scope, State, outside
from actions.processes.values import dump, load
from actions.redaction import mask, mask_within, redact, secret_names, secret_texts

from .looking import look_again


def receive(
    run: Run | int, name: str, body: Callable[[StepContext], Any], *, said: Any = None, using: str = "default"
) -> Any:
    """Call a function with what a step would see of the run, in a transaction, and keep what it puts into the state.

    It leaves a row among the run's steps, and never moves the run; what the run waits for is looked at afterwards. A
    function that fails leaves that row alone. Within a step of the same run it is a part of that step.

    Args:
        run: The run or its key.
        name: What the row is called: "receive_reply".
        body: The function.
        said: JSON for the row's `input`.
        using: The database, where a key is given.

    Returns:
        What the function returns.

    Raises:
        WrongStateError: The run is over.
        Exception: Whatever the function raises.
    """
    key, database = (run, using) if isinstance(run, int) else (run.scope_id, str(run._state.db))
    step = current_step.get()
    if step is not None and step.run_id == key and step.using == database:
        step.log(f"{name} within this step")
        return body(step)
    is_inside, started_at = is_in_transaction(database), timezone.now()
    try:
        with outside.locked(key, database, waits=not is_inside) as row:
            answer = _call(row, name, body, said, started_at, database)
    except WrongStateError:
        raise
    except Exception as error:
        _note_failure(key, name, said, error, started_at, database)
        raise
    if is_inside:
        transaction.on_commit(partial(_look, key, database), using=database, robust=True)
    else:
        _look(key, database)
    return answer


def _look(key: int, using: str) -> None:
    # It may have been removed by what it was told.
    with suppress(Run.DoesNotExist):
        look_again(key, using=using)


def _call(row: Run, name: str, body: Callable[[StepContext], Any], said: Any, started_at: datetime, using: str) -> Any:
    if row.is_finished:
        raise WrongStateError(_("Run %(run)s is %(status)s.") % {"run": row.pk, "status": row.status})
    scope = Scope(row, using)
    context = _context(row, name, scope, started_at)
    token = current_step.set(context)
    try:
        answer = body(context)
    finally:
        current_step.reset(token)
    if not Run._base_manager.using(using).filter(pk=row.pk).exists():
        # It has removed the run.
        return answer
    if scope.changes():
        outside.put(row, scope.data, using)
    columns = {"input": _shown(said, row), "result": _shown(answer, row), "log": _log(context, row)}
    outside.add_step(row, name, Status.SUCCEEDED, started_at, using, **columns)
    return answer


def _shown(value: Any, row: Run) -> Any:
    """What the row of a receipt keeps: JSON, without secrets."""
    try:
        plain = load(dump(value))
    except StepError:
        return None
    return mask_within(redact(plain, secret_names(_sensitive(row))), _secrets(row))


def _log(context: StepContext, row: Run) -> str:
    return mask("\n".join(context.lines), _secrets(row))


def _secrets(row: Run) -> set[str]:
    return secret_texts([row.payload, row.state], secret_names(_sensitive(row)))


def _sensitive(row: Run) -> tuple[str, ...]:
    process = processes.get(row.process)
    return process.sensitive if process is not None else ()


def _context(row: Run, name: str, scope: Scope, started_at: datetime) -> StepContext:
    return StepContext(
        process=row.process,
        node=name,
        run_id=row.pk,
        run_uid=row.uid,
        number=row.number,
        attempt=1,
        is_last_attempt=True,
        idempotency_key="",
        payload=row.payload,
        state=State(scope),
        entered_at=started_at,
        using=scope.using,
        correlation_id=row.correlation_id,
        get_actor=actor_of(row.actor_id, scope.using),
    )


def _note_failure(key: int, name: str, said: Any, error: Exception, started_at: datetime, using: str) -> None:
    row = Run._base_manager.using(using).filter(pk=key).first()
    if row is not None:
        facts = facts_of(error, name, row.payload, _sensitive(row))
        outside.add_step(row, name, Status.FAILED, started_at, using, input=_shown(said, row), error=facts)
