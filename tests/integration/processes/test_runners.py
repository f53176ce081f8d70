"""Which runner the settings mean, what it says to its library, and what the checks say of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import django
import pytest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions.exceptions import ConfigurationError, MissingExtraError
from actions.processes import runners
from actions.processes.models import Run
from actions.processes.runners import KNOWN, QueueRunner, base, carry_out, check_runner, get_runner
from actions.work import waking

IS_IN_DJANGO = django.VERSION >= (6, 0)
"""The Tasks framework."""
MISSING = {"celery": "celery", "dramatiq": "dramatiq"} | ({} if IS_IN_DJANGO else {"tasks": "django_tasks"})
"""The library of each runner that may not be there."""
BACKENDS = "django.tasks.backends" if IS_IN_DJANGO else "django_tasks.backends"
DUMMY = f"{BACKENDS}.dummy"
IMMEDIATE = f"{BACKENDS}.immediate"


class OwnRunner(QueueRunner):
    """A project's own."""

    def send(self, run_id: int, fence: int, using: str, queue: str) -> None:
        raise ConnectionError(f"{run_id} {fence} {using} {queue}")


class NoRunner:
    """Something else."""


@pytest.fixture
def run(db: None) -> Run:
    return Run.objects.create(process="hello", definition_id=1, node="work", queue="slow", due_at=timezone.now())


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Has a runner's module imported anew, without its library if that is what the test wants."""

    def make(runner: str) -> None:
        for name in [f"actions.processes.runners.{runner}", "actions.processes.runners.dramatiq_actor"]:
            monkeypatch.delitem(sys.modules, name, raising=False)

    base._runner.cache_clear()
    yield make
    base._runner.cache_clear()


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch, settings: Any, fresh: Any) -> Callable[[str], None]:
    """Makes a runner the project's whose library is not installed."""

    def make(runner: str) -> None:
        settings.DJACTION_RUNNER = runner
        fresh(runner)
        monkeypatch.setitem(sys.modules, MISSING[runner], None)

    return make


class TestSetting:
    @pytest.mark.parametrize("name", KNOWN)
    def test_every_name_is_a_runner(self, settings: Any, name: str) -> None:
        settings.DJACTION_RUNNER = name
        assert callable(get_runner().hand_over)

    def test_a_class_of_the_project_s_own(self, settings: Any) -> None:
        settings.DJACTION_RUNNER = f"{__name__}.OwnRunner"
        assert isinstance(get_runner(), OwnRunner)

    @pytest.mark.parametrize("name", ["selery", "os.path", f"{__name__}.NoRunner", f"{__name__}.Nothing", ""])
    def test_what_names_no_runner_is_said_so(self, settings: Any, name: str) -> None:
        settings.DJACTION_RUNNER = name
        with pytest.raises(ConfigurationError, match="DJACTION_RUNNER is"):
            get_runner()

    @pytest.mark.parametrize("runner", MISSING)
    def test_a_library_that_is_not_there_is_named_with_its_extra(self, without: Any, runner: str) -> None:
        without(runner)
        with pytest.raises(MissingExtraError, match=rf"dj-actions\[{runner}\]"):
            get_runner()

    @pytest.mark.parametrize(("name", "expected"), [("celery", ["actions.processes.runners.celery"]), ("worker", [])])
    def test_celery_s_task_is_declared_when_the_project_starts(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch, name: str, expected: list[str]
    ) -> None:
        imported: list[str] = []
        monkeypatch.setattr(base, "import_module", imported.append)
        settings.DJACTION_RUNNER = name
        runners.load()
        assert imported == expected

    def test_a_project_starts_without_the_library_too(self, without: Any, caplog: Any) -> None:
        without("celery")
        runners.load()
        assert "dj-actions[celery]" in caplog.text


class TestHandingOver:
    def test_what_cannot_be_sent_is_logged_and_harms_nobody(self, run: Run, caplog: Any) -> None:
        OwnRunner().hand_over(run.pk, 3, "default")
        (record,) = caplog.records
        assert f"Run {run.pk} was not handed over" in record.getMessage()
        assert f"{run.pk} 3 default slow" in str(record.exc_info[1])

    def test_the_queue_is_looked_up_only_where_it_is_not_known(self, run: Run, caplog: Any) -> None:
        from django.db import connection

        with CaptureQueriesContext(connection) as queries:
            OwnRunner().hand_over(run.pk, 3, "default", queue="fast")
        assert len(queries) == 0

    def test_a_run_that_is_gone_is_nobody_s_error(self, db: None) -> None:
        assert base.queue_of(0, "default") == "default"

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("name", ["inline", "worker"])
    def test_the_package_s_own_worker_is_woken(self, settings: Any, name: str) -> None:
        settings.DJACTION_RUNNER = name
        rung: list[int] = []
        with waking.heard(lambda: rung.append(1)):
            get_runner().hand_over(1, 1, "default")
        assert rung == [1]

    @pytest.mark.parametrize("answer", [True, False])
    def test_the_other_end_lets_the_executor_decide(self, monkeypatch: Any, answer: bool) -> None:
        asked: list[Any] = []

        def work_on(run_id: int, fence: int, *, using: str) -> bool:
            asked.append((run_id, fence, using))
            return answer

        monkeypatch.setattr("actions.processes.executor.work_on", work_on)
        assert carry_out(7, 3, "other") is answer
        assert asked == [(7, 3, "other")]


