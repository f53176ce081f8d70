"""Moves runs that are over out of the way after their time, with their branches and steps: as records of actions are.

Where to says DJACTION_ARCHIVE: tables of their own, files (one for each run, JSON Lines, gzip), or nowhere. When says
DJACTION_TTL_MINUTES, counted from the end, or DJACTION_RETENTION by status. Each run is moved in a transaction of its
own: it is in one of the two places, or for a moment, with files, in both. A file has the run's number in its name, and
is written anew by whoever goes on after an archiver was killed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, router, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from actions.archive.files import archive_storage, packed, write
from actions.conf import conf
from actions.exceptions import ConfigurationError
from actions.models import EventQuerySet
from actions.redaction import mask_within, redact, secret_names, secret_texts

from .executor.actions import DOOR
from .models import ArchivedRun, ArchivedSteps, Definition, OpenTask, Run, StepRun
from .registry import processes
from .states import FINISHED, UNFINISHED, RunKind, Status
from .store import close_tasks

logger = logging.getLogger(__name__)

CHUNK = 1000
"""Steps that are read at once."""
AT_ONCE = 1000
"""Runs after which the worker looks whether it has other work."""
VALUES = ("payload", "state", "item", "note", "result", "error")
"""Columns that may have secrets."""
DESTINATIONS = ("table", "files", "nowhere")
STEP_COLUMNS = tuple(field.attname for field in StepRun._meta.concrete_fields if field.name != "original")
"""What is kept of a step: all but what secrets stand in."""


def archive_runs(*, now: datetime | None = None, limit: int | None = None, using: str | None = None) -> int:
    """Move the runs of one database whose time is over; how many.

    Args:
        now: The moment at which ages are taken.
        limit: No more than so many.
        using: The database; None: the one that runs are written to.

    Raises:
        ConfigurationError: DJACTION_ARCHIVE is none of the destinations, or the storage of files is not named.
    """
    using = using or router.db_for_write(Run)
    if conf.ARCHIVE not in DESTINATIONS:
        known = ", ".join(map(repr, DESTINATIONS))
        raise ConfigurationError(f"DJACTION_ARCHIVE is {conf.ARCHIVE!r}. Set it to one of {known}.")
    if conf.ARCHIVE == "files":
        archive_storage()
    count = 0
    for key in _due(using, now or timezone.now()).values_list("pk", flat=True)[: limit or AT_ONCE]:
        count += _move(key, using)
    if count:
        logger.info("archived %s runs: %s", count, conf.ARCHIVE, extra={"database": using})
    return count


def keep_what_can_be_undone(events: EventQuerySet, using: str) -> EventQuerySet:
    """Of records, those that no run needs to take its steps back: a run that is not over, or may be tried again.

    Told by the correlation, which processes that steps have started share.
    """
    if using != router.db_for_write(Run):
        return events
    runs = Run._base_manager.using(using).filter(correlation_id=OuterRef("correlation_id"))
    may_go_on = Q(status__in=[each.value for each in UNFINISHED]) | Q(status=Status.FAILED.value, ends_as="")
    undoing = Definition.objects.using(using).filter(has_undo=True).values("pk")
    needed = Exists(runs.filter(may_go_on)) & Exists(runs.filter(definition_id__in=undoing))
    return events.exclude(Q(door=DOOR) & needed)


def archive_some() -> bool:
    """The worker's job: a bounded number of runs; whether there may be more."""
    return archive_runs(limit=AT_ONCE) >= AT_ONCE


def archive_interval() -> timedelta:
    """How often the worker is to archive."""
    return timedelta(minutes=conf.ARCHIVE_INTERVAL_MINUTES)


def _due(using: str, now: datetime) -> QuerySet[Run]:
    """Runs whose time is over, oldest first; one that another run has started goes after that one."""
    is_over = Q()
    for status in FINISHED:
        minutes = conf.RETENTION.get(status.value, conf.TTL_MINUTES)
        is_over |= Q(status=status.value, ended_at__lt=now - timedelta(minutes=minutes))
    rows: QuerySet[Run] = Run._base_manager.using(using)
    parents = rows.filter(pk=OuterRef("parent_id"))
    return rows.filter(is_over, ~Exists(parents), kind=RunKind.ROOT.value, is_held=False).order_by("ended_at", "pk")


def _move(key: int, using: str) -> int:
    with transaction.atomic(using=using):
        rows: QuerySet[Run] = Run._base_manager.using(using)
        can_skip = connections[using].features.has_select_for_update_skip_locked
        run = rows.select_for_update(skip_locked=can_skip).filter(pk=key, is_held=False).first()
        if run is None or not run.is_finished:
            return 0
        branches = rows.filter(root_id=run.pk).order_by("pk")
        if conf.ARCHIVE == "files":
            _to_file(run, branches, _Columns(run), using)
        elif conf.ARCHIVE == "table":
            _to_table(run, branches, _Columns(run), using)
        StepRun.objects.using(using).filter(root_id=run.pk).delete()
        close_tasks(list(OpenTask.objects.using(using).filter(root_id=run.pk).values_list("run_id", flat=True)), using)
        branches.delete()
        rows.filter(pk=run.pk).delete()
    return 1


def _to_table(run: Run, branches: QuerySet[Run], columns: _Columns, using: str) -> None:
    ArchivedRun(
        id=run.pk,
        process=run.process,
        status=run.status,
        correlation_id=run.correlation_id,
        document={"run": columns.of(run), "branches": [columns.of(branch) for branch in branches.iterator(CHUNK)]},
        created_at=run.created_at,
        ended_at=run.ended_at,
    ).save(using=using, force_insert=True)
    for part, steps in enumerate(_steps(run, using)):
        ArchivedSteps(run_id=run.pk, part=part, steps=steps).save(using=using, force_insert=True)


def _to_file(run: Run, branches: QuerySet[Run], columns: _Columns, using: str) -> None:
    ended_at = run.ended_at or run.created_at
    with packed(_lines(run, branches, columns, using)) as content:
        write(f"processes/{ended_at:%Y/%m/%d}/{run.pk}-{run.uid}.jsonl.gz", content)


def _lines(run: Run, branches: QuerySet[Run], columns: _Columns, using: str) -> Iterator[dict[str, Any]]:
    yield {"record": "run", **columns.of(run)}
    for branch in branches.iterator(CHUNK):
        yield {"record": "branch", **columns.of(branch)}
    for steps in _steps(run, using):
        yield from ({"record": "step", **step} for step in steps)


def _steps(run: Run, using: str) -> Iterator[list[Any]]:
    after = 0
    rows = StepRun.objects.using(using).filter(root_id=run.pk).order_by("pk")
    while batch := list(rows.filter(pk__gt=after).values(*STEP_COLUMNS)[:CHUNK]):
        yield batch
        after = batch[-1]["id"]


class _Columns:
    """Columns of a run and its branches by their names. Nothing goes on with them: they need no secrets any more."""

    def __init__(self, run: Run) -> None:
        process = processes.get(run.process)
        self._names = secret_names(process.sensitive if process is not None else ())
        self._secrets = secret_texts([run.payload, run.state], self._names)

    def of(self, run: Run) -> dict[str, Any]:
        """Those of the run, or of one of its branches."""
        return {field.attname: self._kept(field.attname, run) for field in Run._meta.concrete_fields}

    def _kept(self, name: str, run: Run) -> Any:
        value = getattr(run, name)
        return mask_within(redact(value, self._names), self._secrets) if name in VALUES else value
