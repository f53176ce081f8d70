"""What the steps of a process file become."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from actions.processes.context import StepContext
from actions.processes.graph import Edge, Kind, Mode, Schedule, Who
from actions.processes.policies import Retry

from .compiling import nodes, process

pytestmark = pytest.mark.once

ANYTHING = cast(StepContext, SimpleNamespace())


def _ways(name: str, found: Any) -> dict[str, str]:
    return {edge.name: edge.target for edge in found[name].edges}


def test_steps_follow_one_another() -> None:
    found = nodes("tasks: [{task: io.say_hello}, {task: risk.level, args: {amount: 1}}]")
    assert [(name, _ways(name, found)) for name in found] == [
        ("say_hello", {"next": "level"}),
        ("level", {"next": "end"}),
        ("end", {}),
    ]


def test_a_step_is_called_by_its_id_or_by_what_it_does() -> None:
    found = nodes("tasks: [{task: io.say_hello}, {task: io.say_hello, id: greet}, {task: io.say_hello}]")
    assert list(found) == ["say_hello", "greet", "say_hello_2", "end"]


def test_an_id_goes_before_a_name_that_is_made_up() -> None:
    assert list(nodes("tasks: [{task: io.say_hello}, {task: risk.level, args: {amount: 1}, id: say_hello}]")) == [
        "say_hello_2",
        "say_hello",
        "end",
    ]


def test_a_task_has_its_arguments_and_registers_its_result() -> None:
    node = nodes("tasks: [{task: io.say_hello, args: {message: payload.name}, register: said, mode: pure}]")[
        "say_hello"
    ]
    assert (node.run, node.args, node.register, node.mode) == (
        "io.say_hello",
        {"message": {"path": "payload.name"}},
        "said",
        Mode.PURE,
    )


def test_what_a_task_says_about_what_it_touches_holds_where_the_step_says_nothing_else() -> None:
    found = nodes("""
    tasks:
      - {task: io.say_hello}
      - {task: bank.ask, args: {amount: 1}}
      - {task: bank.ask, args: {amount: 1}, id: quick, mode: database}
      - {decide: bank.ask, args: {amount: 1}, id: choice, cases: {"true": [{task: io.say_hello}]}, else: []}
    """)
    modes = [found[name].mode for name in ("say_hello", "ask", "quick", "choice")]
    assert modes == [None, Mode.EXTERNAL, Mode.DATABASE, Mode.EXTERNAL]


def test_an_action_is_done_to_an_object() -> None:
    node = nodes('tasks: [{action: "todo:mark_done", on: payload.name, args: {note: done}, compensate: undo}]')[
        "mark_done"
    ]
    assert (node.kind, node.run, node.target) == (Kind.ACTION, "todo:mark_done", {"path": "payload.name"})
    assert node.args == {"note": {"value": "done"}}
    assert node.policy.compensate == "undo"


def test_a_bulk_action_is_done_to_a_selection() -> None:
    node = nodes('tasks: [{action: "todo:mark_all_done", selection: {ids: payload.items}}]')["mark_all_done"]
    assert node.selection == {"ids": {"path": "payload.items"}}


def test_another_process_is_a_step() -> None:
    node = nodes("tasks: [{process: sign-up, args: {name: payload.name}, detached: true}]")["sign-up"]
    assert (node.kind, node.run, node.is_detached) == (Kind.PROCESS, "sign-up", True)
    assert node.args == {"name": {"path": "payload.name"}}


def test_a_step_waits_before_its_work() -> None:
    policy = nodes("tasks: [{task: io.say_hello, wait: {for: 2 hours, as_soon_as: payload.amount > 1.0, every: 30s}}]")[
        "say_hello"
    ].policy
    assert policy.wait_for == {"value": 7200}
    assert policy.as_soon_as == ({"test": "payload.amount > 1.0"},)
    assert policy.poll_seconds == 30


def test_waiting_can_be_a_step_of_its_own() -> None:
    node = nodes("tasks: [{wait: 5 minutes}]")["wait"]
    assert (node.kind, node.policy.wait_for) == (Kind.WAIT, {"value": 300})


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("payload.name", {"path": "payload.name"}),
        ("2026-11-30T08:00:00Z", {"value": "2026-11-30T08:00:00Z"}),
        ("moment(payload.name) - duration('1h')", {"test": "moment(payload.name) - duration('1h')"}),
    ],
)
def test_a_moment_is_a_look_up_a_text_or_calculated(until: str, expected: Any) -> None:
    assert nodes(f'tasks: [{{wait: {{until: "{until}"}}}}]')["wait"].policy.wait_until == expected


def test_a_condition_skips_the_step_where_it_is_false() -> None:
    policy = nodes("tasks: [{task: io.say_hello, when: [payload.amount > 5.0, payload.name]}]")["say_hello"].policy
    assert policy.skip_if == (
        {"test": "!(payload.amount > 5.0)"},
        {"test": "!(has(payload.name) && truth(payload.name))"},
    )


def test_how_often_and_how_long_it_is_tried() -> None:
    text = "tasks: [{task: io.say_hello, retry: {attempts: 5, delay: 2s, on: [ConnectionError]}, timeout: 1 minute}]"
    policy = nodes(text)["say_hello"].policy
    assert policy.retry == Retry(attempts=5, delay_seconds=2, on=("ConnectionError",))
    assert policy.timeout_seconds == 60


def test_a_number_of_tries_is_enough() -> None:
    assert nodes("tasks: [{task: io.say_hello, retry: 4}]")["say_hello"].policy.retry == Retry(attempts=4)


def test_errors_can_be_ignored() -> None:
    assert nodes("tasks: [{task: io.say_hello, on_error: ignore}]")["say_hello"].policy.ignore_errors


def test_a_named_step_can_follow_an_error() -> None:
    found = nodes("tasks: [{task: io.say_hello, on_error: last}, {task: io.say_hello}, {task: io.say_hello, id: last}]")
    assert found["say_hello"].policy.on_error == "last"


def test_steps_can_follow_an_error_and_go_on_below() -> None:
    found = nodes("tasks: [{task: risk.level, args: {amount: 1}, on_error: [{task: io.say_hello}]}, {wait: 1s}]")
    assert found["level"].policy.on_error == "say_hello"
    assert _ways("say_hello", found) == {"next": "wait"}


def test_an_if_is_a_decision_with_two_ways() -> None:
    found = nodes("tasks: [{if: payload.amount > 5.0, then: [{task: io.say_hello}], else: [{wait: 1s}]}]")
    assert found["if"].edges == (
        Edge("say_hello", "then", {"test": "payload.amount > 5.0"}),
        Edge("wait", "else"),
    )


def test_an_if_without_else_goes_past() -> None:
    found = nodes("tasks: [{if: payload.name, then: [{task: io.say_hello}]}, {wait: 1s}]")
    assert _ways("if", found) == {"then": "say_hello", "else": "wait"}


def test_a_switch_takes_the_first_case_that_is_true() -> None:
    text = """
        tasks:
          - switch:
              - {when: payload.amount > 5.0, do: [{task: io.say_hello, id: a}]}
              - {when: payload.amount > 1.0, do: []}
              - else: [{task: io.say_hello, id: b}]
          - {wait: 1s}
    """
    found = nodes(text)
    assert _ways("switch", found) == {"case_1": "a", "case_2": "wait", "else": "b"}
    assert _ways("a", found) == {"next": "wait"}


def test_a_task_can_decide() -> None:
    text = "tasks: [{decide: risk.level, args: {amount: payload.amount}, cases: {high: [{wait: 1s}], low: []}}]"
    found = nodes(text)
    assert _ways("level", found) == {"high": "wait", "low": "end"}
    assert found["level"].run == "decision:level"


@pytest.mark.parametrize(("amount", "expected"), [(500.0, "high"), (5.0, "else")])
def test_what_a_deciding_task_answers_is_the_way_or_else(amount: float, expected: str) -> None:
    made = process(
        "name: A\ntasks: [{decide: risk.level, args: {amount: 5}, cases: {high: [{wait: 1s}]}, else: [{wait: 2s}]}]"
    )
    assert made.bodies["decision:level"](ANYTHING, {"amount": amount}) == expected


def test_branches_meet_in_the_join() -> None:
    found = nodes("tasks: [{split: {one: [{wait: 1s, id: a}], two: [{wait: 2s, id: b}]}}, {task: io.say_hello}]")
    assert _ways("split", found) == {"one": "a", "two": "b"}
    assert found["split"].join == "split.join"
    assert (_ways("a", found), _ways("b", found)) == ({"next": "split.join"}, {"next": "split.join"})
    assert _ways("split.join", found) == {"next": "say_hello"}


def test_branches_without_names_are_counted() -> None:
    assert set(_ways("split", nodes("tasks: [{split: [[{wait: 1s}], [{wait: 2s}]]}]"))) == {"1", "2"}


def test_a_loop_does_a_step_for_each_item() -> None:
    text = "tasks: [{task: io.say_hello, args: {message: item.text}, loop: payload.items, at_once: 3, register: all}]"
    found = nodes(text)
    each = found["say_hello"]
    assert (each.kind, each.target, each.at_once, each.register) == (Kind.EACH, {"path": "payload.items"}, 3, "all")
    assert _ways("say_hello", found) == {"body": "say_hello.item"}
    assert found["say_hello.item"].args == {"message": {"path": "item.text"}}
    assert _ways("say_hello.item", found) == {"next": "say_hello.join"}


def test_the_condition_of_a_loop_is_asked_of_each_item() -> None:
    found = nodes("tasks: [{task: io.say_hello, loop: payload.items, when: item.is_open}]")
    assert not found["say_hello"].policy.skip_if
    assert found["say_hello.item"].policy.skip_if == ({"test": "!(has(item.is_open) && truth(item.is_open))"},)


def test_a_loop_can_be_over_several_steps() -> None:
    found = nodes("tasks: [{do: [{task: io.say_hello}, {wait: 1s}], loop: payload.items}]")
    assert _ways("do", found) == {"body": "say_hello"}
    assert _ways("wait", found) == {"next": "do.join"}


def test_steps_with_a_condition_have_a_decision_before_them() -> None:
    found = nodes("tasks: [{do: [{wait: 1s}, {wait: 2s}], when: payload.name}, {task: io.say_hello}]")
    assert _ways("do", found) == {"then": "wait", "else": "say_hello"}


def test_steps_without_a_condition_are_as_if_they_stood_in_the_list() -> None:
    assert list(nodes("tasks: [{do: [{wait: 1s}]}]")) == ["wait", "end"]


def test_what_is_said_of_errors_holds_for_all_steps_within() -> None:
    found = nodes("tasks: [{do: [{wait: 1s}, {task: io.say_hello}], on_error: [{end: failed}]}]")
    assert (found["wait"].policy.on_error, found["say_hello"].policy.on_error) == ("finish", "finish")


def test_an_end_with_a_condition_has_a_decision_before_it() -> None:
    found = nodes("tasks: [{end: payload.name, when: payload.name}, {wait: 1s}]")
    assert _ways("finish", found) == {"then": "finish.do", "else": "wait"}
    assert found["finish.do"].args == {"result": {"path": "payload.name"}}


def test_a_repeat_goes_back_to_a_step_or_to_the_first_one() -> None:
    found = nodes(
        "tasks: [{wait: 1s}, {task: io.say_hello, id: daily}, {repeat: {every: 1 day, at: '08:30', from: daily}}]"
    )
    assert found["repeat"].schedule == Schedule(86_400, "08:30")
    assert _ways("repeat", found) == {"next": "daily"}
    assert _ways("repeat", nodes("tasks: [{wait: 1s}, {repeat: {every: 5m}}]")) == {"next": "wait"}


def test_a_step_can_name_the_one_that_follows() -> None:
    found = nodes(
        "tasks: [{wait: 1s, on_error: other, next: last}, {task: io.say_hello, id: other}, {wait: 2s, id: last}]"
    )
    assert _ways("wait", found) == {"next": "last"}


def test_an_input_says_what_is_asked_and_who_answers() -> None:
    text = """
        tasks:
          - input:
              fields: [{key: is_fine, type: boolean, required: true}]
              users: [payload.name]
              groups: [approvers]
              permissions: [auth.change_user]
            id: approve
            register: answer
            timeout: 7 days
    """
    made = process(f"name: A\npayload: [{{key: name}}]{text.replace(chr(10) + '        ', chr(10))}")
    node = made.graph.nodes["approve"]
    assert (node.kind, node.run, node.register) == (Kind.INPUT, "approve", "answer")
    assert node.who == Who(({"path": "payload.name"},), ({"value": "approvers"},), ("auth.change_user",))
    assert made.forms["approve"].validate({"is_fine": True}) == {"is_fine": True}
    assert made.graph.forms["approve"]["required"] == ["is_fine"]


def test_an_input_of_a_schema_takes_what_fits_it() -> None:
    made = process("name: A\ntasks: [{input: {schema: {type: object, properties: {n: {type: integer}}}}}]")
    assert made.forms["input"].validate({"n": 1}) == {"n": 1}


def test_an_input_without_a_form_is_a_confirmation() -> None:
    assert process("name: A\ntasks: [{input: {groups: [staff]}}]").forms["input"].validate({}) == {}


def test_messages_are_sent_and_received() -> None:
    text = """
        tasks:
          - send: {message: paid, key: payload.name, data: {sum: payload.amount}, to: orders, broadcast: true}
          - receive: {message: sent, key: payload.name}
            register: parcel
    """
    found = nodes(text.replace("\n        ", "\n"))
    send, receive = found["paid"], found["sent"]
    assert (send.kind, send.run, send.process, send.is_broadcast) == (Kind.SEND, "paid", "orders", True)
    assert (send.target, send.args) == ({"path": "payload.name"}, {"sum": {"path": "payload.amount"}})
    assert (receive.kind, receive.run, receive.register) == (Kind.RECEIVE, "sent", "parcel")


def test_a_compensation_gets_the_arguments_that_it_takes() -> None:
    made = process("name: A\ntasks: [{task: bank.charge, args: {amount: 1, currency: USD}, compensate: bank.refund}]")
    body = made.bodies[made.graph.nodes["charge"].policy.compensate]
    assert body(ANYTHING, {"amount": 1.0, "currency": "USD", "result": {}}) is None
