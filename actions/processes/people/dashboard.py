"""What all processes are doing: how many runs are running, waiting, failed and finished, by process."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.template.loader import get_template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from actions.processes.models import OpenTask, Run
from actions.processes.pages import PLAIN_DASHBOARD, Dashboard
from actions.processes.registry import processes
from actions.processes.states import FINISHED, UNFINISHED, Status

from .base import Page, may_see_dashboard

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

HISTORY = "history"
DAYS = 30
"""How far back it looks where nothing else is asked for."""
MAX_DAYS = 36_600
LATEST = 5
"""Runs of a process that it names."""
LIVE = [each.value for each in UNFINISHED]
OVER = [each.value for each in FINISHED]


@dataclass
class Row:
    """One process."""

    process_id: str
    title: str
    is_obsolete: bool
    """Whether there are runs of it, and it is not registered any more."""
    counts: dict[str, int] = field(default_factory=dict)
    tasks: int = 0
    dashboard: str = ""
    """What the process shows of itself, as HTML."""
    latest: list[Run] = field(default_factory=list)

    def of(self, *statuses: Status) -> int:
        """How many runs have one of these."""
        return sum(self.counts.get(each.value, 0) for each in statuses)

    @property
    def running(self) -> int:
        """Those that are worked on, or are next."""
        return self.of(Status.RUNNING, Status.PENDING)

    @property
    def waiting(self) -> int:
        """Those that wait."""
        return self.of(Status.WAITING)

    @property
    def failed(self) -> int:
        """Those that have failed."""
        return self.of(Status.FAILED)

    @property
    def finished(self) -> int:
        """Those that have come to an end otherwise."""
        return self.of(Status.SUCCEEDED, Status.CANCELLED, Status.SKIPPED)


class DashboardView(Page):
    """Numbers of runs by process; `?history=7` looks back seven days, 0 without end."""

    template = "dashboard.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The numbers."""
        if not may_see_dashboard(request.user):
            raise PermissionDenied
        days = _days(request.GET.get(HISTORY, ""))
        rows = _rows(timezone.now() - timedelta(days=days) if days else None)
        timespan = ngettext("Last %(days)s day", "Last %(days)s days", days) % {"days": days} if days else _("All")
        spans = [(each, str(each) if each else _("all")) for each in (1, 7, 30, 365, 0)]
        return self.page({"rows": rows, "automations": rows, "days": days, "timespan": timespan, "spans": spans})


def _days(text: str) -> int:
    return min(int(text), MAX_DAYS) if text.isascii() and text.isdecimal() and len(text) < 10 else DAYS


def _rows(since: datetime | None) -> list[Row]:
    found: dict[str, Row] = {}
    shown = _shown(since)
    for process_id, status, count in shown.order_by().values_list("process", "status").annotate(count=Count("pk")):
        _row(found, process_id).counts[status] = count
    tasks = OpenTask.objects.order_by().values_list("process").annotate(count=Count("pk"))
    for process_id, count in tasks:
        _row(found, process_id).tasks = count
    for process in processes:
        _row(found, process.id)
    rows = [row for row in found.values() if not _dashboard(row.process_id).is_hidden]
    for row in rows:
        mine = shown.filter(process=row.process_id)
        row.latest = list(mine.only("process", "status", "node", "created_at").order_by("-pk")[:LATEST])
        row.dashboard = _own_part(row.process_id, mine)
    return sorted(rows, key=lambda row: row.title.lower())


def _shown(since: datetime | None) -> QuerySet[Run]:
    runs = Run.objects.roots()
    if since is None:
        return runs
    return runs.filter(Q(status__in=LIVE) | Q(status__in=OVER, ended_at__gte=since))


def _row(found: dict[str, Row], process_id: str) -> Row:
    if process_id not in found:
        process = processes.get(process_id)
        title = (process.title if process is not None else "") or process_id
        found[process_id] = Row(process_id, title, is_obsolete=process is None)
    return found[process_id]


def _dashboard(process_id: str) -> Dashboard:
    process = processes.get(process_id)
    return process.dashboard if process is not None else PLAIN_DASHBOARD


def _own_part(process_id: str, runs: QuerySet[Run]) -> str:
    own = _dashboard(process_id)
    if not own.template_name:
        return ""
    try:
        with transaction.atomic(using=runs.db):
            context = dict(own.context(runs)) if own.context is not None else {}
            return get_template(own.template_name).render({"dashboard": context, **context})
    except Exception as error:
        # The project's own code: what fails of one process is no reason to show nothing of the others.
        logger.exception("The part of %s in the dashboard cannot be shown.", process_id)
        told = _("What this process shows of itself cannot be shown: %(error)s")
        return format_html(
            '<div class="note bad"><p>{}</p></div>', told % {"error": f"{type(error).__name__}: {error}"}
        )
