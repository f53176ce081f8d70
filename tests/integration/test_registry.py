"""Registries: how they are written, what is found, and what is said of those that are wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_started
from django.forms import Form

from actions.definitions import ACTION_TYPE, STATUS, Action
from actions.exceptions import ConfigurationError, DefinitionError, DefinitionProblem
from actions.registry import ActionRegistry, Catalogue, catalogue
from actions.util import enrich_actions, get_action_docs, get_action_form, get_instance_action_path
from tests.files import ScratchPackage, scratch_package

pytestmark = pytest.mark.once

FUNCTION = """
    def {name}(target, *, note: str = ""):
        return {{"note": note}}
"""

ORIGIN = """
    from actions.util import (
        STATUS,
        ACTION_TYPE,
        # get_action_docs,
        enrich_actions
    )

    action_list = []
    ## -- START ACTION REGISTRY -- ##
    action_list.append(('mark_done', ACTION_TYPE.INSTANCE.value, STATUS.ALPHA.value))
    ## -- END ACTION REGISTRY -- ##

    # this is the abolsute path to the base of your app:
    # dj-actions uses this to locate your action directory
    base = '{base}'

    # convention over configuration
    # this will load your actions configurations from
    initial_registry = { "resource": "todo", "basepath": "/todos/", "actions": {} }
    ACTIONS = enrich_actions(
        base,
        initial_registry,
        action_list
    )
