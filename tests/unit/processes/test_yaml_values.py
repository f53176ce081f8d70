"""How values of a process file are read."""

from __future__ import annotations

from typing import Any

import pytest

from .compiling import nodes, step_problems

pytestmark = pytest.mark.once


def _message(value: str) -> Any:
    return nodes(f"tasks: [{{process: other, args: {{value: {value}}}}}]")["other"].args["value"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("payload", {"path": "payload"}),
        ("payload.name", {"path": "payload.name"}),
        ("payload.items.0.name", {"path": "payload.items.0.name"}),
        ("run.id", {"path": "run.id"}),
        ("run", {"value": "run"}),
        ("state", {"value": "state"}),
        ("payloads.name", {"value": "payloads.name"}),
        ("payload name", {"value": "payload name"}),
        ("5", {"value": 5}),
        ("true", {"value": True}),
        ("null", {"value": None}),
        ("[1, a]", {"value": [1, "a"]}),
        ("[1, payload.name]", {"list": [{"value": 1}, {"path": "payload.name"}]}),
        ("{a: {b: payload.name, c: 1}}", {"map": {"a": {"map": {"b": {"path": "payload.name"}, "c": {"value": 1}}}}}),
        ('"Hello {{ payload.name }}"', {"text": "Hello {{ payload.name }}"}),
        ('"{{ payload.name }}"', {"path": "payload.name"}),
        ("'{{ \"payload.name\" }}'", {"value": "payload.name"}),
        ("'{{ \"{{\" }} stays'", {"value": "{{ stays"}),
    ],
)
def test_a_value_is_a_look_up_a_text_with_look_ups_or_itself(value: str, expected: Any) -> None:
    assert _message(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("payload.nam", 'the payload has no key "nam". Did you mean "name"?'),
        ("payload.name.first", 'payload.name is a text and has no "first". Look up payload.name.'),
        ("state.user", 'no step registers "user". Give that step: register: user.'),
        ("item.name", "there is no item here. Use it in a step with loop"),
        ("input.name", "nothing is answered in this process."),
        ("run.name", 'the run has no "name". There are: id, uid, process.'),
        ('"{{ paylod.name }}"', 'there is no "paylod". Did you mean "payload"?'),
        ('"{{ payload.name"', 'is not closed by "}}"'),
        ('"{{ payload.name | upper }}"', "nothing is evaluated"),
    ],
)
def test_a_look_up_that_leads_nowhere_is_found(value: str, expected: str) -> None:
    (problem,) = step_problems(f"tasks: [{{process: other, args: {{value: {value}}}}}]")
    assert expected in problem


def test_the_state_has_only_what_earlier_steps_register() -> None:
    text = """
tasks:
  - {task: io.say_hello, args: {message: state.said}}
  - {task: io.say_hello, register: said}
"""
    (problem,) = step_problems(text)
    assert '"said" is not registered yet: io.say_hello does it. Move that step before this one.' in problem


def test_where_steps_go_back_a_later_one_can_have_registered() -> None:
    text = """
tasks:
  - {task: io.say_hello, id: first, args: {message: state.said}}
  - {task: io.say_hello, register: said}
  - {repeat: {every: 1 day, from: first}}
"""
    assert not step_problems(text)


def test_a_task_that_sees_the_step_may_put_anything_into_the_state() -> None:
    assert not step_problems("tasks: [{task: data.collect}, {task: io.say_hello, args: {message: state.anything}}]")


def test_what_follows_an_error_sees_it() -> None:
    text = "tasks: [{wait: 1s, on_error: [{task: io.say_hello, args: {message: state.error.detail}}]}]"
    assert not step_problems(text)
    assert step_problems("tasks: [{task: io.say_hello, args: {message: state.error.detail}}]")


def test_a_branch_sees_nothing_of_the_others() -> None:
    text = """
tasks:
  - split:
      one: [{task: io.say_hello, register: said}]
      two: [{task: io.say_hello, args: {message: state.said}}]
  - {task: io.say_hello, args: {message: state.said}}
"""
    assert len(step_problems(text)) == 1


def test_a_condition_is_checked_when_it_is_read() -> None:
    (problem,) = step_problems("tasks: [{task: io.say_hello, when: payload.amount >}]")
    assert "the condition `payload.amount >` is wrong (line 1, character 17): it ends too early." in problem


def test_look_ups_of_a_condition_are_checked() -> None:
    (problem,) = step_problems("tasks: [{task: io.say_hello, when: payload.amuont > 1.0}]")
    assert 'Did you mean "amount"?' in problem


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("payload.name", "!(has(payload.name) && truth(payload.name))"),
        ('"{{ payload.name }}"', "!(has(payload.name) && truth(payload.name))"),
        ("payload.items.0", "!(has(payload.items) && size(payload.items) > 0 && truth(payload.items[0]))"),
        ("payload.items.a-b", '!(has(payload.items) && "a-b" in payload.items && truth(payload.items["a-b"]))'),
        ("false", "!(false)"),
    ],
)
def test_a_look_up_is_a_condition_that_is_false_where_nothing_is(when: str, expected: str) -> None:
    (skip,) = nodes(f"tasks: [{{task: io.say_hello, when: {when}}}]")["say_hello"].policy.skip_if
    assert skip == {"test": expected}


@pytest.mark.parametrize("value", ["5 parsecs", "-1", "forever", "1e3 years"])
def test_what_is_no_duration_is_found(value: str) -> None:
    found = step_problems(f'tasks: [{{task: io.say_hello, timeout: "{value}"}}]')
    assert 'is not a duration: seconds, "5 minutes", "1h 30m" or {days: 1}.' in found[0]
