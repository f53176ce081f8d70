"""Whatever stands in a process file, it becomes a process or problems, and never an error of another kind."""

from __future__ import annotations

import json
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from actions.processes.authoring.yaml_document import compile_yaml
from actions.processes.graph import Graph
from actions.processes.validate import problems
from actions.yaml_source import load_yaml

from .compiling import SomeNames

pytestmark = pytest.mark.once

WHOLE = """
name: Everything
version: 1.2
payload:
  - {key: amount, type: number, required: true, validate: ["min:1"]}
  - {key: emails, type: list, default: []}
  - {key: vip, type: boolean}
examples: [{title: One, payload: {amount: 5}}]
validations: [is_new]
sensitive: [iban]
max_running: 5
on_change: pin
result: state.charged
tasks:
  - task: bank.charge
    id: charge
    args: {amount: payload.amount, currency: '{{ "payload.amount" }}'}
    register: charged
    retry: {attempts: 5, delay: 2s, on: [ConnectionError]}
    timeout: 1 minute
    compensate: bank.refund
    on_error: [{task: io.say_hello, args: {message: "no {{ payload.vip }}"}}, {end: {failed: true}}]
  - {task: io.say_hello, when: payload.vip, mode: pure}
  - {task: io.say_hello, args: {message: item.address}, loop: payload.emails, at_once: 5, when: item.active == true}
  - if: payload.amount > 100.0
    then:
      - {input: {fields: [{key: ok, type: boolean}], groups: [approvers]}, id: approve, register: answer}
      - {decide: risk.level, args: {amount: 5}, cases: {high: [{task: io.say_hello}], low: []}, else: [{end: refused}]}
    else: [{wait: 5 minutes}]
  - switch:
      - {when: payload.vip, do: [{task: io.say_hello}]}
      - {else: [{action: "todo:mark_done", on: 7, compensate: undo}]}
  - split:
      one: [{process: hello-world, register: hello}]
      two:
        - {receive: {message: paid, key: payload.amount}, wait: {as_soon_as: [payload.vip], every: 30s}}
        - {do: [{send: {message: hi, data: {a: [payload.amount, 1]}, broadcast: true}}], loop: [1, 2]}
  - {repeat: {every: 1 day, at: "08:30", from: charge}, when: payload.vip}
tasks_async: [{task: io.say_hello}]
tasks_scheduled:
  - {task: io.say_hello, schedule: {time: 2, period: hours, schedule: before, object: state.charged, field: date}}
"""
JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, "", "x", "payload", "payload.", "payload.a", "state.x", "{{", "{{ x }}", "end", "has(", "'",
    [], {}, [1], ["a"], {"a": 1}, [[]], [{}], [None], {"do": []}, {"when": 1}, 10**30, "\u2028", "item",
    {"message": "a"}, {"else": []}, [{"else": []}, {"else": []}], {"task": "io.say_hello"}, [{"wait": 1, "id": "end"}],
)  # fmt: skip
KEYS = (
    *(
        "task",
        "action",
        "process",
        "input",
        "send",
        "receive",
        "if",
        "switch",
        "decide",
        "split",
        "do",
        "repeat",
        "end",
    ),
    *("wait", "args", "register", "on", "selection", "then", "else", "cases", "loop", "at_once", "id", "when", "next"),
    *("skip_after", "retry", "timeout", "on_error", "compensate", "mode", "background", "schedule", "payload"),
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, held in inner for each in _paths(held, (*path, key)))]


def _mutated(document: Any, random: Random) -> Any:
    document = deepcopy(document)
    for _ in range(random.randint(1, 5)):
        *before, last = random.choice([path for path in _paths(document) if path])
        holder = document
        for part in before:
            holder = holder[part]
        chance = random.random()
        held = holder[last]
        if chance < 0.2:
            del holder[last]
        elif chance < 0.5 and isinstance(held, dict):
            held[random.choice(KEYS)] = deepcopy(random.choice(JUNK))
        elif chance < 0.5 and isinstance(held, list):
            held.append(deepcopy(random.choice(JUNK)))
        else:
            holder[last] = deepcopy(random.choice(JUNK))
        if not isinstance(document, dict) or not document:
            break
    return document


def test_the_whole_is_right() -> None:
    found = compile_yaml(WHOLE, file="whole.yml", names=SomeNames())
    assert not found.problems


@pytest.mark.parametrize("seed", range(8))
def test_a_file_with_anything_in_it_is_a_process_or_has_problems(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - repeatable
    document = load_yaml(WHOLE, file="whole.yml").value
    for _ in range(40):
        text = json.dumps(_mutated(document, random))
        found = compile_yaml(text, file="any.yml", names=SomeNames())
        assert all(str(problem).startswith("any.yml") for problem in found.problems), text
        if found.process is None:
            assert found.problems, text
        else:
            graph = found.process.graph
            assert not problems(graph)
            assert Graph.from_json(json.loads(json.dumps(graph.as_json()))) == graph, text
