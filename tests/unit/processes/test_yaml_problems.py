"""What is said of a process file that is wrong: all of it at once, each with its place."""

from __future__ import annotations

import pytest

from actions.processes.authoring import yaml_document

from .compiling import compiled, problems, process, step_problems

pytestmark = pytest.mark.once


def test_a_problem_has_file_line_column_path_and_remedy() -> None:
    text = """
        name: A
        tasks:
          - task: io.say_helo
    """
    assert problems(text) == [
        'test.yml:3:11: tasks > 0 > task: there is no task "io.say_helo". Did you mean "io.say_hello"?'
    ]


def test_all_problems_are_found_at_once_in_the_order_of_the_file() -> None:
    text = """
        name: A
        payload: [{key: a, type: strin}]
        tasks:
          - {task: io.say_helo}
          - {taks: io.say_hello}
          - {task: io.say_hello, when: payload.b > 1}
        validations: [nope]
        tagz: [a]
    """
    found = compiled(text).problems
    assert [problem.line for problem in found] == [2, 4, 5, 6, 7, 8]


def test_permissions_to_start_a_process_are_checked_as_far_as_can_be() -> None:
    text = """
        name: A
        permissions: [orders.add_order, order.add_order]
    """
    assert problems(text) == [
        'test.yml:2:33: permissions > 1: "order.add_order" names no installed app. Did you mean "orders"?'
    ]
    assert "permissions > 0: must match the pattern" in problems("name: A\npermissions: [add_order]\n")[0]
    assert process("name: A\npermissions: [orders.add_order]\n").permissions == ("orders.add_order",)


def test_yaml_that_cannot_be_read_is_a_problem() -> None:
    (problem,) = problems("name: [")
    assert "Not valid YAML near `name: [`" in problem


def test_a_file_without_a_name_is_told_so() -> None:
    (problem,) = problems("tasks: []")
    assert 'the key "name" is missing. Add it: name: …' in problem


def test_a_name_without_letters_makes_no_id() -> None:
    (problem,) = problems('name: "!!"\ntasks: []')
    assert "no id can be made of this name." in problem


