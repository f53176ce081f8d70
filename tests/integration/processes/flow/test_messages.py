"""Messages to automations: B58, B73-B79 of what is expected."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from actions.exceptions import InvalidPayloadError
from actions.processes import flow, services
from actions.processes.flow import require_data_parameters, this
from actions.processes.models import Message, Run, StepRun
from actions.processes.store import outside
from actions.redaction import MASK
from tests.automations import where

pytestmark = pytest.mark.django_db


@pytest.fixture
def listener() -> Any:
    """Waits for a condition that a message makes true."""

    class Listener(flow.Automation):
        publish_receivers = ("hello", "nothing", "sum")

        start = flow.Execute(this.note)
        wait = flow.Execute(this.note).AsSoonAs(this.has_mail)
        end = flow.End()

        def note(self, task: Any) -> None:
            self.data["notes"] = [*self.data.get("notes", []), task.status]

        def has_mail(self, task: Any) -> bool:
            return "mail" in self.data

        def receive_hello(self, token: Any, data: Any) -> str:
            self.data["hello"] = [token, data]
            return f"hello {token}"

        def receive_mail(self, token: Any, data: Any) -> str:
            self.data["mail"] = data
            return "received"

        @require_data_parameters(email=str, n=int)
        def receive_strict(self, token: Any, data: Any) -> str:
            return "strict"

        @require_data_parameters(n=int)
        def receive_sum(self, token: Any, data: Any) -> int:
            return int(data["n"]) + int(self.data.get("n", 1))

        def receive_bad(self, token: Any, data: Any) -> None:
            self.data["bad"] = True
            raise LookupError("no")

        def receive_kill(self, token: Any, data: Any) -> str:
            self.kill()
            return "killed"

        def receive_odd(self, token: Any, data: Any) -> object:
            return self

    return Listener


def test_a_message_calls_its_receiver_and_moves_nothing(listener: Any) -> None:
    automation = listener()
    assert automation.send_message("hello", "ada", {"x": 1}) == "hello ada"
    assert automation.data["hello"] == ["ada", {"x": 1}]
    assert where(automation) == ["wait"]
    row = StepRun.objects.get(node="receive_hello")
    assert (row.status, row.input, row.result) == ("succeeded", {"token": MASK, "data": {"x": 1}}, "hello ada")


def test_what_it_waits_for_is_looked_at_at_once(listener: Any) -> None:
    automation = listener()
    assert automation.send_message("mail", None, {"subject": "Hi"}) == "received"
    assert automation.finished()
    assert automation.data["notes"] == ["start", "wait"]


def test_a_message_that_it_does_not_know_or_that_comes_too_late_is_none(listener: Any) -> None:
    automation = listener()
    assert automation.send_message("unknown", "t") is None
    automation.send_message("mail", "t")
    assert automation.send_message("hello", "t") is None
    assert not StepRun.objects.filter(node="receive_hello").exists()


def test_a_receiver_that_fails_leaves_its_record_alone(listener: Any) -> None:
    automation = listener()
    with pytest.raises(LookupError):
        automation.send_message("bad")
    assert "bad" not in automation.data
    assert StepRun.objects.get(node="receive_bad").status == "failed"
    assert where(automation) == ["wait"]


def test_what_is_no_json_is_answered_and_not_recorded(listener: Any) -> None:
    automation = listener()
    assert automation.send_message("odd", None, {"o": object()}) == automation
    assert StepRun.objects.get(node="receive_odd").result is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"email": "a", "n": 5}, "strict"),
        ({"email": "a", "n": "5", "more": 1}, "strict"),
        ({"email": "a", "n": "five"}, None),
        ({"email": "a", "n": float("inf")}, None),
        ({"email": "a", "n": None}, None),
        ({"email": "a"}, None),
        ({}, None),
        (None, None),
        (RequestFactory().get("/", {"email": "a", "n": "5"}), "strict"),
        (RequestFactory().get("/", {"email": "a"}), None),
    ],
)
def test_a_receiver_may_require_data(listener: Any, data: Any, expected: str | None) -> None:
    automation = listener()
    assert automation.send_message("strict", "t", data) == expected
    assert listener.satisfies_data_requirements("strict", data) == (expected is not None)


def test_a_receiver_that_requires_data_gets_of_a_request_what_was_looked_at(listener: Any) -> None:
    automation = listener()
    assert automation.send_message("sum", None, RequestFactory().get("/", {"n": "7"})) == 8
    assert automation.send_message("sum", None, {"n": 7}) == 8


def test_what_was_put_into_the_data_and_not_saved_is_there_for_the_receiver(listener: Any) -> None:
    automation = listener()
    automation.data["n"] = 5
    assert automation.send_message("sum", None, {"n": 1}) == 6
    assert automation.data["n"] == 5


def test_a_door_sends_what_is_offered_outside_and_nothing_else(listener: Any) -> None:
    automation, client = listener(), APIClient()
    client.force_authenticate(User.objects.create_superuser("root"))
    at = f"/runs/{automation.id}/send_message/"
    for name in ("mail", "unknown", "sum"):
        answer = client.post(at, {"name": name}, format="json")
        assert (answer.status_code, list(answer.data["errors"])) == (400, ["name"] if name != "sum" else ["data"])
        assert "hello" in str(answer.data) or "needs: n (int)" in str(answer.data)
    assert "mail" not in listener(automation=automation.id).data
    answer = client.post(at, {"name": "hello", "key": "ada", "data": {"x": 1}}, format="json")
    assert (answer.status_code, answer.data["run"]) == (200, automation.id)
    assert listener(automation=automation.id).data["hello"] == ["ada", {"x": 1}]


def test_a_door_s_message_with_a_number_is_received_once(listener: Any) -> None:
    automation = listener()
    uid = uuid4()
    for _again in range(2):
        assert services.tell_run(automation.row, "sum", data={"n": 1}, uid=uid) == uid
    assert StepRun.objects.filter(node="receive_sum").count() == 1
    with pytest.raises(InvalidPayloadError):
        services.tell_run(automation.row, "sum", data={"n": "one"}, uid=uuid4())
    assert Message.objects.count() == 1


def test_the_button_reaches_the_receiver(listener: Any) -> None:
    automation, client = listener(), Client()
    client.force_login(User.objects.create_superuser("root"))
    at = f"/tasks/dashboard/{automation.id}/message/"
    assert client.post(at, {"name": "hello", "data": '{"x": 1}'}).status_code == 302
    assert automation.data["hello"] == [None, {"x": 1}]
    assert client.post(at, {"name": "mail"}).status_code == 400


def test_what_is_offered_outside_is_what_it_can_receive(listener: Any) -> None:
    assert listener.get_public_receivers() == ["hello", "sum"]


def test_one_is_dispatched_to_by_all_of_its_names(listener: Any) -> None:
    automation = listener()
    for target in (automation, automation.id, automation.get_key(), automation.row):
        assert listener.dispatch_message(target, "hello", "t", {}) == "hello t"
    assert listener.dispatch_message(999_999, "hello", "t", {}) is None
    assert listener.dispatch_message("unknown", "hello", "t", {}) is None


def test_one_of_another_class_is_not_dispatched_to(listener: Any) -> None:
    class Other(flow.Automation):
        end = flow.End()

    with pytest.raises(flow.WrongAutomationError):
        Other.dispatch_message(listener().id, "hello")


def test_what_was_put_into_its_data_before_is_kept(listener: Any) -> None:
    automation = listener()
    automation.data["x"] = 1
    assert automation.send_message("hello", "t") == "hello t"
    assert (automation.data["x"], automation.data["hello"]) == (1, ["t", None])


@pytest.fixture
def picky() -> Any:
    """Receives what is said to it, unless it is bad."""

    class Picky(flow.Automation):
        wait = flow.Execute().AfterWaitingFor(timedelta(days=1))
        end = flow.End()

        def receive_hello(self, token: Any, data: Any) -> str:
            self.data["times"] = self.data.get("times", 0) + 1
            if self.data.get("bad"):
                raise LookupError("not me")
            return "hello"

    return Picky


def test_a_broadcast_goes_on_after_one_that_fails(picky: Any) -> None:
    bad, first, last = picky(bad=True), picky(), picky()
    answers = picky.broadcast_message("hello")
    assert isinstance(answers[0], LookupError)
    assert answers[1:] == ["hello", "hello"]
    assert [each.data.get("times") for each in (bad, first, last)] == [None, 1, 1]


def test_a_broadcast_stops_after_one_that_has_received(listener: Any) -> None:
    first, second = listener(), listener()
    assert listener.broadcast_message("hello", "all") == ["hello all", "hello all"]
    assert listener.broadcast_message("mail", "all", {"x": 1}) == ["received"]
    assert (first.finished(), second.finished()) == (True, False)
    assert listener.broadcast_message("hello", "all") == ["hello all"]
    assert listener.broadcast_message("unknown", "all") == []


class TestCreateOnMessage:
    """An automation that a message starts."""

    def test_it_gets_the_message_before_its_first_node(self, listener: Any) -> None:
        automation = listener.create_on_message("mail", "t", {"x": 1})
        assert automation.finished()
        assert automation.data["notes"] == ["start", "wait"]
        rows = list(StepRun.objects.filter(root_id=automation.id).order_by("pk").values_list("node", flat=True))
        assert rows == ["receive_mail", "start", "wait"]

    @pytest.mark.parametrize(("message", "data"), [("unknown", {}), ("strict", {"email": "a"}), ("kill", {})])
    def test_nothing_is_made_where_it_is_not_taken(self, listener: Any, message: str, data: Any) -> None:
        assert listener.create_on_message(message, "t", data) is None
        assert not Run.objects.exists()

    def test_nothing_is_made_where_the_receiver_fails(self, listener: Any) -> None:
        with pytest.raises(LookupError):
            listener.create_on_message("bad", "t", {})
        assert not Run.objects.exists()

    def test_the_values_of_a_unique_one_come_from_the_data(self) -> None:
        class Single(flow.Automation):
            unique = ("email",)
            start = flow.Execute().AfterWaitingFor(timedelta(days=1))
            end = flow.End()

            def receive_hello(self, token: Any, data: Any) -> None:
                self.data["times"] = self.data.get("times", 0) + 1

        request = RequestFactory().get("/", {"email": "ada@example.com"})
        first = Single.create_on_message("hello", None, request)
        assert Single.create_on_message("hello", None, {"email": "ada@example.com"}) == first
        assert Single(automation=first).data["times"] == 2
        assert Single.create_on_message("hello", None, {}) is None


class TestSendMessage:
    """The node that sends."""

    def send(self, *args: Any, **kwargs: Any) -> Any:
        class Sender(flow.Automation):
            start = flow.SendMessage(*args, **kwargs)
            end = flow.End()
            target = kwargs.get("target")

            def key(self) -> str:
                return str(self.data["key"])

        return Sender()

    def test_to_all_of_a_class_by_itself_or_by_its_path(self, listener: Any) -> None:
        first, second = listener(), listener()
        sender = self.send(listener, "hello", "t", data={"x": 1}, y=2)
        assert sender.tasks.first().result == {"results": ["hello t", "hello t"]}
        assert (first.data["hello"], second.data["hello"]) == (["t", {"x": 1, "y": 2}], ["t", {"x": 1, "y": 2}])

    def test_one_that_fails_keeps_it_from_nobody_else_and_is_told_of(
        self, picky: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        first, bad, last = picky(), picky(bad=True), picky()
        sender = self.send(picky, "hello")
        answers = ["hello", {"error": "LookupError: not me"}, "hello"]
        assert sender.tasks.first().result == {"results": answers}
        assert [each.data.get("times") for each in (first, bad, last)] == [1, None, 1]
        assert f"Automation {bad.id} could not receive hello" in caplog.text
        only_one = self.send(picky, "hello", allow_multiple_receivers=False)
        assert only_one.tasks.first().result == {"results": ["hello"]}

    def test_to_one_by_instance_id_or_key(self, listener: Any) -> None:
        automation = listener()
        for target in (automation, automation.id, automation.get_key()):
            assert self.send(target, "hello", "t").tasks.first().result == {"results": ["hello t"]}

    def test_to_one_that_a_reference_means(self, listener: Any) -> None:
        class Sender(flow.Automation):
            start = flow.SendMessage(this.other, "hello", token=this.token, data={"who": this.token})
            end = flow.End()
            token = "me"

            @property
            def other(self) -> str:
                return str(self.data["key"])

        automation = listener()
        sender = Sender(key=automation.get_key())
        assert sender.tasks.first().result == {"results": ["hello me"]}
        assert automation.data["hello"] == ["me", {"who": "me"}]

    def test_it_goes_on_that_waited_for_it(self, listener: Any, django_capture_on_commit_callbacks: Any) -> None:
        automation = listener()
        with django_capture_on_commit_callbacks(execute=True):
            assert self.send(listener, "mail").finished()
        assert automation.finished()

    def test_one_that_is_not_there_fails_or_is_none(self) -> None:
        assert self.send(999_999, "hello").tasks.first().result == {"results": [None]}
        sender = self.send("no.such.Automation", "hello")
        assert sender.error is not None
        assert "no" in sender.error["detail"]

    def test_an_automation_may_speak_to_itself(self) -> None:
        class Talking(flow.Automation):
            start = flow.Execute(lambda task: task.instance.send_message("hello", "me"))
            end = flow.End()

            def receive_hello(self, token: Any, data: Any) -> str:
                self.data["heard"] = token
                return "yes"

        automation = Talking()
        assert automation.data["heard"] == "me"
        assert automation.tasks.first().result == "yes"


@pytest.mark.django_db(transaction=True)
def test_messages_from_many_threads_are_all_kept() -> None:
    class Counting(flow.Automation):
        start = flow.Execute().AfterWaitingFor(timedelta(days=1))
        end = flow.End()

        def receive_count(self, token: Any, data: Any) -> int:
            self.data["count"] = self.data.get("count", 0) + 1
            self.data[f"from_{token}"] = True
            return int(self.data["count"])

    automation = Counting()
    answers: list[int] = []

    def send(number: int) -> None:
        try:
            answers.append(Counting(automation=automation.id).send_message("count", number))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [1, 2, 3, 4, 5, 6]
    assert sorted(Counting(automation=automation.id).data) == ["count", *(f"from_{number}" for number in range(6))]


class TestBusy:
    """A message that comes while a step of the same run is at work."""

    @staticmethod
    def make(work: Any) -> Any:
        class Busy(flow.Automation):
            start = flow.Execute(work).Mode("external")
            wait = flow.Execute().AsSoonAs(False)
            end = flow.End()

            def receive_note(self, token: Any, data: Any) -> None:
                self.data["note"] = data

        return Busy

    @staticmethod
    def apart(busy: Any) -> threading.Thread:
        def run() -> None:
            try:
                busy()
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    @pytest.mark.django_db(transaction=True)
    def test_the_step_is_waited_for(self) -> None:
        begun = threading.Event()
        calls: list[Any] = []

        def work(task: Any) -> None:
            begun.set()
            calls.append(task.data.get("note"))
            time.sleep(0.3)
            task.data["step"] = "done"

        busy = self.make(work)
        thread = self.apart(busy)
        assert begun.wait(20)
        busy(automation=Run.objects.get().pk).send_message("note", None, 5)
        thread.join(20)
        assert calls == [None]
        assert dict(busy(automation=Run.objects.get().pk).data) == {"note": 5, "step": "done"}

    @pytest.mark.django_db(transaction=True)
    def test_one_that_takes_too_long_is_done_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(outside, "PATIENCE_SECONDS", 0.1)
        begun, told = threading.Event(), threading.Event()
        calls: list[Any] = []

        def work(task: Any) -> None:
            calls.append(task.data.get("note"))
            begun.set()
            assert told.wait(20) or len(calls) > 1
            task.data["step"] = f"saw {task.data.get('note')}"

        busy = self.make(work)
        thread = self.apart(busy)
        assert begun.wait(20)
        told_later = threading.Timer(1, told.set)
        told_later.start()
        busy(automation=Run.objects.get().pk).send_message("note", None, 5)
        thread.join(20)
        assert calls == [None, 5]
        assert dict(busy(automation=Run.objects.get().pk).data) == {"note": 5, "step": "saw 5"}
