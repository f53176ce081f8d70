"""How process files are found and registered, and what `manage.py check` and `manage.py process` say of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.core.management import CommandError, call_command

from actions.exceptions import DefinitionError, InvalidPayloadError
from actions.processes import checks, discovery
from actions.processes.authoring.yaml_format import format_schema
from actions.processes.graph import Who
from actions.processes.registry import processes
from actions.processes.tasks import tasks
from tests.integration.processes.people.asking import asking

pytestmark = pytest.mark.once

Write = Callable[[str, str], Path]
HELLO = "name: HelloWorld\ntasks: [{task: io.say_hello}]\n"


@pytest.fixture
def write(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a file of a project that has one process folder, and empty registries."""
    settings.BASE_DIR = tmp_path
    settings.DJACTION_PROCESS_FOLDERS = ["process"]
    settings.DJACTION_STRICT = False
    (tmp_path / "process").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for registry, names in ((tasks, ("_tasks", "_modules", "_aliases")), (processes, ("_processes",))):
        for name in names:
            monkeypatch.setattr(registry, name, {})
        monkeypatch.setattr(registry, "_problems", [])
    monkeypatch.setattr(discovery, "_named", {})
    monkeypatch.setattr(processes, "_sources", [])

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).removeprefix("\n"), encoding="utf-8")
        return path

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == "process"]:
        del sys.modules[name]


def _ids() -> list[str]:
    return [process.id for process in processes.declared()]


def _said() -> list[str]:
    return [str(problem) for problem in processes.problems]


def _messages(found: list[CheckMessage]) -> list[str]:
    return [f"{message.id} {message.msg} {message.hint or ''}".strip() for message in found]


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command("process", *arguments, stdout=out)
    return out.getvalue()


class TestDiscovery:
    def test_every_file_is_a_process_under_the_slug_of_its_name(self, write: Write) -> None:
        write("process/processes/HelloWorld.yml", HELLO)
        write("process/processes/other.yaml", "name: An other\ntasks: []")
        write("process/processes/notes.txt", "no process")
        discovery.load()
        assert _ids() == ["hello-world", "an-other"]
        assert not _said()

    def test_the_registry_says_which_files_are_processes_and_by_which_ids(self, write: Write) -> None:
        write("process/registry.py", 'PROCESS_REGISTRY = {"hi": "HelloWorld", "again": "other.yml"}')
        write("process/processes/HelloWorld.yml", HELLO)
        write("process/processes/other.yml", HELLO)
        write("process/processes/third.yml", HELLO)
        discovery.load()
        assert _ids() == ["hi", "again"]

    def test_an_entry_without_a_file_is_a_problem(self, write: Write) -> None:
        write("process/registry.py", 'PROCESS_REGISTRY = {"hi": "HelloWord"}')
        write("process/processes/HelloWorld.yml", HELLO)
        discovery.load()
        (said,) = _said()
        assert 'PROCESS_REGISTRY > hi: there is no file for "HelloWord". Did you mean "HelloWorld"?' in said

    @pytest.mark.parametrize(
        ("text", "expected"),
        [("PROCESS_REGISTRY = 5", "5 is no mapping."), ("1 / 0", "cannot be imported: ZeroDivisionError")],
    )
    def test_a_wrong_registry_is_a_problem(self, write: Write, text: str, expected: str) -> None:
        write("process/registry.py", text)
        write("process/processes/HelloWorld.yml", HELLO)
        discovery.load_processes()
        assert any(expected in said for said in _said())
        assert not _ids()

    def test_a_broken_file_is_a_problem_and_the_others_load(self, write: Write) -> None:
        write("process/processes/a.yml", "name: A\ntasks: [{task: io.say_helo}]")
        write("process/processes/b.yml", HELLO)
        discovery.load()
        assert _ids() == ["hello-world"]
        (said,) = _said()
        assert said.startswith('process/processes/a.yml:2:16: tasks > 0 > task: there is no task "io.say_helo".')

    def test_in_a_strict_project_a_broken_file_stops_the_start(self, write: Write, settings: Any) -> None:
        settings.DJACTION_STRICT = True
        write("process/processes/a.yml", "name: A\ntasks: [{task: io.say_helo}]")
        with pytest.raises(DefinitionError, match=r"a\.yml:2:16"):
            discovery.load()

    def test_two_files_of_one_name_are_a_problem_that_names_both(self, write: Write) -> None:
        write("process/processes/a.yml", HELLO)
        write("process/processes/b.yml", HELLO)
        discovery.load()
        (said,) = _said()
        assert "process/processes/a.yml and process/processes/b.yml" in said

    def test_loading_again_follows_the_files(self, write: Write) -> None:
        file = write("process/processes/a.yml", HELLO)
        other = write("process/processes/b.yml", "name: Other\ntasks: []")
        discovery.load()
        file.write_text(HELLO.replace("tasks", "version: 2\ntasks"))
        other.unlink()
        write("process/processes/c.yml", "name: New\ntasks: []")
        discovery.load_processes()
        assert _ids() == ["hello-world", "new"]
        found = processes.get("hello-world")
        assert found is not None
        assert found.graph.version == "2"

    def test_a_file_that_breaks_is_no_process_until_it_is_mended(self, write: Write) -> None:
        file = write("process/processes/a.yml", HELLO)
        discovery.load()
        file.write_text("name: [")
        discovery.load_processes()
        assert not _ids()
        assert len(_said()) == 1
        file.write_text(HELLO)
        discovery.load_processes()
        assert _ids() == ["hello-world"]
        assert not _said()

    def test_loading_again_changes_nothing_where_nothing_has_changed(self, write: Write) -> None:
        write("process/processes/a.yml", HELLO)
        discovery.load()
        before = [process.graph for process in processes]
        discovery.load()
        assert [process.graph for process in processes] == before

    def test_a_folder_that_there_is_not_is_a_problem(self, write: Write, settings: Any) -> None:
        settings.DJACTION_PROCESS_FOLDERS = ["processes_of_nobody"]
        discovery.load_processes()
        assert "DJACTION_PROCESS_FOLDERS" in _said()[0]