def test_one_mistake_is_told_once() -> None:
    text = """
        name: A
        tasks:
          - {task: io.say_helo, register: said}
          - {task: io.say_hello, args: {message: state.said}}
          - {taks: x, register: more, id: third}
          - {task: io.say_hello, args: {message: state.more}, on_error: third}
    """
    assert len(problems(text)) == 2


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{taks: io.say_hello}", '"taks" is not a key that can stand here. Did you mean "task"?'),
        ("{name: nothing}", "this step says not what it does. Give it one of task, action,"),
        ("{task: io.say_hello, action: 'a:b'}", "a step does one thing; this one has task and action."),
        ("{task: io.say_hello, args: {mesage: a}}", 'takes no argument "mesage". Did you mean "message"?'),
        ("{task: bank.charge}", 'the task "bank.charge" needs the argument "amount".'),
        ("{task: bank.charge, args: {amount: much}}", 'the argument "amount": Must be a number, not "much".'),
        ("{task: io.say_hello, args: [1]}", "must be an object, not a list."),
        ("{task: 5}", "must be a text, not 5."),
        ("{end: true, retry: 3}", '"retry" has no meaning for a step with end.'),
        ("{task: io.say_hello, at_once: 3}", "at_once belongs to loop."),
        ("{task: io.say_hello, retry: 0}", "must be"),
        ("{task: io.say_hello, register: user name}", "must match the pattern"),
        ("{task: io.say_hello, mode: fast}", 'must be one of "database", "local", "external", "pure", not "fast".'),
        ("{task: io.say_hello, timeout: 0}", "it takes no time at all."),
        ("{task: io.say_hello, compensate: undo}", "only actions have an undo."),
        ("{task: io.say_hello, compensate: io.nope}", 'there is no task "io.nope".'),
        ("{task: io.say_hello, on_error: nowhere}", 'there is no step "nowhere".'),
        ("{task: io.say_hello, next: say_helo}", 'there is no step "say_helo". Did you mean "say_hello"?'),
        ("{task: io.say_hello, id: end}", 'the id "end" is taken by the end of the process.'),
        ("{task: io.say_hello, wait: {}}", "it waits for nothing."),
        ("{task: io.say_hello, wait: {until: 12 o'clock}}", "is no moment."),
        ("{wait: {every: 5s, for: 5s}}", "nothing is looked at again."),
        ("{if: payload.name}", "nothing is said about what to do then."),
        ("{switch: [{when: payload.name}]}", "a case needs when and do."),
        ("{switch: [{else: []}, {when: payload.name, do: []}]}", "what follows else is never reached."),
        ("{switch: [{else: [], when: payload.name}]}", "a case has either else, or when and do."),
        ("{switch: []}", "Must have at least 1 item".lower()),
        ("{decide: risk.level, args: {amount: 1}}", "there are no cases to decide between."),
        ("{decide: risk.level, args: {amount: 1}, cases: {else: []}}", "else stands beside cases."),
        ("{split: {one: []}}", "this branch has no steps."),
        ("{do: []}", "there are no steps."),
        ("{repeat: {every: 1 hour, at: '08:30'}}", "a time of day belongs to whole days."),
        ("{repeat: {every: 1 day, at: '25:00'}}", "must match the pattern"),
        ("{repeat: {every: 0}}", "it would go back without end."),
        ("{action: 'a:b', on: 1, selection: {all: true}}", "an action is done to one object, or to a"),
        ("{action: 'a:b', selection: {ids: [1], all: true}}", "must have at most 1 field"),
        ("{input: {schema: {type: object}, fields: []}}", "what is asked is said 2 times: schema, fields."),
        ("{input: {schema: {type: objekt}}}", "objekt"),
        ("{input: forms.Nope}", 'the form "forms.Nope" cannot be used: ImportError'),
        ("{input: {permissions: [staff]}}", '"staff" is no permission. Write app and codename'),
        ("{loop: [1], task: io.say_hello, schedule: {time: 1, period: days}}", '"schedule" is not a key'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_step_is_said(step: str, expected: str) -> None:
    found = step_problems(f"tasks: [{step}]")
    assert len(found) == 1, found
    assert expected in found[0]


def test_an_id_that_is_there_twice_is_found() -> None:
    (problem,) = step_problems("tasks: [{wait: 1s, id: a}, {do: [{wait: 1s, id: a}]}]")
    assert 'the id "a" is taken by tasks > 0.' in problem


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (
            "{time: 5, period: fortnights}",
            'must be one of "seconds", "mins", "hours", "days", "weeks", not "fortnights".',
        ),
        ("{time: soon, period: days}", "must be a number"),
        ("{time: 5}", 'the key "period" is missing.'),
        ("{time: 5, period: days, field: at}", "there is no object with this field."),
        ("{time: 5, period: days, object: somebody, field: at}", '"somebody.at" is no look-up.'),
        ("{time: 5, period: days, object: state.user, field: at}", 'no step registers "user".'),
        ("{time: 5, period: days, schedule: before}", "there is no moment before which it could be."),
    ],
)
def test_a_wrong_schedule_is_found(schedule: str, expected: str) -> None:
    found = step_problems(f"tasks_scheduled: [{{task: io.say_hello, schedule: {schedule}}}]")
    assert len(found) == 1
    assert expected in found[0]


def test_a_scheduled_step_needs_a_schedule() -> None:
    (problem,) = step_problems("tasks_scheduled: [{task: io.say_hello}]")
    assert 'the key "schedule" is missing.' in problem


def test_a_step_that_is_never_reached_is_found() -> None:
    (problem,) = step_problems("tasks: [{end: true}, {task: io.say_hello}]")
    assert problem.startswith("is never reached.")


def test_a_way_without_end_is_found() -> None:
    (problem,) = step_problems("tasks: [{wait: 1s, id: a}, {wait: 1s, next: a}]")
    assert problem.startswith("there is no way from here to an end.")


def test_a_branch_that_is_left_other_than_by_its_join_is_found() -> None:
    (problem,) = step_problems("tasks: [{split: {one: [{wait: 1s, next: last}]}}, {wait: 2s, id: last}]")
    assert 'goes on to "last", and so leaves "split" other than by its join.' in problem


def test_a_file_has_only_so_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_document, "MAX_STEPS", 2)
    (problem,) = problems("name: A\ntasks: [{do: [{wait: 1s}, {wait: 1s}]}]")
    assert "there are 3 steps; 2 are possible." in problem


def test_a_thousand_steps_are_possible() -> None:
    text = "name: A\ntasks:\n" + "  - wait: 1s\n" * 1000
    assert len(process(text).graph.nodes) == 1001


def test_steps_deep_inside_one_another_are_refused_by_the_limit_of_depth() -> None:
    text = "name: A\ntasks: " + "[{do: " * 40 + "[]" + "}]" * 40
    assert "deep" in problems(text)[0]
