"""The list of inputs: its parameters, and its pages, which cost the same however much waits for others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.preferences import invalid
from actions.processes.models import OpenTask
from actions.processes.services import get_open_tasks
from actions.processes.services.answering import free_for

from .access import sees_all_tasks

PAGE_SIZE = 50
AFTER, PROCESS, ORDER, OVERDUE, CLAIMED, ALL = "after", "process", "order", "overdue", "claimed", "all"
PARAMETERS = (AFTER, PROCESS, ORDER, OVERDUE, CLAIMED, ALL)
ORDERS = ("created", "due")
CLAIMS = ("me", "nobody", "others")
TRUTHS = {"true": True, "1": True, "false": False, "0": False}
MAX_KEY = 2**63 - 1
NEVER = "never"
"""Stands in `after` for what has no due date, and comes last."""


@dataclass(frozen=True)
class InputQuery:
    """What a caller wants to see."""

    process: str = ""
    order: str = ORDERS[0]
    overdue: bool | None = None
    claimed: str = ""
    is_all: bool = False
    after: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    """The parameters but for the page."""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> InputQuery:
        """What the parameters of a request say.

        Raises:
            InvalidTermError: It is not understood.
        """
        said = {name: given[name] for name in PARAMETERS if given.get(name) and name != AFTER}
        return cls(
            process=_name(said.get(PROCESS, "")),
            order=_one_of(said, ORDER, ORDERS) or ORDERS[0],
            overdue=_truth(said, OVERDUE),
            claimed=_one_of(said, CLAIMED, CLAIMS),
            is_all=bool(_truth(said, ALL)),
            after=given.get(AFTER, ""),
            said=said,
        )

    def rows(self, user: Any) -> QuerySet[OpenTask]:
        """All of it."""
        is_all = self.is_all and sees_all_tasks(user)
        rows = OpenTask.objects.all() if is_all else get_open_tasks(user)
        if self.process:
            rows = rows.filter(process=self.process)
        if self.overdue is not None:
            late = Q(wanted_at__lt=timezone.now())
            rows = rows.filter(late) if self.overdue else rows.filter(Q(wanted_at=None) | ~late)
        return _claimed(rows, self.claimed, user, is_all=is_all)

    def page(self, user: Any, size: int = PAGE_SIZE) -> tuple[list[OpenTask], str | None]:
        """A page, and where the next one begins.

        Raises:
            InvalidTermError: `after` is none of ours.
        """
        rows = self.rows(user).select_related("run")
        order = (F("wanted_at").asc(nulls_last=True), "pk") if self.order == "due" else ("pk",)
        rows = rows.order_by(*order)
        found = list(_behind(rows, self.after, self.order)[: size + 1])
        more = len(found) > size
        found = found[:size]
        return found, _place(found[-1], self.order) if more else None


def _claimed(rows: QuerySet[OpenTask], claimed: str, user: Any, *, is_all: bool) -> QuerySet[OpenTask]:
    own = str(user.pk)
    if claimed == "me":
        return rows.filter(claimed_by=own)
    if claimed == "nobody":
        return rows.filter(claimed_by=None)
    if claimed == "others":
        return rows.exclude(claimed_by=None).exclude(claimed_by=own)
    return rows if is_all else free_for(rows, user)


def _place(task: OpenTask, order: str) -> str:
    if order != "due":
        return str(task.pk)
    return f"{task.wanted_at.isoformat() if task.wanted_at is not None else NEVER}_{task.pk}"


def _behind(rows: QuerySet[Any], after: str, order: str) -> QuerySet[Any]:
    if not after:
        return rows
    if order != "due":
        return rows.filter(pk__gt=_key(after))
    text, _bar, key = after.partition("_")
    if text == NEVER:
        return rows.filter(wanted_at=None, pk__gt=_key(key))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _wrong_page() from error
    if moment.utcoffset() != timedelta():
        raise _wrong_page()
    later = Q(wanted_at__gt=moment) | Q(wanted_at=None)
    return rows.filter(later | Q(wanted_at=moment, pk__gt=_key(key)))


def _key(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= MAX_KEY):
        raise _wrong_page()
    return int(text)


def _wrong_page() -> Exception:
    return invalid(AFTER, _("The value of `next` was expected."))


def _name(text: str) -> str:
    if "\x00" in text or len(text) > 200:
        raise invalid(PROCESS, _("The id of a process was expected."))
    return text


def _one_of(said: Mapping[str, str], name: str, values: tuple[str, ...]) -> str:
    value = said.get(name, "")
    if value and value not in values:
        raise invalid(name, _("One of %(values)s was expected.") % {"values": ", ".join(values)})
    return value


def _truth(said: Mapping[str, str], name: str) -> bool | None:
    if name not in said:
        return None
    if said[name].lower() not in TRUTHS:
        raise invalid(name, _("true or false was expected."))
    return TRUTHS[said[name].lower()]
