"""Who answers an input, and what is done while it waits: in YAML, in the graph, and as JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.processes.expressions import literal, path
from actions.processes.graph import Edge, Graph, Kind, Node, TaskPolicy, Who
from actions.processes.store.people import rest_key, split
from actions.processes.validate import problems

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
        ({}, ("anyone", [""], {})),
        ({"users": ["a", "b"], "groups": ["g"]}, ("user", ["a", "b"], {"groups": ["g"]})),
        ({"groups": ["g", "h"]}, ("group", ["g"], {"groups": ["h"]})),
        ({"groups": [], "permissions": ["a.b"]}, ("permission", ["a.b"], {"permissions": []})),
        ({"user_filter": {"x": 1}}, ("anyone", [""], {"user_filter": {"x": 1}})),
    ],
)
def test_who_is_split_into_what_is_looked_for_and_the_rest(who: Any, expected: Any) -> None:
    kind, values, rest = split(who)
    assert (kind, values, {**rest}) == expected
    assert bool(rest_key(rest)) is any(rest.values())
