"""What a process file becomes as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.processes.authoring.yaml_document import slug
from actions.processes.graph import Graph, Kind, OnChange

from .compiling import compiled, process

pytestmark = pytest.mark.once

EXAMPLES = Path(__file__).resolve().parents[3] / "example_app" / "process" / "processes"
HELLO = """
    ---
    name: HelloWorld
    description: Prints hello world
    payload: []
    tasks:
      - task: io.say_hello
"""
ASIDE = """
    name: Aside
    payload: [{key: at, type: string, required: true}]
    tasks:
      - task: io.say_hello
        register: greeting
    tasks_async:
      - task: io.say_hello
      - task: risk.level
        args: {amount: 5}
    tasks_scheduled:
      - task: io.say_hello
        schedule: {time: 5, period: days, schedule: after, object: state.greeting, field: signup_date}
      - task: io.say_hello
        schedule: {time: 2, period: hours, schedule: before, object: payload, field: at}
      - task: io.say_hello
        schedule: {time: 30, period: mins}
"""


def test_the_smallest_process_of_the_document_is_one_step_and_the_end() -> None:
    graph = process(HELLO).graph
    assert [(node.name, node.kind) for node in graph.nodes.values()] == [("say_hello", "task"), ("end", "end")]
    assert graph.start == "say_hello"


def test_a_process_without_steps_is_its_end() -> None:
    assert process("name: Empty\ntasks: []").graph.start == "end"


def test_the_id_is_made_of_the_name() -> None:
    assert process(HELLO).id == "hello-world"


def test_another_id_can_be_given() -> None:
    assert process(HELLO, process_id="hi").id == "hi"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SignupRequest", "signup-request"),
        ("signup request", "signup-request"),
        ("HTTPCheck2", "http-check2"),
        ("Größe", "gr-e"),
    ],
)
def test_a_slug_has_small_letters_digits_and_hyphens(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_the_graph_survives_json() -> None:
    graph = process(ASIDE).graph
    assert Graph.from_json(graph.as_json()) == graph


def test_what_is_done_aside_are_branches_of_one_split_after_the_tasks() -> None:
    graph = process(ASIDE).graph
    split = graph.nodes["in_background"]
    assert graph.nodes["say_hello"].edges[0].target == split.name
    assert [edge.target for edge in split.edges] == [
        "say_hello_2",
        "level",
        "say_hello_3",
        "say_hello_4",
        "say_hello_5",
    ]
    assert graph.nodes[split.join].edges[0].target == "end"


def test_what_is_done_aside_neither_blocks_nor_fails_the_run() -> None:
    graph = process(ASIDE).graph
    for edge in graph.nodes["in_background"].edges:
        policy = graph.nodes[edge.target].policy
        assert policy.ignore_errors
        assert policy.in_background


def test_a_scheduled_step_waits_until_a_time_after_a_field() -> None:
    policy = process(ASIDE).graph.nodes["say_hello_3"].policy
    assert policy.wait_until == {"test": "moment(state.greeting.signup_date) + duration('432000s')"}


def test_a_scheduled_step_waits_until_a_time_before_a_field() -> None:
    policy = process(ASIDE).graph.nodes["say_hello_4"].policy
    assert policy.wait_until == {"test": "moment(payload.at) - duration('7200s')"}


def test_without_an_object_the_time_counts_from_when_the_run_comes_there() -> None:
    assert process(ASIDE).graph.nodes["say_hello_5"].policy.wait_for == {"value": 1800}


def test_what_people_read_is_kept() -> None:
    found = process(
        """
        name: Order
        title: An order
        description: Takes an order
        version: 1.2
        tags: [shop]
        payload: [{key: number, type: integer, required: true}]
        examples: [{title: The first, payload: {number: 1}}]
        sensitive: [iban]
        x-owner: Ada
        tasks: []
        """
    )
    assert (found.title, found.description, found.tags) == ("An order", "Takes an order", ("shop",))
    assert found.examples == ({"title": "The first", "payload": {"number": 1}},)
    assert (found.graph.version, found.sensitive, found.style) == ("1.2", ("iban",), "yaml")


def test_limits_and_changes_are_the_graphs() -> None:
    graph = process("name: A\nmax_running: 3\non_change: pin\ntasks: []").graph
    assert (graph.max_running, graph.on_change) == (3, OnChange.PIN)


def test_the_result_of_a_run_stands_at_its_end() -> None:
    graph = process("name: A\ntasks: [{task: io.say_hello, register: said}]\nresult: state.said").graph
    assert graph.nodes["end"].args == {"result": {"path": "state.said"}}


def test_a_process_with_a_compensation_takes_steps_back() -> None:
    text = "name: A\ntasks: [{task: bank.charge, args: {amount: 1.5}, compensate: bank.refund}]"
    assert process(text).graph.compensates
    assert not process(f"{text}\ncompensate: false").graph.compensates


def test_actions_and_processes_that_a_file_names_are_told() -> None:
    found = compiled('name: A\ntasks: [{action: "todo:mark_done", on: 7}, {process: other}]')
    assert [(each.kind, each.name) for each in found.named] == [("action", "todo:mark_done"), ("process", "other")]


def test_the_full_reference_of_a_task_is_the_short_one() -> None:
    long = process("name: A\ntasks: [{task: process.tasks.io.say_hello}]")
    assert long.graph.nodes["say_hello"].run == "io.say_hello"
    assert set(long.bodies) == {"io.say_hello"}


def test_a_text_for_people_does_not_change_the_fingerprint() -> None:
    other = HELLO.replace("- task:", "- name: Greet\n        task:")
    assert process(other).graph.fingerprint == process(HELLO).graph.fingerprint


def test_the_examples_of_the_document_are_the_example_projects() -> None:
    assert {path.name for path in EXAMPLES.glob("*.yml")} >= {"HelloWorld.yml", "SignupRequest.yml"}


def test_every_kind_of_step_can_be_written() -> None:
    text = """
        name: Everything
        payload: [{key: list, type: list, default: []}, {key: amount, type: number, required: true}]
        tasks:
          - task: io.say_hello
          - {action: "todo:mark_done", on: 7}
          - {if: payload.amount > 1.0, then: [{wait: 5 minutes}]}
          - split: {one: [{input: {groups: [staff]}}], two: [{receive: paid}], three: [{send: paid}]}
          - {task: io.say_hello, loop: payload.list}
          - {process: other}
          - {repeat: {every: 1 day}, when: payload.amount > 5.0}
          - {end: true}
    """
    assert {node.kind for node in process(text).graph.nodes.values()} == set(Kind)
