"""Django signals of executions: to be listened to in the process that performs the action.

    @receiver(action_succeeded, sender=TodoViewSet)
    def tell(sender, event, context, **kwargs): ...

All of them are sent with:

- `sender`: the ViewSet's class; None where a resource has lost it;
- `action`: "todo:mark_done";
- `event`: the `EventAction`, None where nothing is recorded;
- `context`: the `ActionContext`, None where a worker ended a call that it could not begin;
- `outcome`: "succeeded", "failed" or "refused"; `status`: as over HTTP; `error`: the `ActionError`, else None.

After the commit, so that a receiver reads what is there to stay; inside of a caller's own transaction after that one's.
A receiver that fails is logged and changes nothing. What must not be lost is no receiver's matter: see DJACTION_HOOKS.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal

action_started = Signal()
"""The caller may call it, and it is begun, its object not yet looked for; sent at once: `sender`, `action`, `context`.

What receivers write goes with the action's transaction, or is rolled back by itself where one of them fails.
"""
action_succeeded = Signal()
action_failed = Signal()
"""By its own fault or the database's (5xx)."""
action_refused = Signal()
"""The caller may mend it (4xx)."""

deliveries_posted = Signal()
"""The package's own, after the commit: `using`, and `keys` of `Delivery` rows that may be sent."""

_BY_OUTCOME = {"succeeded": action_succeeded, "failed": action_failed, "refused": action_refused}


def announce_start(sender: type | None, action: str, context: Any) -> None:
    """Send `action_started`."""
    if not action_started.has_listeners(sender):
        return
    with transaction.atomic(using=context.using):
        answers = action_started.send_robust(sender, action=action, context=context)
        if any(isinstance(answer, Exception) for _receiver, answer in answers):
            transaction.set_rollback(True, using=context.using)


def announce_end(
    sender: type | None, action: str, *, outcome: str, using: str, status: int, event: Any, context: Any, error: Any
) -> None:
    """Send the signal of an outcome when the transaction is committed."""
    signal = _BY_OUTCOME[outcome]
    if signal.has_listeners(sender):
        after_commit(
            using,
            partial(
                signal.send_robust,
                sender,
                action=action,
                outcome=outcome,
                status=status,
                event=event,
                context=context,
                error=error,
            ),
        )


def after_commit(using: str, function: Callable[[], Any]) -> None:
    """Call it when what was written stays; what goes wrong there is logged by Django."""
    transaction.on_commit(function, using=using, robust=True)