class TestNames:
    def test_a_validation_of_the_project_checks_the_payload(self, write: Write) -> None:
        write("process/validation/users.py", 'def is_free(payload):\n    return payload["name"] != "ada"\n')
        write("process/processes/a.yml", "name: A\npayload: [{key: name}]\nvalidations: [is_free]\ntasks: []")
        discovery.load()
        (process,) = processes
        process.validations[0]({"name": "bob"})
        with pytest.raises(InvalidPayloadError):
            process.validations[0]({"name": "ada"})

    @pytest.mark.parametrize("name", ["even", "validation.even", "validation.numbers.even", "numbers.even"])
    def test_a_validation_is_named_with_or_without_its_module(self, write: Write, name: str) -> None:
        write("process/validation/numbers.py", "def even(value):\n    return value % 2 == 0\n")
        write("process/processes/a.yml", f"name: A\npayload: [{{key: n, validate: [{name}]}}]\ntasks: []")
        discovery.load()
        assert not _said()
        (process,) = processes
        with pytest.raises(InvalidPayloadError) as caught:
            process.payload.validate({"n": 3})
        assert list(caught.value.errors) == ["n"]

    @pytest.mark.parametrize("name", ["os.system", "validation.os.system", "system", "numbers._hidden", "numbers.Path"])
    def test_nothing_else_can_be_named_as_a_validation(self, write: Write, name: str) -> None:
        text = "import os\nfrom os import system\nfrom pathlib import Path\ndef _hidden(value): ...\n"
        write("process/validation/numbers.py", text)
        write("process/processes/a.yml", f"name: A\nvalidations: [{name}]\ntasks: []")
        discovery.load()
        (said,) = _said()
        assert f'there is no validation "{name}".' in said

    def test_a_validation_that_cannot_be_imported_is_told_with_its_place(self, write: Write) -> None:
        write("process/validation/numbers.py", "1 / 0")
        write("process/processes/a.yml", "name: A\nvalidations: [numbers.even]\ntasks: []")
        discovery.load()
        assert "a.yml:2:15: validations > 0: the validation" in _said()[0]
        assert "ZeroDivisionError" in _said()[0]

    @pytest.mark.parametrize(
        "form",
        [
            "django.contrib.auth.forms.AuthenticationForm",
            "example_app.serializers.TodoSerializer",
            "process.forms.Answer",
        ],
    )
    def test_a_form_a_serializer_or_a_model_says_what_is_asked(self, write: Write, form: str) -> None:
        write("process/forms.py", "from pydantic import BaseModel\nclass Answer(BaseModel):\n    is_fine: bool\n")
        write("process/processes/a.yml", f"name: A\ntasks: [{{input: {form}}}]")
        discovery.load()
        assert not _said()
        (process,) = processes
        assert process.forms["input"].json_schema()["properties"]
        assert process.graph.forms["input"]["type"] == "object"

    @pytest.mark.parametrize("form", ["os.path", "nowhere.Form", "pathlib.Path"])
    def test_what_is_no_form_is_a_problem(self, write: Write, form: str) -> None:
        write("process/processes/a.yml", f"name: A\ntasks: [{{input: {form}}}]")
        discovery.load()
        assert f'the form "{form}" cannot be used' in _said()[0]


