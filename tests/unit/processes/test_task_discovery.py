"""Which functions become tasks, and what is said where one does not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from actions.exceptions import ConfigurationError
from actions.processes.folders import Folder, package_of, process_folders, project_folder
from actions.processes.task_discovery import load_tasks
from actions.processes.task_tests import behaviours_of
from actions.processes.tasks import TaskRegistry, tasks

Write = Callable[[str, str], Path]

BAR = '''
"""Bar."""

LIMIT = 3
__meta = {"examples": [{"title": "Basic usage"}], "requirements": ["nothing"]}


class Helper: ...


def bar(message: str = "hello") -> str:
    """Answer."""
    return message


def _inner(): ...
'''


@pytest.fixture
def write(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a file of a project of its own: its path and text."""
    settings.BASE_DIR = tmp_path
    # Without those of the example's app.
    settings.DJACTION_PROCESS_FOLDERS = ["process"]
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(tasks, "_tasks", {})
    monkeypatch.setattr(tasks, "_modules", {})
    monkeypatch.setattr(tasks, "_aliases", {})
    monkeypatch.setattr(tasks, "_problems", [])

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] in ("process", "store")]:
        del sys.modules[name]


def _own() -> list[str]:
    return [task.name for task in tasks if not task.is_core]


def _said() -> str:
    return "\n".join(map(str, tasks.problems))


class TestLoading:
    def test_core_tasks_are_always_there(self, write: Write, settings: Any) -> None:
        settings.DJACTION_PROCESS_FOLDERS = []
        load_tasks()
        assert not tasks.problems
        assert {"io.say_hello", "http.get", "mail.send", "slack.send_notification", "model.get"} <= {
            task.name for task in tasks
        }

    def test_a_function_that_is_named_as_its_file_is_a_task_and_nothing_else_is(self, write: Write) -> None:
        write("process/tasks/foo/bar.py", BAR)
        write("process/tasks/foo/_helpers.py", "def helpers(): ...")
        write("process/tasks/foo/test_bar.py", "raise RuntimeError('tests are never imported')")
        write("process/tasks/foo/conftest.py", "def conftest(): ...")
        load_tasks()
        assert _own() == ["foo.bar"]
        assert not tasks.problems

    def test_short_full_and_dotted_references_find_it(self, write: Write, settings: Any) -> None:
        write("store/process/tasks/foo/bar.py", BAR)
        settings.DJACTION_PROCESS_FOLDERS = ["store/process"]
        load_tasks()
        found = tasks.get("foo.bar")
        assert found is not None
        assert tasks.get("process.tasks.foo.bar") is tasks.get("store.process.tasks.foo.bar") is found

    def test_a_module_tells_of_itself(self, write: Write) -> None:
        write("process/tasks/foo/__init__.py", '"""What foo does."""\n__meta = {"owner": "crm"}\n')
        write("process/tasks/foo/bar.py", BAR)
        load_tasks()
        [module] = [module for module, _ in tasks.modules() if module.name == "foo"]
        assert (module.description, module.meta) == ("What foo does.", {"owner": "crm"})

    def test_meta_and_behaviours_come_with_it(self, write: Write) -> None:
        write("process/tasks/foo/bar.py", BAR)
        write(
            "process/tasks/foo/test_bar.py",
            """
            import no_such_module
            class TaskTestCase:
                def setUp(self): ...
                def test_it_prints_hello(self): ...
                def test_it_returns_a_result(self): ...
            """,
        )
        load_tasks()
        task = tasks.get("foo.bar")
        assert task is not None
        assert task.behaviours == ("it prints hello", "it returns a result")
        assert task.meta["requirements"] == ["nothing"]
        assert task.examples == ({"title": "Basic usage"},)

    def test_an_imported_function_is_no_task(self, write: Write) -> None:
        write("process/tasks/foo/dumps.py", "from json import dumps")
        load_tasks()
        assert _own() == []
        assert 'there is no function "dumps" that is defined in this file' in _said()

    def test_a_class_is_no_task(self, write: Write) -> None:
        write("process/tasks/foo/bar.py", "class bar: ...")
        load_tasks()
        assert _own() == []
        assert "_bar.py" in _said()

    def test_a_broken_file_does_not_keep_others_from_loading(self, write: Write) -> None:
        write("process/tasks/foo/bad.py", "import no_such_module")
        write("process/tasks/foo/bar.py", BAR)
        write("process/tasks/other/worse.py", "def worse(:")
        load_tasks()
        assert _own() == ["foo.bar"]
        assert "no_such_module" in _said()
        assert "SyntaxError" in _said()

    def test_an_async_task_is_reported_with_its_line(self, write: Write) -> None:
        write("process/tasks/foo/bar.py", "\n\nasync def bar(): ...")
        load_tasks()
        assert "bar.py:3: foo.bar: bar is async" in _said()

    def test_a_task_of_the_project_replaces_one_of_this_package(self, write: Write) -> None:
        write("process/tasks/io/say_hello.py", "def say_hello(message='hello world', *args, **kwargs): return message")
        load_tasks()
        assert _own() == ["io.say_hello"]
        assert not tasks.problems

    def test_two_folders_with_the_same_task_are_reported(self, write: Write, settings: Any) -> None:
        write("process/tasks/foo/bar.py", BAR)
        write("store/process/tasks/foo/bar.py", BAR)
        settings.DJACTION_PROCESS_FOLDERS = ["process", "store.process"]
        load_tasks()
        assert 'Two tasks are called "foo.bar"' in _said()

    def test_loading_again_changes_nothing(self, write: Write) -> None:
        write("process/tasks/foo/bar.py", BAR)
        load_tasks()
        before = [task.name for task in tasks]
        load_tasks()
        assert [task.name for task in tasks] == before
        assert not tasks.problems


