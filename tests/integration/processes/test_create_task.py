"""manage.py create_task."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.once


@pytest.fixture
def project(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, in which the command is run."""
    settings.BASE_DIR = tmp_path
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _create(*args: str, **options: Any) -> list[str]:
    said = StringIO()
    call_command("create_task", *args, stdout=said, **options)
    return said.getvalue().splitlines()


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))


def test_the_files_of_the_document_are_made_and_told(project: Path) -> None:
    said = _create("foo", "bar")
    for name in ("__init__", "bar", "test_bar"):
        assert f"* Created: ./process/tasks/foo/{name}.py" in said
        assert (project / f"process/tasks/foo/{name}.py").is_file()
    assert said[-1] == 'Processes can use it now: "- task: foo.bar".'


def test_packages_on_the_way_are_made_once(project: Path) -> None:
    assert "* Created: ./process/__init__.py" in _create("foo", "bar")
    assert [line for line in _create("other", "bar") if "__init__" in line] == [
        "* Created: ./process/tasks/other/__init__.py"
    ]


def test_a_second_task_leaves_the_module_s_file_and_hints_at_the_import(project: Path) -> None:
    _create("foo", "bar")
    init = project / "process/tasks/foo/__init__.py"
    init.write_text("# mine\n")
    said = _create("foo", "bat")
    assert init.read_text() == "# mine\n"
    assert (
        "* Hint: to import the task from its module, add to ./process/tasks/foo/__init__.py: from .bat import bat"
    ) in said


@pytest.mark.parametrize("name", ["bar.py", "test_bar.py"])
def test_nothing_is_overwritten(project: Path, name: str) -> None:
    mine = project / "process/tasks/foo" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("# mine\n")
    with pytest.raises(CommandError, match="nothing is overwritten"):
        _create("foo", "bar")
    assert mine.read_text() == "# mine\n"
    assert _files(project) == [f"process/tasks/foo/{name}"]


@pytest.mark.parametrize(
    ("module", "task", "expected"),
    [
        ("foo", "class", "word of Python's own"),
        ("foo", "sendMail", 'Write "send_mail"'),
        ("foo", "test_bar", "taken for a test"),
        ("test_foo", "bar", "taken for a test"),
        ("foo", "conftest", "pytest's own file"),
        ("foo", "task", "the decorator of tasks"),
        ("../foo", "bar", 'Write "foo"'),
        ("foo", "bar/baz", 'Write "bar_baz"'),
        ("foo", "_bar", 'Write "bar"'),
        ("foo", "", "not in lower case"),
        ("foo", "a" * 36, "36 characters"),
    ],
)
def test_a_name_that_cannot_be_is_refused(project: Path, module: str, task: str, expected: str) -> None:
    with pytest.raises(CommandError, match=expected):
        _create(module, task)
    assert _files(project) == []


def test_a_module_that_is_a_file_is_in_the_way(project: Path) -> None:
    (project / "process/tasks").mkdir(parents=True)
    (project / "process/tasks/foo.py").touch()
    with pytest.raises(CommandError, match="where a package has to be"):
        _create("foo", "bar")


@pytest.mark.parametrize(
    "text", ["MODULE_REGISTRY = ['other']", "import process.tasks.io\nMODULE_REGISTRY: list = [process.tasks.io]"]
)
def test_a_registry_that_does_not_name_the_module_is_pointed_at(project: Path, text: str) -> None:
    (project / "process").mkdir()
    (project / "process/registry.py").write_text(text)
    assert _create("foo", "bar")[-1].startswith('Add "foo" to MODULE_REGISTRY in ./process/registry.py; then')
    assert (project / "process/registry.py").read_text() == text


@pytest.mark.parametrize("text", ["MODULE_REGISTRY = ['process.tasks.foo']", "PROCESS_REGISTRY = {}", ""])
def test_a_registry_that_lets_the_module_through_needs_nothing(project: Path, text: str) -> None:
    (project / "process").mkdir()
    (project / "process/registry.py").write_text(text)
    assert _create("foo", "bar")[-1].startswith("Processes can use it now")


def test_a_registry_that_cannot_be_read_stops_it(project: Path) -> None:
    (project / "process").mkdir()
    (project / "process/registry.py").write_text("MODULE_REGISTRY = [")
    with pytest.raises(CommandError, match="cannot be read"):
        _create("foo", "bar")
    assert _files(project) == ["process/registry.py"]


def test_another_folder_can_be_named(project: Path) -> None:
    _create("foo", "bar", folder="store/process")
    assert (project / "store/process/tasks/foo/bar.py").is_file()


def test_the_folder_of_the_setting_is_taken(project: Path, settings: Any) -> None:
    (project / "store/flows").mkdir(parents=True)
    settings.DJACTION_PROCESS_FOLDERS = ["store/flows"]
    _create("foo", "bar")
    assert (project / "store/flows/tasks/foo/bar.py").is_file()


def test_a_folder_that_python_does_not_see_is_refused(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(CommandError, match="no folder that Python imports from"):
        _create("foo", "bar", folder=str(tmp_path_factory.mktemp("elsewhere")))


def test_an_app_that_there_is_not_is_refused(project: Path) -> None:
    with pytest.raises(CommandError, match='There is no app "exampel_app"'):
        _create("foo", "bar", app="exampel_app")


def test_outside_of_the_folder_whole_paths_are_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    (project / "process").mkdir()
    assert f"* Created: ./{project.relative_to('/')}/process/tasks/foo/bar.py" in _create("foo", "bar")


SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).parent
SECRET_KEY = "x"
INSTALLED_APPS = [
    "django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "actions", "actions.processes"
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
"""
LONGEST = "a_name_that_is_long_as_one_may_be_x"


def _run(project: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *args], cwd=project, capture_output=True, text=True, check=False)


@pytest.fixture
def made(project: Path) -> Path:
    """A project with two new tasks, one with the longest possible name."""
    (project / "settings.py").write_text(SETTINGS)
    _create("foo", "bar")
    _create("foo", LONGEST)
    return project


def test_generated_tests_pass_with_django(made: Path) -> None:
    ran = _run(made, "-m", "django", "test", "--settings=settings", "--pythonpath=.")
    assert ran.returncode == 0, ran.stderr
    assert "Ran 4 tests" in ran.stderr


def test_generated_tests_pass_with_pytest(made: Path) -> None:
    ran = _run(made, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--ds=settings", "process")
    assert ran.returncode == 0, ran.stdout
    assert "4 passed" in ran.stdout


def test_generated_code_pleases_linter_and_formatter(made: Path) -> None:
    pytest.importorskip("ruff", reason="ruff comes with the extra dev")
    select = "--select=E,W,F,I,B,UP,ANN,D,RUF,SIM"
    ignore = "--ignore=ANN401,D203,D213,D401,D413,D100,D101,D102,D103,D104"
    for args in (("check", "--no-cache", "--isolated", select, ignore, "process"), ("format", "--check", "process")):
        ran = _run(made, "-m", "ruff", *args)
        assert ran.returncode == 0, ran.stdout
    assert max(len(line) for file in made.rglob("process/**/*.py") for line in file.read_text().splitlines()) <= 88


def test_the_new_task_is_registered(made: Path) -> None:
    code = (
        "import django; django.setup()\n"
        "from actions.processes.task_discovery import load_tasks\n"
        "from actions.processes.tasks import tasks\n"
        "load_tasks()\n"
        "assert not tasks.problems, tasks.problems\n"
        "print(tasks.get('foo.bar').behaviours)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=made,
        env={"DJANGO_SETTINGS_MODULE": "settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "it answers the message" in ran.stdout
