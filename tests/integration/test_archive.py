"""Which records are archived, when and where to."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions import archive as package
from actions.archive import archive, as_moment, count_due, transactions
from actions.archive.files import ArchiveStorageError, name_of, new_uid
from actions.definitions import Action
from actions.exceptions import ConfigurationError
from actions.models import ArchivedEventAction, EventAction
from actions.registry import ActionRegistry
from tests.records import assert_all_are_archived, in_files, in_table, lines, live, make_events

pytestmark = pytest.mark.django_db

LEFT_BEHIND = {"is_held", "key_hash", "request_hash"}
"""Columns that mean something only as long as a record is among the others."""

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Where archive files go."""
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "archive": backend}
    settings.DJACTION_ARCHIVE_STORAGE = "archive"
    settings.DJACTION_ARCHIVE = "files"
    return tmp_path


def _uids(events: list[EventAction]) -> list[Any]:
    return [event.uid for event in events]


def test_records_older_than_a_day_are_moved_and_newer_ones_stay() -> None:
    old, new = make_events(3), make_events(2, age=DAY - HOUR)
    report = archive()
    assert (report.count, report.batches, report.destination) == (3, 1, "table")
    assert sorted(in_table()) == sorted(_uids(old))
    assert live() == set(_uids(new))


def test_the_time_to_live_is_read_at_each_use(settings: Any) -> None:
    make_events(1, age=2 * HOUR)
    assert archive().count == 0
    settings.DJACTION_TTL_MINUTES = 60
    assert archive().count == 1


def test_a_time_to_live_beyond_the_calendar_keeps_everything(settings: Any) -> None:
    make_events(1, age=3650 * DAY)
    settings.DJACTION_TTL_MINUTES = 10**12
    assert archive().count == 0


@pytest.mark.parametrize("outcome", ["pending", "running"])
def test_records_of_what_has_not_ended_stay(outcome: str) -> None:
    unfinished, ended = make_events(1, outcome=outcome, status_code=202), make_events(1)
    assert (count_due(), archive().count) == (1, 1)
    assert live() == set(_uids(unfinished))
    assert in_table() == _uids(ended)


def test_held_records_stay() -> None:
    make_events(1, is_held=True)
    assert archive().count == 0
    EventAction.objects.update(is_held=False)
    assert archive().count == 1


def test_retention_by_outcome_goes_before_the_time_to_live(settings: Any) -> None:
    settings.DJACTION_RETENTION = {"failed": 60 * 24 * 30, "refused": 60}
    failed = make_events(1, outcome="failed")
    make_events(1, outcome="refused", age=2 * HOUR)
    fresh = make_events(1, outcome="succeeded", age=2 * HOUR)
    make_events(1, outcome="succeeded")
    assert archive().count == 2
    assert live() == set(_uids(failed + fresh))


def test_a_definition_s_retention_goes_before_the_settings(settings: Any) -> None:
    settings.DJACTION_RETENTION = {"failed": 60}
    kept = {"succeeded": 30, "default": 60 * 24 * 30}
    registry = ActionRegistry(
        "parcel",
        actions=[Action(id="ship", function=lambda parcel: None, retention=kept), Action(id="pack", function=len)],
    )
    long = make_events(1, resource="parcel", action="ship", outcome="failed")
    make_events(1, resource="parcel", action="ship", outcome="succeeded", age=HOUR)
    other_action = make_events(1, resource="parcel", action="pack", outcome="succeeded", age=HOUR)
    other_resource = make_events(1, resource="todo", action="ship", outcome="succeeded", age=HOUR)
    make_events(1, resource="parcel", action="pack", outcome="failed", age=2 * HOUR)
    assert count_due() == 2
    assert archive().count == 2
    assert live() == set(_uids(long + other_action + other_resource))
    assert registry.resource == "parcel"


def test_a_moment_goes_before_every_retention_but_not_before_a_hold(settings: Any) -> None:
    settings.DJACTION_RETENTION = {"failed": 60 * 24 * 30}
    make_events(1, outcome="failed", age=3 * HOUR)
    held = make_events(1, age=3 * HOUR, is_held=True)
    newer = make_events(1, age=HOUR)
    assert archive(older_than=timezone.now() - 2 * HOUR).count == 1
    assert live() == set(_uids(held + newer))


def test_ages_are_taken_at_the_given_moment() -> None:
    make_events(1, age=HOUR)
    assert archive(now=timezone.now() + DAY).count == 1


