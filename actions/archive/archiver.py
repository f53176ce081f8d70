"""Moves records whose time is over. The promise that it keeps stands in the package's docstring."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.db import connections, router, transaction
from django.db.models import Q, Value
from django.utils import timezone

from actions.conf import conf
from actions.exceptions import ConfigurationError
from actions.models import ArchiveBatch, ArchivedEventAction, EventAction, EventQuerySet
from actions.registry import catalogue

from .files import archive_storage, name_of, new_uid, packed, remove, write
from .retention import due
from .transactions import own_transaction

logger = logging.getLogger(__name__)

MAX_BATCH = 10_000
"""More records than that in one transaction would make it a long one, whatever the setting says."""
RESERVED_PARAMETERS = 20
"""Of the values that one statement may carry, those that are no keys."""
SLICE_BATCHES = 10
"""Batches after which the worker looks whether it is told to stop, or has other work."""
ATTEMPTS = 5
"""How often a file is written anew in one run when its records are changed meanwhile."""

Keeper = Callable[[EventQuerySet, str], EventQuerySet]
"""Of records on a database, those that it does not need. It asks nothing by itself: it says so within the statement."""
_keepers: list[Keeper] = []

_KEPT = [field for field in ArchivedEventAction._meta.concrete_fields if field.name != "archived_at"]
COLUMNS = {field.attname: str(field.column) for field in _KEPT}
"""What a record keeps, by its name in Python."""


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What one run has done."""

    destination: str
    """"table", "files" or "nowhere"."""
    count: int
    """Records that were moved."""
    batches: int
    resumed: int
    """Those of the batches that an earlier run had left unfinished."""


def register_keeper(keeper: Keeper) -> None:
    """Have records stay as long as somebody above needs them; for `AppConfig.ready()`."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def archive(
    *,
    now: datetime | None = None,
    older_than: datetime | None = None,
    limit: int | None = None,
    using: str | None = None,
) -> ArchiveReport:
    """Move the records of one database whose time is over and that nobody holds, oldest first.

    Must not be called inside of a transaction: each batch is one.

    Args:
        now: The moment at which ages are taken.
        older_than: Take all records from before this moment, in place of those that settings and definitions say.
        limit: Begin no further batch after so many records. Batches left by an earlier run are finished in any case.
        using: The database; None: the one that EventAction is written to.

    Raises:
        ConfigurationError: DJACTION_ARCHIVE is none of the destinations, or the storage of files is not named.
        ValueError: A moment is naive, in a project that uses time zones.
        RuntimeError: The caller is in a transaction.
    """
    using = using or router.db_for_write(EventAction)
    move = _MOVES.get(conf.ARCHIVE)
    if move is None:
        known = ", ".join(map(repr, _MOVES))
        raise ConfigurationError(f"DJACTION_ARCHIVE is {conf.ARCHIVE!r}. Set it to one of {known}.")
    if conf.ARCHIVE == "files":
        archive_storage()
    counts = [_finish(using, uid) for uid in list(ArchiveBatch.objects.using(using).values_list("uid", flat=True))]
    resumed, count = sum(map(bool, counts)), sum(counts)
    batches = resumed
    for keys in _batches(_due(using, now, older_than), _batch_size(using)):
        if limit is not None and count >= limit:
            break
        moved = move(using, keys if limit is None else keys[: limit - count])
        count += moved
        batches += bool(moved)
    if count:
        logger.info("archived %s records in %s batches: %s", count, batches, conf.ARCHIVE, extra={"database": using})
    return ArchiveReport(conf.ARCHIVE, count, batches, resumed)


def archive_all(*, older_than: datetime | None = None, limit: int | None = None) -> dict[str, ArchiveReport]:
    """Archive on every database that records are written to; a report by alias."""
    return {alias: archive(older_than=older_than, limit=limit, using=alias) for alias in databases()}


def archive_some() -> bool:
    """The worker's job: a bounded number of batches on each database; whether there may be more."""
    limit = SLICE_BATCHES * min(int(conf.ARCHIVE_BATCH_SIZE), MAX_BATCH)
    return any(report.count >= limit for report in archive_all(limit=limit).values())


def archive_interval() -> timedelta:
    """How often the worker is to archive."""
    return timedelta(minutes=conf.ARCHIVE_INTERVAL_MINUTES)


def count_due(*, older_than: datetime | None = None, using: str | None = None) -> int:
    """How many records `archive` would move."""
    return _due(using or router.db_for_write(EventAction), None, older_than).count()


def databases() -> list[str]:
    """EventAction's own database, and those of ViewSets with actions elsewhere: a record stands beside its effect."""
    own = router.db_for_write(EventAction)
    querysets = [getattr(registry.viewset, "queryset", None) for registry in catalogue]
    others = {
        queryset._db or router.db_for_write(queryset.model)  # noqa: SLF001 - `.db` would be the one for reading
        for queryset in querysets
        if queryset is not None
    }
    return [own, *(alias for alias in sorted(others - {own}) if _has_records(alias))]


def _has_records(alias: str) -> bool:
    return EventAction._meta.db_table in connections[alias].introspection.table_names()


def _due(using: str, now: datetime | None, older_than: datetime | None) -> EventQuerySet:
    for moment in filter(None, (now, older_than)):
        if settings.USE_TZ and timezone.is_naive(moment):
            raise ValueError(f"{moment!r} is naive. Say which time zone is meant: timezone.make_aware(…).")
    events = _released(using)
    return due(events, now or timezone.now()) if older_than is None else events.older_than(older_than)


