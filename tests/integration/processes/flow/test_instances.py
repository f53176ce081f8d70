"""Starting automations, what they have, and unique ones: B6-B16, B70-B72, B82 of what is expected."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import Group, User
from django.db import connection, connections, transaction
from django.dispatch import Signal

from actions.exceptions import RefusedError
from actions.processes import flow, services
from actions.processes.flow import this
from actions.processes.flow.models import AutomationModel
from actions.processes.graph import Kind
from actions.processes.models import OpenTask, Run, StepRun
from actions.processes.registry import processes
from tests.automations import later, where
from tests.processes import make_process, node, registered

pytestmark = pytest.mark.django_db


@pytest.fixture
def counting() -> Any:
    """An automation that is gone when the test is over."""

    class Counting(flow.Automation):
        """Bound to two models, and waits in the middle."""

        group = Group
        user = User

        start = flow.Execute(this.note)
        wait = flow.Execute().AfterWaitingFor(timedelta(days=1))
        last = flow.Execute(this.note)
        end = flow.End()

        def note(self, task: Any) -> None:
            self.data["notes"] = [*self.data.get("notes", []), f"{self.group}, {self.user}"]

    return Counting


def test_making_one_starts_it_and_autorun_false_does_not(counting: Any) -> None:
    assert counting().data["notes"] == ["None, None"]
    resting = counting(autorun=False)
    assert where(resting) == ["start"]
    assert "notes" not in resting.data
    resting.run()
    assert where(resting) == ["wait"]


def test_parameters_are_its_data_and_of_objects_the_keys(counting: Any) -> None:
    group, user = Group.objects.create(name="ones"), User.objects.create(username="ada")
    automation = counting(group=group, user=user, plain={"deep": [1]})
    assert dict(automation.data) == {
        "group": group.pk, "user": user.pk, "plain": {"deep": [1]}, "notes": ["ones, ada"],
    }  # fmt: skip
    assert (automation.group, automation.user) == (group, user)
    assert counting.group is Group
    other = Group.objects.create(name="others")
    automation.group = other
    automation.save()
    assert counting(automation=automation.get_key()).group == other


def test_an_object_needs_no_attribute_of_the_class() -> None:
    class Free(flow.Automation):
        start = flow.Execute(lambda task: task.instance.group.name)
        end = flow.End()

    group = Group.objects.create(name="ones")
    automation = Free(group=group, number=5)
    assert automation.tasks.first().result == "ones"
    assert dict(automation.data) == {"group": group.pk, "number": 5}
    assert automation.group == group
    with pytest.raises(AttributeError, match="no attribute 'number'"):
        _ = automation.number


def test_of_which_model_an_object_is_says_the_project_and_never_a_caller() -> None:
    class Free(flow.Automation):
        start = flow.Execute(lambda task: repr(getattr(task.instance, "user", None)))
        wait = flow.Execute().AfterWaitingFor(timedelta(days=1))
        end = flow.End()

    ada = User.objects.create(username="ada")
    Group.objects.create(pk=ada.pk, name="ones")
    for given in ({"user": "auth.group"}, 5, {"user": "no.model"}):
        run = services.start("free", {"user": ada.pk, "$models": given})
        assert StepRun.objects.get(run_id=run.pk).result == "None"
    automation = Free(user=ada)
    assert StepRun.objects.get(run_id=automation.id).result == "<User: ada>"
    assert Free(automation=automation.id).user == ada
    assert "$models" not in automation.row.payload
    again = services.fork(automation.id, node="start", payload={"$models": {"user": "auth.group"}})
    assert StepRun.objects.get(run_id=again.pk).result == "<User: ada>"
    with pytest.raises(ValueError, match="the engine's"):
        automation.data["$models"] = {"user": "auth.group"}


def test_data_is_kept_when_it_is_saved_and_in_place(counting: Any) -> None:
    automation = counting(plain={"deep": [1]}, gone=1)
    automation.data["plain"]["deep"].append(2)
    automation.data["more"] = 5
    del automation.data["gone"]
    assert Run.objects.get(pk=automation.id).state == {"notes": ["None, None"]}
    automation.save()
    again = counting(automation_id=automation.id)
    assert dict(again.data) == {"plain": {"deep": [1, 2]}, "more": 5, "notes": ["None, None"]}
    assert "gone" not in again.data
    assert again.data.get("gone") is None


def test_a_list_that_a_node_sets_by_default_and_changes_in_place_is_kept() -> None:
    class Collects(flow.Automation):
        first = flow.Execute(this.note)
        second = flow.Execute(this.note)
        end = flow.End()

        def note(self, task: Any) -> None:
            self.data.setdefault("notes", []).append(task.status)
            self.data.setdefault("given", []).append(task.status)
            assert self.data.setdefault("number", 5) == 5

    automation = Collects(given=["here"])
    assert dict(automation.data) == {
        "notes": ["first", "second"], "given": ["here", "first", "second"], "number": 5,
    }  # fmt: skip


def test_two_instances_that_save_keep_each_others_keys(counting: Any) -> None:
    automation = counting()
    first, second = counting(automation=automation), counting(automation=automation)
    first.data["a"], second.data["b"] = 1, 2
    first.save()
    second.save()
    automation.refresh()
    assert (automation.data["a"], automation.data["b"]) == (1, 2)


def test_one_that_is_there_is_found_by_id_key_and_row(counting: Any) -> None:
    automation = counting()
    key = automation.get_key()
    for found in (
        counting(automation=key),
        counting(automation=automation.id),
        counting(automation_id=automation.id),
        counting(automation=automation.row),
        counting(automation=automation),
    ):
        assert found == automation
    assert key != counting().get_key()
    assert len(key) > 32
    with pytest.raises(flow.ParameterError, match="takes no parameters: x"):
        counting(automation=key, x=1)
    for unknown in (
        "0" * 33,
        "é" * 32 + f"{automation.id:x}",
        "nonsense",
        key[:-1] + "f" * 30,
        999_999,
        f"{'0' * 32}{automation.id:x}",
        None,
        True,
    ):
        with pytest.raises(flow.ParameterError, match="There is no automation"):
            counting(automation=unknown)
    with pytest.raises(flow.ParameterError):
        counting(automation_id=None)


def test_one_of_another_class_is_refused(counting: Any) -> None:
    class Other(flow.Automation):
        end = flow.End()

    with pytest.raises(flow.WrongAutomationError):
        Other(automation=counting().id)


@pytest.mark.parametrize("data", [{"x": object()}, {"x": Group(name="not saved")}, {"x": float("nan")}])
def test_what_is_no_json_is_refused_and_nothing_is_started(data: dict[str, Any], counting: Any) -> None:
    with pytest.raises(flow.ParameterError):
        counting(**data)
    assert not Run.objects.exists()


def test_running_one_that_is_over_raises_and_does_nothing() -> None:
    class Short(flow.Automation):
        end = flow.End()

    automation = Short()
    assert automation.finished()
    assert automation.is_finished()
    with pytest.raises(ValueError, match="is over"):
        automation.run()


def test_one_within_a_node_says_that_it_runs_already() -> None:
    class Inner(flow.Automation):
        start = flow.Execute(lambda task: task.instance.run()).OnError(this.end)
        end = flow.End()

    automation = Inner()
    assert "outside of its nodes" in automation.data["error"]["detail"]


def test_killing_one_removes_its_rows(counting: Any) -> None:
    automation = counting()
    automation.kill()
    assert automation.finished()
    assert automation.is_gone()
    assert not Run.objects.exists()
    assert not StepRun.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["database", "local", "pure", "external"])
def test_no_node_follows_one_that_kills_its_automation(mode: str) -> None:
    done: list[str] = []

    class Killed(flow.Automation):
        first = flow.Execute(this.note)
        stop = flow.Execute(this.stop_it).Mode(mode)
        after = flow.Execute(this.note).Mode(mode)
        more = flow.Execute(this.note).Mode("external")
        end = flow.End()

        def note(self, task: Any) -> None:
            done.append(task.status)

        def stop_it(self, task: Any) -> None:
            self.kill()

    for automation in (Killed(), Killed(autorun=False)):
        if not automation.finished():
            automation.run()
        assert automation.is_gone()
        assert automation.finished()
    assert done == ["first", "first"]
    with transaction.atomic():
        # What acts outside waits for the commit.
        automation = Killed()
        assert automation.finished() is (mode != "external")
        assert not automation.is_gone()
    assert automation.is_gone()
    assert not StepRun.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_branch_may_kill_its_automation_and_an_answer_may_lead_there() -> None:
    done: list[str] = []

    class Killed(flow.Automation):
        start = flow.Split().Next(this.ask).Next(this.wait)
        ask = flow.Form(forms.Form)
        stop = flow.Execute(lambda task: task.instance.kill())
        after = flow.Execute(lambda task: done.append("after")).Mode("external").Next(this.join)
        wait = flow.Execute().AfterWaitingFor(timedelta(days=1)).Next(this.join)
        join = flow.Join()
        last = flow.Execute(lambda task: done.append("last"))
        end = flow.End()

    automation = Killed()
    run = services.provide_input(OpenTask.objects.get().run_id, {}, actor=None)
    assert run.status == "cancelled"
    assert automation.is_gone()
    assert not Run.objects.exists()
    assert not done


def test_reading_runs_nothing(django_assert_num_queries: Any, counting: Any) -> None:
    automation = counting()
    Run.objects.filter(pk=automation.id).update(due_at="2020-01-01T00:00Z")
    row = AutomationModel.objects.get(pk=automation.id)
    assert row.instance.data["notes"] == ["None, None"]
    assert [task.status for task in row.automationtaskmodel_set] == ["start", "wait"]
    assert row.instance.finished() is False
    assert str(automation) == "Counting"
    assert where(automation) == ["wait"]


class TestUnique:
    """One of a class, or one for each value."""

    def test_one_at_the_most_is_under_way_and_then_a_new_one_can_be(self) -> None:
        class Single(flow.Automation):
            unique = True
            start = flow.Execute().AfterWaitingFor(timedelta(days=1))
            end = flow.End()

        first = Single(x=1)
        assert Single() == first
        with pytest.raises(flow.ParameterError, match="there is only one"):
            Single(x=2)
        later(first, days=1)
        assert first.finished()
        assert Single(x=3) != first

    def test_one_for_the_same_values_of_the_same_class(self) -> None:
        class ByMail(flow.Automation):
            unique = ("email",)
            start = flow.Execute().AfterWaitingFor(timedelta(days=1))
            end = flow.End()

        class Another(flow.Automation):
            unique = ("email",)
            start = flow.Execute().AfterWaitingFor(timedelta(days=1))
            end = flow.End()

        ada = ByMail(email="ada@example.com", note="x")
        assert ByMail(email="ada@example.com") == ada
        assert ByMail(email="bob@example.com") != ada
        assert Another(email="ada@example.com") != ada
        with pytest.raises(flow.ParameterError, match="one ByMail for each email"):
            ByMail(note="x")

    def test_it_holds_over_rest_and_in_services_as_well(self, client: Any) -> None:
        client.force_login(User.objects.create(username="ada"))
        single, by_mail = self.single(), self.by_mail()

        def post(process: str, **payload: Any) -> int:
            return int(client.post(f"/processes/{process}", payload, content_type="application/json").status_code)

        assert [post("single/"), post("single/", x=1)] == [201, 409]
        assert [post("by-mail/", email="a"), post("by-mail/", email="a", n=1), post("by-mail/", email="b")] == [
            201,
            409,
            201,
        ]
        assert post("by-mail/") == 400
        assert post("by-mail/?unique_key=5", email="c") == 400
        with pytest.raises(RefusedError, match="there may be only one"):
            services.start("single")
        assert single().id == Run.objects.get(process="single").pk
        assert by_mail(email="a").id in Run.objects.filter(process="by-mail").values_list("pk", flat=True)
        assert Run.objects.count() == 3

    def test_it_holds_for_signals_forks_and_for_steps_of_other_processes(self) -> None:
        single, signal = self.single(), Signal()
        flow.on_signal(signal)(single)
        first = single()
        signal.send(None)
        with pytest.raises(RefusedError, match="there may be only one"):
            services.fork(first.id)
        for is_detached in (False, True):
            call = node("call", Kind.PROCESS, run="single", is_detached=is_detached)
            with registered(outer := make_process(call, name="outer")):
                run = services.start(outer.id)
            assert run.status == "failed"
            assert f"Run {first.id} of single is not over yet" in run.error["detail"]
        assert Run.objects.filter(process="single").count() == 1
        services.cancel(first.id)
        assert services.fork(first.id).status == "waiting"
        assert single().id != first.id

    @staticmethod
    def single() -> Any:
        class Single(flow.Automation):
            unique = True
            start = flow.Execute().AfterWaitingFor(timedelta(days=1))
            end = flow.End()

        return Single

    @staticmethod
    def by_mail() -> Any:
        class ByMail(flow.Automation):
            unique = ("email",)
            start = flow.Execute().AfterWaitingFor(timedelta(days=1))
            end = flow.End()

        return ByMail


class TestSignals:
    """Started by a signal."""

    def test_it_is_told_what_was_sent_before_it_runs(self) -> None:
        signal, seen = Signal(), []

        @flow.on_signal(signal, sender=Group)
        class Started(flow.Automation):
            start = flow.Execute(lambda task: seen.append(task.data["who"]))
            end = flow.End()

            def started_by_signal(self, sender: Any, kwargs: dict[str, Any]) -> None:
                seen.append("told")
                self.data["who"] = f"{sender.__name__} {kwargs['number']}"

        signal.send(Group, number=5)
        signal.send(User, number=6)
        assert seen == ["told", "Group 5"]
        assert AutomationModel.objects.count() == 1

    def test_it_may_begin_with_another_node(self) -> None:
        signal = Signal()

        class Started(flow.Automation):
            start = flow.Execute(lambda task: 1)
            end = flow.End()
            other = flow.Execute(lambda task: 2).Next(this.end)

        receiver = Started.on(signal, start=this.other)
        signal.send(None)
        assert list(StepRun.objects.values_list("node", flat=True)) == ["other"]
        signal.disconnect(receiver)
        signal.send(None)
        assert AutomationModel.objects.count() == 1

    def test_nothing_is_left_where_it_cannot_take_what_was_sent(self) -> None:
        signal = Signal()

        @flow.on_signal(signal)
        class Started(flow.Automation):
            end = flow.End()

            def started_by_signal(self, sender: Any, kwargs: dict[str, Any]) -> None:
                raise LookupError("no such thing")

        with pytest.raises(LookupError):
            signal.send(None)
        assert not Run.objects.exists()


def test_it_is_a_process_like_any_other(counting: Any) -> None:
    process = processes.get("counting")
    assert process is not None
    assert process.style == "automation"
    ada = User.objects.create(username="ada")
    run = services.start("counting", {"user": ada.pk}, actor=ada)
    assert counting(automation=run).user == ada


@pytest.mark.django_db(transaction=True)
def test_nice_runs_it_in_a_thread_and_returns_at_once(counting: Any) -> None:
    automation = counting(autorun=False)
    thread = automation.nice()
    thread.join(20)
    assert where(automation) == ["wait"]


@pytest.mark.django_db(transaction=True)
def test_threads_that_start_a_unique_one_get_the_same() -> None:
    class Racing(flow.Automation):
        unique = True
        start = flow.Execute().AfterWaitingFor(timedelta(days=1))
        end = flow.End()

    found: list[int] = []
    barrier = threading.Barrier(4)

    def start() -> None:
        try:
            barrier.wait(20)
            found.append(Racing().id)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=start) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4, connection.vendor
    assert len(set(found)) == 1
    assert Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_runs_of_one_class_in_several_threads_never_see_each_other() -> None:
    class Own(flow.Automation):
        start = flow.Execute(this.note)
        check = flow.If(this.is_even).Then(this.even).Else(this.odd)
        even = flow.Execute(lambda task: "even").Next(this.end)
        odd = flow.Execute(lambda task: "odd")
        end = flow.End()

        def note(self, task: Any) -> None:
            self.data["seen"] = self.data["number"]

        def is_even(self, task: Any) -> bool:
            return bool(self.data["seen"] % 2 == 0)

    results: dict[int, Any] = {}

    def run(number: int) -> None:
        try:
            automation = Own(number=number)
            results[number] = (automation.data["seen"], automation.tasks.last().result)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == {number: (number, "odd" if number % 2 else "even") for number in range(6)}


def test_its_queue_holds_however_it_is_started(settings: Any) -> None:
    class Slow(flow.Automation):
        start = flow.Execute()
        end = flow.End()

        class Meta:
            queue = "slow"

    settings.DJACTION_QUEUES = ("default", "slow")
    Slow()
    services.start("slow")
    services.start("slow", queue="default")
    assert list(Run.objects.order_by("pk").values_list("queue", flat=True)) == ["slow", "slow", "default"]