@pytest.mark.parametrize("destination", ["table", "files"])
def test_a_project_without_time_zones_archives_too(destination: str, folder: Path, settings: Any) -> None:
    settings.USE_TZ = False
    settings.DJACTION_ARCHIVE = destination
    settings.DJACTION_RETENTION = {"failed": 60}
    make_events(2)
    make_events(1, outcome="failed", age=2 * HOUR)
    make_events(1, age=HOUR)
    assert archive().count == 3
    assert archive(older_than=as_moment(date(2100, 1, 1))).count == 1


@pytest.mark.parametrize("argument", ["now", "older_than"])
def test_a_naive_moment_is_refused(argument: str) -> None:
    with pytest.raises(ValueError, match="is naive"):
        archive(**{argument: datetime(2026, 1, 1)})  # noqa: DTZ001


def test_a_limit_begins_no_further_batch(settings: Any) -> None:
    settings.DJACTION_ARCHIVE_BATCH_SIZE = 2
    make_events(7)
    assert archive(limit=3).count == 3
    assert EventAction.objects.count() == 4


def test_records_are_moved_in_batches_of_the_set_size_oldest_first(settings: Any) -> None:
    settings.DJACTION_ARCHIVE_BATCH_SIZE = 2
    make_events(3)
    oldest = make_events(2, age=5 * DAY)
    assert archive(limit=2).batches == 1
    assert sorted(in_table()) == sorted(_uids(oldest))
    assert archive().batches == 2


def test_each_batch_costs_a_fixed_number_of_statements(settings: Any) -> None:
    settings.DJACTION_ARCHIVE_BATCH_SIZE = 5
    make_events(5)
    with CaptureQueriesContext(connection) as one:
        archive()
    make_events(25)
    with CaptureQueriesContext(connection) as five:
        archive()
    # Two statements of a run belong to no batch: batches left behind, and the look that finds nothing more.
    assert len(five) - 2 == 5 * (len(one) - 2)


def test_a_record_in_the_table_keeps_its_key_and_all_it_said() -> None:
    event = make_events(
        1,
        selection={"ids": [7]},
        changes=[{"model": "example_app.todo", "key": "7", "field": "is_done", "before": False, "after": True}],
        error={"code": "x", "detail": "ö", "errors": {}},
        response_data=[1.25, None, {"a": "🌱"}],
        scheduled_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    )[0]
    event.refresh_from_db()
    archive()
    archived = ArchivedEventAction.objects.get(pk=event.pk)
    for field in EventAction._meta.concrete_fields:
        if field.name not in LEFT_BEHIND:
            assert getattr(archived, field.name) == getattr(event, field.name), field.name
    assert archived.archived_at - timezone.now() < timedelta(minutes=1)


def test_a_file_has_a_line_for_each_record_with_every_column(folder: Path) -> None:
    event = make_events(1, scheduled_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))[0]
    event.refresh_from_db()
    archive()
    (line,) = lines(folder)
    assert set(line) == {field.attname for field in EventAction._meta.concrete_fields} - LEFT_BEHIND
    assert (line["id"], line["uid"]) == (event.pk, str(event.uid))
    assert line["request_data"] == event.request_data
    assert datetime.fromisoformat(line["scheduled_at"]) == event.scheduled_at
    assert datetime.fromisoformat(line["created_at"]) == event.created_at


def test_files_stand_in_the_folder_of_the_day_under_names_of_their_own(folder: Path, settings: Any) -> None:
    settings.DJACTION_ARCHIVE_BATCH_SIZE = 2
    uids = _uids(make_events(3))
    with time_machine.travel(datetime(2026, 11, 21, 23, 30, tzinfo=UTC)):
        archive()
    names = [file.relative_to(folder).as_posix() for file in folder.rglob("*.gz")]
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"actions/2026/11/21/[0-9a-f-]{36}\.jsonl\.gz", name) for name in names)
    assert_all_are_archived(uids, in_files(folder))


def test_the_name_of_a_file_follows_from_the_batch_alone() -> None:
    with time_machine.travel(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)):
        uid = new_uid()
    with time_machine.travel(datetime(2027, 1, 1, 12, tzinfo=UTC)):
        assert name_of(uid) == f"actions/2026/12/31/{uid}.jsonl.gz"


def test_nowhere_removes_the_records(settings: Any) -> None:
    settings.DJACTION_ARCHIVE = "nowhere"
    make_events(3)
    new = make_events(1, age=HOUR)
    assert archive().count == 3
    assert live() == set(_uids(new))
    assert in_table() == []


def test_an_unknown_destination_is_an_error_and_moves_nothing(settings: Any) -> None:
    settings.DJACTION_ARCHIVE = "attic"
    make_events(1)
    with pytest.raises(ConfigurationError, match=r"'attic'.*'table', 'files', 'nowhere'"):
        archive()
    assert EventAction.objects.count() == 1