class TestModuleRegistry:
    @pytest.mark.parametrize(
        "text",
        [
            "MODULE_REGISTRY = ['foo']",
            "MODULE_REGISTRY = ['process.tasks.foo', 'slack']",
            "import process.tasks.foo\nMODULE_REGISTRY = [process.tasks.foo]",
        ],
    )
    def test_only_what_it_names_may_be_used(self, write: Write, text: str) -> None:
        write("process/registry.py", text)
        write("process/tasks/foo/bar.py", BAR)
        write("process/tasks/hidden/bar.py", "raise RuntimeError('not to be imported')")
        load_tasks()
        assert _own() == ["foo.bar"]
        assert not tasks.problems

    def test_a_name_without_a_module_is_reported(self, write: Write) -> None:
        write("process/registry.py", "MODULE_REGISTRY = ['foe']")
        write("process/tasks/foo/bar.py", BAR)
        load_tasks()
        assert 'there is no module "foe"' in _said()
        assert 'Did you mean "foo"?' in _said()

    def test_one_that_cannot_be_imported_exposes_nothing(self, write: Write) -> None:
        write("process/registry.py", "1 / 0")
        write("process/tasks/foo/bar.py", BAR)
        load_tasks()
        assert _own() == []
        assert "ZeroDivisionError" in _said()


class TestFolders:
    def test_the_folder_of_the_project_is_taken_from_base_dir_on(
        self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write("process/tasks/foo/bar.py", BAR)
        monkeypatch.chdir("/")
        assert Folder(tmp_path / "process", "process") in process_folders()

    def test_a_folder_that_is_not_there_is_not_looked_for(self, write: Write, settings: Any, tmp_path: Path) -> None:
        settings.DJACTION_PROCESS_FOLDERS = None
        assert all(folder.path != tmp_path / "process" for folder in process_folders())
        assert project_folder() == Folder(tmp_path / "process", "process")

    def test_a_folder_that_is_named_twice_counts_once(self, write: Write, settings: Any, tmp_path: Path) -> None:
        write("store/process/__init__.py", "")
        settings.DJACTION_PROCESS_FOLDERS = ["store/process", "store.process", tmp_path / "store" / "process"]
        assert process_folders() == [Folder(tmp_path / "store" / "process", "store.process")]

    @pytest.mark.parametrize("setting", [["nowhere"], "process", [7], ["..no"]])
    def test_a_setting_that_leads_nowhere_is_refused(self, write: Write, settings: Any, setting: Any) -> None:
        settings.DJACTION_PROCESS_FOLDERS = setting
        with pytest.raises(ConfigurationError, match="DJACTION_PROCESS_FOLDERS"):
            process_folders()
        load_tasks()
        assert "DJACTION_PROCESS_FOLDERS" in _said()

    def test_a_folder_that_python_does_not_see_is_a_problem(
        self, write: Write, settings: Any, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        elsewhere = tmp_path_factory.mktemp("elsewhere") / "process"
        (elsewhere / "tasks" / "foo").mkdir(parents=True)
        (elsewhere / "tasks" / "foo" / "bar.py").write_text(BAR)
        settings.DJACTION_PROCESS_FOLDERS = [elsewhere]
        load_tasks()
        assert "below no folder that Python imports from" in _said()

    def test_a_package_of_the_same_name_elsewhere_is_not_taken_for_it(self, write: Write, tmp_path: Path) -> None:
        write("process/tasks/foo/bar.py", BAR)
        with pytest.raises(ConfigurationError, match="Rename one of the two folders"):
            Folder(tmp_path / "other", "process").load("tasks.foo.bar")

    def test_the_package_of_an_app_is_known(self) -> None:
        import example_app

        assert package_of(Path(example_app.__file__).parent / "process") == "example_app.process"


def test_functions_and_methods_of_tests_are_behaviours_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "test_bar.py"
    file.write_text(
        "def test_one_thing(): ...\nclass A:\n  async def test_another(self): ...\n  def helper(self): ...\n"
        "def test_(): ...\ndef test_one_thing(): ...\n"
    )
    assert behaviours_of(file) == ("one thing", "another")


def test_a_task_without_tests_has_no_behaviours(tmp_path: Path) -> None:
    assert behaviours_of(tmp_path / "test_bar.py") == ()


def test_a_registry_of_its_own_shares_nothing() -> None:
    assert list(TaskRegistry()) == []
