"""The queue on every database: who gets a row, and who may still write to it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection, connections, models, transaction
from django.db.backends.signals import connection_created
from django.test.utils import CaptureQueriesContext, isolate_apps
from django.utils import timezone

from actions import work
from actions.models import EventAction, LeasedRow, PendingCall, WorkerHeartbeat
from actions.work import Heartbeat, Hold, LeaseLostError, is_worker_alive
from actions.work import hold as hold_module
from tests.pending import make_calls

PATIENCE_SECONDS = 60
EXPIRED = timedelta(seconds=-1)
"""A lease that is over when it begins: as if its worker had died, and the time gone by."""

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="where one transaction writes at a time")
not_on_sqlite = pytest.mark.skipif(connection.vendor == "sqlite", reason="where one transaction writes at a time")


def _claim(**options: Any) -> PendingCall | None:
    return work.claim(PendingCall, using="default", **options)


def _claimed(**options: Any) -> PendingCall:
    row = _claim(**options)
    assert row is not None
    return row


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.01)


def _in_thread(function: Callable[[], Any]) -> Any:
    """What a function returns in a thread, which has a connection of its own."""
    answers: list[Any] = []

    def run() -> None:
        try:
            answers.append(function())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert answers
    return answers[0]


# --- claim


@pytest.mark.django_db
def test_the_row_that_has_been_due_longest_comes_first() -> None:
    keys = [call.pk for call in make_calls(3)]
    assert [_claimed().pk for _ in keys] == keys
    assert _claim() is None


@pytest.mark.django_db
def test_a_claimed_row_is_as_it_is_in_the_database() -> None:
    make_calls(cron="@daily", progress={"done": 1, "total": None, "message": "ä"})
    before = timezone.now()
    claimed, stored = _claimed(), PendingCall.objects.get()
    for field in PendingCall._meta.concrete_fields:
        assert getattr(claimed, field.attname) == getattr(stored, field.attname)
    assert (claimed.fence, claimed.attempts) == (1, 1)
    assert claimed.request["data"] == {"json": {"note": "Grüße 🌱"}}
    assert before + timedelta(seconds=60) <= claimed.due_at <= timezone.now() + timedelta(seconds=60)


@pytest.mark.django_db
def test_what_is_not_due_or_never_is_taken_by_nobody() -> None:
    make_calls(ago=-timedelta(hours=1))
    make_calls(due_at=None)
    assert _claim() is None


@pytest.mark.django_db
def test_a_row_whose_lease_is_over_is_taken_again(settings: Any) -> None:
    make_calls()
    settings.DJACTION_LEASE_SECONDS = -1
    assert (_claimed().fence, _claimed().fence) == (1, 2)
    assert PendingCall.objects.get().attempts == 2


@pytest.mark.django_db
def test_a_clock_that_jumps_back_gives_a_row_to_nobody_else_and_its_worker_ends_it() -> None:
    make_calls()
    claimed = _claimed()
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        assert _claim() is None
        work.finish(claimed)
    assert not PendingCall.objects.exists()


@pytest.mark.django_db
def test_an_idle_worker_costs_one_statement_and_a_claim_one_or_two() -> None:
    with CaptureQueriesContext(connection) as idle:
        assert _claim() is None
    make_calls(2)
    with CaptureQueriesContext(connection) as busy:
        assert _claim() is not None
    assert [len(_statements(queries)) for queries in (idle, busy)] == [1, 1 if connection.vendor == "postgresql" else 2]


def _statements(queries: CaptureQueriesContext) -> list[str]:
    """Without the beginnings and ends of transactions."""
    return [query["sql"] for query in queries if query["sql"].startswith(("SELECT", "UPDATE"))]


# ANALYZE commits, on MariaDB.
@pytest.mark.django_db(transaction=True)
def test_the_claim_goes_by_the_index_and_not_through_all_that_waits() -> None:
    make_calls(3000, ago=-timedelta(days=1))
    make_calls()
    with connection.cursor() as cursor:
        tables = f"{EventAction._meta.db_table}, {PendingCall._meta.db_table}"
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else _analyze() + tables)
        with CaptureQueriesContext(connection) as queries:
            assert _claim() is not None
        first = _statements(queries)[0]
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{first}")
        plan = str(cursor.fetchall())
    assert "actions_pending_due" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
    assert "filesort" not in plan


def _analyze() -> str:
    return "ANALYZE TABLE " if connection.vendor == "mysql" else "ANALYZE "


@pytest.mark.django_db(transaction=True)
@isolate_apps("tests.app")
def test_any_table_can_be_a_queue() -> None:
    class Odd(LeasedRow):
        key = models.UUIDField(primary_key=True, db_column="Select")
        due = models.CharField(max_length=10, db_column="due at")

        class Meta(LeasedRow.Meta):
            abstract = False
            app_label = "app"
            db_table = "Leased rows"

    with connection.schema_editor() as editor:
        editor.create_model(Odd)
    try:
        key = "12345678-1234-5678-1234-567812345678"
        Odd.objects.create(key=key, due="x")
        row = work.claim(Odd, using="default")
        assert row is not None
        assert (str(row.key), row.due, row.fence) == (key, "x", 1)
        with Hold(row) as hold:
            hold.progress(1, 2, "a row that keeps none")
        work.finish(row)
        assert not Odd.objects.exists()
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Odd)


@pytest.mark.django_db(transaction=True)
def test_two_hundred_rows_are_each_taken_by_one_of_four_workers() -> None:
    keys = {call.pk for call in make_calls(200, ago=timedelta(hours=1))}
    taken: list[tuple[int, int]] = []
    start = threading.Barrier(4)

    def take_all() -> None:
        try:
            start.wait(PATIENCE_SECONDS)
            while row := _claim():
                taken.append((row.pk, row.fence))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert Counter(taken) == Counter((key, 1) for key in keys)


@pytest.mark.django_db(transaction=True)
@not_on_sqlite
def test_a_row_that_somebody_has_locked_is_passed_by() -> None:
    first, second = make_calls(2)
    with transaction.atomic():
        PendingCall.objects.select_for_update().get(pk=first.pk)
        assert _in_thread(_claimed).pk == second.pk


@pytest.mark.django_db(transaction=True)
@on_sqlite
def test_where_somebody_keeps_the_write_lock_nothing_is_taken_and_nothing_fails() -> None:
    make_calls()
    has_lock, may_go = threading.Event(), threading.Event()

    def work_long() -> None:
        with transaction.atomic():
            EventAction.objects.update(status_code=200)
            has_lock.set()
            may_go.wait(PATIENCE_SECONDS)
        connections.close_all()

    thread = threading.Thread(target=work_long)
    thread.start()
    assert has_lock.wait(PATIENCE_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 1")
    assert _claim() is None
    may_go.set()
    thread.join(PATIENCE_SECONDS)
    assert _claim() is not None
    connection.close()


# --- finish and release


@pytest.mark.django_db
def test_a_finished_row_is_gone_and_cannot_be_finished_twice() -> None:
    make_calls()
    claimed = _claimed()
    with CaptureQueriesContext(connection) as queries:
        work.finish(claimed)
    assert len(queries) == 1
    assert not PendingCall.objects.exists()
    with pytest.raises(LeaseLostError, match=f"actions.PendingCall {claimed.pk} is not held with fence 1"):
        work.finish(claimed)


@pytest.mark.django_db(transaction=True)
def test_a_stalled_worker_whose_row_was_taken_over_cannot_commit() -> None:
    make_calls()
    stalled = _claimed(lease=EXPIRED)
    other = _in_thread(_claimed)

    def end_late() -> None:
        with transaction.atomic():
            EventAction.objects.update(outcome="succeeded")
            work.finish(stalled)

    with pytest.raises(LeaseLostError):
        end_late()
    assert EventAction.objects.get().outcome == "pending"
    work.finish(other)


@pytest.mark.django_db(transaction=True)
def test_a_stalled_worker_whose_row_was_done_by_another_cannot_commit() -> None:
    make_calls()
    stalled = _claimed(lease=EXPIRED)
    _in_thread(lambda: work.finish(_claimed()))
    with pytest.raises(LeaseLostError):
        work.finish(stalled)


@pytest.mark.django_db
def test_a_row_that_is_given_back_waits_for_its_moment() -> None:
    make_calls()
    claimed = _claimed()
    work.release(claimed, timezone.now() + timedelta(hours=1))
    assert _claim() is None
    PendingCall.objects.update(due_at=timezone.now())
    again = _claimed()
    assert (again.attempts, work.was_interrupted(again)) == (2, False)


@pytest.mark.django_db
def test_who_has_given_a_row_back_can_write_to_it_no_more() -> None:
    make_calls()
    claimed = _claimed()
    work.release(claimed, None)
    for write in (lambda: work.finish(claimed), lambda: work.release(claimed, timezone.now())):
        with pytest.raises(LeaseLostError):
            write()
    stored = PendingCall.objects.get()
    assert (stored.due_at, stored.attempts) == (None, 1)


@pytest.mark.django_db
def test_a_row_that_was_never_given_back_shows_that_its_worker_died() -> None:
    make_calls()
    assert not work.was_interrupted(_claimed(lease=EXPIRED))
    taken_over = _claimed()
    assert work.was_interrupted(taken_over)
    work.release(taken_over, timezone.now())
    assert work.was_interrupted(_claimed()), "an attempt that was given back hides no earlier one"


# --- Hold


@pytest.fixture
def opened() -> Iterator[list[Any]]:
    """Connections of other threads, as they are opened."""
    found: list[Any] = []

    def note(connection: Any, **details: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            found.append(connection)

    connection_created.connect(note)
    yield found
    connection_created.disconnect(note)


@pytest.mark.django_db(transaction=True)
def test_a_held_row_is_renewed_as_long_as_the_work_takes_and_then_the_connection_is_closed(opened: list[Any]) -> None:
    make_calls()
    lease = timedelta(seconds=0.6)
    claimed = _claimed(lease=lease)
    with Hold(claimed, lease=lease) as hold:
        first = claimed.due_at
        _until(lambda: PendingCall.objects.get().due_at > first + lease * 2)
    assert not hold.is_lost
    assert opened
    assert [each.connection for each in opened] == [None] * len(opened)
    work.finish(claimed)


@pytest.mark.django_db(transaction=True)
def test_short_work_needs_no_second_connection(opened: list[Any]) -> None:
    make_calls()
    with Hold(_claimed()) as hold:
        work.finish(hold.row)
    assert not opened
    assert "hold" not in " ".join(thread.name for thread in threading.enumerate())


@pytest.mark.django_db(transaction=True)
def test_progress_can_be_seen_while_the_work_goes_on() -> None:
    make_calls()
    with Hold(_claimed()) as hold:
        for done in range(1, 1001):
            hold.progress(done, 1000, "half way" if done < 1000 else "there")
        _until(lambda: (PendingCall.objects.get().progress or {}).get("done") == 1000)
        assert PendingCall.objects.get().progress == {"done": 1000, "total": 1000, "message": "there"}


@pytest.mark.django_db(transaction=True)
@not_on_sqlite
def test_progress_can_be_seen_outside_of_the_transaction_of_the_work() -> None:
    make_calls()
    with Hold(_claimed()) as hold, transaction.atomic():
        EventAction.objects.update(status_code=200)
        hold.progress(1, 2)
        _until(lambda: _in_thread(lambda: PendingCall.objects.get().progress) == {"done": 1, "total": 2, "message": ""})


@pytest.mark.django_db(transaction=True)
def test_a_worker_learns_that_it_has_lost_the_row() -> None:
    make_calls()
    with Hold(_claimed(lease=EXPIRED)) as hold:
        taken_over = _claimed()
        hold.progress(1)
        _until(lambda: hold.is_lost)
    assert PendingCall.objects.get().progress is None
    assert PendingCall.objects.get().due_at == taken_over.due_at


@pytest.mark.django_db(transaction=True)
@on_sqlite
def test_work_that_keeps_the_write_lock_longer_than_its_lease_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold_module, "SQLITE_PATIENCE_MS", 1)
    monkeypatch.setattr(hold_module, "RETRY_SECONDS", 0.01)
    failures: list[str] = []
    monkeypatch.setattr(hold_module.logger, "info", lambda message, *details: failures.append(str(details[-1])))
    make_calls()
    claimed = _claimed(lease=timedelta(seconds=0.01))
    with Hold(claimed, lease=timedelta(seconds=0.01)) as hold, transaction.atomic():
        EventAction.objects.update(outcome="succeeded")
        _until(lambda: len(failures) > 2)
        assert timezone.now() > claimed.due_at
        assert not hold.is_lost
        work.finish(claimed)
    assert "locked" in failures[0]
    assert EventAction.objects.get().outcome == "succeeded"


@pytest.mark.django_db(transaction=True)
def test_a_renewal_that_does_not_get_through_is_tried_again_and_is_no_lost_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hold_module, "RETRY_SECONDS", 0.01)
    failures: list[None] = []
    held = hold_module.held

    def failing(row: Any) -> Any:
        if len(failures) < 3:
            failures.append(None)
            raise OperationalError("the server is restarting")
        return held(row)

    monkeypatch.setattr(hold_module, "held", failing)
    make_calls()
    with Hold(_claimed()) as hold:
        hold.progress(5)
        _until(lambda: PendingCall.objects.get().progress)
    assert (len(failures), hold.is_lost) == (3, False)


@pytest.mark.django_db
def test_inside_of_a_transaction_of_the_callers_progress_is_written_in_it() -> None:
    make_calls()
    with Hold(_claimed()) as hold:
        hold.progress(3, message="three")
        assert PendingCall.objects.get().progress == {"done": 3, "total": None, "message": "three"}
        assert "hold" not in " ".join(thread.name for thread in threading.enumerate())
    assert not hold.is_lost


# --- Heartbeat


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_alive_from_its_beginning_to_its_end() -> None:
    assert not is_worker_alive("default")
    with Heartbeat(["default"]) as heartbeat:
        assert is_worker_alive("default")
        row = WorkerHeartbeat.objects.get()
        assert (row.uid, row.name) == (heartbeat.uid, heartbeat.name)
    assert not WorkerHeartbeat.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_at_work_is_seen_again_and_again(settings: Any, opened: list[Any]) -> None:
    settings.DJACTION_WORKER_TIMEOUT_SECONDS = 0.5
    with Heartbeat(["default"]):
        first = WorkerHeartbeat.objects.get().seen_at
        _until(lambda: WorkerHeartbeat.objects.get().seen_at > first + timedelta(seconds=0.5))
    assert opened
    assert [each.connection for each in opened] == [None] * len(opened)


@pytest.mark.django_db
def test_a_worker_that_comes_back_counts_as_alive_between_its_runs() -> None:
    with Heartbeat(["default"], is_kept=True):
        pass
    assert is_worker_alive("default")
    with time_machine.travel(timezone.now() + timedelta(seconds=91)):
        assert not is_worker_alive("default")


@pytest.mark.django_db
def test_workers_that_are_gone_are_cleared_away_by_the_next_one() -> None:
    with time_machine.travel(timezone.now() - timedelta(days=1)), Heartbeat(["default"], is_kept=True):
        pass
    with Heartbeat(["default"]) as heartbeat:
        assert [row.uid for row in WorkerHeartbeat.objects.all()] == [heartbeat.uid]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_was_taken_for_dead_comes_back_with_its_next_beat(settings: Any) -> None:
    settings.DJACTION_WORKER_TIMEOUT_SECONDS = 0.5
    with Heartbeat(["default"]):
        WorkerHeartbeat.objects.all().delete()
        _until(WorkerHeartbeat.objects.exists)


@pytest.mark.django_db
def test_a_database_that_does_not_answer_ends_no_worker(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Heartbeat, using: str) -> None:
        raise OperationalError("the server is restarting")

    monkeypatch.setattr(Heartbeat, "_own", fail)
    with Heartbeat(["default"]):
        pass
    assert "the server is restarting" in caplog.text
