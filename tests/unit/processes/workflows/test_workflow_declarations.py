"""What a DIGRAPH compiles to, and what is refused when the class is defined."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.v1 import BaseModel as BaseModel1

from actions.exceptions import DefinitionError
from actions.processes import steps, workflows
from actions.processes.graph import Graph, Kind, Mode, TaskPolicy, Who
from actions.processes.policies import Retry
from actions.processes.registry import processes
from tests.workflows import workflow

__start__ = steps.__start__


class A(steps.Step):
    """The first one."""

    def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
        return _input


class B(A):
    pass


class C(A):
    pass


class D(steps.Decision):
    def transition(self, _input: Any = None, *args: Any, **kwargs: Any) -> int:
        return 0


class S(steps.Split):
    pass


class J(steps.Join):
    pass


class Asks(A):
    class UserInputSchema(BaseModel):
        some_data: int = 1


def graph_of(digraph: Any, **members: Any) -> Graph:
    return workflow(digraph, **members).process.graph


def declared() -> set[str]:
    return {process.id for process in processes.declared()}


def problems_of(digraph: Any, **members: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        workflow(digraph, **members)
    return "\n".join(map(str, caught.value.problems))


def test_steps_are_tasks_and_what_has_no_way_on_goes_to_the_end() -> None:
    graph = graph_of({__start__: [A], A: [B], B: []})
    assert [(node.name, str(node.kind)) for node in graph.nodes.values()] == [
        ("A", "task"),
        ("B", "task"),
        ("end", "end"),
    ]
    assert (graph.start, graph.hands_on, graph.name) == ("A", True, "declared")
    assert graph.nodes["A"].run == f"{__name__}.A"
    assert (graph.nodes["A"].description, graph.nodes["B"].description) == ("The first one.", "")


def test_a_workflow_of_one_step_needs_only_its_start() -> None:
    assert list(graph_of({__start__: [A]}).nodes) == ["A", "end"]
    assert list(graph_of({__start__: A and [A], A: None}).nodes) == ["A", "end"]


def test_ways_are_called_as_the_dict_says_else_as_their_targets() -> None:
    named = graph_of({__start__: [D], D: {"yes": A, "no": None}}).nodes["D"]
    assert [(edge.name, edge.target) for edge in named.edges] == [("yes", "A"), ("no", "end")]
    listed = graph_of({__start__: [D], D: [A, B, B]}).nodes["D"]
    assert [(edge.name, edge.target) for edge in listed.edges] == [("A", "A"), ("1", "B"), ("2", "B")]


def test_a_step_that_asks_and_works_asks_in_a_node_of_its_own() -> None:
    graph = graph_of({__start__: [Asks]})
    assert graph.start == "Asks.input"
    asks, works = graph.nodes["Asks.input"], graph.nodes["Asks"]
    assert (asks.kind, asks.is_prelude, works.kind) == (Kind.INPUT, True, Kind.TASK)
    assert graph.forms[asks.run]["properties"]["some_data"]["default"] == 1


def test_a_step_that_only_asks_is_an_input() -> None:
    class Says(steps.Step):
        class UserInputSchema(BaseModel1):
            some_data: int

    graph = graph_of({__start__: [Says]})
    assert (graph.nodes["Says"].kind, graph.nodes["Says"].is_prelude) == (Kind.INPUT, False)
    assert graph.forms[graph.nodes["Says"].run]["required"] == ["some_data"]


def test_splits_know_their_joins_also_nested_ones() -> None:
    class Inner(steps.Split):
        pass

    class InnerJoin(steps.Join):
        pass

    class E(A):
        pass

    graph = graph_of(
        {__start__: [S], S: [A, Inner], Inner: [B, C], B: [InnerJoin], C: [InnerJoin], InnerJoin: [J], A: [J], J: [E]}
    )
    assert (graph.nodes["S"].join, graph.nodes["Inner"].join) == ("J", "InnerJoin")
    assert [edge.name for edge in graph.nodes["S"].edges] == ["A", "Inner"]


def test_what_surrounds_a_step_is_its_policy() -> None:
    class Careful(A):
        mode = "external"
        retry = 3
        timeout = timedelta(minutes=1)
        on_error = B
        wait_for = timedelta(seconds=5)
        skip_after = 60
        every = 10

        def as_soon_as(self, _input: Any = None) -> bool:
            return True

        def compensate(self, result: Any) -> None:
            pass

    process = workflow({__start__: [Careful], Careful: [B]}).process
    node = process.graph.nodes["Careful"]
    policy = node.policy
    assert (node.mode, policy.retry, policy.timeout_seconds) == (Mode.EXTERNAL, Retry(attempts=3), 60)
    assert (policy.on_error, policy.wait_for, policy.skip_after) == ("B", {"value": 5}, {"value": 60})
    assert policy.poll_seconds == 10
    assert set(process.bodies) == {node.run, policy.as_soon_as[0]["call"], policy.compensate, f"{__name__}.B"}


def test_approvals_and_actions_are_what_the_other_styles_make_of_them() -> None:
    class Approve(steps.Approval):
        title = "Approve it"
        groups = ("approvers",)
        due_after = timedelta(days=1)
        escalate_after = timedelta(days=2)
        escalate_to = {"users": ["ada"]}

    class Mark(steps.Action):
        action = "todo:mark_done"
        arguments = {"note": "Done", "when": lambda step, _input: _input}

        def target(self, _input: Any = None) -> Any:
            return 1

    class Pause(steps.Wait):
        wait_for = timedelta(hours=1)

    graph = graph_of({__start__: [Approve], Approve: [Pause], Pause: [Mark]})
    approve, mark = graph.nodes["Approve"], graph.nodes["Mark"]
    assert (approve.kind, approve.title, approve.who) == (
        Kind.INPUT,
        "Approve it",
        Who(groups=({"value": "approvers"},)),
    )
    assert approve.care == TaskPolicy(
        due_after={"value": 86400},
        escalate_after={"value": 172800},
        escalate_to=Who(users=({"value": "ada"},)),
    )
    assert (mark.kind, mark.run, mark.args["note"]) == (Kind.ACTION, "todo:mark_done", {"value": "Done"})
    assert set(mark.args["when"]) == {"call"}
    assert graph.nodes["Pause"].kind is Kind.WAIT


def test_meta_says_what_a_process_has_besides() -> None:
    class Meta:
        id = "other-name"
        title = "Another name"
        version = "2"
        on_change = "pin"
        max_running = 3
        sensitive = ["iban"]
        permissions = ["auth.change_user"]

    process = workflow({__start__: [A]}, Meta=Meta).process
    assert (process.id, process.title, process.graph.version) == ("other-name", "Another name", "2")
    assert process.permissions == ("auth.change_user",)
    assert (process.graph.on_change, process.graph.max_running, process.sensitive) == ("pin", 3, ("iban",))


def test_what_a_job_takes_is_declared() -> None:
    class Order(BaseModel):
        amount: int

    assert graph_of({__start__: [A]}, PayloadSchema=Order).payload["required"] == ["amount"]
    assert graph_of({__start__: [A]}).payload["additionalProperties"] is False


def test_a_base_class_without_a_digraph_is_no_workflow_and_one_that_inherits_is() -> None:
    class Base(workflows.Workflow):
        pass

    class Mixed(Base):
        DIGRAPH = {__start__: [A]}

    class Heir(Mixed):
        pass

    assert "base" not in declared()
    assert (Mixed.process.id, Heir.process.id) == ("mixed", "heir")


def test_two_workflows_of_one_name_are_a_problem_and_no_crash() -> None:
    workflow({__start__: [A]}, "Same")
    workflow({__start__: [A]}, "Same", __module__="elsewhere")
    assert "same" in declared()
    assert any('Two processes are called "same"' in str(each) for each in processes.problems)
    processes.forget_problems()


def test_two_steps_of_one_name_are_called_by_their_paths() -> None:
    other = type("A", (A,), {"__module__": "elsewhere"})
    assert set(graph_of({__start__: [A], A: [other]}).nodes) == {f"{__name__}.A", "elsewhere.A", "end"}


def test_the_end_makes_way_for_a_step_of_that_name() -> None:
    end = type("end", (A,), {})
    assert list(graph_of({__start__: [end]}).nodes) == ["end", "end_"]


class Wrong(A):
    timeout = "soon"


class Lost(A):
    on_error = "nowhere"


class Nothing(steps.Step):
    pass


class Both(A):
    UserInputSchema = {"type": "object", "properties": {}}
    skip_after = 5


class Later(steps.Step):
    async def execute(self, _input: Any = None, *args: Any, **kwargs: Any) -> Any:
        return _input


class NoSchema(A):
    UserInputSchema = {"type": "nonsense"}


WRONG: list[tuple[Any, list[str]]] = [
    ([A], ["is list", "Write a dict"]),
    ({A: [B]}, ["does not say where it begins", "steps.__start__"]),
    ({__start__: []}, ["leads to 0 steps"]),
    ({__start__: [A, B]}, ["leads to 2 steps"]),
    ({__start__: [A], A: [D]}, ["DIGRAPH > D", "decision without a way on"]),
    ({__start__: [A], A: [B, C]}, ["DIGRAPH > A", "2 ways on: B, C", "steps.Decision"]),
    ({__start__: [A], A: ["B"]}, ["'B' is no step", "steps.Step"]),
    ({__start__: [A], A: [B()]}, ["is an instance"]),
    ({__start__: [A], A: B}, ["is no list of steps"]),
    ({__start__: [A], "A": [B]}, ["'A' is no step"]),
    ({__start__: [A], A: [__start__]}, ["leads back to steps.__start__"]),
    ({__start__: [A], A: [B], C: [B]}, ["DIGRAPH > C", "never reached"]),
    ({__start__: [A], A: [B], B: [A]}, ["no way from here to an end"]),
    ({__start__: [D], D: {1: A}}, ["1 is no name of a way"]),
    ({__start__: [S], S: [A, B]}, ["DIGRAPH > S", "meet nowhere"]),
    ({__start__: [S], S: [A, B], A: [J]}, ['leaves "S" other than by its join']),
    ({__start__: [S], S: [A, J], A: [J]}, ["without a step"]),
    ({__start__: [A], A: [J]}, ["joins the ways of no split"]),
    ({__start__: [Nothing]}, ["DIGRAPH > Nothing", "no execute()"]),
    ({__start__: [Wrong]}, ["DIGRAPH > Wrong", "'soon' is no duration"]),
    ({__start__: [Lost]}, ["after an error to nowhere"]),
    ({__start__: [Both]}, ["skip_after is of no use"]),
    ({__start__: [Later]}, ["DIGRAPH > Later", "execute() is a coroutine"]),
    ({__start__: [NoSchema]}, ["DIGRAPH > NoSchema", "nonsense"]),
    *[
        ({__start__: [type("Said", (A,), {option: value})]}, ["DIGRAPH > Said", f"{option} is {value!r}", "Expected"])
        for option, value in (
            ("wait_for", float("inf")),
            ("wait_for", float("nan")),
            ("wait_for", -1.0),
            ("wait_for", 1e300),
            ("wait_until", "tomorrow"),
            ("wait_until", 5),
            ("skip_after", -1.0),
            ("timeout", float("inf")),
            ("timeout", -1.0),
            ("every", 0.0),
            ("every", 0.0001),
            ("retry", 0),
        )
    ],
    (
        {__start__: [type("Retries", (A,), {"retry": Retry(on="OSError")})]},
        ["on is 'OSError'", "names of error classes"],
    ),
    ({__start__: [type("Reminds", (steps.Approval,), {"remind_every": 0})]}, ["remind_every is 0"]),
    ({__start__: [type("Escalates", (steps.Approval,), {"escalate_after": 5})]}, ["escalate_to", "Say to whom"]),
    (
        {__start__: [type("Escalates", (steps.Approval,), {"escalate_to": {"groups": ["heads"]}})]},
        ["escalate_after", "Say when"],
    ),
    ({__start__: [type("Escalates", (steps.Approval,), {"escalate_to": "heads"})]}, ["escalate_to is 'heads'"]),
    ({__start__: [type("Permits", (steps.Approval,), {"permissions": ["abc"]})]}, ["permissions is 'abc'"]),
    ({__start__: [type("Acts", (steps.Action,), {"action": "todo:x", "arguments": 5})]}, ["arguments is 5", "a dict"]),
    ({__start__: [type("Skips", (A,), {"skip_if": Later.execute})]}, ["skip_if is a coroutine"]),
]


@pytest.mark.parametrize(("digraph", "said"), WRONG)
def test_a_wrong_declaration_is_refused_when_it_is_defined(digraph: Any, said: list[str]) -> None:
    text = problems_of(digraph)
    for part in said:
        assert part in text
    assert "declared" not in declared()


def test_ways_that_meet_in_different_joins_are_refused() -> None:
    class K(steps.Join):
        pass

    text = problems_of({__start__: [S], S: [A, B], A: [J], B: [K], J: [C], K: [C]})
    assert "different joins: J, K" in text


def test_all_problems_are_told_at_once_and_options_that_there_are_not() -> None:
    class Meta:
        titel = "x"
        max_running = "many"
        permissions = ["add_user"]

    text = problems_of({__start__: [A], A: [B, C], Nothing: []}, Meta=Meta)
    parts = ("Meta > titel", "Did you mean", "Meta > max_running", "'many'", "'add_user'", "2 ways on", "no execute()")
    for part in parts:
        assert part in text


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("id", "a b/c"),
        ("id", "x" * 201),
        ("sensitive", [5]),
        ("sensitive", "iban"),
        ("permissions", ("abc",)),
        ("max_running", 0),
        ("max_running", -1),
        ("on_change", "never"),
    ],
)
def test_an_option_of_meta_is_refused_with_what_was_expected(option: str, value: Any) -> None:
    text = problems_of({__start__: [A]}, Meta=type("Meta", (), {option: value}))
    assert f"Meta > {option}: is {value!r}. Expected was " in text


EARLY = """
from actions.processes import (
    execute_workflow, execute_workflow_sync, oder_workflow_execution, order_workflow_execution, provide_external_input,
    provide_input, steps, workflows,
)
from actions.processes.workflows import JobState, Workflow, WorkflowDeleted, WrongState, order_workflow_execution
from django.apps import apps
assert not apps.ready
class One(steps.Step):
    def execute(self, _input=None, *args, **kwargs):
        return 1
class Early(workflows.Workflow):
    DIGRAPH = {steps.__start__: [One]}
"""


def test_everything_that_is_declared_and_called_can_be_imported_before_the_apps_are_loaded() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", EARLY], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