def _released(using: str) -> EventQuerySet:
    """Records that nothing keeps from being archived."""
    events: EventQuerySet = EventAction.objects.using(using).released()
    for keeper in _keepers:
        events = keeper(events, using)
    return events


def _batch_size(using: str) -> int:
    size = min(int(conf.ARCHIVE_BATCH_SIZE), MAX_BATCH)
    parameters = connections[using].features.max_query_params
    return max(1, min(size, parameters - RESERVED_PARAMETERS) if parameters else size)


def _batches(events: EventQuerySet, size: int) -> Iterator[list[int]]:
    """Keys of the records, oldest first. They are read without a lock: what moves them looks again.

    In the order of an index, each batch going on where the last one ended: records that stay are passed by once.
    """
    rows = events.order_by("created_at", "id").values_list("created_at", "id")
    after = Q()
    while batch := list(rows.filter(after)[:size]):
        yield [key for _, key in batch]
        created_at, key = batch[-1]
        after = Q(created_at__gte=created_at) & ~Q(created_at=created_at, id__lte=key)


def _movable(using: str, keys: list[int]) -> EventQuerySet:
    """Those of the records that are there and that nobody holds."""
    return _released(using).filter(id__in=keys).order_by()


def _lock(using: str, keys: list[int]) -> list[int]:
    """Lock the movable ones of the records for this transaction; those that another archiver is moving are left out.

    A database without row locks (SQLite) lets one transaction write at a time, from its first writing statement on. So
    nothing is read here before that: all keys are given back, and the caller's statements take the movable ones.
    """
    features = connections[using].features
    if not features.has_select_for_update:
        return keys
    rows = _movable(using, keys).select_for_update(skip_locked=features.has_select_for_update_skip_locked)
    return list(rows.order_by("id").values_list("id", flat=True))


@own_transaction
def _remove(using: str, keys: list[int]) -> int:
    return _movable(using, _lock(using, keys)).delete()[0]


@own_transaction
def _to_table(using: str, keys: list[int]) -> int:
    locked = _lock(using, keys)
    if not locked:
        return 0
    rows = _movable(using, locked)
    count = _copy(using, rows)
    if rows.delete()[0] != count:
        raise AssertionError("Rows that this transaction had locked were changed.")
    return count


def _copy(using: str, rows: EventQuerySet) -> int:
    """Copy rows into ArchivedEventAction inside of the database, to the byte."""
    connection = connections[using]
    source = rows.annotate(archived_at=Value(timezone.now())).values_list(*COLUMNS, "archived_at")
    select, params = source.query.get_compiler(using).as_sql()
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column) for column in (*COLUMNS.values(), "archived_at"))
    with connection.cursor() as cursor:
        # Names of the models' own and Django's SELECT: nothing in it comes from outside.
        cursor.execute(f"INSERT INTO {quote(ArchivedEventAction._meta.db_table)} ({columns}) {select}", params)
        return int(cursor.rowcount)


def _to_files(using: str, keys: list[int]) -> int:
    uid = _begin(using, keys)
    return 0 if uid is None else _finish(using, uid)


@own_transaction
def _begin(using: str, keys: list[int]) -> UUID | None:
    """Write a batch down; None where other archivers have all of its records."""
    batch = ArchiveBatch(uid=new_uid())
    # Written before anything is read, see `_lock`.
    batch.save(force_insert=True, using=using)
    found = set(_movable(using, _lock(using, keys)).values_list("id", flat=True))
    others = ArchiveBatch.objects.using(using).exclude(uid=batch.uid).values_list("ids", flat=True)
    batch.ids = sorted(found.difference(*others))
    if not batch.ids:
        batch.delete(using=using)
        return None
    batch.save(update_fields=["ids"], using=using)
    return batch.uid


def _finish(using: str, uid: UUID) -> int:
    """Write the file of a batch and remove its records; 0 where another archiver does, or has done so."""
    for _attempt in range(ATTEMPTS):
        batch = ArchiveBatch.objects.using(using).filter(uid=uid).first()
        if batch is None:
            return 0
        written: list[int] = []
        with packed(_rows(using, batch, written)) as content:
            count = _write_and_remove(using, batch, written, content)
        if count is not None:
            return count
    logger.warning("the records of archive batch %s keep changing; the next run takes it up", uid)
    return 0


@own_transaction
def _write_and_remove(using: str, batch: ArchiveBatch, written: list[int], content: IO[bytes]) -> int | None:
    """One attempt at a batch; None, and nothing done, where somebody has changed its records meanwhile."""
    if not _take(using, batch):
        return 0
    if written:
        write(name_of(batch.uid), content)
    else:
        remove(name_of(batch.uid))
    removed = _movable(using, written).delete()[0]
    if removed == len(written):
        return removed
    transaction.set_rollback(True, using=using)
    return None


def _rows(using: str, batch: ArchiveBatch, written: list[int]) -> Iterator[dict[str, Any]]:
    """The records of a batch, all read by one statement; their keys are added to `written`."""
    for row in _movable(using, batch.ids).order_by("id").values(*COLUMNS):
        written.append(row["id"])
        yield row


def _take(using: str, batch: ArchiveBatch) -> bool:
    """Remove the row of a batch, which locks it: whoever comes second finds nothing once this is committed."""
    row = ArchiveBatch.objects.using(using).filter(uid=batch.uid)
    features = connections[using].features
    if features.has_select_for_update_skip_locked and not row.select_for_update(skip_locked=True).first():
        return False
    return row.delete()[0] == 1


_MOVES: dict[str, Callable[[str, list[int]], int]] = {"table": _to_table, "files": _to_files, "nowhere": _remove}
