"""Records to archive, and where they are afterwards."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from actions.models import ArchiveBatch, ArchivedEventAction, EventAction

OLD = timedelta(days=2)
"""Twice as old as the default of DJACTION_TTL_MINUTES."""


def make_events(count: int = 1, *, age: timedelta = OLD, **columns: Any) -> list[EventAction]:
    """Records of `age`, with usual values in what `columns` leave open."""
    created_at = timezone.now() - age
    usual = {
        "resource": "todo",
        "action": "mark_done",
        "action_type": "instance",
        "object_id": "7",
        "actor_id": "1",
        "actor_name": "alice",
        "door": "rest",
        "outcome": "succeeded",
        "status_code": 200,
        "request_data": {"note": "Grüße 🌱", "price": 1.5},
        "duration_seconds": 0.25,
    }
    events = []
    for _ in range(count):
        uid = uuid4()
        events.append(
            EventAction(**{"uid": uid, "correlation_id": str(uid), "created_at": created_at, **usual, **columns})
        )
    return EventAction.objects.bulk_create(events, batch_size=500)


def live() -> set[UUID]:
    """Uids of the records that are not archived, or for the moment also."""
    return set(EventAction.objects.values_list("uid", flat=True))


def in_table() -> list[UUID]:
    """Uids in the table of archived records."""
    return list(ArchivedEventAction.objects.values_list("uid", flat=True))


def lines(folder: Path) -> list[dict[str, Any]]:
    """Every line of every complete archive file below a folder, and none of a half written one."""
    found: list[dict[str, Any]] = []
    for file in sorted(folder.rglob("*.jsonl.gz")):
        try:
            text = gzip.decompress(file.read_bytes()).decode()
        except (EOFError, gzip.BadGzipFile):
            continue
        found += map(json.loads, text.splitlines())
    return found


def in_files(folder: Path) -> list[UUID]:
    """Uids in archive files."""
    return [UUID(line["uid"]) for line in lines(folder)]


def assert_none_is_lost(uids: Iterable[UUID], archived: Iterable[UUID]) -> None:
    """Each record is in one of the two places at least, and not twice in the archive."""
    counts = Counter(archived)
    assert set(uids) <= live() | set(counts)
    assert not [uid for uid, count in counts.items() if count > 1]


def assert_all_are_archived(uids: Iterable[UUID], archived: Iterable[UUID]) -> None:
    """Each record is in the archive once and nowhere else, and no work is left."""
    assert sorted(archived) == sorted(uids)
    assert not live() & set(uids)
    assert not ArchiveBatch.objects.exists()
