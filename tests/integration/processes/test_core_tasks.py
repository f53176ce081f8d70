"""The core tasks slack, model, mail and airflow, through their bodies as a process calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import transaction

from actions.exceptions import InvalidPayloadError
from actions.processes.context import StepContext
from actions.processes.exceptions import AgainError, StepError
from actions.processes.graph import Mode
from actions.processes.task_discovery import load_tasks
from actions.processes.tasks import tasks
from actions.senders.base import PermanentError, TemporaryError
from example_app.models import Todo, TodoList
from tests.receivers import Receiver, Reply
from tests.unit.processes.contexts import make_step

Call = Callable[..., Any]


@pytest.fixture
def call() -> Call:
    """Call a task as a step does: `call("io.say_hello", message="Hi.")`."""
    load_tasks()

    def call(name: str, context: StepContext | None = None, **arguments: Any) -> Any:
        task = tasks.get(name)
        assert task is not None
        return task.body(context or make_step(), arguments)

    return call


@pytest.mark.once
class TestEveryTask:
    def test_its_examples_fit(self) -> None:
        load_tasks()
        core = [task for task in tasks if task.is_core]
        for task in core:
            for example in task.examples:
                task.payload.validate(example["payload"])
        assert len(core) >= 10

    def test_it_is_documented(self) -> None:
        load_tasks()
        for task in tasks:
            if task.is_core:
                fields = task.payload.json_schema()["properties"]
                assert task.description
                assert [name for name, field in fields.items() if not field.get("description")] == [], task.name

    def test_what_acts_elsewhere_says_so(self) -> None:
        load_tasks()
        modes = {task.name: task.mode for task in tasks if task.is_core}
        external = {name for name, mode in modes.items() if mode is Mode.EXTERNAL}
        assert {name.partition(".")[0] for name in external} == {"http", "mail", "slack", "airflow", "program"}
        assert modes["model.update"] is Mode.DATABASE


@pytest.mark.once
class TestSayHello:
    def test_it_answers_and_logs(self, call: Call) -> None:
        step = make_step()
        assert call("io.say_hello", step) == {"result": "hello world"}
        assert step.lines == ["hello world"]


@pytest.mark.once
class TestSlack:
    @pytest.fixture
    def slack(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
        settings.DJACTION_PRIVATE_HOSTS = ("127.0.0.1",)
        with Receiver(Reply.of({"ok": True, "channel": "C1", "ts": "1.2"})) as receiver:
            monkeypatch.setenv("SLACK_TOKEN", "xoxb-secret")
            monkeypatch.setenv("SLACK_API_URL", f"{receiver.url}/api/")
            yield receiver

    def test_a_message_is_posted_with_the_token(self, call: Call, slack: Receiver) -> None:
        result = call("slack.send_notification", message="New user: ada", channel="signups")
        [request] = slack.requests
        assert result == {"channel": "C1", "ts": "1.2"}
        assert request.path == "/api/chat.postMessage"
        assert request.json == {"channel": "signups", "text": "New user: ada"}
        assert request.headers["authorization"] == "Bearer xoxb-secret"

    def test_the_former_name_does_the_same(self, call: Call, slack: Receiver) -> None:
        call("process.tasks.slack.send_message", message="hello!")
        assert slack.requests[0].json == {"channel": "general", "text": "hello!"}

    def test_a_refusal_of_slack_fails_the_step_without_the_token(self, call: Call, slack: Receiver) -> None:
        slack.answers = [Reply.of({"ok": False, "error": "channel_not_found"})]
        with pytest.raises(PermanentError, match="channel_not_found") as refused:
            call("slack.send_notification", message="hello")
        assert "xoxb" not in str(refused.value)

    @pytest.mark.parametrize("answer", [Reply.of({"ok": False, "error": "ratelimited"}), Reply(429), Reply(200)])
    def test_what_may_pass_can_be_tried_again(self, call: Call, slack: Receiver, answer: Reply) -> None:
        slack.answers = [answer]
        with pytest.raises(TemporaryError):
            call("slack.send_notification", message="hello")

    def test_without_a_token_the_step_fails_with_its_name(
        self, call: Call, slack: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SLACK_TOKEN")
        with pytest.raises(StepError, match="SLACK_TOKEN"):
            call("slack.send_notification", message="hello")
        assert slack.requests == []


@pytest.mark.once
class TestMail:
    def test_a_mail_has_the_same_id_at_every_try(self, call: Call) -> None:
        for attempt in (1, 2):
            step = make_step(attempt=attempt)
            call("mail.send", step, to="ada@example.com", subject="Welcome", message="Hello.", sender="me@example.com")
        first, second = (sent.message()["Message-ID"] for sent in mail.outbox)
        assert first == second
        assert first.startswith("<0190a1b2-0000-7000-8000-000000000001-charge-3@")
        assert mail.outbox[0].from_email == "me@example.com"


class TestModel:
    @pytest.fixture(autouse=True)
    def _allowed(self, settings: Any, db: None) -> None:
        settings.DJACTION_PROCESS_MODELS = ["example_app.todo", "example_app.TodoList", "example_app.gone"]

    @pytest.fixture
    def ada(self) -> User:
        return User.objects.create_user("ada")

    @pytest.fixture
    def home(self, ada: User) -> TodoList:
        return TodoList.objects.create(name="Home", owner=ada)

    @pytest.fixture
    def todo(self, home: TodoList, ada: User) -> Todo:
        return Todo.objects.create(title="Water the plants", list=home, owner=ada)

    def test_a_row_is_found_by_its_fields(self, call: Call, todo: Todo, home: TodoList) -> None:
        for conditions in ({"pk": todo.pk}, {"title": "Water the plants", "list": home}, {"list_id": home.pk}):
            assert call("model.get", model="example_app.todo", filter=conditions) == todo

    def test_none_or_several_rows_fail_the_step(self, call: Call, todo: Todo, home: TodoList) -> None:
        Todo.objects.create(title="Another", list=home, owner=todo.owner)
        with pytest.raises(StepError, match=r"There is no example_app\.Todo with this title"):
            call("model.get", model="example_app.todo", filter={"title": "None"})
        with pytest.raises(StepError, match="more than one"):
            call("model.get", model="example_app.todo", filter={"list": home})

    @pytest.mark.parametrize(
        "name", ["owner__username", "owner__password__startswith", "titel", "objects", "save", "tags"]
    )
    def test_only_plain_fields_can_be_looked_up(self, call: Call, todo: Todo, name: str) -> None:
        with pytest.raises(StepError, match=f'has no field "{name}"'):
            call("model.get", model="example_app.todo", filter={name: "x"})

    def test_a_value_that_is_none_of_the_field_s_is_refused(self, call: Call) -> None:
        with pytest.raises(InvalidPayloadError) as refused:
            call("model.get", model="example_app.todo", filter={"pk": "seven"})
        assert set(refused.value.errors) == {"pk"}

    def test_no_condition_at_all_is_refused(self, call: Call, todo: Todo) -> None:
        with pytest.raises(StepError, match="filter is empty"):
            call("model.get", model="example_app.todo", filter={})

    @pytest.mark.parametrize("task", ["model.get", "model.create", "model.update"])
    def test_a_model_that_the_setting_does_not_name_is_refused(self, call: Call, task: str) -> None:
        rest = {"model.get": {"filter": {"pk": 1}}, "model.create": {"values": {}}}
        given = rest.get(task, {"pk": 1, "values": {"is_superuser": True}})
        with pytest.raises(StepError, match=r'may not touch the model "auth.user".*DJACTION_PROCESS_MODELS'):
            call(task, model="auth.user", **given)

    def test_a_model_that_there_is_not_is_named(self, call: Call) -> None:
        with pytest.raises(StepError, match="there is no such model"):
            call("model.create", model="example_app.gone", values={})

    def test_a_row_is_made_with_instances_or_keys(self, call: Call, home: TodoList, ada: User) -> None:
        made = call("model.create", model="example_app.Todo", values={"title": "A", "list": home, "owner_id": ada.pk})
        assert Todo.objects.get() == made
        assert (made.list, made.owner) == (home, ada)

    def test_values_that_do_not_fit_are_named_and_nothing_is_saved(self, call: Call, home: TodoList) -> None:
        with pytest.raises(InvalidPayloadError) as refused:
            call(
                "model.create", model="example_app.todo", values={"title": "x" * 1000, "list": home.pk, "owner": 10**9}
            )
        assert set(refused.value.errors) == {"title", "owner"}
        assert not Todo.objects.exists()

    def test_a_row_is_changed_by_its_key_or_itself(self, call: Call, todo: Todo) -> None:
        call("model.update", model="example_app.todo", pk=todo.pk, values={"title": "B"})
        with transaction.atomic():
            assert call("model.update", model="example_app.todo", pk=todo, values={"is_done": True}) == todo
        todo.refresh_from_db()
        assert (todo.title, todo.is_done) == ("B", True)

    def test_a_change_that_does_not_fit_leaves_the_row(self, call: Call, todo: Todo) -> None:
        with pytest.raises(InvalidPayloadError):
            call("model.update", model="example_app.todo", pk=todo.pk, values={"title": ""})
        todo.refresh_from_db()
        assert todo.title == "Water the plants"

    @pytest.mark.parametrize("name", ["id", "pk"])
    def test_a_key_stays(self, call: Call, todo: Todo, name: str) -> None:
        with pytest.raises(StepError, match="key of a row stays"):
            call("model.update", model="example_app.todo", pk=todo.pk, values={name: 99})

    def test_a_row_that_is_not_there_cannot_be_changed(self, call: Call) -> None:
        with pytest.raises(StepError, match=r"There is no example_app\.Todo"):
            call("model.update", model="example_app.todo", pk=7, values={"title": "B"})

    def test_an_instance_of_another_model_is_refused(self, call: Call, home: TodoList) -> None:
        with pytest.raises(StepError, match=r"an instance of example_app\.TodoList, not of example_app\.Todo"):
            call("model.update", model="example_app.todo", pk=home, values={"title": "B"})


@pytest.mark.once
class TestAirflow:
    RUN_ID = "dj-actions__0190a1b2-0000-7000-8000-000000000001:charge:3"

    @pytest.fixture
    def airflow(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
        with Receiver(self._run("queued")) as receiver:
            monkeypatch.setenv("AIRFLOW_URL", receiver.url)
            monkeypatch.setenv("AIRFLOW_TOKEN", "t0ken")
            yield receiver

    def _run(self, state: str) -> Reply:
        return Reply.of({"dag_id": "etl", "dag_run_id": self.RUN_ID, "state": state})

    def test_a_run_is_started_and_the_step_asks_to_be_called_again(self, call: Call, airflow: Receiver) -> None:
        with pytest.raises(AgainError) as again:
            call("airflow.run_dag", dag_id="etl", conf={"day": "2025-01-31"}, poll_seconds=5)
        assert (again.value.after, again.value.note) == (timedelta(seconds=5), {"dag_run_id": self.RUN_ID})
        [request] = airflow.requests
        assert (request.method, request.json["dag_run_id"]) == ("POST", self.RUN_ID)
        assert request.json["conf"] == {"day": "2025-01-31"}
        assert request.headers["authorization"] == "Bearer t0ken"

    def test_the_next_look_asks_for_that_run_and_starts_none(self, call: Call, airflow: Receiver) -> None:
        airflow.answers = [self._run("running"), self._run("success"), Reply.of({"value": 7})]
        step = make_step(note={"dag_run_id": self.RUN_ID})
        with pytest.raises(AgainError):
            call("airflow.run_dag", step, dag_id="etl")
        assert call("airflow.run_dag", step, dag_id="etl", result_task="sum") == {
            "dag_id": "etl",
            "dag_run_id": self.RUN_ID,
            "state": "success",
            "result": 7,
        }
        assert {request.method for request in airflow.requests} == {"GET"}

    def test_nobody_has_to_wait(self, call: Call, airflow: Receiver) -> None:
        assert call("airflow.run_dag", dag_id="etl", waits=False)["state"] == "queued"

    def test_a_run_that_fails_fails_the_step(self, call: Call, airflow: Receiver) -> None:
        airflow.answers = [self._run("failed")]
        with pytest.raises(StepError, match="has ended as failed"):
            call("airflow.wait_for_run", dag_id="etl", dag_run_id=self.RUN_ID)

    def test_some_looks_without_an_answer_are_borne(self, call: Call, airflow: Receiver) -> None:
        airflow.answers = [Reply(503)]
        note: Any = None
        for missed in range(1, 6):
            with pytest.raises(AgainError) as again:
                call("airflow.wait_for_run", make_step(note=note), dag_id="etl", dag_run_id=self.RUN_ID)
            note = again.value.note
            assert note["missed"] == missed
        with pytest.raises(TemporaryError):
            call("airflow.wait_for_run", make_step(note=note), dag_id="etl", dag_run_id=self.RUN_ID)

    def test_an_answer_makes_the_misses_forgotten(self, call: Call, airflow: Receiver) -> None:
        note = {"dag_run_id": self.RUN_ID, "missed": 5}
        with pytest.raises(AgainError) as again:
            call("airflow.wait_for_run", make_step(note=note), dag_id="etl", dag_run_id=self.RUN_ID)
        assert "missed" not in again.value.note

    def test_a_run_that_is_gone_fails_the_step(self, call: Call, airflow: Receiver) -> None:
        airflow.answers = [Reply.of({"detail": "not found"}, 404)]
        with pytest.raises(PermanentError, match="has no run"):
            call("airflow.wait_for_run", dag_id="etl", dag_run_id="other")

    def test_a_hook_may_say_where_airflow_is(self, call: Call, airflow: Receiver, settings: Any) -> None:
        options = {"type": "airflow", "url": airflow.url, "token": "other", "dag_id": "x", "conf": {"region": "eu"}}
        settings.DJACTION_HOOKS = {"figures": options}
        call("airflow.run_dag", dag_id="etl", conf={"day": "1"}, hook="figures", waits=False)
        [request] = airflow.requests
        assert request.headers["authorization"] == "Bearer other"
        assert request.path == "/api/v2/dags/etl/dagRuns"
        assert request.json["conf"] == {"region": "eu", "day": "1"}

    def test_a_hook_that_there_is_not_is_named(self, call: Call, settings: Any) -> None:
        settings.DJACTION_HOOKS = {"crm": {"type": "webhook"}}
        with pytest.raises(StepError, match='no hook "crm" of the type "airflow"'):
            call("airflow.run_dag", dag_id="etl", hook="crm")

    def test_an_environment_without_airflow_says_what_it_lacks(
        self, call: Call, airflow: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AIRFLOW_TOKEN")
        with pytest.raises(StepError, match="AIRFLOW_USERNAME and AIRFLOW_PASSWORD"):
            call("airflow.run_dag", dag_id="etl")
