"""How workers learn that there is something to do: by looking, by a bell, and by a notification."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.db.backends.signals import connection_created
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions import outbox, work
from actions.call import perform
from actions.hooks import Hook
from actions.models import Delivery, PendingCall
from actions.terms import Terms
from actions.work import announce, notifying, waking
from actions.worker import Crew, Queue, StillWorkingError
from actions.worker.listening import Listener
from actions.worker.queue import count_due
from example_app.factories import TodoFactory
from tests.mailbox import SENDER
from tests.pending import make_calls
from tests.records import make_events

HOUR = timedelta(hours=1)
PATIENCE_SECONDS = 20
on_postgres = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL notifies")


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.002)


def _default() -> list[str]:
    return ["default"]


def _finish_next(using: str) -> bool:
    call = work.claim(PendingCall, using=using)
    if call is None:
        return False
    work.finish(call)
    return True


CALLS = Queue("calls", _default, _finish_next, PendingCall)


@pytest.fixture
def rung() -> Iterator[list[int]]:
    """How often a worker of this process would have been woken."""
    found: list[int] = []
    with waking.heard(lambda: found.append(1)):
        yield found


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Crew]]:
    """Runs workers in threads, with some queues and nothing else; they are stopped when the test is over."""
    started: list[tuple[Crew, threading.Thread]] = []
    monkeypatch.setattr("actions.worker.sources._periodic_jobs", {})

    def make(*queues: Queue, threads: int = 1) -> Crew:
        monkeypatch.setattr("actions.worker.queue._queues", {queue.name: queue for queue in queues})
        made = Crew(threads)
        thread = threading.Thread(target=made.run)
        thread.start()
        started.append((made, thread))
        return made

    yield make
    for made, thread in started:
        made.stop()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
        made.close()
    notifying.close()


class TestLooking:
    """One statement says which queues have something due."""

    @pytest.mark.django_db
    def test_several_queues_are_looked_into_in_one_statement(self) -> None:
        make_calls(3)
        asked = [Queue("deliveries", _default, bool, Delivery), CALLS, Queue("others", _default, bool)]
        with CaptureQueriesContext(connection) as queries:
            assert count_due(asked, "default", 2) == [0, 2, 2]
        assert len(queries) == 1

    @pytest.mark.django_db
    def test_what_is_due_later_or_never_is_not_counted(self) -> None:
        make_calls(2, ago=-timedelta(hours=1))
        (parked,) = make_calls()
        work.set_aside(PendingCall.objects.filter(pk=parked.pk))
        assert count_due([CALLS], "default", 5) == [0]

    @pytest.mark.django_db
    def test_rows_of_other_workers_are_not_counted(self) -> None:
        make_calls(2, cron="a")
        make_calls(1, cron="b")
        make_calls(4, cron="c")

        def mine() -> list[Q]:
            return [Q(cron="a"), Q(cron="b")]

        assert count_due([Queue("calls", _default, bool, PendingCall, mine)], "default", 9) == [3]

    @pytest.mark.django_db
    def test_a_worker_that_serves_nothing_asks_nothing(self, django_assert_num_queries: Any) -> None:
        def mine() -> list[Q]:
            return [Q(pk__in=[])]

        with django_assert_num_queries(0):
            assert count_due([Queue("calls", _default, bool, PendingCall, mine)], "default", 1) == [0]

    @pytest.mark.django_db
    def test_every_look_is_at_the_moment_that_it_takes_place(self) -> None:
        make_calls(ago=-HOUR)
        assert count_due([CALLS], "default", 1) == [0]
        with time_machine.travel(timezone.now() + 2 * HOUR):
            assert count_due([CALLS], "default", 1) == [1]

    # ANALYZE commits, on MariaDB.
    @pytest.mark.django_db(transaction=True)
    def test_a_look_goes_by_the_indexes_and_not_through_all_that_waits(self) -> None:
        make_calls(3000, ago=-timedelta(days=1))
        words = {"sqlite": ("ANALYZE", "QUERY PLAN "), "mysql": ("ANALYZE TABLE actions_pendingcall", "")}
        analyze, kind = words.get(connection.vendor, ("ANALYZE actions_pendingcall", ""))
        with connection.cursor() as cursor:
            cursor.execute(analyze)
            with CaptureQueriesContext(connection) as queries:
                assert count_due([CALLS], "default", 1) == [0]
            cursor.execute(f"EXPLAIN {kind}{queries[0]['sql']}")
            plan = str(cursor.fetchall())
        assert "actions_pending_due" in plan
        assert not [word for word in ("Seq Scan", "Sort", "TEMP B-TREE", "filesort") if word in plan]

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("threads", [1, 4])
    def test_an_idle_worker_sends_at_most_one_statement_a_second(self, start: Any, threads: int) -> None:
        queues = [CALLS, Queue("deliveries", _default, bool, Delivery), Queue("more", _default, bool, PendingCall)]
        with _statements() as found:
            start(*queues, threads=threads)
            _until(lambda: found)
            time.sleep(0.2)
            found.clear()
            time.sleep(3)
        assert found.count("a connection") < threads, "it is kept from one look to the next"
        assert 2 <= sum(sql.startswith("SELECT part") for sql in found) <= 3


@contextmanager
def _statements() -> Iterator[list[str]]:
    """What other threads send to the database, and "a connection" where they open one."""
    found: list[str] = []

    def note(execute: Any, sql: str, *args: Any) -> Any:
        found.append(sql)
        return execute(sql, *args)

    def watch(connection: Any, **kwargs: Any) -> None:
        found.append("a connection")
        connection.execute_wrappers.append(note)

    connection_created.connect(watch)
    yield found
    connection_created.disconnect(watch)


class TestAnnouncing:
    """Whatever makes a row due says so."""

    @pytest.mark.django_db(transaction=True)
    def test_it_is_said_after_the_commit(self, rung: list[int]) -> None:
        with transaction.atomic():
            announce("default")
            assert not rung
        assert rung
        announce("default")
        assert len(rung) == 2

    @pytest.mark.django_db(transaction=True)
    def test_what_is_rolled_back_is_not_said(self, rung: list[int]) -> None:
        with transaction.atomic():
            announce("default")
            transaction.set_rollback(True)
        assert not rung

    @pytest.mark.django_db
    def test_where_nobody_listens_it_costs_nothing(self) -> None:
        announce("default")
        assert not connection.run_on_commit

    @pytest.mark.django_db(transaction=True)
    def test_a_call_for_later_is_announced_if_it_is_due_now(self, rung: list[int]) -> None:
        todo = TodoFactory()
        perform("todo:mark_done", todo, actor=todo.owner, terms=Terms(scheduled_at=timezone.now() + HOUR))
        assert not rung
        perform("todo:mark_done", todo, actor=todo.owner, terms=Terms(is_async=True))
        assert rung

    @pytest.mark.django_db(transaction=True)
    def test_a_delivery_is_announced(self, rung: list[int]) -> None:
        (event,) = make_events()
        outbox.post(event, None, [Hook("crm", SENDER)])
        assert rung

    @pytest.mark.django_db(transaction=True)
    def test_rows_that_are_woken_are_announced(self, rung: list[int]) -> None:
        make_calls(2)
        assert work.wake(PendingCall.objects.filter(pk=0)) == 0
        assert not rung
        work.wake(PendingCall.objects.all())
        assert len(rung) == 1

    @pytest.mark.django_db(transaction=True)
    def test_a_worker_of_the_same_process_does_not_wait_for_its_next_look(self, start: Any, settings: Any) -> None:
        settings.DJACTION_POLL_SECONDS = 3600
        start(CALLS)
        time.sleep(0.2)
        make_calls()
        announce("default")
        _until(lambda: not PendingCall.objects.exists())

    @pytest.mark.django_db(transaction=True)
    def test_a_worker_that_nobody_tells_looks_by_itself(self, start: Any, settings: Any) -> None:
        settings.DJACTION_POLL_SECONDS = 0.1
        start(CALLS)
        time.sleep(0.2)
        make_calls()
        _until(lambda: not PendingCall.objects.exists())


class TestThreads:
    """Several things at once, in one worker."""

    @pytest.mark.django_db(transaction=True)
    def test_as_many_things_are_done_at_once_as_there_are_threads(self, start: Any) -> None:
        together = threading.Barrier(3)

        def take(using: str) -> bool:
            has_found = _finish_next(using)
            if has_found:
                together.wait(PATIENCE_SECONDS)
            return has_found

        make_calls(6)
        start(Queue("calls", _default, take, PendingCall), threads=3)
        _until(lambda: not PendingCall.objects.exists())
        assert not together.broken

    @pytest.mark.django_db(transaction=True)
    def test_each_row_is_taken_by_one_thread(self, start: Any) -> None:
        taken: list[int] = []

        def take(using: str) -> bool:
            call = work.claim(PendingCall, using=using)
            if call is not None:
                taken.append(call.pk)
                work.finish(call)
            return call is not None

        calls = make_calls(200, ago=HOUR)
        start(Queue("calls", _default, take, PendingCall), threads=4)
        _until(lambda: not PendingCall.objects.exists())
        assert sorted(taken) == sorted(call.pk for call in calls)

    @pytest.mark.django_db(transaction=True)
    def test_a_thread_that_is_busy_keeps_no_other_from_new_work(self, start: Any, settings: Any) -> None:
        settings.DJACTION_POLL_SECONDS = 3600
        leave = threading.Event()
        names: set[str] = set()

        def take(using: str) -> bool:
            has_found = _finish_next(using)
            if has_found and not names:
                names.add(threading.current_thread().name)
                leave.wait(PATIENCE_SECONDS)
            return has_found

        start(Queue("calls", _default, take, PendingCall), threads=2)
        for _ in range(2):
            make_calls()
            announce("default")
            _until(lambda: not PendingCall.objects.exists())
        assert names
        leave.set()

    @pytest.mark.django_db(transaction=True)
    def test_a_stop_waits_for_what_is_at_hand_but_not_for_ever(self, monkeypatch: Any, settings: Any) -> None:
        settings.DJACTION_STOP_SECONDS = 0.2
        begun, leave = threading.Event(), threading.Event()

        def take(using: str) -> bool:
            begun.set()
            leave.wait(PATIENCE_SECONDS)
            return False

        monkeypatch.setattr("actions.worker.queue._queues", {"calls": Queue("calls", _default, take)})
        monkeypatch.setattr("actions.worker.sources._periodic_jobs", {})
        made = Crew()
        threading.Thread(target=lambda: (begun.wait(PATIENCE_SECONDS), made.stop())).start()
        with pytest.raises(StillWorkingError, match=r"0\.2 seconds: worker 1"):
            made.run()
        leave.set()
        made._threads[0].join(PATIENCE_SECONDS)
        made.close()

    @pytest.mark.parametrize("is_once", [True, False])
    def test_what_ends_one_thread_ends_the_worker(self, monkeypatch: Any, is_once: bool) -> None:
        def take(using: str) -> bool:
            raise SystemExit("enough")

        monkeypatch.setattr("actions.worker.queue._queues", {"calls": Queue("calls", _default, take)})
        monkeypatch.setattr("actions.worker.sources._periodic_jobs", {})
        with closing(Crew(2)) as made, pytest.raises(SystemExit, match="enough"):
            made.run_once() if is_once else made.run()

    @pytest.mark.django_db(transaction=True)
    def test_once_with_several_threads_does_all_that_is_due(self, monkeypatch: Any) -> None:
        monkeypatch.setattr("actions.worker.queue._queues", {"calls": CALLS})
        make_calls(20)
        with closing(Crew(3)) as made:
            assert made.run_once() == []
        assert not PendingCall.objects.exists()


@on_postgres
@pytest.mark.django_db(transaction=True)
class TestNotifying:
    """From one process to another; here the bell of this process is not rung."""

    @pytest.fixture(autouse=True)
    def _setting(self, settings: Any) -> Iterator[None]:
        settings.DJACTION_NOTIFY = True
        settings.DJACTION_POLL_SECONDS = 3600
        yield
        notifying.close()

    def test_a_worker_hears_what_another_process_announces(self, start: Any, monkeypatch: Any) -> None:
        start(CALLS)
        time.sleep(0.2)
        monkeypatch.setattr(waking, "ring", lambda: None)
        make_calls()
        announce("default")
        _until(lambda: not PendingCall.objects.exists())

    def test_a_worker_that_has_lost_its_connection_listens_again(self, start: Any, caplog: Any) -> None:
        start(CALLS)
        _until(_listening)
        (lost,) = _listening()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [lost])
        _until(lambda: [pid for pid in _listening() if pid != lost])
        assert any("Not listening" in record.getMessage() for record in caplog.records)
        make_calls()
        with connection.cursor() as cursor:
            cursor.execute("NOTIFY actions_work")
        _until(lambda: not PendingCall.objects.exists())

    def test_what_was_missed_while_nobody_listened_is_looked_for(self, start: Any) -> None:
        start(CALLS)
        _until(_listening)
        (lost,) = _listening()
        time.sleep(0.2)
        make_calls()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [lost])
        _until(lambda: not PendingCall.objects.exists())

    def test_many_announcements_are_few_notifications(self) -> None:
        with notifying.connect("default") as listener:
            listener.execute("LISTEN actions_work")
            started = time.monotonic()
            for _ in range(1000):
                announce("default")
            seconds = time.monotonic() - started
            heard = list(listener.notifies(timeout=0.5))
        assert 1 <= len(heard) <= 2 + seconds / notifying.MIN_GAP_SECONDS

    def test_a_database_that_cannot_be_reached_costs_the_caller_nothing(self, monkeypatch: Any, caplog: Any) -> None:
        def fail(using: str) -> Any:
            raise OSError("no route")

        monkeypatch.setattr(notifying, "connect", fail)
        announce("default")
        _until(lambda: caplog.records)
        announce("default")
        time.sleep(0.05)
        (record,) = caplog.records
        assert "no route" in record.getMessage()

    def test_without_the_setting_nobody_listens(self, settings: Any) -> None:
        settings.DJACTION_NOTIFY = False
        assert Listener.of([CALLS], time.monotonic).connections() == []

    def test_it_takes_milliseconds_from_the_announcement_to_the_work(self, start: Any, monkeypatch: Any) -> None:
        """Far below what polling would take; how far, depends on the machine."""
        begun: list[float] = []

        def take(using: str) -> bool:
            has_found = _finish_next(using)
            if has_found:
                begun.append(time.monotonic())
            return has_found

        start(Queue("calls", _default, take, PendingCall))
        _until(_listening)
        monkeypatch.setattr(waking, "ring", lambda: None)
        waits = []
        for number in range(1, 41):
            make_calls()
            announced = time.monotonic()
            announce("default")
            _until(lambda number=number: len(begun) == number)
            waits.append(begun[-1] - announced)
            time.sleep(0.05)
        assert sorted(waits)[37] < 0.25, waits


def _listening() -> list[int]:
    """The server's processes of those who listen."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN actions_work' AND datname = current_database()"
        )
        return [pid for (pid,) in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_where_the_database_cannot_notify_a_worker_of_this_process_is_rung(rung: list[int], settings: Any) -> None:
    settings.DJACTION_NOTIFY = True
    sent: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waking, "notify", sent.append)
        announce("default")
    assert rung
    assert sent == (["default"] if connections["default"].vendor == "postgresql" else [])
