"""How many rows a caller may change: the setting DJACTION_BUDGETS, `{"*": "500/day", "todo:move": "100/hour"}`.

A row that is written twice counts twice: what is counted are the rows of INSERT, UPDATE and DELETE statements.

What is used is counted in the database and in the action's own transaction: a call that is rolled back, and a preview,
spends nothing, and two calls at once cannot spend the same.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.throttling import BaseThrottle

from .conf import conf
from .definition_keys import RATE
from .exceptions import BudgetExceededError, ConfigurationError
from .models import ObjectBudget
from .moments import as_aware, as_stored

if TYPE_CHECKING:
    from rest_framework.request import Request

    from .context import ActionContext

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
EVERYTHING = "*"
MAX_LIMIT = 2**31 - 1
"""What the column holds on every database."""
MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class Budget:
    """Rows that one caller may change in each window of time."""

    scope: str
    limit: int
    window: timedelta

    def started_at(self, now: datetime) -> datetime:
        """When the window began that `now` is in; windows are the same for everybody, days begin at midnight UTC."""
        seconds = int(self.window.total_seconds())
        return datetime.fromtimestamp(int(as_aware(now).timestamp()) // seconds * seconds, tz=UTC)


class Share:
    """An execution's part of the rows that are counted while it runs: its own, and none that another one counts.

    What is written within an execution is seen by it and by all around it. Whoever is outermost and can take it back
    counts it; an execution without a transaction cannot, so that those within it count, and refuse, by themselves.
    """

    def __init__(self, context: ActionContext, caller: str, is_undoable: bool) -> None:
        """Take an execution's place in those around it.

        Args:
            context: Of the execution.
            caller: What `caller_of` returned.
            is_undoable: Whether it has a transaction.
        """
        self.using = context.using
        self.is_undoable = is_undoable
        self.keys = {_key(budget.scope, caller) for budget in budgets_for(context.resource, context.action)}
        self.counted: Counter[str] = Counter()
        """By key, rows that executions within this one have counted."""
        around = [outer.share for outer in context.around if outer.share is not None]
        self._around = [share for share in around if share.using == self.using]

    def of(self, key: str, rows: int) -> int:
        """How many of the rows that it has seen it has to count for a budget."""
        if any(share.is_undoable and key in share.keys for share in self._around):
            return 0
        return max(0, rows - self.counted[key])

    def note(self, key: str, rows: int) -> None:
        """Have those around it leave out what it has counted."""
        for share in self._around:
            share.counted[key] += rows


def budgets_for(resource: str, action: str) -> Iterator[Budget]:
    """The budgets that a call of the action spends.

    Raises:
        ConfigurationError: The setting is wrong; a system check says so, too.
    """
    budgets = conf.BUDGETS
    for scope in (EVERYTHING, resource, f"{resource}:{action}"):
        if scope in budgets:
            yield parse_budget(scope, budgets[scope])


def parse_budget(scope: str, rate: Any) -> Budget:
    """A budget as the settings have it: "500/day".

    Raises:
        ConfigurationError: It is none.
    """
    limit, _slash, unit = rate.partition("/") if isinstance(rate, str) else ("", "", "")
    if not isinstance(rate, str) or not RATE.match(rate) or int(limit) > MAX_LIMIT:
        raise ConfigurationError(f'DJACTION_BUDGETS["{scope}"]: {rate!r} is no budget. Write, for example, "500/day".')
    return Budget(scope, int(limit), timedelta(seconds=SECONDS[unit[0]]))


def caller_of(request: Request) -> str:
    """Who spends: a token by itself, else the user, else the network address.

    A token is one that has a row, such as DRF's own, or that stands for nobody. One that is issued anew every few
    minutes (JWT) would bring a new budget each time: there, the user spends.
    """
    token = request.auth
    key = getattr(token, "pk", None)
    if key is None and (token is None or getattr(request.user, "pk", None) is not None):
        return user_of(request)
    return f"token:{hashlib.sha256(str(token if key is None else key).encode()).hexdigest()[:32]}"


def user_of(request: Request) -> str:
    """The user, or the network address of somebody unknown."""
    key = getattr(request.user, "pk", None)
    return f"address:{BaseThrottle().get_ident(request)}" if key is None else f"user:{key}"


def spend(
    resource: str,
    action: str,
    caller: str,
    rows: int,
    using: str,
    *,
    is_undoable: bool = True,
    share: Share | None = None,
) -> None:
    """Take rows from every budget of the call.

    To be called inside the transaction that changes them.

    Args:
        resource: The registry's resource.
        action: The action's id.
        caller: What `caller_of` returned.
        rows: How many were changed.
        using: The database.
        is_undoable: Whether a refusal takes back what was changed. Else it is counted in any case.
        share: Of the execution, where there may be others within it or around it.

    Raises:
        BudgetExceededError: One has not so many left; nothing is spent when the transaction is rolled back.
    """
    for budget in budgets_for(resource, action) if rows else ():
        key = _key(budget.scope, caller)
        own = rows if share is None else share.of(key, rows)
        if own:
            _spend(budget, key, own, using, is_undoable)
            if share is not None:
                share.note(key, own)


def refuse_spent(resource: str, action: str, caller: str, using: str) -> None:
    """Refuse an action without a transaction where nothing is left: afterwards it is too late.

    Raises:
        BudgetExceededError: A budget is used up.
    """
    for budget in budgets_for(resource, action):
        started_at = budget.started_at(timezone.now())
        rows_of = ObjectBudget.objects.using(using).filter(key=_key(budget.scope, caller))
        if rows_of.filter(started_at__gte=as_stored(started_at), used__gte=budget.limit).exists():
            raise _exceeded(budget, 1, budget.limit, started_at + budget.window)


def _key(scope: str, caller: str) -> str:
    """The row's key. Anybody may send an address as long as they like, in a header for proxies."""
    key = f"{scope}|{caller}"
    return key if len(key) <= MAX_KEY else f"{scope}|{hashlib.sha256(caller.encode()).hexdigest()}"[:MAX_KEY]