"""

MARK_DONE = {
    "actions/__init__.py": "",
    "actions/mark_done/__init__.py": "",
    "actions/mark_done/action.py": FUNCTION.format(name="mark_done"),
    "actions/mark_done/definition.yaml": "title: Mark as done",
}


def mark_done(todo: Any, *, note: str = "") -> None: ...


@pytest.fixture
def app(tmp_path: Path) -> Iterator[ScratchPackage]:
    """An empty package, and no other registries."""
    with scratch_package(tmp_path) as package:
        yield package


@pytest.fixture
def lenient(settings: Any) -> None:
    """Problems are logged, as in development."""
    settings.DJACTION_STRICT = False


def _registry(app: ScratchPackage, base: str, *ids: str, environment: str = "{}") -> ActionRegistry:
    """The registry of a module that is written into the app."""
    rows = ", ".join(f"({name!r}, 'instance', 'alpha')" for name in ids)
    app.write(
        {
            "actions/__init__.py": "",
            "actions/action_registry.py": f"""
                from actions.util import enrich_actions
                initial = {{"resource": "todo", "basepath": "/todos/", "actions": {{}}}}
                ACTIONS = enrich_actions({base!r}, initial, [{rows}], {environment})
            """,
        }
    )
    registry: ActionRegistry = app.load("actions.action_registry").ACTIONS
    return registry


def _problems(registry: ActionRegistry) -> list[str]:
    return [str(problem) for problem in registry.problems]


class TestTheOriginDocument:
    def test_its_registry_works_as_written_with_a_real_base(self, app: ScratchPackage) -> None:
        app.write({**MARK_DONE, "actions/action_registry.py": ORIGIN.replace("{base}", f"{app.folder}/")})
        actions = app.load("actions.action_registry").ACTIONS
        assert actions["actions"]["mark_done"] == {
            "title": "Mark as done",
            "id": "mark_done",
            "type": "instance",
            "status": "alpha",
        }
        assert (actions["resource"], actions["basepath"]) == ("todo", "/todos/")
        assert actions.bound["mark_done"].name == "todo:mark_done"

    def test_the_registry_that_was_passed_in_is_filled(self, app: ScratchPackage) -> None:
        app.write({**MARK_DONE, "actions/action_registry.py": ORIGIN.replace("{base}", str(app.folder))})
        module = app.load("actions.action_registry")
        assert module.initial_registry["actions"]["mark_done"]["title"] == "Mark as done"

    def test_a_registry_without_actions_is_filled_too(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE)
        initial: dict[str, Any] = {"resource": "todo"}
        enrich_actions(app.folder, initial, [("mark_done", "instance", "alpha")])
        assert set(initial["actions"]) == {"mark_done"}

    def test_the_path_of_an_action_in_the_older_form(self) -> None:
        assert get_instance_action_path("shop", "todos", 7, "mark_done") == "/api/v3/shop/todos/7/actions/mark_done/"
        assert get_instance_action_path("", "todos", 7, "mark_done") == "/api/v3/todos/7/actions/mark_done/"


class TestReading:
    def test_it_is_a_mapping_like_the_document_s(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE)
        registry = _registry(app, str(app.folder), "mark_done")
        assert set(registry) == {"resource", "basepath", "actions"}
        assert len(registry) == 3
        assert dict(registry) == registry.as_dict()
        assert registry.get("nothing") is None

    def test_it_has_typed_definitions(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE)
        definition = _registry(app, str(app.folder), "mark_done").definitions["mark_done"]
        assert (definition.title, definition.is_instance) == ("Mark as done", True)

    def test_actions_keep_the_order_of_the_list(self, app: ScratchPackage) -> None:
        ids = ["zebra", "apple", "mango"]
        app.write({f"actions/{name}/definition.yaml": "title: x" for name in ids})
        assert list(_registry(app, str(app.folder), *ids)["actions"]) == ids

    def test_what_is_read_can_be_changed_without_changing_the_registry(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE | {"actions/mark_done/definition.yaml": "schema: {type: object, properties: {note: {}}}"})
        registry = _registry(app, str(app.folder), "mark_done")
        registry["actions"]["mark_done"]["schema"]["properties"]["other"] = {}
        registry["actions"]["mark_done"]["title"] = "Changed"
        assert registry["actions"]["mark_done"]["schema"]["properties"] == {"note": {}}
        assert "title" not in registry["actions"]["mark_done"]

    def test_further_keys_of_the_registry_are_kept(self, app: ScratchPackage) -> None:
        registry = enrich_actions(app.folder, {"resource": "todo", "basepath": "", "team": "blue"}, [])
        assert (registry["team"], registry["basepath"]) == ("blue", "")


class TestLayouts:
    @pytest.mark.parametrize("slash", ["", "/"])
    @pytest.mark.parametrize(
        ("base", "file"),
        [
            ("{app}", "actions/mark_done/definition.yaml"),
            ("{app}/actions", "actions/mark_done/definition.yaml"),
            ("{app}/actions/todo", "actions/todo/mark_done/definition.yaml"),
            ("{app}", "actiondocs/mark_done.yaml"),
            ("{app}/actions/todo", "actions/todo/actiondocs/mark_done.yaml"),
        ],
    )
    def test_a_definition_is_found_in_each_place(self, app: ScratchPackage, base: str, file: str, slash: str) -> None:
        app.write({file: "title: Found"})
        absolute = base.replace("{app}", str(app.folder)) + slash
        assert _registry(app, absolute, "mark_done")["actions"]["mark_done"]["title"] == "Found"

    @pytest.mark.parametrize("base", ["{app}", "{app}/", "./{app}", "{app}/actions/"])
    def test_a_relative_base_is_found_from_any_working_directory(
        self, app: ScratchPackage, base: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app.write(MARK_DONE)
        monkeypatch.chdir("/")
        registry = _registry(app, base.replace("{app}", app.name), "mark_done")
        assert registry["actions"]["mark_done"]["title"] == "Mark as done"

    def test_a_decoy_in_the_working_directory_is_not_read(
        self, app: ScratchPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app.write(MARK_DONE)
        decoy = tmp_path / "decoy" / app.name / "actions" / "mark_done"
        decoy.mkdir(parents=True)
        (decoy / "definition.yaml").write_text("title: Decoy")
        monkeypatch.chdir(tmp_path / "decoy")
        assert _registry(app, app.name, "mark_done")["actions"]["mark_done"]["title"] == "Mark as done"

    def test_the_newer_place_goes_before_the_older_one(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE | {"actiondocs/mark_done.yaml": "title: Older"})
        assert _registry(app, str(app.folder), "mark_done")["actions"]["mark_done"]["title"] == "Mark as done"

    @pytest.mark.parametrize("folder", ["actions/mark_done", "actions/todo/mark_done"])
    def test_the_function_is_found_beside_the_definition(self, app: ScratchPackage, folder: str) -> None:
        parent = folder.rpartition("/")[0]
        base = app.folder if parent == "actions" else app.folder / parent
        app.write({f"{folder}/{Path(name).name}": text for name, text in MARK_DONE.items()})
        app.write({f"{parent}/__init__.py": ""})
        bound = _registry(app, str(base), "mark_done").bound["mark_done"]
        assert bound.runner.function.__module__ == f"{app.name}.{folder.replace('/', '.')}.action"  # type: ignore[attr-defined]

    def test_the_function_of_an_older_definition_is_in_actions(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE | {"actiondocs/mark_done.yaml": "title: Older"})
        (app.folder / "actions/mark_done/definition.yaml").unlink()
        registry = _registry(app, str(app.folder), "mark_done")
        assert registry.definitions["mark_done"].title == "Older"
        assert "mark_done" in registry.bound

    def test_a_path_object_is_a_base(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE)
        assert "mark_done" in enrich_actions(app.folder, {"resource": "x"}, [("mark_done", "bulk", "beta")]).definitions


class TestEnvironment:
    def test_strings_name_values_of_the_environment(self, app: ScratchPackage) -> None:
        app.write(
            {
                "actions/mark_done/definition.yaml": """
                    title: "{{ environment.title }}"
                    description: "Ask {{ mail }} & <friends>"
                    max_objects: "{{ limit }}"
                """
            }
        )
        environment = """{"title": "It's \\"done\\"", "mail": "a@b.c", "limit": 5}"""
        registry = enrich_actions(app.folder, {"resource": "x"}, [("mark_done", "bulk", "beta")], eval(environment))  # noqa: S307
        assert registry["actions"]["mark_done"] == {
            "title": 'It\'s "done"',
            "description": "Ask a@b.c & <friends>",
            "max_objects": 5,
            "id": "mark_done",
            "type": "bulk",
            "status": "beta",
        }

    @pytest.mark.usefixtures("lenient")
    def test_a_name_that_the_environment_does_not_have_is_shown_with_its_place(self, app: ScratchPackage) -> None:
        app.write({"actions/mark_done/definition.yaml": 'title: x\ndescription: "{{ environment.mial }}"'})
        [problem] = _problems(_registry(app, str(app.folder), "mark_done", environment="{'mail': 'x'}"))
        assert ":2:14: description: " in problem
        assert 'Did you mean "mail"?' in problem

    def test_what_a_value_contains_is_not_looked_up_again(self, app: ScratchPackage) -> None:
        app.write({"actions/mark_done/definition.yaml": 'title: "{{ title }}"'})
        registry = _registry(app, str(app.folder), "mark_done", environment="{'title': '{{ secret }}'}")
        assert registry["actions"]["mark_done"]["title"] == "{{ secret }}"


class TestProblems:
    def test_all_problems_of_all_definitions_are_raised_together(self, app: ScratchPackage) -> None:
        app.write(
            {
                "actions/one/definition.yaml": "titel: x\natomic: 5",
                "actions/two/definition.yaml": "title: [",
                "actions/three/definition.yaml": "form: Form",
            }
        )
        with pytest.raises(DefinitionError) as caught:
            _registry(app, str(app.folder), "one", "two", "three", "four")
        text = str(caught.value)
        assert len(caught.value.problems) == 5
        for place in ("one/definition.yaml:1:1: titel", "one/definition.yaml:2:9: atomic", "two/definition.yaml:"):
            assert place in text
        assert "three/definition.yaml:1:7: form" in text
        assert "four: no definition found." in text

    @pytest.mark.usefixtures("lenient")
    def test_where_the_project_is_lenient_the_others_can_be_called(
        self, app: ScratchPackage, caplog: pytest.LogCaptureFixture
    ) -> None:
        app.write(MARK_DONE | {"actions/broken/definition.yaml": "titel: x"})
        with caplog.at_level(logging.ERROR, logger="actions"):
            registry = _registry(app, str(app.folder), "broken", "mark_done")
            catalogue.use()
        assert list(registry.bound) == ["mark_done"]
        assert 'Did you mean "title"?' in caplog.text

    @pytest.mark.usefixtures("lenient")
    def test_a_missing_definition_names_every_path_that_was_tried(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE)
        [problem] = _problems(_registry(app, str(app.folder), "mark_don"))
        for path in ("actions/mark_don/definition.yaml", "mark_don/definition.yaml", "actiondocs/mark_don.yaml"):
            assert str(app.folder / path) in problem
        assert problem.endswith('There is one for "mark_done".')

    @pytest.mark.usefixtures("lenient")
    def test_a_python_tag_is_a_problem_and_does_not_run(self, app: ScratchPackage, tmp_path: Path) -> None:
        mark = tmp_path / "mark"
        app.write({"actions/x/definition.yaml": f"title: !!python/object/apply:os.mkdir ['{mark}']"})
        [problem] = _problems(_registry(app, str(app.folder), "x"))
        assert "is not supported here" in problem
        assert not mark.exists()

    @pytest.mark.usefixtures("lenient")
    def test_a_file_that_cannot_be_read_is_a_problem(
        self, app: ScratchPackage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(self: Path) -> bytes:
            raise PermissionError(13, "Permission denied", str(self))

        app.write(MARK_DONE)
        monkeypatch.setattr(Path, "read_bytes", refuse)
        [problem] = _problems(_registry(app, str(app.folder), "mark_done"))
        assert problem.endswith("actions/mark_done/definition.yaml: cannot be read: Permission denied.")

    @pytest.mark.usefixtures("lenient")
    def test_an_empty_definition_is_a_problem(self, app: ScratchPackage) -> None:
        app.write({"actions/x/definition.yaml": "# nothing\n"})
        assert "The file is empty. Begin with a key" in _problems(_registry(app, str(app.folder), "x"))[0]

    @pytest.mark.usefixtures("lenient")
    def test_an_id_that_is_listed_twice_is_shown_with_its_line(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE)
        [problem] = _problems(_registry(app, str(app.folder), "mark_done", "mark_done"))
        assert "action_registry.py:3: action_list > mark_done: the id is listed twice. Remove one row." in problem

    @pytest.mark.usefixtures("lenient")
    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            (("mark_done", "instanc", "alpha"), "'instanc' is not one of instance, bulk."),
            (("mark_done", "bulk", "gamma"), "'gamma' is not one of todo, alpha, beta, prod."),
            (("mark-done", "bulk", "beta"), "'mark-done' is not an identifier"),
            ((None, "bulk", "beta"), "None is not an identifier"),
            ((["x"], "bulk", "beta"), "['x'] is not an identifier"),
            (("mark_done", "bulk"), "is not (id, type, status)"),
            ("mark_done", "'mark_done' is not (id, type, status)"),
        ],
    )
    def test_a_row_that_is_wrong_is_a_problem(self, app: ScratchPackage, row: Any, expected: str) -> None:
        [problem] = _problems(enrich_actions(app.folder, {"resource": "todo"}, [row]))
        assert expected in problem

    def test_members_of_the_enumerations_may_stand_in_a_row(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE)
        rows: Any = [("mark_done", ACTION_TYPE.INSTANCE, STATUS.ALPHA)]
        registry = enrich_actions(app.folder, {"resource": "todo"}, rows)
        assert registry["actions"]["mark_done"]["type"] == "instance"

    @pytest.mark.usefixtures("lenient")
    def test_a_registry_has_a_resource(self, app: ScratchPackage) -> None:
        [problem] = _problems(enrich_actions(app.folder, {"actions": {}}, []))
        assert "the registry has no resource. Give it a name" in problem

    def test_what_a_definition_names_is_checked_when_the_registry_is_used(self, app: ScratchPackage) -> None:
        app.write(
            {
                "actions/one/definition.yaml": "form: {package}.forms.Missing",
                "actions/two/definition.yaml": "title: x\npermissions: [nothing.here.Permission, nothing.change_x]",
                "actions/three/definition.yaml": "conditions:\n  - {package}.conditions.CONSTANT",
                "conditions.py": "CONSTANT = 5",
            }
        )
        problems = _problems(_registry(app, str(app.folder), "one", "two", "three"))
        assert any(
            "one/definition.yaml:1:7: form: " in problem and "cannot be imported" in problem for problem in problems
        )
        assert any('permissions: "nothing.here.Permission" cannot be imported' in problem for problem in problems)
        assert any('"nothing.change_x" names no installed app.' in problem for problem in problems)
        assert any("is not a function." in problem for problem in problems)

    def test_one_action_that_cannot_be_bound_leaves_the_others(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE | {"actions/broken/definition.yaml": "form: nothing.here.Form"})
        registry = _registry(app, str(app.folder), "broken", "mark_done")
        assert list(registry.bound) == ["mark_done"]

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
            ("1 / 0", "ZeroDivisionError: division by zero."),
            ("def other(todo): ...", "has no function mark_done. Write it: def mark_done(...)."),
            ("def mark_done(): ...", "mark_done takes no object."),
            ("def mark_done(todo, *, note): ...", "note: it has no annotation. Write its type"),
            ("def mark_done(todo, *, note: complex): ...", "note: "),
            ("mark_done = 5", "has no function mark_done."),
        ],
    )
    def test_a_function_that_cannot_be_called_is_a_problem(self, app: ScratchPackage, code: str, expected: str) -> None:
        app.write(MARK_DONE | {"actions/mark_done/action.py": code})
        [problem] = _problems(_registry(app, str(app.folder), "mark_done"))
        assert expected in problem

    def test_an_action_without_anything_to_run_is_a_problem(self, app: ScratchPackage) -> None:
        app.write({"actions/x/definition.yaml": "title: x"})
        [problem] = _problems(_registry(app, str(app.folder), "x"))
        assert "there is nothing to run: no function x in " in problem

    @pytest.mark.parametrize(
        "definition",
        [
            "form: {package}.things.NotAForm",
            "serializer: {package}.things.NotAForm",
            "schema: {package}.things.NotAForm",
            "schema: {package}.things.NUMBER",
            "result: {package}.things.NotAForm",
            "permissions: [{package}.things.NotAForm]",
            "serializer: {package}.things.BrokenSerializer",
        ],
    )
    def test_what_is_named_but_of_another_kind_is_a_problem_and_no_crash(
        self, app: ScratchPackage, definition: str
    ) -> None:
        app.write(
            MARK_DONE
            | {
                "actions/mark_done/definition.yaml": definition,
                "things.py": """
                    from rest_framework import serializers

                    NUMBER = 5

                    class NotAForm:
                        pass

                    class BrokenSerializer(serializers.ModelSerializer):
                        pass
                """,
            }
        )
        registry = _registry(app, str(app.folder), "mark_done")
        assert not registry.bound
        assert definition.partition(":")[0] in _problems(registry)[0]

    def test_a_wrong_value_hides_no_problem_of_the_others(self, app: ScratchPackage, settings: Any) -> None:
        settings.DJACTION_STRICT = False
        definition = """
            title: 5
            conditions: [nowhere.condition, "no path"]
            permissions: [elsewhere.Permission]
        """
        app.write(MARK_DONE | {"actions/mark_done/definition.yaml": definition})
        registry = _registry(app, str(app.folder), "mark_done")
        text = "\n".join(_problems(registry))
        assert not registry.bound
        assert not registry.definitions
        for part in ("title: 5", "'no path'", '"nowhere.condition" cannot be imported', '"elsewhere.Permission"'):
            assert part in text, text

    def test_a_value_that_is_missing_because_it_is_wrong_is_one_problem(
        self, app: ScratchPackage, settings: Any
    ) -> None:
        settings.DJACTION_STRICT = False
        app.write({"actions/x/definition.yaml": "form: 5"})
        [problem] = _problems(_registry(app, str(app.folder), "x"))
        assert "form: 5" in problem

    def test_problems_of_what_is_named_are_logged_when_it_is_used(
        self, app: ScratchPackage, caplog: pytest.LogCaptureFixture
    ) -> None:
        app.write({"actions/x/definition.yaml": "title: x"})
        registry = _registry(app, str(app.folder), "x")
        with caplog.at_level(logging.ERROR, logger="actions"):
            assert not registry.bound
            catalogue.use()
        assert caplog.text.count("there is nothing to run") == 1


class TestDocsAndForms:
    def test_the_documentation_of_one_action_is_plain_data(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE)
        assert get_action_docs(app.folder, "mark_done") == {"title": "Mark as done"}

    def test_its_look_ups_are_done(self, app: ScratchPackage) -> None:
        app.write({"actions/x/definition.yaml": 'title: "{{ name }}"'})
        assert get_action_docs(f"{app.folder}/", "x", {"name": "X"}) == {"title": "X"}

    def test_a_missing_one_names_every_path(self, app: ScratchPackage) -> None:
        with pytest.raises(DefinitionError, match=r"Tried .*actions/x/definition\.yaml, .*actiondocs/x\.yaml"):
            get_action_docs(app.folder, "x")

    def test_the_form_of_an_action_is_its_class(self, app: ScratchPackage) -> None:
        app.write(
            {
                "actions/x/definition.yaml": "form: {package}.forms.XForm",
                "forms.py": "from django import forms\nclass XForm(forms.Form):\n    def save(self): ...\n",
            }
        )
        form = get_action_form(_registry(app, str(app.folder), "x"), "x")
        assert issubclass(form, Form)
        assert form.__name__ == "XForm"

    def test_an_action_without_a_form_says_so(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE)
        with pytest.raises(ConfigurationError, match="todo > mark_done has no form"):
            get_action_form(_registry(app, str(app.folder), "mark_done"), "mark_done")

    def test_an_unknown_action_is_answered_with_those_that_there_are(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE)
        with pytest.raises(ConfigurationError, match=r'todo has no action "x"\. It has mark_done'):
            get_action_form(_registry(app, str(app.folder), "mark_done"), "x")


class TestWithoutAFile:
    def test_a_decorated_function_is_an_action(self) -> None:
        todos = ActionRegistry("todo")

        @todos.action(type="bulk", selection="none", tags=["todos"])
        def clean_up(*, days: int = 7) -> dict[str, int]:
            """Remove what is old.

            More about it.
            """
            return {"days": days}

        assert clean_up(days=3) == {"days": 3}
        assert todos["actions"]["clean_up"] == {
            "title": "Remove what is old",
            "description": "More about it.",
            "selection": "none",
            "tags": ["todos"],
            "id": "clean_up",
            "type": "bulk",
            "status": "prod",
        }
        assert todos.bound["clean_up"].payload.json_schema()["properties"]["days"]["default"] == 7

    def test_a_decorator_needs_no_parentheses(self) -> None:
        todos = ActionRegistry("todo")

        @todos.action
        def mark_done(todo: Any) -> None: ...

        assert todos.definitions["mark_done"].title == "Mark done"

    def test_a_list_of_actions_is_a_registry(self) -> None:
        todos = ActionRegistry("todo", actions=[Action(id="mark_done", function=mark_done, title="Mark")])
        assert todos["actions"]["mark_done"] == {
            "title": "Mark",
            "id": "mark_done",
            "type": "instance",
            "status": "prod",
        }
        assert "mark_done" in todos.bound

    def test_all_that_is_wrong_with_an_action_is_raised_together(self) -> None:
        with pytest.raises(DefinitionError) as caught:
            ActionRegistry("todo", actions=[Action(id="mark-done", type="x", title=5)], source="shop.py")  # type: ignore[arg-type]
        assert [problem.path[0] for problem in caught.value.problems] == ["title", "id", "type"]
        assert "shop.py > mark-done: id: 'mark-done' is not an identifier" in str(caught.value)

    def test_an_unknown_key_of_the_decorator_is_answered_with_the_one_that_was_meant(self) -> None:
        with pytest.raises(
            DefinitionError, match=r'"permision" is not a key of a definition\. Did you mean "permissions"\?'
        ):
            ActionRegistry("todo").action(permision=["x.y"])(lambda todo: None)

    def test_an_id_is_taken_once(self) -> None:
        todos = ActionRegistry("todo", actions=[Action(id="x", function=print)])
        with pytest.raises(DefinitionError, match="todo > x: the id is listed twice"):
            todos.add(Action(id="x", function=print))

    def test_the_documentation_shows_keys_of_the_project_s_own(self) -> None:
        todos = ActionRegistry("todo")
        keys: dict[str, Any] = {"x-team": "blue"}
        todos.action(**keys)(mark_done)
        assert todos["actions"]["mark_done"]["x-team"] == "blue"


class TestFreezing:
    def test_a_registry_that_is_in_use_takes_no_more_actions(self, app: ScratchPackage) -> None:
        app.write(MARK_DONE)
        registry = _registry(app, str(app.folder), "mark_done")
        assert registry.bound
        with pytest.raises(ConfigurationError, match="late comes too late: the registry is in use"):
            registry.add(Action(id="late", function=print))

    def test_before_that_it_does(self) -> None:
        registry = ActionRegistry("todo")
        registry.add(Action(id="early", function=mark_done))
        assert list(registry.definitions) == ["early"]

    def test_definitions_and_bindings_cannot_be_written_to(self) -> None:
        registry = ActionRegistry("todo")
        with pytest.raises(TypeError):
            registry.definitions["x"] = Action(id="x")  # type: ignore[index]
        with pytest.raises(TypeError):
            registry.bound["x"] = None  # type: ignore[index]


class TestCatalogue:
    def test_problems_wait_for_the_first_request_and_are_then_logged_once(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        own = Catalogue()
        with caplog.at_level(logging.ERROR, logger="actions"):
            own.log([DefinitionProblem("todo.py", (), "is wrong.")])
            assert not caplog.records
            own.use()
            own.use()
            own.log([DefinitionProblem("todo.py", (), "is wrong again.")])
        assert [record.getMessage() for record in caplog.records] == ["todo.py: is wrong.", "todo.py: is wrong again."]

    def test_a_registry_that_is_looked_up_is_in_use(self, caplog: pytest.LogCaptureFixture) -> None:
        own = Catalogue()
        own.log([DefinitionProblem("todo.py", (), "is wrong.")])
        with caplog.at_level(logging.ERROR, logger="actions"):
            own.find("todo")
        assert "todo.py: is wrong." in caplog.text

    def test_problems_that_somebody_shows_are_not_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        own = Catalogue()
        own.log([DefinitionProblem("todo.py", (), "is wrong.")])
        own.problems()
        with caplog.at_level(logging.ERROR, logger="actions"):
            own.use()
        assert not caplog.records

    @pytest.mark.django_db
    def test_a_request_puts_it_to_use(self, caplog: pytest.LogCaptureFixture) -> None:
        own = Catalogue()
        request_started.connect(own.use)
        own.log([DefinitionProblem("todo.py", (), "is wrong.")])
        with caplog.at_level(logging.ERROR, logger="actions"):
            request_started.send(sender=None)
        assert "todo.py: is wrong." in caplog.text
        assert not request_started.disconnect(own.use)

    def test_the_problems_of_all_its_actions_are_raised_together(self) -> None:
        with pytest.raises(DefinitionError) as caught:
            ActionRegistry("todo", actions=[Action(id="mark-done"), Action(id="x", type="instanc")])
        assert len(caught.value.problems) == 2

    @pytest.mark.parametrize("is_generator", [False, True])
    def test_an_async_function_is_a_problem(self, is_generator: bool) -> None:
        async def mark_done(todo: Any) -> None: ...

        async def mark_each(todo: Any) -> Any:
            yield todo

        registry = ActionRegistry("todo", actions=[Action(id="x", function=mark_each if is_generator else mark_done)])
        [problem] = registry.problems
        assert "is async" in problem.message
        assert "asgiref.sync.async_to_sync" in problem.remedy

    def test_it_knows_every_registry(self, app: ScratchPackage) -> None:
        first, second = ActionRegistry("b"), ActionRegistry("a")
        assert list(catalogue) == [second, first]
        assert catalogue.find("b") is first
        assert catalogue.find("c") is None

    def test_the_registry_that_is_served_goes_first(self, app: ScratchPackage) -> None:
        registries = [ActionRegistry("a", source=f"{number}.py") for number in range(3)]
        registries[2].attach(object)
        assert catalogue.find("a") is registries[2]

    def test_a_registry_is_forgotten_with_its_last_user(self, app: ScratchPackage) -> None:
        registry = ActionRegistry("a")
        assert catalogue.find("a") is not None
        del registry
        assert catalogue.find("a") is None

    def test_it_has_the_problems_of_all_of_them(self, app: ScratchPackage) -> None:
        registries = [ActionRegistry(name, actions=[Action(id="x")]) for name in "ab"]
        assert len(catalogue.problems()) == len(registries)
