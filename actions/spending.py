"""The work of an action, and what it takes from its caller's budgets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, transaction

from .budgets import Share, caller_of, refuse_spent, spend
from .changes import ChangeTracker
from .exceptions import BudgetExceededError
from .failures import masked
from .recording import Execution

logger = logging.getLogger(__name__)


def within_budgets(execution: Execution, tracker: ChangeTracker, work: Callable[[], Any]) -> Any:
    """Do the work, and take the rows that it writes from the caller's budgets."""
    action, context = execution.bound.action, execution.context
    caller = execution.caller or caller_of(context.request)  # type: ignore[arg-type]
    if not action.atomic:
        refuse_spent(context.resource, context.action, caller, execution.using)
    share = context.share = Share(context, caller, action.atomic)
    spending = context.resource, context.action, caller
    how: dict[str, Any] = {"is_undoable": action.atomic, "share": share}
    try:
        with tracker:
            body = work()
    except BaseException:
        if not action.atomic:
            # What it has written stays.
            _spend_anyway(execution, lambda: spend(*spending, tracker.log.total, execution.using, **how))
        raise
    finally:
        context.share = None
    spend(*spending, tracker.log.total, execution.using, **how)
    return body


def _spend_anyway(execution: Execution, spend_rows: Callable[[], None]) -> None:
    """Count what was written before something went wrong, which is what the caller is told of in any case."""
    try:
        with transaction.atomic(using=execution.using):
            spend_rows()
    except (DatabaseError, BudgetExceededError) as error:
        logger.error("What %s has changed could not be counted: %s", execution.bound.name, masked(execution, error))  # noqa: TRY400