@pytest.mark.once
class TestQueues:
    """A run's queue is the library's."""

    @pytest.mark.parametrize(("queue", "expected"), [("default", "celery"), ("slow", "slow")])
    def test_celery(self, queue: str, expected: str) -> None:
        from celery import Celery

        from actions.processes.runners.celery import CeleryRunner

        with Celery("test", broker="memory://", set_as_current=True) as app:
            CeleryRunner().hand_over(7, 3, "other", queue=queue)
            with app.connection_for_read() as connection, connection.SimpleQueue(expected) as waiting:
                message = waiting.get(timeout=5)
                message.ack()
        assert message.headers["task"] == "actions.processes.work_on"
        assert message.payload[0] == [7, 3, "other"]

    def test_celery_acknowledges_late_and_never_tries_again(self) -> None:
        from actions.processes.runners.celery import work_on

        assert (work_on.acks_late, work_on.max_retries, work_on.ignore_result) == (True, 0, True)

    def test_dramatiq(self, settings: Any, fresh: Any) -> None:
        import dramatiq
        from dramatiq.brokers.stub import StubBroker

        settings.DJACTION_QUEUES = ["default", "slow"]
        settings.DJACTION_RUNNER = "dramatiq"
        fresh("dramatiq")
        broker = StubBroker()
        dramatiq.set_broker(broker)
        try:
            get_runner().hand_over(7, 3, "other", queue="slow")
            assert broker.queues["default"].empty()
            message = dramatiq.Message.decode(broker.queues["slow"].get(timeout=5))
        finally:
            broker.close()
            dramatiq.set_broker(None)  # type: ignore[arg-type]
        assert (message.actor_name, message.args) == ("actions.processes.work_on", (7, 3, "other"))
        assert broker.get_actor("actions.processes.work_on").options["max_retries"] == 0

    def test_tasks(self, settings: Any) -> None:
        from actions.processes.runners import tasks

        settings.TASKS = {"default": {"BACKEND": f"{DUMMY}.DummyBackend", "QUEUES": ["default", "slow"]}}
        with fresh_backends():
            tasks.TasksRunner().hand_over(7, 3, "other", queue="slow")
            (result,) = tasks.backend().results
        assert (result.task.queue_name, result.args) == ("slow", [7, 3, "other"])


class fresh_backends:  # noqa: N801 - reads as a verb
    """The backends as the settings say now."""

    def __enter__(self) -> None:
        self._forget()

    def __exit__(self, *error: object) -> None:
        self._forget()

    @staticmethod
    def _forget() -> None:
        from actions.processes.runners.tasks import task_backends

        for alias in list(task_backends):
            try:
                del task_backends[alias]
            except AttributeError:
                continue
        task_backends._settings = task_backends.settings = task_backends.configure_settings(None)


@pytest.mark.once
class TestChecks:
    @pytest.mark.parametrize("name", ["inline", "worker", "celery", "dramatiq", f"{__name__}.OwnRunner"])
    def test_nothing_is_wrong_with_a_runner_that_is_there(self, settings: Any, name: str) -> None:
        settings.DJACTION_RUNNER = name
        assert check_runner() == []

    @pytest.mark.parametrize(
        ("value", "hint"), [("celeri", 'Did you mean "celery"?'), ("x.Y", "Use 'inline', 'worker'")]
    )
    def test_e020_a_runner_that_there_is_not(self, settings: Any, value: str, hint: str) -> None:
        settings.DJACTION_RUNNER = value
        (found,) = check_runner()
        assert found.id == "actions.processes.E020"
        assert f"DJACTION_RUNNER is {value!r}" in found.msg
        assert str(found.hint).startswith(hint)

    def test_e020_a_runner_that_is_no_text(self, settings: Any) -> None:
        settings.DJACTION_RUNNER = 5
        assert [found.id for found in check_runner()] == ["actions.processes.E020"]

    @pytest.mark.parametrize("runner", MISSING)
    def test_e020_a_library_that_is_not_installed(self, without: Any, runner: str) -> None:
        without(runner)
        (found,) = check_runner()
        assert (found.id, f'"dj-actions[{runner}]"' in found.msg) == ("actions.processes.E020", True)

    @pytest.mark.parametrize("value", ["default", [], ["slow"], ["default", 5], ["default", ""]])
    def test_e021_queues_that_are_no_list_of_names_or_lack_the_default_one(self, settings: Any, value: Any) -> None:
        settings.DJACTION_QUEUES = value
        assert [found.id for found in check_runner()] == ["actions.processes.E021"]

    def test_e021_a_queue_that_the_tasks_backend_does_not_know(self, settings: Any) -> None:
        settings.DJACTION_RUNNER = "tasks"
        settings.DJACTION_QUEUES = ["default", "slow"]
        settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
        with fresh_backends():
            (found,) = check_runner()
        assert (found.id, "slow" in found.msg) == ("actions.processes.E021", True)

    def test_any_queue_will_do_where_the_backend_takes_any(self, settings: Any) -> None:
        settings.DJACTION_RUNNER = "tasks"
        settings.DJACTION_QUEUES = ["default", "slow"]
        settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}
        with fresh_backends():
            assert check_runner() == []

    @pytest.mark.parametrize(
        ("backend", "words"), [(f"{DUMMY}.DummyBackend", "nothing"), (f"{IMMEDIATE}.ImmediateBackend", "of the caller")]
    )
    def test_w022_a_backend_without_workers(self, settings: Any, backend: str, words: str) -> None:
        settings.DJACTION_RUNNER = "tasks"
        settings.TASKS = {"default": {"BACKEND": backend}}
        with fresh_backends():
            (found,) = check_runner()
        assert (found.id, words in found.msg) == ("actions.processes.W022", True)
