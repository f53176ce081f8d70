"""What is written in a class, and what is wrong with it: told when it is defined."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ImproperlyConfigured

from actions.processes import flow
from actions.processes.flow import This, this
from actions.processes.graph import Kind
from actions.processes.policies import Retry
from actions.processes.registry import processes


def graph_of(automation: Any) -> Any:
    return process_of(automation.process_id).graph


def process_of(process_id: str) -> Any:
    """One that is registered; without asking the database, as `processes.get` may."""
    return next(process for process in processes.declared() if process.id == process_id)


def is_known(process_id: str) -> bool:
    return process_id in {process.id for process in processes.declared()}


def test_it_can_be_imported_before_django_is_ready() -> None:
    code = (
        "from actions.processes import flow\n"
        "from actions.processes.flow import this\n"
        "class Early(flow.Automation):\n"
        "    start = flow.Execute(lambda task: 1)\n"
        "    end = flow.End()\n"
        "from django.conf import settings\n"
        "settings.configure(INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'rest_framework',"
        " 'actions', 'actions.processes'], DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3',"
        " 'NAME': ':memory:'}})\n"
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)\n"
        "print(Early().finished())\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr


def test_nodes_follow_one_another_in_their_order() -> None:
    class Ordered(flow.Automation):
        """Does it."""

        start = flow.Execute(lambda task: 1)
        second = flow.Execute()
        third = flow.If(True).Then("second")
        end = flow.End()

        class Meta:
            verbose_name = "An order"
            version = "2"
            max_running = 5

    graph = graph_of(Ordered)
    assert Ordered.path.endswith("<locals>.Ordered")
    assert [(name, node.kind.value) for name, node in graph.nodes.items()] == [
        ("start", "task"), ("second", "wait"), ("third", "decision"), ("end", "end"),
    ]  # fmt: skip
    assert [edge.target for node in graph.nodes.values() for edge in node.edges] == ["second", "third", "second", "end"]
    process = process_of("ordered")
    assert (process.title, process.description, process.style) == ("An order", "Does it.", "automation")
    assert (graph.version, graph.max_running) == ("2", 5)


def test_a_target_is_a_reference_a_text_or_the_node_itself() -> None:
    other = This()

    class Targets(flow.Automation):
        start = flow.If(True).Then(this.four).Else("self.three")
        two = flow.Execute().Next("four")
        three = flow.Execute().Next(two)
        four = flow.Execute().Next(other.end)
        end = flow.End()

    graph = graph_of(Targets)
    assert [[(edge.name, edge.target) for edge in node.edges] for node in graph.nodes.values()] == [
        [("then", "four"), ("else", "three")], [("next", "four")], [("next", "two")], [("next", "end")], [],
    ]  # fmt: skip


def test_inherited_nodes_come_first_and_keep_their_place_when_they_are_replaced() -> None:
    class Base(flow.Automation):
        start = flow.Execute(lambda task: "base")
        middle = flow.Execute(lambda task: "base")
        gone = flow.Execute()

        class Meta:
            abstract = True
            max_running = 3

    class Heir(Base):
        middle = flow.Execute(lambda task: "heir")
        gone = None
        last = flow.If(True).Then(Base.start)
        end = flow.End()

    assert list(Heir.nodes) == ["start", "middle", "last", "end"]
    assert graph_of(Heir).nodes["last"].edges[0].target == "start"
    assert graph_of(Heir).max_running == 3
    assert not is_known("base")
    with pytest.raises(ImproperlyConfigured, match="is abstract"):
        Base()


def test_modifiers_become_the_nodes_policy() -> None:
    class Modified(flow.Automation):
        start = (
            flow.Execute(lambda task: 1)
            .AsSoonAs(True)
            .AsSoonAs(this.ready)
            .AfterWaitingFor(timedelta(hours=2))
            .SkipIf(False)
            .SkipAfter(timedelta(days=1))
            .OnError(this.end)
            .Retry(5, delay=timedelta(seconds=3))
            .Timeout(timedelta(minutes=1))
        )
        end = flow.End()

        def ready(self, task: Any) -> bool:
            return True

    policy = graph_of(Modified).nodes["start"].policy
    assert policy.as_soon_as == ({"value": True}, {"call": "start.as_soon_as.1"})
    assert (policy.wait_for, policy.skip_after) == ({"value": 7200.0}, {"value": 86_400.0})
    assert (policy.skip_if, policy.on_error, policy.timeout_seconds) == (({"value": False},), "end", 60.0)
    assert policy.retry is not None
    assert (policy.retry.attempts, policy.retry.delay_seconds) == (5, 3.0)


def test_a_split_finds_its_join_also_in_loops_and_around_others() -> None:
    class Splits(flow.Automation):
        start = flow.Split().Next(this.one).Next(this.inner)
        one = flow.If(True).Then(this.outer_join).Else(this.one)
        inner = flow.Split().Next(this.a).Next(this.b)
        a = flow.Execute().OnError(this.b).Next(this.inner_join)
        b = flow.Execute()
        inner_join = flow.Join()
        after = flow.Execute()
        outer_join = flow.Join()
        end = flow.End()

    nodes = graph_of(Splits).nodes
    assert (nodes["start"].join, nodes["inner"].join) == ("outer_join", "inner_join")
    assert [edge.name for edge in nodes["start"].edges] == ["one", "inner"]


def test_ways_that_all_repeat_need_no_join() -> None:
    class Endless(flow.Automation):
        start = flow.Split().Next(this.minutes).Next(this.hours)
        minutes = flow.Repeat(this.minutes).EveryNMinutes(10)
        hours = flow.Repeat(this.hours).EveryHour(5)

    graph = graph_of(Endless)
    assert graph.nodes["start"].join == "start.join"
    assert graph.nodes["start.join"].kind is Kind.JOIN


def test_an_automation_is_frozen_and_shares_nothing_with_what_it_was_written_of() -> None:
    shared = flow.Execute(lambda task: 1)

    class First(flow.Automation):
        start = shared
        end = flow.End()

    shared.Next("other")

    class Second(flow.Automation):
        start = shared
        end = flow.End()
        other = flow.End()

    assert graph_of(First).nodes["start"].edges[0].target == "end"
    assert graph_of(Second).nodes["start"].edges[0].target == "other"
    with pytest.raises(ImproperlyConfigured, match="does not change any more"):
        First.start.SkipIf(True)
    with pytest.raises(ImproperlyConfigured, match="does not change any more"):
        First.start.description = "other"
    assert copy.copy(First.start).name == "start"


def test_the_default_names_are_those_of_the_class() -> None:
    class SignupRequest(flow.Automation):
        end = flow.End()

    assert SignupRequest.process_id == "signup-request"
    assert SignupRequest.get_verbose_name() == "Automation SignupRequest"
    assert SignupRequest.get_verbose_name_plural() == "Automations SignupRequest"


def test_meta_says_templates_and_refuses_what_is_no_option() -> None:
    class Shown(flow.Automation):
        end = flow.End()

        class Meta:
            dashboard_template = None
            status_template = "shop/status.html"

    assert Shown.options.dashboard_template is None
    assert Shown.options.templates == {"status_template": "shop/status.html"}
    with pytest.raises(ImproperlyConfigured, match=r"Meta\.verbose_nam is no option\. Did you mean verbose_name\?"):

        class Wrong(flow.Automation):
            end = flow.End()

            class Meta:
                verbose_nam = "x"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("id", 5),
        ("id", "a b/c"),
        ("id", ".."),
        ("id", "x" * 201),
        ("sensitive", "iban"),
        ("sensitive", [5]),
        ("tags", "money"),
        ("permissions", "todos.change_todo"),
        ("permissions", ("change_todo",)),
        ("examples", 5),
        ("on_change", "never"),
        ("max_running", 0),
        ("max_running", -1),
        ("max_running", "many"),
        ("poll_seconds", 0.0001),
        ("poll_seconds", 0),
        ("poll_seconds", float("nan")),
        ("queue", "q" * 101),
        ("abstract", "yes"),
        ("status_template", 5),
        ("dashboard_template", 5),
    ],
)
def test_an_option_of_meta_is_refused_with_what_was_expected(option: str, value: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"Made\.Meta\.{option} is .*Expected was "):
        make(end=flow.End(), Meta=type("Meta", (), {option: value}))


def test_durations_may_be_numbers_of_seconds() -> None:
    node = (
        flow.Execute().AfterWaitingFor(5).Timeout(6).Retry(2, delay=0.5, max_delay=timedelta(seconds=7), on=["OSError"])
    )
    policy = graph_of(make(**between(node))).nodes["a"].policy
    assert (policy.wait_for, policy.timeout_seconds) == ({"value": 5}, 6)
    assert policy.retry == Retry(2, 0.5, 7, ("OSError",))


def test_heirs_ask_for_the_same_permissions() -> None:
    class Closed(flow.Automation):
        end = flow.End()

        class Meta:
            permissions = ["auth.add_user"]

    class Heir(Closed):
        pass

    assert process_of("heir").permissions == ("auth.add_user",)


def test_all_problems_of_a_class_are_told_at_once() -> None:
    with pytest.raises(ImproperlyConfigured) as caught:

        class Wrong(flow.Automation):
            start = flow.Execute(this.strat)
            data = flow.Execute().Next(this.missing)
            choice = flow.If(True)
            last = flow.Execute("no function")

    text = str(caught.value)
    assert "Wrong:" in text
    for expected in (
        "start: names this.strat, which is not there. Did you mean",
        "data: data is the name of something that every automation has.",
        "data: goes on to this.missing, which is no node.",
        "choice: has no .Then.",
        "last: calls 'no function', a str.",
        "No End() node after last",
    ):
        assert expected in text


def make(**names: Any) -> Any:
    """An automation of some nodes and functions."""
    body = type(flow.Automation).__prepare__("Made", (flow.Automation,))
    for name, value in {"__module__": __name__, "__qualname__": "<locals>.Made", **names}.items():
        body[name] = value
    return type(flow.Automation)("Made", (flow.Automation,), body)


def between(node: Any, **names: Any) -> dict[str, Any]:
    """A node with an end after it, and what else the class has."""
    return {"a": node, "end": flow.End(), **names}


class Asked(forms.Form):
    """A form."""


async def later(*_given: Any) -> bool:
    """Nobody waits for it."""
    return False


def numbers(*_given: Any) -> Iterator[int]:
    """Nobody asks for them."""
    yield 1


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ({"start": flow.Execute(lambda task: 1)}, r"No End\(\) node after start"),
        ({"start": flow.Execute(), "join": flow.Join(), "end": flow.End()}, "joins the ways of no split"),
        ({"start": flow.Split(), "end": flow.End()}, "without a way on"),
        (
            {
                "start": flow.Split().Next("a").Next("b"), "a": flow.Execute().Next("one"),
                "b": flow.Execute().Next("two"), "one": flow.Join(), "two": flow.Join(), "end": flow.End(),
            },
            "its ways meet in different joins: one, two",
        ),
        (
            {
                "start": flow.Split().Next("a").Next("b"), "a": flow.End(),
                "b": flow.Execute(), "join": flow.Join(), "end": flow.End(),
            },
            "ends the run in the middle",
        ),
        (
            {
                "start": flow.Split().Next("a").Next("a"), "a": flow.Execute(), "join": flow.Join(), "end": flow.End(),
            },
            "2 ways on",
        ),
        ({"start": flow.Repeat()}, "says not how often"),
        ({"start": flow.Execute(this.start), "end": flow.End()}, "calls this.start, which is the node itself"),
        ({"start": flow.Execute(this.end), "end": flow.End()}, "calls this.end, a node"),
        ({"start": flow.If(this.nothing).Then(this.end), "end": flow.End()}, "names this.nothing, which is not there"),
        ({"start": flow.If(True).Then(this.nothing), "end": flow.End()}, "names this.nothing, which is not there"),
        ({"start": flow.If(True).Then(5), "end": flow.End()}, "calls 5, a int"),
        ({"start": flow.Execute().OnError("nowhere"), "end": flow.End()}, "goes on to 'nowhere', which is no node"),
        ({"start": flow.Execute().Next(this.say), "end": flow.End(), "say": lambda self, task: 1}, "say is a method"),
        ({"run": flow.Execute(), "end": flow.End()}, "run is the name of something that every automation has"),
        ({"start": flow.If(True).Then(this.start).Else(this.start), "end": flow.End()}, "no way from here to an end"),
        (between(flow.Execute().AfterWaitingFor("soon")), r"a: \.AfterWaitingFor is 'soon'\. Expected was a timedelta"),
        (between(flow.Execute().AfterWaitingFor(float("inf"))), r"\.AfterWaitingFor is inf"),
        (between(flow.Execute().AfterWaitingFor(timedelta(days=-1))), r"\.AfterWaitingFor is -86400\.0"),
        (between(flow.Execute().AfterWaitingFor(object())), r"\.AfterWaitingFor is <object .*a object"),
        (between(flow.Execute().AfterWaitingUntil("tomorrow")), r"\.AfterWaitingUntil is 'tomorrow'"),
        (between(flow.Execute().AfterWaitingUntil(timedelta(days=1))), r"\.AfterWaitingUntil is 86400\.0"),
        (between(flow.Execute().SkipAfter("x")), r"\.SkipAfter is 'x'"),
        (between(flow.Execute().Timeout("x")), r"\.Timeout is 'x'"),
        (between(flow.Execute().Timeout(timedelta(-1))), r"\.Timeout is -86400\.0"),
        (between(flow.Execute().Retry("x")), r"\.Retry is 'x'"),
        (between(flow.Execute().Retry(0)), r"\.Retry is 0"),
        (between(flow.Execute().Retry(delay="x")), r"\.Retry\(delay=\) is 'x'"),
        (between(flow.Execute().Retry(on="ValueError")), r"\.Retry\(on=\) is 'ValueError'.*names of error classes"),
        (between(flow.Form(Asked).DueAfter("x")), r"\.DueAfter is 'x'"),
        (between(flow.Form(Asked).RemindAfter(-1)), r"\.RemindAfter is -1"),
        (between(flow.Form(Asked).RemindAfter(1, every=0)), r"\.RemindAfter\(every=\) is 0"),
        (between(flow.Form(Asked).EscalateAfter("x", group="heads")), r"\.EscalateAfter is 'x'"),
        (between(flow.Form("no.Form")), "a: asks for 'no.Form', a str"),
        (between(flow.Form(None)), "asks for None"),
        (between(flow.Form(Asked())), "asks for <Asked .*a form's class"),
        (between(flow.Form(int)), "asks for <class 'int'>, which is no form's class"),
        (between(flow.ModelForm(Asked, "key")), "which is no ModelForm's class"),
        (between(flow.Execute(later)), "a: calls later, which is a coroutine"),
        (between(flow.Execute(this.say), say=later), "calls later, which is a coroutine"),
        (between(flow.Execute(numbers)), "calls numbers, which is a generator"),
        (between(flow.If(later).Then(this.end)), "calls later, which is a coroutine"),
        (between(flow.If(True).Then(later)), "calls later, which is a coroutine"),
        (between(flow.Execute().AsSoonAs(later)), "calls later, which is a coroutine"),
        (between(flow.Execute(), receive_paid=later), "receive_paid: is a coroutine"),
        (between(flow.Execute(), started_by_signal=later), "started_by_signal: is a coroutine"),
        (between(flow.Execute(), unique="email"), r"unique: is 'email'\. Expected was True, or a list of names"),
        (between(flow.Execute(), unique=1), "unique: is 1"),
        (between(flow.Execute(), publish_receivers="paid"), "publish_receivers: is 'paid'"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_refused_when_it_is_defined(nodes: dict[str, Any], message: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=message):
        make(**nodes)
    assert not is_known("made")


@pytest.mark.parametrize(
    "write",
    [
        lambda: flow.Execute().Next(this.a).Next(this.b),
        lambda: flow.Execute().OnError(this.a).OnError(this.b),
        lambda: flow.Execute().SkipAfter(timedelta(1)).SkipAfter(timedelta(2)),
        lambda: flow.Execute().AfterWaitingFor(timedelta(1)).AfterWaitingFor(timedelta(2)),
        lambda: flow.Execute().AfterWaitingFor(timedelta(1)).AfterWaitingUntil(this.b),
        lambda: flow.Form(object).User(username="a").User(username="b"),
        lambda: flow.Form(object).Group(name="a").Group(name="b"),
        lambda: flow.Form(object).Group(),
        lambda: flow.Form(object).Permission("change_todo"),
        lambda: flow.Form(object).EscalateAfter(timedelta(1)),
        lambda: flow.If(True).Then(this.a).Then(this.b),
        lambda: flow.If(True).Then(this.a).Else(this.a).Else(this.b),
        lambda: flow.Execute(this.a, threaded=True).OnError(this.b),
        lambda: flow.Repeat().EveryDay().EveryHour(),
        lambda: flow.Repeat().At(8, 30),
        lambda: flow.Repeat().At(8, 30).EveryDay(),
        lambda: flow.Repeat().EveryHour(3).At(8, 30),
        lambda: flow.Repeat().EveryDay().At(8, 30).At(9, 30),
        lambda: flow.Repeat().EveryDay().At(25, 0),
        lambda: flow.Repeat().EveryNMinutes(0),
        lambda: flow.Repeat().EveryHour("2"),
        lambda: flow.Repeat().EveryHour(float("inf")),
        lambda: flow.Repeat().EveryHour(1e300),
        lambda: flow.Repeat().EveryNMinutes(1e-9),
        lambda: flow.Repeat().EveryDay().At(8.5),
        lambda: flow.Form(object).Permission(None),
        lambda: flow.ModelForm(object, "no key"),
        lambda: flow.ModelForm(object, 5),
    ],
)
def test_a_modifier_that_makes_no_sense_is_refused_where_it_is_written(write: Any) -> None:
    with pytest.raises(ImproperlyConfigured):
        write()


def test_a_node_and_a_method_of_one_name_are_told_apart() -> None:
    with pytest.raises(ImproperlyConfigured, match='"evaluate" is a node and something else at once'):

        class Clashing(flow.Automation):
            evaluate = flow.Execute(this.evaluate)
            end = flow.End()

            def evaluate(self, task: Any) -> None:  # noqa: F811 - this is what is wrong
                """Hidden."""


def test_a_second_process_of_one_id_is_a_problem_and_cannot_be_started() -> None:
    class Twice(flow.Automation):
        end = flow.End()

    class Other(flow.Automation):
        end = flow.End()

        class Meta:
            id = "twice"

    assert process_of("twice").source == Twice.path
    assert any("Two processes are called" in each.message for each in processes.problems)
    with pytest.raises(ImproperlyConfigured, match="Two processes"):
        Other()


def test_an_action_and_a_form_say_what_the_graph_has_of_them() -> None:
    from django import forms

    class Approval(forms.Form):
        is_fine = forms.BooleanField(required=False)

    class Approving(flow.Automation):
        approve = (
            flow.Form(Approval, description="Approve it")
            .Group(name="approvers")
            .Permission("auth.change_user")
            .DueAfter(timedelta(days=1))
            .RemindAfter(timedelta(days=2), every=timedelta(days=1))
            .EscalateAfter(timedelta(days=5), group="managers")
            .Notify()
        )
        ask = flow.Form(Approval).User(is_staff=True).Group(name__startswith="a")
        named = flow.Form(Approval).User(username=this.owner)
        done = flow.Action("todo:mark_done", on=this.todo_key, register="answer", note="Done")
        end = flow.End()
        todo_key = 7

        def owner(self, task: Any) -> str:
            return "ada"

    nodes = graph_of(Approving).nodes
    approve, ask, done = nodes["approve"], nodes["ask"], nodes["done"]
    assert approve.who is not None
    assert (approve.who.groups, approve.who.permissions) == (({"value": "approvers"},), ("auth.change_user",))
    assert (approve.register, approve.register_by, approve.title) == ("approve", "_approve_validated", "Approve it")
    assert approve.care is not None
    assert (approve.care.due_after, approve.care.remind_every) == ({"value": 86_400.0}, {"value": 86_400.0})
    assert approve.care.escalate_to is not None
    assert (approve.care.escalate_to.groups, approve.care.notify) == (({"value": "managers"},), True)
    assert ask.who is not None
    assert (ask.who.user_filter, ask.who.group_filter) == ({"is_staff": True}, {"name__startswith": "a"})
    assert nodes["named"].who is not None
    assert nodes["named"].who.users == ({"map": {"username": {"call": "named.user"}}},)
    assert (done.kind, done.run, done.register) == (Kind.ACTION, "todo:mark_done", "answer")
    assert (done.target, done.args) == ({"call": "done.on"}, {"note": {"value": "Done"}})
    assert graph_of(Approving).forms["approve"]["properties"]["is_fine"]["type"] == ["boolean", "null"]