class TestChecks:
    def test_problems_are_errors_where_the_project_is_strict_and_warnings_elsewhere(
        self, write: Write, settings: Any
    ) -> None:
        write("process/processes/a.yml", "name: A\ntasks: [{task: io.say_helo}]")
        discovery.load()
        (warning,) = _messages(checks.check_processes())
        settings.DJACTION_STRICT = True
        (error,) = _messages(checks.check_processes())
        assert warning.startswith("actions.processes.W001 process/processes/a.yml:2:16: tasks > 0 > task: there is no")
        assert error.startswith("actions.processes.E001 ")
        assert error.endswith('Did you mean "io.say_hello"?')

    def test_actions_and_processes_that_there_are_not_are_found(self, write: Write) -> None:
        write("process/processes/a.yml", 'name: A\ntasks: [{action: "todo:mark_don", on: 1}, {process: hello-word}]')
        write("process/processes/b.yml", HELLO)
        discovery.load()
        assert not _said()
        found = _messages(checks.check_names())
        assert [message.partition("tasks")[2] for message in found] == [
            ' > 0 > action: there is no action "todo:mark_don". Did you mean "todo:mark_done"?',
            ' > 1 > process: there is no process "hello-word". Did you mean "hello-world"?',
        ]

    def test_what_there_is_is_no_problem(self, write: Write) -> None:
        write("process/processes/a.yml", 'name: A\ntasks: [{action: "todo:mark_done", on: 1}, {process: hello-world}]')
        write("process/processes/b.yml", HELLO)
        discovery.load()
        assert not checks.check_names()

    @pytest.mark.parametrize(
        ("step", "problems"),
        [
            (
                '{action: "todo:mark_done", on: 1, args: {nott: x}}',
                ['tasks > 0 > args > nott: the action "todo:mark_done" takes no argument "nott". Did you mean "note"?'],
            ),
            (
                '{action: "todo:mark_done", on: 1, args: {note: 5}}',
                ['2:56: tasks > 0 > args > note: the argument "note": '],
            ),
            ('{action: "todo:mark_done", on: 1, args: {note: payload.a}}', []),
            ('{action: "todo:assign", on: 1}', ['the action "todo:assign" needs the argument']),
            ('{action: "todo:mark_done"}', ['2:18: tasks > 0 > action: the action "todo:mark_done" is done to one']),
            (
                '{action: "todo:mark_all_done", on: 1}',
                ['"todo:mark_all_done" is done to a set of objects, not to one.'],
            ),
            ('{action: "todo:mark_all_done", args: {ids: [1]}}', []),
            ("{process: b, args: {amount: much, c: 1}}", ['the argument "amount": ', 'takes no argument "c"']),
            ("{process: b}", ['the process "b" needs the argument "amount". Add it to args: amount: …']),
        ],
    )
    def test_the_arguments_of_actions_and_processes_are_checked(
        self, write: Write, step: str, problems: list[str]
    ) -> None:
        write("process/processes/a.yml", f"name: A\ntasks: [{step}]\npayload: [{{key: a}}]")
        write("process/processes/b.yml", "name: B\npayload: [{key: amount, type: number, required: true}]\ntasks: []")
        discovery.load()
        assert not _said()
        found = _messages(checks.check_names())
        assert len(found) == len(problems), found
        for message, part in zip(found, problems, strict=True):
            assert message.startswith("actions.processes.W002 process/processes/a.yml:2:")
            assert part in message

    def test_conditions_need_their_library(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        write("process/processes/a.yml", "name: A\ntasks: [{task: io.say_hello, when: '1 < 2'}]")
        discovery.load()
        assert not checks.check_conditions()
        monkeypatch.setattr(checks, "find_spec", lambda name: None)
        (message,) = _messages(checks.check_conditions())
        assert message.startswith("actions.processes.E003 a: there are conditions")

    def test_an_id_stands_in_a_url(self, write: Write) -> None:
        write("process/registry.py", 'PROCESS_REGISTRY = {"a/b": "a"}')
        write("process/processes/a.yml", HELLO)
        discovery.load()
        (message,) = _messages(checks.check_ids())
        assert message.startswith('actions.processes.W004 process/processes/a.yml: "a/b" cannot stand in a URL.')

    @pytest.mark.parametrize(
        ("look_up", "said"),
        [
            ("user_filter: {is_stff: true}", '"is_stff" is none of User\'s look-ups. Did you mean "is_staff"?'),
            ("user_filter: {groups__nam: a}", '"groups__nam" is none of User\'s look-ups.'),
            ("user_filter: {is_staff: perhaps}", "'perhaps' is nothing that User's is_staff is compared with."),
            ("user_filter: {password__startswith: x}", '"password__startswith" looks for a secret.'),
            ("group_filter: {user__password__gt: x}", '"user__password__gt" looks for a secret.'),
            ("group_filter: {nam: a}", '"nam" is none of Group\'s look-ups. Did you mean "name"?'),
        ],
    )
    def test_filters_of_people_are_checked(self, write: Write, look_up: str, said: str) -> None:
        write("process/processes/a.yml", f"name: A\ntasks:\n  - input:\n      {look_up}\n")
        discovery.load()
        (found,) = _said()
        assert found.startswith("process/processes/a.yml:4:")
        assert said in found

    def test_filters_of_people_that_there_are_are_no_problem(self, write: Write) -> None:
        filters = "user_filter: {is_staff: true, groups__name: a}, group_filter: {name__in: [a, b]}"
        write("process/processes/a.yml", f"name: A\ntasks: [{{input: {{{filters}}}}}]\n")
        discovery.load()
        assert not _said()
        assert not checks.check_filters()

    def test_filters_in_python_are_checked_too(self, write: Write) -> None:
        processes.register(asking(Who(user_filter={"is_stff": True, "password__startswith": "x"}), name="b"))
        (found,) = _messages(checks.check_filters())
        assert found.startswith("actions.processes.W006 tests:b > ask: ")
        assert found.endswith('"is_stff" is none of User\'s look-ups. Did you mean "is_staff"?')


class TestCommand:
    def test_a_right_file_is_right(self, write: Write) -> None:
        file = write("somewhere/hello.yml", HELLO)
        discovery.load()
        assert _run("check", str(file)) == f"{file}: hello-world is right.\n"

    def test_all_problems_of_all_files_are_shown(self, write: Write) -> None:
        first = write("a.yml", "name: A\ntasks: [{task: io.say_helo}]")
        second = write("b.yml", "name: B\ntasks: [{process: nowhere}, {process: b}]")
        discovery.load()
        out = StringIO()
        with pytest.raises(CommandError, match=r"2 problems\."):
            call_command("process", "check", str(first), str(second), stdout=out)
        assert 'a.yml:2:16: tasks > 0 > task: there is no task "io.say_helo".' in out.getvalue()
        assert 'b.yml:2:19: tasks > 0 > process: there is no process "nowhere".' in out.getvalue()

    def test_a_file_that_there_is_not_is_a_problem(self, write: Write, tmp_path: Path) -> None:
        out = StringIO()
        with pytest.raises(CommandError, match=r"1 problem\."):
            call_command("process", "check", str(tmp_path / "none.yml"), stdout=out)
        assert "none.yml: cannot be read: No such file or directory. Give a file." in out.getvalue()

    def test_problems_are_shown_to_programs(self, write: Write) -> None:
        file = write("a.yml", "name: A\ntasks: [{task: io.say_helo}]")
        discovery.load()
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("process", "check", "--json", str(file), stdout=out)
        (problem,) = json.loads(out.getvalue())
        assert (problem["line"], problem["column"], problem["path"]) == (2, 16, ["tasks", 0, "task"])

    def test_the_processes_are_listed_with_what_is_wrong_with_others(self, write: Write) -> None:
        write("process/processes/a.yml", HELLO)
        write("process/processes/b.yml", "name: [")
        discovery.load()
        lines = _run("list").splitlines()
        assert lines[0].split() == ["id", "style", "steps", "version", "title", "source"]
        assert lines[1].split() == ["hello-world", "yaml", "2", "HelloWorld", "process/processes/a.yml"]
        assert "b.yml" in lines[2]
        assert json.loads(_run("list", "--json"))["processes"][0]["id"] == "hello-world"

    def test_no_processes_are_said_to_be_none(self, write: Write) -> None:
        assert _run("list") == "There are no processes.\n"

    def test_the_schema_is_printed(self, write: Write) -> None:
        assert json.loads(_run("schema")) == format_schema()


class TestExample:
    def test_the_processes_of_the_document_are_there(self) -> None:
        assert {"hello-world", "signup-request"} <= set(_ids())
        assert not [problem for problem in _said() if "example_app" in problem]

    def test_the_signup_takes_what_the_document_says(self) -> None:
        signup = processes.get("signup-request")
        assert signup is not None
        assert signup.payload.validate({"username": "ada", "password": "long enough"})
        with pytest.raises(InvalidPayloadError) as caught:
            signup.payload.validate({"password": "short"})
        assert set(caught.value.errors) == {"username", "password"}
        assert signup.payload.json_schema()["properties"]["password"]["minLength"] == 8

    @pytest.mark.django_db
    def test_the_signup_refuses_a_username_that_is_taken(self, django_user_model: Any) -> None:
        signup = processes.get("signup-request")
        assert signup is not None
        (check,) = signup.validations
        check({"username": "ada"})
        django_user_model.objects.create_user("ada")
        with pytest.raises(InvalidPayloadError) as caught:
            check({"username": "ada"})
        assert caught.value.errors == {"username": ["This username is taken."]}


class TestErrorsOfRetries:
    def problems(self, write: Write, *names: str) -> list[str]:
        write(
            "process/processes/a.yml",
            f"name: A\ntasks:\n  - {{task: io.say_hello, retry: {{on: {json.dumps(names)}}}}}\n",
        )
        discovery.load()
        assert not _said()
        return _messages(checks.check_names())

    @pytest.mark.parametrize(
        "name",
        ["*", "ConnectionError", "OSError", "Exception", "StepError", "json.JSONDecodeError", "yaml.other.AnError"],
    )
    def test_a_class_that_is_loaded_or_may_be_is_known(self, write: Write, name: str) -> None:
        assert self.problems(write, name) == []

    @pytest.mark.parametrize(
        ("name", "remedy"),
        [
            ("ConectionError", 'Did you mean "ConnectionError"?'),
            ("Nope", 'Write the name of a class, "ConnectionError", or its path: "requests.exceptions.Timeout".'),
            ("json.Nope", 'Write the name of a class, "ConnectionError", or its path: "requests.exceptions.Timeout".'),
            ("json.dumps", 'Write the name of a class, "ConnectionError", or its path: "requests.exceptions.Timeout".'),
            ("no_such_package.AnError", "Write the name of a class"),
            (".", "Write the name of a class"),
        ],
    )
    def test_another_one_is_told_of_with_its_place(self, write: Write, name: str, remedy: str) -> None:
        (said,) = self.problems(write, "OSError", name)
        assert said.startswith("actions.processes.W002 process/processes/a.yml:3:")
        assert f'tasks > 0 > retry > on > 1: there is no error class "{name}". {remedy}' in said

    def test_a_command_tells_of_it_too(self, write: Write) -> None:
        discovery.load()
        file = write("a.yml", "name: A\ntasks: [{task: io.say_hello, retry: {attempts: 2, on: [NoSuchError]}}]")
        with pytest.raises(CommandError, match="1 problem"):
            _run("check", str(file))


class TestInAStrictProject:
    """A program of its own, as an operator starts it."""

    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        files = {
            "manage.py": """
                import os, sys
                from django.core.management import execute_from_command_line
                os.environ["DJANGO_SETTINGS_MODULE"] = "strict_settings"
                execute_from_command_line(sys.argv)
                """,
            "strict_settings.py": """
                from pathlib import Path
                BASE_DIR = Path(__file__).parent
                SECRET_KEY = "tests"
                DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
                INSTALLED_APPS = [
                    "django.contrib.contenttypes", "django.contrib.auth", "actions", "actions.processes",
                ]
                DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
                DJACTION_PROCESS_FOLDERS = ["process"]
                """,
            "process/processes/Right.yml": HELLO,
            "process/processes/Wrong.yml": "name: Wrong\ntasks: [{tusk: io.say_hello}]",
        }
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(dedent(text), encoding="utf-8")
        return tmp_path

    @staticmethod
    def manage(project: Path, *arguments: str) -> tuple[int, str]:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_a_check_says_what_is_wrong_without_a_traceback(self, project: Path) -> None:
        code, said = self.manage(project, "check")
        assert (code, "Traceback" in said) == (1, False)
        assert "actions.processes.E001" in said
        assert "process/processes/Wrong.yml" in said
        assert 'Did you mean "task"?' in said

    def test_a_right_file_is_right_whatever_others_are(self, project: Path) -> None:
        assert self.manage(project, "process", "check", "process/processes/Right.yml") == (
            0,
            "process/processes/Right.yml: hello-world is right.\n",
        )
        code, said = self.manage(project, "process", "check", "process/processes/Wrong.yml")
        assert (code, "Traceback" in said, "CommandError: 1 problem." in said) == (1, False, True)

    def test_other_programs_do_not_start(self, project: Path) -> None:
        code, said = self.manage(project, "migrate")
        assert (code, "DefinitionError" in said) == (1, True)
