"""An archiver that is stopped at any point leaves no record in neither place, and the next run completes the work.

Stopped means: between any two statements, before and after each commit, and between the operations of the storage, a
half-written file included. What is open on the connection is lost with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection

from actions.archive import archive
from actions.models import ArchiveBatch, ArchivedEventAction, EventAction
from tests.records import assert_all_are_archived, assert_none_is_lost, in_files, in_table, make_events

pytestmark = pytest.mark.django_db(transaction=True)

BATCH_SIZE = 2
RECORDS = 3
ENDLESS = 300
"""More points than a run has."""


class Stopped(BaseException):
    """As by a kill: nothing in between catches it."""


class Points:
    """Counts the points at which an archiver can be stopped, and stops it at one of them."""

    def __init__(self, stop_at: int) -> None:
        self.passed = 0
        self._stop_at = stop_at

    def __call__(self) -> None:
        self.passed += 1
        if self.passed == self._stop_at:
            # What a killed process leaves to the database: a connection that is gone, its transaction with it.
            connection.close()
            raise Stopped


@contextmanager
def stoppable(point: Points) -> Iterator[None]:
    """Make statements, commits and the storage's operations points."""

    def statement(execute: Callable[..., Any], *args: Any) -> Any:
        point()
        return execute(*args)

    def commit() -> None:
        point()
        original_commit()
        point()

    def operation(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(storage: FileSystemStorage, *args: Any) -> Any:
            point()
            return original(storage, *args)

        return wrapped

    def save(storage: FileSystemStorage, name: str, content: Any) -> str:
        half = Path(storage.path(name))
        half.parent.mkdir(parents=True, exist_ok=True)
        data = content.read()
        half.write_bytes(data[: len(data) // 2])
        point()
        half.unlink()
        content.seek(0)
        saved = original_save(storage, name, content)
        point()
        return saved

    original_commit, original_save = connection.commit, FileSystemStorage._save
    with pytest.MonkeyPatch.context() as patch, connection.execute_wrapper(statement):
        patch.setattr(connection, "commit", commit)
        patch.setattr(FileSystemStorage, "exists", operation(FileSystemStorage.exists))
        patch.setattr(FileSystemStorage, "delete", operation(FileSystemStorage.delete))
        patch.setattr(FileSystemStorage, "_save", save)
        yield


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "archive": backend}
    settings.DJACTION_ARCHIVE_STORAGE = "archive"
    settings.DJACTION_ARCHIVE_BATCH_SIZE = BATCH_SIZE
    return tmp_path


def _stopped_runs(folder: Path, archived: Callable[[], list[UUID]]) -> Iterator[list[UUID]]:
    """Stop a run at its first point, another at its second, and so on until one passes all of them.

    Yields the uids of the records after each stop; nothing of one run is there in the next.
    """
    for number in range(1, ENDLESS):
        for model in (EventAction, ArchivedEventAction, ArchiveBatch):
            model.objects.all().delete()
        for file in folder.rglob("*.gz"):
            file.unlink()
        uids = [event.uid for event in make_events(RECORDS)]
        if not _is_stopped(number):
            assert_all_are_archived(uids, archived())
            assert number > 10, "so few points cannot be all"
            return
        yield uids
    pytest.fail("the run has no end")


def _is_stopped(number: int) -> bool:
    """Run the archiver with a stop at its `number`th point; False where it has fewer and came to its end."""
    try:
        with stoppable(Points(number)):
            archive()
    except Stopped:
        return True
    return False


def _archived(destination: str, folder: Path) -> Callable[[], list[UUID]]:
    return in_table if destination == "table" else lambda: in_files(folder)


@pytest.mark.parametrize("destination", ["table", "files"])
def test_a_stopped_archiver_loses_nothing_and_the_next_one_completes_it(
    destination: str, folder: Path, settings: Any
) -> None:
    settings.DJACTION_ARCHIVE = destination
    archived = _archived(destination, folder)
    for uids in _stopped_runs(folder, archived):
        assert_none_is_lost(uids, archived())
        archive()
        assert_all_are_archived(uids, archived())


def test_an_archiver_stopped_twice_in_a_row_loses_nothing(folder: Path, settings: Any) -> None:
    settings.DJACTION_ARCHIVE = "files"
    archived = _archived("files", folder)
    for number, uids in enumerate(_stopped_runs(folder, archived)):
        _is_stopped(1 + number % 13)
        assert_none_is_lost(uids, archived())
        archive()
        assert_all_are_archived(uids, archived())


def test_a_stopped_removal_leaves_whole_batches(folder: Path, settings: Any) -> None:
    settings.DJACTION_ARCHIVE = "nowhere"
    for number in range(1, ENDLESS):
        EventAction.objects.all().delete()
        make_events(RECORDS)
        is_stopped = _is_stopped(number)
        assert (RECORDS - EventAction.objects.count()) in {0, BATCH_SIZE, RECORDS}
        archive()
        assert not EventAction.objects.exists()
        if not is_stopped:
            assert number > 10
            break


@contextmanager
def meanwhile(happens: Callable[[int], None]) -> Iterator[None]:
    """Have something happen before each statement that belongs to no transaction."""
    number = 0

    def statement(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal number
        if not connection.in_atomic_block and not nested:
            number += 1
            nested.append(True)
            happens(number)
            nested.pop()
        return execute(*args)

    nested: list[bool] = []
    with connection.execute_wrapper(statement):
        yield


@pytest.mark.parametrize("destination", ["table", "files"])
def test_another_archiver_may_run_between_any_two_transactions(destination: str, folder: Path, settings: Any) -> None:
    settings.DJACTION_ARCHIVE = destination
    archived = _archived(destination, folder)
    for chosen in range(1, 20):
        uids = [event.uid for event in make_events(RECORDS)]
        before = archived()
        counts: list[int] = []

        def happens(number: int, chosen: int = chosen, counts: list[int] = counts) -> None:
            if number == chosen:
                counts.append(archive().count)

        with meanwhile(happens):
            counts.append(archive().count)
        assert sum(counts) == RECORDS
        assert_all_are_archived([*before, *uids], archived())


def test_a_record_held_while_its_batch_is_under_way_stays_and_is_in_no_file(folder: Path, settings: Any) -> None:
    settings.DJACTION_ARCHIVE = "files"
    held_in_time = 0
    for chosen in range(1, 12):
        uids = [event.uid for event in make_events(RECORDS)]
        before = in_files(folder)

        def happens(number: int, chosen: int = chosen, uids: list[UUID] = uids) -> None:
            if number == chosen:
                EventAction.objects.filter(uid=uids[0]).update(is_held=True)

        with meanwhile(happens):
            archive()
        held = set(EventAction.objects.filter(is_held=True).values_list("uid", flat=True))
        held_in_time += bool(held)
        assert_all_are_archived([*before, *(uid for uid in uids if uid not in held)], in_files(folder))
        EventAction.objects.all().delete()
    assert 2 <= held_in_time < 11


def test_a_batch_whose_records_are_all_held_leaves_no_file(folder: Path, settings: Any) -> None:
    settings.DJACTION_ARCHIVE = "files"
    make_events(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "commit", _stop_the_second_time(connection.commit))
        with pytest.raises(Stopped):
            archive()
    assert in_files(folder)
    EventAction.objects.update(is_held=True)
    report = archive()
    assert (report.count, in_files(folder)) == (0, [])
    assert not ArchiveBatch.objects.exists()


def _stop_the_second_time(commit: Callable[[], None]) -> Callable[[], None]:
    calls: list[None] = []

    def stopping() -> None:
        calls.append(None)
        if len(calls) == 2:
            connection.close()
            raise Stopped
        commit()

    return stopping
