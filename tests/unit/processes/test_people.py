"""Who answers an input, and what is done while it waits: in YAML, in the graph, and as JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django import forms

from actions.exceptions import DefinitionError
from actions.processes import flow, steps
from actions.processes.expressions import literal, path
from actions.processes.graph import Edge, Graph, Kind, Node, TaskPolicy, Who
from actions.processes.registry import processes
from actions.processes.store.people import rest_key, split
from actions.processes.validate import problems
from tests.automations import only_here
from tests.workflows import forgotten, workflow

from .compiling import problems as problems_of
from .compiling import process

pytestmark = pytest.mark.once

CARE = TaskPolicy(
    due_after=literal(172_800.0),
    remind_after=path("payload.seconds"),
    remind_every=literal(3_600.0),
    escalate_after=literal(259_200.0),
    escalate_to=Who(groups=(literal("heads"),)),
    notify=True,
)
FILE = """
name: Asks
payload: [{key: seconds, type: number}]
tasks:
  - id: ask
    input:
      groups: [approvers]
      due: 2 days
      remind: payload.seconds
      remind_every: 1 hour
      escalate: {after: 3 days, groups: [heads]}
      notify: true
"""


def graph(**options: Any) -> Graph:
    ask = Node("ask", Kind.INPUT, (Edge("end"),), run="ask", **options)
    return Graph("asks", "ask", {"ask": ask, "end": Node("end", Kind.END)})


def test_yaml_says_what_is_done_while_an_input_waits() -> None:
    node = process(FILE).graph.nodes["ask"]
    assert node.care == CARE
    assert node.who == Who(groups=(literal("approvers"),))


STAFF = {"is_staff": True}
SOME = {"name__in": ["a", "b"]}
DAY = timedelta(days=1)


def test_the_three_ways_say_the_same_of_filters() -> None:
    class Ask(steps.Approval):
        groups = ("approvers",)
        user_filter = STAFF
        group_filter = SOME
        escalate_after = DAY
        escalate_to = {"user_filter": STAFF, "group_filter": SOME}

    with only_here():

        class Asking(flow.Automation):
            ask = flow.Form(forms.Form).User(**STAFF).Group(**SOME).EscalateAfter(DAY, user=STAFF, group=SOME)
            end = flow.End()

        automation = next(each for each in processes.declared() if each.id == "asking")
    with forgotten():
        declared = workflow({steps.__start__: [Ask]}).process
    written = process(
        """
        name: A
        tasks:
          - id: ask
            input:
              groups: [approvers]
              user_filter: {is_staff: true}
              group_filter: {name__in: [a, b]}
              escalate: {after: 1 day, user_filter: {is_staff: true}, group_filter: {name__in: [a, b]}}
        """
    )
    who = Who(user_filter=STAFF, group_filter=SOME)
    care = TaskPolicy(escalate_after=literal(86_400.0), escalate_to=who)
    asked = written.graph.nodes["ask"]
    assert (asked.who, asked.care) == (replace(who, groups=(literal("approvers"),)), care)
    assert (declared.graph.nodes["Ask"].who, declared.graph.nodes["Ask"].care) == (asked.who, care)
    assert (automation.graph.nodes["ask"].who, automation.graph.nodes["ask"].care) == (who, care)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("user_filter: {is_staff: payload.x}", "5:31: tasks > 0 > input > user_filter > is_staff: it is compared"),
        ("user_filter: {is_stff: true}", "5:21: tasks > 0 > input > user_filter > is_stff: is_stff is none"),
        ("group_filter: {}", "5:21: tasks > 0 > input > group_filter: "),
        ("group_filter: [a]", "5:21: tasks > 0 > input > group_filter: "),
        ("user_filter: {is staff: true}", "tasks > 0 > input > user_filter"),
        (
            "escalate: {after: 1, group_filter: {nam: a}}",
            "tasks > 0 > input > escalate > group_filter > nam: nam is none",
        ),
    ],
)
def test_a_wrong_filter_is_told_with_its_line_and_column(keys: str, expected: str) -> None:
    found = problems_of(f"name: A\npayload: [{{key: x}}]\ntasks:\n  - input:\n      {keys}\n")
    assert any(expected in each for each in found), found


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"user_filter": ["is_staff"]}, "user_filter is ['is_staff']. Expected were look-ups"),
        ({"user_filter": {"is_staff": lambda step: True}}, "user_filter: is_staff is not known yet"),
        ({"group_filter": {"name__in": {"a"}}}, "which is no JSON"),
        ({"escalate_after": 1, "escalate_to": {"user_filters": STAFF}}, "user_filters is none of users, groups, "),
    ],
)
def test_a_wrong_filter_of_a_step_is_refused_when_it_is_defined(members: dict[str, Any], expected: str) -> None:
    step = type("Ask", (steps.Approval,), members)
    with forgotten(), pytest.raises(DefinitionError) as caught:
        workflow({steps.__start__: [step]})
    assert expected in str(caught.value)


def test_dates_in_filters_are_texts() -> None:
    class Ask(steps.Approval):
        user_filter = {"date_joined__lt": date(2026, 1, 1)}

    with forgotten():
        who = workflow({steps.__start__: [Ask]}).process.graph.nodes["Ask"].who
    with only_here():

        class Asking(flow.Automation):
            ask = flow.Form(forms.Form).User(date_joined__lt=date(2026, 1, 1))
            end = flow.End()

        automation = next(each for each in processes.declared() if each.id == "asking")
    assert who == automation.graph.nodes["ask"].who == Who(user_filter={"date_joined__lt": "2026-01-01"})


def test_without_care_there_is_none() -> None:
    assert process("name: A\npayload: []\ntasks: [{id: ask, input: {groups: [a]}}]").graph.nodes["ask"].care is None


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("due: soon", "'soon' is not a duration"),
        ("remind_every: 0", "it would remind without end"),
        ("escalate: {after: 1 day}", "it does not say who may answer then"),
        ("escalate: {groups: [a]}", "after"),
        ("escalate: {after: 1 day, permissions: [boss]}", "is no permission"),
        ("notify: 3", "notify"),
    ],
)
def test_a_wrong_key_is_told_with_its_place(keys: str, expected: str) -> None:
    found = problems_of(f"name: A\npayload: []\ntasks:\n  - id: ask\n    input:\n      {keys}\n")
    assert any(expected in each for each in found), found


@pytest.mark.parametrize(
    "options",
    [
        {"care": CARE},
        {"care": TaskPolicy(escalate_after=literal(1.0))},
        {"who": Who(user_filter={"is_staff": True}, group_filter={"name__in": ["a", "b"]})},
        {"who": Who(users=(path("payload.x"),), permissions=("a.b",))},
    ],
)
def test_a_graph_comes_back_from_json_as_it_was(options: dict[str, Any]) -> None:
    made = graph(**options)
    assert Graph.from_json(made.as_json()) == made
    assert made.fingerprint != graph().fingerprint


def test_who_without_filters_is_written_as_it_always_was() -> None:
    plain = graph(who=Who(groups=(literal("a"),))).as_json()
    assert plain["nodes"][0]["who"] == {"users": [], "groups": [{"value": "a"}], "permissions": []}


def test_only_an_input_is_answered() -> None:
    made = graph()
    wrong = replace(made, nodes={**made.nodes, "end": replace(made.nodes["end"], care=CARE)})
    assert [str(each) for each in problems(wrong)] == [
        "end: is a step of the kind end, which nobody answers. Only an input has `who` and `care`."
    ]


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ({}, ([("anyone", "")], {})),
        ({"users": ["a", {"pk": "1"}], "groups": ["g"]}, ([("username", "a"), ("user", "1")], {"groups": ["g"]})),
        ({"groups": ["g", "h"]}, ([("group", "g")], {"groups": ["h"]})),
        ({"groups": [], "permissions": ["a.b"]}, ([("permission", "a.b")], {"permissions": []})),
        ({"user_filter": {"x": 1}}, ([("anyone", "")], {"user_filter": {"x": 1}})),
    ],
)
def test_who_is_split_into_what_is_looked_for_and_the_rest(who: Any, expected: Any) -> None:
    kinds, rest = split(who)
    assert (kinds, {**rest}) == expected
    assert bool(rest_key(rest)) is any(rest.values())
