"""Moves runs on, and writes the steps that they did: one statement on PostgreSQL, however many runs it is for.

Each run is written only where its fence still is the one of whoever holds it. One that somebody has asked to pause is
written, and then is due no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connections
from django.utils import timezone

from actions.processes.models import Message, Run
from actions.processes.states import Status

from .columns import vendor
from .ending import end_all
from .freeing import free_messages
from .joining import joined
from .large import remove_replaced, store_large
from .on_others import write_on_others
from .on_postgres import begin_on_postgres, write_and_count_on_postgres, write_on_postgres
from .people import close_tasks, open_task
from .tracks import Track


@dataclass(slots=True)
class Written:
    """What has become of what was to be written."""

    lost: list[Track] = field(default_factory=list)
    """Somebody else has them now; nothing of them was written."""
    paused: list[Track] = field(default_factory=list)
    """Written, and not to be gone on with."""


def write(tracks: Sequence[Track], using: str) -> Written:
    """Write what tracks have done; see the module. Without a transaction around it, it is one of its own.

    What has ended with a parent is for `settling.settle`, which calls this.
    """
    moved = [track for track in tracks if track.has_moved or track.rows]
    if not moved:
        return Written()
    is_postgres = vendor(using) == "postgresql"
    if is_postgres and not needs_more(moved):
        states = write_on_postgres(moved, using)
    else:
        with joined(connections[using]):
            large = [track for track in moved if track.has_large]
            for track in large:
                store_large(track.scope, using)
            states = write_on_postgres(moved, using) if is_postgres else write_on_others(moved, using)
            _open_and_close([track for track in moved if track.run.id in states], using)
            for track in large:
                if track.run.id in states:
                    remove_replaced(track.scope, using)
    return _written(moved, states, using)


def needs_more(tracks: Iterable[Track]) -> bool:
    """Whether more tables than those of runs and steps are to be written."""
    return any(
        track.opened is not None
        or track.taken
        or track.leaves_messages
        or track.abandons is not None
        or track.has_large
        for track in tracks
    )


def _written(moved: Sequence[Track], states: Mapping[int, bool], using: str) -> Written:
    written = Written()
    for track in moved:
        state = states.get(track.run.id)
        if state is None:
            written.lost.append(track)
            continue
        if state and _set_aside(track, using):
            written.paused.append(track)
        track.written()
    return written


def _set_aside(track: Track, using: str) -> bool:
    """Have a run that is paused not be due; False where it has been resumed since it was written."""
    held = Run._base_manager.using(using).filter(pk=track.run.id, fence=track.run.fence, paused_at__isnull=False)
    if track.is_over:
        return held.exists()
    return bool(held.update(due_at=None, status=Status.PENDING.value))


def write_and_count(tracks: Sequence[Track], until: datetime, using: str) -> tuple[Written, list[Run]]:
    """On PostgreSQL, write tracks of which some have ended well, and count them at their parents, in one statement.

    Args:
        tracks: As for `write`; they need nothing more (`needs_more`).
        until: The end of the lease on parents that have nobody to wait for any more.
        using: The database.

    Returns:
        What `write` does, and those parents. They are held; one that is paused is not, and is not among them.
    """
    moved = [track for track in tracks if track.has_moved or track.rows]
    parents = sorted({track.run.parent_id for track in moved if track.run.is_finished and track.run.parent_id})
    states, woken = write_and_count_on_postgres(moved, parents, until, using)
    return _written(moved, states, using), woken


def begin(track: Track, children: Sequence[Run], using: str) -> bool:
    """On PostgreSQL, write a track and the children that it begins in one statement.

    Returns:
        Whether it was: nothing is written where somebody else has the run, where it is paused, and where more is to be
        written than that.
    """
    if vendor(using) != "postgresql" or needs_more([track]):
        return False
    if not begin_on_postgres(track, children, using):
        return False
    track.written()
    return True


def _open_and_close(tracks: Iterable[Track], using: str) -> None:
    for track in tracks:
        if track.taken:
            Message.objects.using(using).filter(pk__in=track.taken).update(
                taken_at=timezone.now(), bound_to=track.run.id
            )
        if track.leaves_messages:
            free_messages([track.run.id], using)
        if track.abandons is not None:
            begun = Run._base_manager.using(using).filter(parent_id=track.run.id, parent_number=track.abandons)
            end_all(begun, Status.CANCELLED, using)
        if track.opened is False:
            close_tasks([track.run.id], using)
        elif track.opened is not None:
            open_task(track.opened, using)