def _spend(budget: Budget, key: str, rows: int, using: str, is_undoable: bool) -> None:
    started_at = budget.started_at(timezone.now())
    limit = budget.limit if is_undoable else MAX_LIMIT
    # Twice: the first time may only begin the window, or another call of the same caller may begin it in between.
    if rows <= limit and any(_take(key, as_stored(started_at), rows, limit, using) for _attempt in range(2)):
        return
    mine = ObjectBudget.objects.using(using).filter(key=key, started_at__gte=as_stored(started_at))
    used = mine.values_list("used", flat=True).first() or 0
    raise _exceeded(budget, rows, used, started_at + budget.window)


def _take(key: str, started_at: datetime, rows: int, limit: int, using: str) -> bool:
    """Count the rows where so many are left; what counts them is locked until the transaction ends."""
    mine = ObjectBudget.objects.using(using).filter(key=key)
    # Another process may be in the next window already; its clock counts.
    if mine.filter(started_at__gte=started_at, used__lte=limit - rows).update(used=F("used") + rows):
        return True
    if mine.filter(started_at__lt=started_at).update(started_at=started_at, used=rows):
        return True
    if not mine.exists():
        # Not `create`: on MariaDB, of several who come at once the later ones would end in a deadlock.
        has_target = connections[using].features.supports_update_conflicts_with_target
        ObjectBudget.objects.using(using).bulk_create(
            [ObjectBudget(key=key, started_at=started_at, used=0)],
            update_conflicts=True,
            update_fields=["started_at"],
            unique_fields=["key"] if has_target else None,
        )
    return False


def forget_spent(using: str) -> int:
    """Remove what was counted in windows that are over; how many rows there were."""
    over = timezone.now() - 2 * timedelta(days=1)
    return ObjectBudget.objects.using(using).filter(started_at__lt=over).delete()[0]


def _exceeded(budget: Budget, rows: int, used: int, resets_at: datetime) -> BudgetExceededError:
    left = max(0, budget.limit - used)
    sentence = _("This would change %(rows)s rows; of %(limit)s, %(left)s are left until %(moment)s.")
    moment = resets_at.isoformat().replace("+00:00", "Z")
    facts = {"rows": rows, "limit": budget.limit, "left": left, "resets_at": moment}
    seconds = max(1, int((resets_at - as_aware(timezone.now())).total_seconds()) + 1)
    return BudgetExceededError(
        sentence % {**facts, "moment": moment},
        headers={"Retry-After": str(seconds)},
        extra={"scope": budget.scope, **facts},
    )
