"""What a definition.yaml may say, and what is said of one that is wrong."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from textwrap import dedent
from typing import Any

import pytest

from actions.definition_keys import KEYS, REMEDIES, check_keys, document, parse_action
from actions.definitions import ACTION_TYPE, STATUS, Action, Source
from actions.exceptions import DefinitionProblem
from actions.yaml_source import load_yaml


def _parse(text: str, *, type: str = "instance", status: str = "beta") -> tuple[Action | None, list[DefinitionProblem]]:
    source = load_yaml(dedent(text).removeprefix("\n"), file="definition.yaml")
    return parse_action(source.value, source, id="mark_done", type=type, status=status)


def _problems(text: str, **listed: str) -> list[str]:
    return [str(problem) for problem in _parse(text, **listed)[1]]


def _action(text: str, **listed: str) -> Action:
    action, problems = _parse(text, **listed)
    assert not problems
    assert action is not None
    return action


def test_the_enumerations_have_the_values_that_registries_write() -> None:
    assert {status.name: status.value for status in STATUS} == {
        "TODO": "todo",
        "ALPHA": "alpha",
        "BETA": "beta",
        "PROD": "prod",
    }
    assert {kind.name: kind.value for kind in ACTION_TYPE} == {"BULK": "bulk", "INSTANCE": "instance"}


def test_a_definition_becomes_typed_values() -> None:
    action = _action(
        """
        title: Mark as done
        version: "1.2"
        schema: {type: object, properties: {note: {type: string}}}
        permissions: [todos.change_todo]
        atomic: false
        retention: {failed: 60}
        examples: [{title: Done, payload: {note: x}}]
        """
    )
    assert (action.id, action.type, action.status) == ("mark_done", "instance", "beta")
    assert (action.title, action.version, action.atomic, action.lock) == ("Mark as done", "1.2", False, True)
    assert action.permissions == ("todos.change_todo",)
    assert action.retention == {"failed": 60}
    assert action.examples == ({"title": "Done", "payload": {"note": "x"}},)


def test_what_is_left_out_has_the_documented_default() -> None:
    action = _action("title: Mark as done")
    assert (action.atomic, action.lock, action.idempotent, action.destructive) == (True, True, False, False)
    assert (action.selection, action.multiple_results, action.sunset_on) == (None, None, None)


def test_a_key_without_a_value_says_nothing() -> None:
    assert _action("title: Mark as done\nschema:\ntags:").tags == ()


def test_a_definition_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        _action("title: Mark as done").title = "Other"  # type: ignore[misc]


def test_the_documentation_is_the_file_and_what_the_registry_says() -> None:
    action = _action("title: Mark as done\nx-team: blue")
    assert action.documentation == {
        "title": "Mark as done",
        "x-team": "blue",
        "id": "mark_done",
        "type": "instance",
        "status": "beta",
    }


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("title", "5", "5 is not a text."),
        ("description", "[a]", "['a'] is not a text."),
        ("version", "1.0", "1.0 is not a text."),
        ("function", "mark_done", "'mark_done' is not a dotted path or a function."),
        ("schema", "5", "5 is not a JSON Schema or a dotted path"),
        ("form", "Form", "'Form' is not a dotted path"),
        ("serializer", "true", "True is not a dotted path or a class or false."),
        ("result", "[]", "[] is not a JSON Schema or a dotted path"),
        ("multiple_results", "maybe", "'maybe' is not true or false."),
        ("permissions", "todos.change_todo", "'todos.change_todo' is not a list, each item app_label.codename"),
        ("conditions", "[not a path]", "'not a path' is not a dotted path"),
        ("atomic", "yes", "'yes' is not true or false."),
        ("lock", "1", "1 is not true or false."),
        ("idempotent", "off", "'off' is not true or false."),
        ("destructive", "no", "'no' is not true or false."),
        ("preview", "no", "'no' is not true or false."),
        ("background", "yes", "'yes' is not true or false."),
        ("undo", "re-open", "'re-open' is not the id of an instance action of the same resource."),
        ("if_match", "must", "'must' is not one of optional, required."),
        ("idempotency_key", "true", "True is not one of optional, required."),
        ("interrupted", "again", "'again' is not one of retry, fail."),
        ("throttle", "10", "10 is not a rate."),
        ("hooks", "crm", "'crm' is not a list, each item the name of a hook, or a mapping with hook, when"),
        ("deprecated", "soon", "'soon' is not true or false or a date."),
        ("sunset", "2026-13-01", "'2026-13-01' is not a date."),
        ("sensitive", "[1]", "1 is not a text."),
        ("retention", "{failed: 0}", "{'failed': 0} is not minutes by outcome, each a whole number above 0."),
        ("retention", "{crashed: 5}", "{'crashed': 5} is not minutes by outcome"),
        ("tags", "[{a: b}]", "{'a': 'b'} is not a text."),
        ("capabilities", "one", "'one' is not a list, each item a text."),
        ("commands", "[true]", "True is not a text."),
        ("examples", "[{input: {}}]", "{'input': {}} is not a mapping with title, description, payload, response."),
    ],
)
def test_a_value_of_the_wrong_kind_is_shown_with_its_place_and_what_was_expected(
    key: str, value: str, expected: str
) -> None:
    [problem] = _problems(f"# a comment\n{key}: {value}")
    assert problem.startswith("definition.yaml:2:")
    assert f": {key}" in problem
    assert expected in problem
    assert problem.endswith(f". {REMEDIES[key]}")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("selection", "some", "'some' is not one of filter, all, none."),
        ("max_objects", "0", "0 is not a whole number above 0."),
        ("max_objects", "true", "True is not a whole number above 0."),
    ],
)
def test_a_value_of_the_wrong_kind_in_a_key_of_bulk_actions(key: str, value: str, expected: str) -> None:
    [problem] = _problems(f"{key}: {value}", type="bulk")
    assert expected in problem


def test_every_key_that_can_be_wrong_is_tried_above() -> None:
    tried = {"selection", "max_objects", *(mark[0] for mark in _parameters())}
    assert tried == set(KEYS) - {"example_payload"}  # which may be anything


def _parameters() -> list[tuple[str, str, str]]:
    test: Any = test_a_value_of_the_wrong_kind_is_shown_with_its_place_and_what_was_expected
    [mark] = test.pytestmark
    return mark.args[1]  # type: ignore[no-any-return]


def test_every_key_is_a_field_of_the_typed_action() -> None:
    assert set(KEYS) <= {field.name for field in fields(Action)}


def test_an_item_of_a_list_is_shown_where_it_stands() -> None:
    [problem] = _problems("permissions:\n  - todos.change_todo\n  - change todo")
    assert problem.startswith("definition.yaml:3:5: permissions > 1: 'change todo' is not")


def test_all_problems_are_found_at_once() -> None:
    problems = _problems("titel: Mark\natomic: 5\nthrottle: often\ntags: all")
    assert [problem.split(":")[1] for problem in problems] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("key", "near"), [("titel", "title"), ("permision", "permissions"), ("schemas", "schema"), ("throtle", "throttle")]
)
def test_an_unknown_key_is_answered_with_the_one_that_was_meant(key: str, near: str) -> None:
    [problem] = _problems(f"{key}: x")
    assert problem == f'definition.yaml:1:1: {key}: "{key}" is not a key of a definition. Did you mean "{near}"?'


def test_an_unknown_key_like_no_other_is_answered_with_all_of_them() -> None:
    [problem] = _problems("qqq: x")
    assert "Known are title, description," in problem


def test_keys_of_the_project_s_own_begin_with_x() -> None:
    assert _action("x-owner: blue").documentation["x-owner"] == "blue"


@pytest.mark.parametrize(
    "hooks",
    [
        "crm",
        "[3]",
        '[""]',
        "[{when: before}]",
        "[{hook: crm, when: later}]",
        "[{hook: crm, outcomes: [done]}]",
        "[{hook: crm, options: 3}]",
        '["endpoint:7"]',
        "[{hook: crm, on: failed}]",
    ],
)
def test_hooks_are_names_or_mappings(hooks: str) -> None:
    assert "the name of a hook, or a mapping" in _problems(f"hooks: {hooks}")[0]


def test_one_hook_at_the_most_is_asked_before_the_work() -> None:
    [problem] = _problems("hooks: [{hook: a, when: before}, {hook: b, when: before}, c]")

    assert "2 hooks are asked before the work" in problem


@pytest.mark.parametrize("key", ["id", "type", "status"])
def test_what_the_registry_says_is_not_said_again(key: str) -> None:
    assert f'"{key}" stands in the registry.' in _problems(f"{key}: instance")[0]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ({"id": "mark-done"}, "'mark-done' is not an identifier"),
        ({"id": "7up"}, "'7up' is not an identifier"),
        ({"id": ""}, "'' is not an identifier"),
        ({"id": None}, "None is not an identifier"),
        ({"id": ["a"]}, "['a'] is not an identifier"),
        ({"type": "instanc"}, "'instanc' is not one of instance, bulk."),
        ({"type": None}, "None is not one of instance, bulk."),
        ({"status": "gamma"}, "'gamma' is not one of todo, alpha, beta, prod."),
    ],
)
def test_what_the_registry_says_is_checked(listed: dict[str, Any], expected: str) -> None:
    [problem] = check_keys({"id": "x", "type": "bulk", "status": "prod", **listed}, Source("registry"))
    assert expected in str(problem)


def test_a_payload_is_declared_once() -> None:
    [problem] = _problems("schema: {type: object}\nform: app.forms.Form")
    assert problem.startswith("definition.yaml:2:1: form: the payload is declared 2 times: schema, form.")


def test_a_schema_and_a_serializer_both_declare_the_payload() -> None:
    [problem] = _problems("schema: {type: object}\nserializer: app.serializers.Payload")
    assert "declared 2 times: schema, serializer" in problem
    assert "The serializer of the answer is named by result." in problem


def test_beside_a_form_a_serializer_is_for_the_answer() -> None:
    assert _action("form: app.forms.Form\nserializer: app.serializers.Todo").serializer == "app.serializers.Todo"


def test_a_form_may_have_its_result_answered_as_it_is() -> None:
    assert _action("form: app.forms.Form\nserializer: false").serializer is False


def test_how_objects_are_selected_means_nothing_on_one_object() -> None:
    [problem] = _problems("selection: all")
    assert "has a meaning for bulk actions only. Remove it." in problem
    assert not _problems("selection: all", type="bulk")


def test_either_kind_may_limit_how_many_objects_one_call_takes() -> None:
    assert not _problems("max_objects: 5")
    assert not _problems("max_objects: 5", type="bulk")


def test_an_action_is_not_gone_before_it_is_deprecated() -> None:
    [problem] = _problems("deprecated: 2026-05-02\nsunset: 2026-05-01")
    assert problem.startswith("definition.yaml:2:")
    assert "the action is gone on 2026-05-01, before it is deprecated on 2026-05-02." in problem
    assert not _problems("deprecated: 2026-05-01\nsunset: 2026-05-02")


def test_each_item_of_a_list_that_is_wrong_is_told() -> None:
    first, second = _problems("permissions: [foo, todos.change_todo, 5]")
    assert "permissions > 0: 'foo' is not app_label.codename" in first
    assert "permissions > 2: 5 is not app_label.codename" in second


def test_every_key_that_can_be_wrong_has_a_remedy() -> None:
    assert (set(KEYS) | {"id", "type", "status"}) - set(REMEDIES) == {"example_payload"}


def test_a_fault_of_a_json_schema_is_shown_at_its_line() -> None:
    problems = _problems(
        """
        title: Mark as done
        schema:
          type: object
          properties:
            note:
              type: strin
            days: {type: integer, minimum: lots}
        """
    )
    places = [problem.split(": ")[0:2] for problem in problems]
    assert ["definition.yaml:6:13", "schema > properties > note > type"] in places
    assert any(place[1].startswith("schema > properties > days > minimum") for place in places)


def test_a_payload_is_an_object() -> None:
    assert "schema > type" in _problems("schema: {type: array}")[0]
    assert not _problems("result: {type: array}")


def test_an_action_written_in_python_is_documented_like_one_in_a_file() -> None:
    action = Action(id="mark_done", type=ACTION_TYPE.BULK, title="Mark", tags=("todos",), function=len, atomic=False)
    assert document(action) == {
        "title": "Mark",
        "tags": ["todos"],
        "atomic": False,
        "id": "mark_done",
        "type": "bulk",
        "status": "prod",
    }


def test_a_sunset_is_a_day() -> None:
    action = _action("sunset: 2026-05-01")
    assert action.sunset_on is not None
    assert action.sunset_on.isoformat() == "2026-05-01"


def test_a_python_tag_is_refused_and_never_run() -> None:
    from actions.exceptions import DefinitionError

    with pytest.raises(DefinitionError, match=r"definition.yaml:1:8: title: The tag .*os.system is not supported here"):
        load_yaml("title: !!python/object/apply:os.system ['exit 1']", file="definition.yaml")