@pytest.mark.parametrize("alias", [None, "attic"])
def test_files_without_a_storage_of_the_project_are_an_error_and_move_nothing(settings: Any, alias: str | None) -> None:
    settings.DJACTION_ARCHIVE = "files"
    settings.DJACTION_ARCHIVE_STORAGE = alias
    make_events(1)
    with pytest.raises(ConfigurationError, match=rf"DJACTION_ARCHIVE_STORAGE is {alias!r}\. Set it to an alias"):
        archive()
    assert EventAction.objects.count() == 1


def test_a_batch_of_an_unfinished_run_goes_to_its_file_even_when_the_destination_has_changed(
    folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    uids = _uids(make_events(2))

    def fail(*args: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("actions.archive.archiver.write", fail)
        with pytest.raises(OSError, match="disk full"):
            archive()
    settings.DJACTION_ARCHIVE = "table"
    more = _uids(make_events(1))
    report = archive()
    assert (report.count, report.batches, report.resumed) == (3, 2, 1)
    assert_all_are_archived(uids, in_files(folder))
    assert in_table() == more


def test_a_storage_that_gives_files_other_names_is_an_error_and_moves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_events(1)
    monkeypatch.setattr(
        "django.core.files.storage.FileSystemStorage.get_available_name",
        lambda self, name, max_length=None: name.replace(".jsonl", "_1.jsonl"),
    )
    with pytest.raises(ArchiveStorageError, match="keeps names"):
        archive()
    assert EventAction.objects.count() == 1
    assert lines(folder) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("destination", ["table", "files"])
def test_a_batch_that_the_database_gives_up_is_tried_again(
    destination: str, folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DJACTION_ARCHIVE = destination
    monkeypatch.setattr(transactions, "LONGEST_PAUSE_SECONDS", 0)
    uids = _uids(make_events(3))
    failures = ["deadlock", "deadlock"]

    def give_up(execute: Any, sql: str, *args: Any) -> Any:
        result = execute(sql, *args)
        if failures and sql.startswith("DELETE"):
            raise OperationalError(failures.pop())
        return result

    with connection.execute_wrapper(give_up):
        assert archive().count == 3
    assert failures == []
    assert_all_are_archived(uids, in_table() if destination == "table" else in_files(folder))


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_the_database_keeps_giving_up_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "LONGEST_PAUSE_SECONDS", 0)
    make_events(1)

    def give_up(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith("DELETE"):
            raise OperationalError("deadlock")
        return execute(sql, *args)

    with connection.execute_wrapper(give_up), pytest.raises(OperationalError, match="deadlock"):
        archive()
    assert EventAction.objects.count() == 1
    assert in_table() == []


def test_archiving_inside_of_a_transaction_is_refused() -> None:
    make_events(1)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        archive()
    assert EventAction.objects.count() == 1


def test_a_batch_is_never_larger_than_what_one_statement_can_name(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(connection.features), "max_query_params", 30)
    settings.DJACTION_ARCHIVE_BATCH_SIZE = 1_000_000
    make_events(25)
    assert archive().batches == 3


def test_a_batch_size_of_a_million_is_cut_to_what_makes_a_short_transaction(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actions.archive.archiver.MAX_BATCH", 4)
    settings.DJACTION_ARCHIVE_BATCH_SIZE = 1_000_000
    make_events(9)
    assert archive().batches == 3


@pytest.mark.django_db(databases=["default", "other"])
def test_each_database_that_records_are_written_to_is_archived(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth.models import User

    class Served:
        queryset = User.objects.using("other")

    registry = ActionRegistry("elsewhere", actions=[Action(id="ping", function=len)])
    monkeypatch.setattr(registry, "viewset", Served)
    own = make_events(1)
    event = make_events(1)[0]
    event.delete()
    event.pk = None
    event.save(using="other", force_insert=True)
    reports = package.archive_all()
    assert {alias: report.count for alias, report in reports.items()} == {"default": 1, "other": 1}
    assert in_table() == _uids(own)
    assert ArchivedEventAction.objects.using("other").get().uid == event.uid


def test_the_worker_s_job_says_whether_more_is_waiting(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actions.archive.archiver.SLICE_BATCHES", 2)
    settings.DJACTION_ARCHIVE_BATCH_SIZE = 2
    make_events(5)
    assert package.archive_some() is True
    assert EventAction.objects.count() == 1
    assert package.archive_some() is False
    assert EventAction.objects.count() == 0


def test_the_worker_s_interval_is_read_at_each_use(settings: Any) -> None:
    settings.DJACTION_ARCHIVE_INTERVAL_MINUTES = 5
    assert package.archive_interval() == timedelta(minutes=5)
