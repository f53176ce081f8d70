"""What the nodes of an automation do: B30-B41, B57, B59 of what is expected."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group

from actions.processes import flow
from actions.processes.flow import this
from actions.processes.models import Run, StepRun
from tests.automations import later, steps, where

pytestmark = pytest.mark.django_db


def test_an_execute_calls_its_function_with_the_task_and_keeps_what_is_json() -> None:
    class Calls(flow.Automation):
        number = flow.Execute(this.give, 2, by=this.factor)
        plain = flow.Execute(lambda task: {"node": task.status})
        odd = flow.Execute(lambda task: object())
        end = flow.End()
        factor = 3

        def give(self, task: Any, amount: int, by: int) -> int:
            self.data["seen"] = [task.status, task.data is self.data]
            return amount * by

    automation = Calls()
    rows = dict(StepRun.objects.filter(root_id=automation.id).values_list("node", "result"))
    assert rows == {"number": 6, "plain": {"node": "plain"}, "odd": None}
    assert automation.data["seen"] == ["number", True]
    assert steps(automation) == [("number", "OK"), ("plain", "OK"), ("odd", "OK")]


def test_a_reference_among_the_arguments_is_what_it_stands_for() -> None:
    class Given(flow.Automation):
        start = flow.Execute(this.note, this.title, "self.title", more=this.helper)
        end = flow.End()
        title = "hello"

        def helper(self) -> str:
            return "helped"

        def note(self, task: Any, first: str, second: str, more: Any) -> None:
            self.data["given"] = [first, second, more()]

    assert Given().data["given"] == ["hello", "hello", "helped"]


def test_the_description_is_the_nodes_and_no_argument() -> None:
    class Described(flow.Automation):
        start = flow.Execute(lambda task, **kwargs: sorted(kwargs), description="Sends it", to="ada")
        end = flow.End(description="All done")

    automation = Described()
    assert Described.start.description == "Sends it"
    assert StepRun.objects.get(root_id=automation.id).result == ["to"]
    assert automation.tasks.first().get_node().description == "Sends it"


def test_a_threaded_node_is_left_to_a_worker() -> None:
    class Apart(flow.Automation):
        start = flow.Execute(this.work, 5, threaded=True)
        end = flow.End()

        def work(self, task: Any, number: int) -> int:
            self.data["done"] = number
            return number

    automation = Apart()
    assert not automation.finished()
    assert "done" not in automation.data
    later(automation, seconds=0)
    assert automation.finished()
    assert automation.data["done"] == 5


def test_an_execute_without_arguments_does_nothing() -> None:
    class Nothing(flow.Automation):
        start = flow.Execute()
        end = flow.End()

    automation = Nothing()
    assert automation.finished()
    assert steps(automation) == [("start", "OK")]


def test_a_failing_task_is_rolled_back_and_its_record_stays() -> None:
    class Fails(flow.Automation):
        start = flow.Execute(this.write)
        end = flow.End()

        def write(self, task: Any) -> None:
            Group.objects.create(name="half done")
            self.data["half"] = True
            raise ValueError("no " + "x" * 200)

    automation = Fails()
    assert automation.finished()
    assert automation.error is not None
    assert automation.error["type"] == "ValueError"
    assert not Group.objects.filter(name="half done").exists()
    assert "half" not in automation.data
    task = automation.tasks.last()
    assert task.message.startswith("ValueError: no ")
    assert len(task.message) == 128
    assert "Traceback" in task.result["error"]


@pytest.mark.parametrize("node", [flow.Execute, lambda function: flow.If(function).Then()])
def test_a_function_that_has_only_begun_when_it_returns_fails(node: Any) -> None:
    async def write() -> bool:
        return False

    class Begins(flow.Automation):
        start = node(lambda task: write())
        end = flow.End()

    error = Begins().error
    assert error is not None
    assert "has answered a coroutine: nothing was done" in error["detail"]


def test_on_error_goes_on_elsewhere_each_time() -> None:
    class Mends(flow.Automation):
        start = flow.Execute(this.attempt).OnError(this.mend)
        end = flow.End()
        mend = flow.Execute(this.count).Next(this.start)

        def attempt(self, task: Any) -> None:
            if self.data.get("mended", 0) < 2:
                raise ValueError("not yet")

        def count(self, task: Any) -> None:
            self.data["mended"] = self.data.get("mended", 0) + 1

    automation = Mends(error="mine")
    assert automation.finished()
    assert automation.error is None
    assert automation.data["error"] == {"type": "ValueError", "detail": "not yet", "node": "start"}
    assert [node for node, _message in steps(automation)] == ["start", "mend", "start", "mend", "start"]


def test_a_subclass_of_execute_has_a_method_of_its_own() -> None:
    class SendMail(flow.Execute):
        def method(self, task: Any, template: str, to: str = "") -> str:
            task.data["sent"] = f"{template} to {to}"
            return self.description

    class Mails(flow.Automation):
        start = SendMail("welcome", to=this.address, description="A mail")
        end = flow.End()
        address = "ada@example.com"

    automation = Mails()
    assert automation.data["sent"] == "welcome to ada@example.com"
    assert automation.tasks.first().result == "A mail"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (True, "yes"),
        (False, "no"),
        (lambda task: task.data["n"] > 1, "yes"),
        (this.is_large, "no"),
        ("self.flag", "yes"),
    ],
)
def test_an_if_takes_constants_functions_and_references(condition: Any, expected: str) -> None:
    class Choice(flow.Automation):
        start = flow.If(condition).Then(this.yes).Else("no")
        yes = flow.Execute(this.note, "yes").Next(this.end)
        no = flow.Execute(this.note, "no")
        end = flow.End()
        flag = 1

        def is_large(self, task: Any) -> bool:
            return bool(self.data["n"] > 100)

        def note(self, task: Any, what: str) -> None:
            self.data["went"] = what

    assert Choice(n=2).data["went"] == expected


def test_an_if_may_call_a_function_or_do_nothing() -> None:
    class Choice(flow.Automation):
        first = flow.If(this.holds).Then(this.note, "then", twice=2).Else()
        second = flow.If(this.holds).Then().Else(this.note, "else")
        third = flow.If(this.holds).Then(this.end)
        last = flow.Execute(this.note, "last")
        end = flow.End()

        def holds(self, task: Any) -> bool:
            return bool(self.data["holds"])

        def note(self, task: Any, what: str, twice: int = 1) -> None:
            self.data["notes"] = [*self.data.get("notes", []), what * twice]

    assert Choice(holds=True).data["notes"] == ["thenthen"]
    assert Choice(holds=False).data["notes"] == ["else", "last"]


def test_two_instances_of_one_class_go_their_own_ways() -> None:
    class Apart(flow.Automation):
        start = flow.If(this.wanted).Then(this.yes).Else(this.no)
        yes = flow.Execute(lambda task: "yes").Next(this.end)
        no = flow.Execute(lambda task: "no")
        end = flow.End()

        def wanted(self, task: Any) -> bool:
            return bool(self.data["wanted"])

    ways = [[node for node, _message in steps(Apart(wanted=wanted))] for wanted in (True, False, True)]
    assert ways == [["start", "yes"], ["start", "no"], ["start", "yes"]]


def test_a_loop_goes_round_any_number_of_times() -> None:
    class Looping(flow.Automation):
        start = flow.Execute(this.count)
        again = flow.If(lambda task: task.data["n"] < 50).Then(this.start).Else(this.end)
        end = flow.End()

        def count(self, task: Any) -> None:
            self.data["n"] = self.data.get("n", 0) + 1

    automation = Looping()
    assert automation.finished()
    assert automation.data["n"] == 50


class TestSplits:
    """Several ways at once."""

    def test_all_ways_meet_and_each_is_gone_once(self) -> None:
        class Ways(flow.Automation):
            start = flow.Split().Next(this.one).Next("self.two").Next("three")
            one = flow.Execute(this.note).Next(this.join)
            two = flow.Execute(this.note).Next(this.join)
            three = flow.Execute(this.note)
            join = flow.Join()
            last = flow.Execute(this.note)
            end = flow.End()

            def note(self, task: Any) -> None:
                self.data[task.status] = sorted(key for key in self.data if not key.startswith("_"))

        automation = Ways()
        assert automation.finished()
        assert automation.data["last"] == ["one", "three", "two"]

    def test_an_outer_join_waits_for_a_way_within_a_nested_split(self) -> None:
        class Nested(flow.Automation):
            start = flow.Split().Next(this.left).Next(this.inner)
            left = flow.Execute().Next(this.outer_join)
            inner = flow.Split().Next(this.quick).Next(this.slow)
            quick = flow.Execute().Next(this.inner_join)
            slow = flow.Execute().AfterWaitingFor(timedelta(days=1)).Next(this.inner_join)
            inner_join = flow.Join()
            outer_join = flow.Join()
            last = flow.Execute(lambda task: "over")
            end = flow.End()

        automation = Nested()
        assert where(automation) == ["slow"]
        later(automation, days=1)
        assert automation.finished()
        assert steps(automation)[-1] == ("last", "OK")

    def test_each_round_of_a_loop_joins_by_itself(self) -> None:
        class Rounds(flow.Automation):
            start = flow.Split().Next(this.one).Next(this.two)
            one = flow.Execute(this.count, "one").Next(this.join)
            two = flow.Execute(this.count, "two").Next(this.join)
            join = flow.Join()
            again = flow.If(lambda task: task.data["one"] < 5).Then(this.start).Else(this.end)
            end = flow.End()

            def count(self, task: Any, key: str) -> None:
                self.data[key] = self.data.get(key, 0) + 1

        automation = Rounds()
        assert automation.finished()
        assert (automation.data["one"], automation.data["two"]) == (5, 5)

    def test_a_way_that_fails_stops_the_whole_automation(self) -> None:
        class Breaks(flow.Automation):
            start = flow.Split().Next(this.bad).Next(this.waiting)
            bad = flow.Execute(this.fail).Next(this.join)
            waiting = flow.Execute().AfterWaitingFor(timedelta(days=1)).Next(this.join)
            join = flow.Join()
            end = flow.End()

            def fail(self, task: Any) -> None:
                raise LookupError("gone")

        automation = Breaks()
        assert automation.finished()
        assert automation.error is not None
        assert "gone" in automation.error["detail"]
        assert not Run.objects.unfinished().filter(root_id=automation.id).exists()

    def test_a_thousand_ways_are_split_and_joined(self) -> None:
        count = 1000
        split = flow.Split()
        for number in range(count):
            split.Next(f"way_{number}")
        body: dict[str, Any] = {"start": split}
        body |= {f"way_{number}": flow.Execute().Next("join") for number in range(count)}
        body |= {"join": flow.Join(), "end": flow.End()}
        wide = type(flow.Automation)("Wide", (flow.Automation,), _body(body))
        automation = wide()
        assert automation.finished()
        assert automation.tasks.count() == count + 1


def _body(names: dict[str, Any]) -> Any:
    body = type(flow.Automation).__prepare__("Wide", (flow.Automation,))
    for name, value in {"__module__": __name__, "__qualname__": "Wide", **names}.items():
        body[name] = value
    return body


def test_a_changed_class_goes_on_with_runs_that_are_under_way() -> None:
    from actions.processes.registry import processes

    class Changing(flow.Automation):
        start = flow.Execute().AfterWaitingFor(timedelta(days=1))
        end = flow.End()

    automation = Changing()
    processes.remove("changing")

    class Newer(flow.Automation):
        start = flow.Execute().AfterWaitingFor(timedelta(days=1))
        added = flow.Execute(lambda task: "new")
        end = flow.End()

        class Meta:
            id = "changing"

    later(automation, days=1)
    newer = Newer(automation=automation.id)
    assert newer.finished()
    assert steps(newer) == [("start", "OK"), ("added", "OK")]
