"""`start_actions` and `create_action`: what they write, ask, refuse and leave alone."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.urls import clear_url_caches

from actions.scaffold.names import check_app
from actions.scaffold.places import Place, default_basepath, default_resource
from actions.scaffold.questions import Questions
from actions.util import get_action_docs
from tests.files import ScratchPackage, scratch_package, write_files

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
END_OF_INPUT = "\x04"
CREATE = """
import json, sys, django
from django.core.management import call_command
django.setup()
for arguments in json.loads(sys.argv[1]):
    call_command("create_action", *arguments)
"""
IMPORT = "from actions.util import enrich_actions\n"
MARKERS = "action_list = []\n## -- START ACTION REGISTRY -- ##\n## -- END ACTION REGISTRY -- ##\n"

SERVED = """
    from actions.mixins import ActionMixin
    from rest_framework import routers, serializers, viewsets
    from shop.actions import action_registry as todos
    from shop.actions.order import action_registry as orders
    from shop.models import Todo


    class TodoViewSet(ActionMixin, viewsets.ModelViewSet):
        queryset = Todo.objects.all()
        serializer_class = serializers.Serializer
        action_registry = todos.ACTIONS


    class OrderViewSet(TodoViewSet):
        action_registry = orders.ACTIONS


    router = routers.DefaultRouter()
    router.register("todos", TodoViewSet, basename="todo")
    router.register("orders", OrderViewSet, basename="order")
    urlpatterns = router.urls
"""


@pytest.fixture
def app(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScratchPackage]:
    """An installed app with one model, and no registry."""
    monkeypatch.chdir(tmp_path)
    with scratch_package(tmp_path) as package:
        package.write(
            {
                "models.py": """
                    from django.db import models

                    class Entry(models.Model):
                        class Meta:
                            verbose_name_plural = "entries"
                """,
                "urls.py": "urlpatterns = []",
            }
        )
        settings.ROOT_URLCONF = f"{package.name}.urls"
        with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, package.name]):
            yield package


def _start(app: ScratchPackage, *args: str, **options: Any) -> str:
    out = StringIO()
    call_command("start_actions", app.name, *args, stdout=out, **options)
    return out.getvalue()


def _create(app: ScratchPackage, id: str = "mark_done", **options: Any) -> str:
    out = StringIO()
    given = {"app": app.name, "id": id, "type": "instance", "interactive": False, **options}
    call_command("create_action", stdout=out, **given)
    return out.getvalue()


def _registry(app: ScratchPackage, folder: str = "actions") -> str:
    return (app.folder / folder / "action_registry.py").read_text(encoding="utf-8")


def _files(app: ScratchPackage) -> dict[str, str]:
    paths = (path for path in app.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(app.folder)): path.read_text(encoding="utf-8") for path in paths}


def _serve(app: ScratchPackage) -> None:
    """A ViewSet with the app's registry, at a URL."""
    app.write(
        {
            "urls.py": """
                from rest_framework import routers, serializers, viewsets
                from actions.mixins import ActionMixin
                from {package}.actions.action_registry import ACTIONS
                from {package}.models import Entry

                class EntryViewSet(ActionMixin, viewsets.ModelViewSet):
                    queryset = Entry.objects.all()
                    serializer_class = serializers.Serializer
                    action_registry = ACTIONS

                    def publish(self): ...

                router = routers.DefaultRouter()
                router.register("entries", EntryViewSet)
                urlpatterns = router.urls
            """
        }
    )
    app.forget()
    clear_url_caches()


class TestStartActions:
    def test_a_registry_is_made_with_the_markers(self, app: ScratchPackage) -> None:
        _start(app)
        assert MARKERS in _registry(app)
        assert (app.folder / "actions/__init__.py").exists()

    def test_it_can_be_imported_and_has_no_actions(self, app: ScratchPackage) -> None:
        _start(app)
        registry = app.load("actions.action_registry").ACTIONS
        assert registry.as_dict() == {"resource": "entry", "basepath": "/entries/", "actions": {}}
        assert not registry.problems

    def test_a_resource_gets_a_folder_of_its_own(self, app: ScratchPackage) -> None:
        _start(app, "line_item")
        registry = app.load("actions.line_item.action_registry").ACTIONS
        assert (registry.resource, registry.basepath) == ("line_item", "/line-items/")

    @pytest.mark.parametrize(
        ("name", "several"), [("notes", "notes"), ("entry", "entries"), ("day", "days"), ("box", "boxes")]
    )
    def test_a_path_is_the_plural_of_a_name_that_no_model_has(
        self, app: ScratchPackage, name: str, several: str
    ) -> None:
        assert default_basepath(check_app(app.name), name) == f"/{several}/"

    def test_name_and_path_can_be_given(self, app: ScratchPackage) -> None:
        _start(app, name="thing", basepath="shop/things")
        registry = app.load("actions.action_registry").ACTIONS
        assert (registry.resource, registry.basepath) == ("thing", "/shop/things/")

    def test_an_app_with_several_models_lends_its_own_name(self) -> None:
        assert default_resource(Place(check_app("tests_app"))) == "tests_app"

    def test_it_says_what_it_made_and_what_remains_to_do(self, app: ScratchPackage) -> None:
        said = _start(app, "todo")
        assert f"  {app.name}/actions/todo/action_registry.py\n" in said
        assert f"python manage.py create_action --app {app.name} --resource todo" in said
        assert f"from {app.name}.actions.todo.action_registry import ACTIONS" in said
        assert "action_registry = ACTIONS" in said

    def test_a_second_run_changes_nothing(self, app: ScratchPackage) -> None:
        _start(app)
        _create(app)
        before = _files(app)
        assert "is there already; nothing was changed." in _start(app)
        assert _files(app) == before

    def test_a_resource_has_one_registry(self, app: ScratchPackage) -> None:
        _start(app, "todo")
        registry = app.load("actions.todo.action_registry").ACTIONS
        with pytest.raises(CommandError, match=r'The resource "todo" has a registry already: .*Choose another name'):
            _start(app, name="todo")
        assert registry.resource == "todo"

    @pytest.mark.parametrize(
        ("args", "expected"),
        [
            (["Todo"], 'The resource "Todo" is not in lower case letters, digits and "_". Write "todo".'),
            (["class"], 'The resource "class" is a word of Python\'s own.'),
            (["../todo"], 'The resource "../todo" is not in lower case'),
        ],
    )
    def test_a_name_that_is_no_package_is_refused(self, app: ScratchPackage, args: list[str], expected: str) -> None:
        with pytest.raises(CommandError) as caught:
            _start(app, *args)
        assert expected in str(caught.value)
        assert not (app.folder / "actions").exists()

    @pytest.mark.parametrize("path", ["to dos", "/todos/?x", "/<id>/"])
    def test_a_path_that_is_none_is_refused(self, app: ScratchPackage, path: str) -> None:
        with pytest.raises(CommandError, match="is not a URL path"):
            _start(app, basepath=path)

    def test_an_unknown_app_is_answered_with_the_one_that_was_meant(self) -> None:
        with pytest.raises(CommandError, match=r'There is no app "exmple_app" .*Did you mean "example_app"\?'):
            call_command("start_actions", "exmple_app")

    def test_an_installed_package_is_no_place_to_write_to(self) -> None:
        with pytest.raises(CommandError, match='"auth" is an installed package'):
            call_command("start_actions", "auth")

    def test_a_module_in_the_way_is_named(self, app: ScratchPackage) -> None:
        app.write({"actions.py": ""})
        with pytest.raises(CommandError, match=r"actions\.py is where a package has to be"):
            _start(app)

    def test_the_folder_of_an_action_is_no_resource(self, app: ScratchPackage) -> None:
        _create(app, "mark_done")
        with pytest.raises(CommandError, match="mark_done is the folder of an action"):
            _start(app, "mark_done")


class TestCreateAction:
    def test_everything_of_an_action_is_made(self, app: ScratchPackage) -> None:
        _create(app)
        made = {
            name.removeprefix("actions/mark_done/") for name in _files(app) if name.startswith("actions/mark_done/")
        }
        assert made == {
            "__init__.py",
            "action.py",
            "definition.yaml",
            "README.md",
            "tests/__init__.py",
            "tests/test_action.py",
            "tests/test_api.py",
        }

    def test_a_form_does_the_work_where_it_is_asked_for(self, app: ScratchPackage) -> None:
        _create(app, style="form")
        assert {"actions/mark_done/form.py", "actions/mark_done/tests/test_form.py"} <= set(_files(app))
        docs = get_action_docs(app.folder, "mark_done")
        assert docs["form"] == f"{app.name}.actions.mark_done.form.MarkDoneForm"

    @pytest.mark.parametrize("style", ["function", "form"])
    @pytest.mark.parametrize("type", ["instance", "bulk"])
    @pytest.mark.parametrize("resource", ["", "todo"])
    def test_the_action_can_be_called(self, app: ScratchPackage, style: str, type: str, resource: str) -> None:
        _create(app, style=style, type=type, resource=resource, status="prod", title="It's: done?")
        module = ".".join(filter(None, ["actions", resource, "action_registry"]))
        registry = app.load(module).ACTIONS
        assert not registry.problems
        action = registry.bound["mark_done"].action
        assert (action.type, action.status, action.title) == (type, "prod", "It's: done?")

    def test_the_registry_is_made_where_there_is_none(self, app: ScratchPackage) -> None:
        _create(app, resource="todo", basepath="/things/")
        assert "START ACTION REGISTRY" in _registry(app, "actions/todo")
        assert app.load("actions.todo.action_registry").ACTIONS["basepath"] == "/things/"

    def test_earlier_actions_and_everything_else_stay(self, app: ScratchPackage) -> None:
        _create(app, "first")
        before = _registry(app)
        _create(app, "second", type="bulk", status="beta")
        line = 'action_list.append(("second", ACTION_TYPE.BULK.value, STATUS.BETA.value))\n'
        assert _registry(app).replace(line, "") == before
        app.forget()
        assert list(app.load("actions.action_registry").ACTIONS["actions"]) == ["first", "second"]

    def test_a_registry_as_the_origin_document_writes_it_takes_the_action(self, app: ScratchPackage) -> None:
        text = (
            "from actions.util import (\n    STATUS,\n    ACTION_TYPE,\n    enrich_actions\n)\n\n"
            "action_list = []\n## -- START ACTION REGISTRY -- ##\n"
            "action_list.append(('old', ACTION_TYPE.INSTANCE.value, STATUS.TODO.value))  # kept\n"
            "## -- END ACTION REGISTRY -- ##\n\n"
            f"THINGS = enrich_actions('{app.folder}/', {{'resource': 'x'}}, action_list)\n"
        )
        app.write({"actions/__init__.py": "", "actions/old/definition.yaml": "title: Old"})
        (app.folder / "actions/action_registry.py").write_bytes(text.replace("\n", "\r\n").encode())
        _create(app)
        after = (app.folder / "actions/action_registry.py").read_bytes().decode()
        line = 'action_list.append(("mark_done", ACTION_TYPE.INSTANCE.value, STATUS.BETA.value))\r\n'
        assert after.replace(line, "") == text.replace("\n", "\r\n")
        assert after.index(line) < after.index("## -- END")
        assert "import THINGS" in _files(app)["actions/mark_done/tests/test_action.py"]

    def test_a_registry_that_imports_no_enumerations_gets_plain_words(self, app: ScratchPackage) -> None:
        app.write(
            {
                "actions/__init__.py": "",
                "actions/action_registry.py": f"""
                    from actions.util import enrich_actions
                    action_list = []
                    # START ACTION REGISTRY
                    # END ACTION REGISTRY
                    ACTIONS = enrich_actions({str(app.folder)!r}, {{"resource": "x"}}, action_list)
                """,
            }
        )
        _create(app)
        assert 'action_list.append(("mark_done", "instance", "beta"))\n# END' in _registry(app)

    def test_the_registry_s_rights_are_kept(self, app: ScratchPackage) -> None:
        _start(app)
        (app.folder / "actions/action_registry.py").chmod(0o640)
        _create(app)
        assert (app.folder / "actions/action_registry.py").stat().st_mode & 0o777 == 0o640

    def test_it_says_what_it_made_and_what_remains_to_do(self, app: ScratchPackage) -> None:
        said = _create(app)
        assert f"  {app.name}/actions/mark_done/definition.yaml\n" in said
        assert "class EntryViewSet(ActionMixin, viewsets.ModelViewSet):" in said
        assert f"python manage.py test {app.name}.actions.mark_done" in said

    def test_once_a_viewset_serves_the_registry_its_lines_are_not_said_again(self, app: ScratchPackage) -> None:
        _start(app)
        _serve(app)
        assert "ActionMixin" not in _create(app)

    def test_the_test_of_the_api_waits_for_a_viewset(self, app: ScratchPackage) -> None:
        _create(app, "first")
        assert "skipTest" in _files(app)["actions/first/tests/test_api.py"]
        _serve(app)
        _create(app, "second")
        assert "skipTest" not in _files(app)["actions/second/tests/test_api.py"]

    def test_the_app_s_only_registry_is_the_one_that_is_meant(self, app: ScratchPackage) -> None:
        _start(app, "todo")
        _create(app)
        assert "actions/todo/mark_done/action.py" in _files(app)

    def test_one_of_several_registries_has_to_be_named(self, app: ScratchPackage) -> None:
        _start(app, "todo")
        _start(app, "order")
        with pytest.raises(CommandError, match=r"has several registries: order, todo\. Say which: --resource"):
            _create(app)


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({"id": "MarkDone"}, 'The id "MarkDone" is not in lower case letters, digits and "_". Write "mark_done".'),
            ({"id": "mark-done"}, 'Write "mark_done".'),
            ({"id": "7up"}, 'Write it as in "mark_done".'),
            ({"id": "../../etc"}, "is not in lower case letters"),
            ({"id": "import"}, "is a word of Python's own."),
            ({"id": "x" * 61}, "has 61 characters. Choose one of at most 60."),
            ({"id": "list"}, 'The id "list" is taken: ViewSet.list is there already.'),
            ({"id": "actions"}, "is taken: the route of the action list is there already."),
            ({"id": "basename"}, "is taken: ViewSet.basename is there already."),
            ({"title": "two\nlines"}, "A title is one line of 1 to 60 characters"),
            ({"title": "{{ secret }}"}, "Write it without."),
            ({"title": 'a """ b'}, "Write it without."),
            ({"type": "both"}, "invalid choice: 'both'"),
            ({"status": "gamma"}, "invalid choice: 'gamma'"),
            ({"style": "magic"}, "invalid choice: 'magic'"),
            ({"app": "nothing_like_it"}, 'There is no app "nothing_like_it" in INSTALLED_APPS.'),
            ({"resource": "Todo"}, 'Write "todo".'),
            ({"app": None, "id": None, "type": None}, "Say --app, --id, --type; or run it in a terminal"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_written(
        self, app: ScratchPackage, options: dict[str, Any], expected: str
    ) -> None:
        arguments = {"app": app.name, "id": "mark_done", "type": "instance", **options}
        flags = [f"--{name}={value}" for name, value in arguments.items() if value is not None]
        with pytest.raises(CommandError) as caught:
            call_command("create_action", "--no-input", *flags, stdout=StringIO())
        assert expected in str(caught.value)
        assert not (app.folder / "actions").exists()

    def test_an_id_that_is_listed_is_taken(self, app: ScratchPackage) -> None:
        _create(app)
        before = _files(app)
        with pytest.raises(CommandError, match=r'lists "mark_done" already\. Choose another id'):
            _create(app)
        assert _files(app) == before

    def test_a_name_of_the_viewset_s_own_is_taken(self, app: ScratchPackage) -> None:
        _start(app)
        _serve(app)
        with pytest.raises(CommandError, match=r'The id "publish" is taken: EntryViewSet\.publish is there already'):
            _create(app, "publish")

    @pytest.mark.parametrize("path", ["actions/mark_done/notes.txt", "actions/mark_done.py"])
    def test_a_folder_or_module_that_is_there_is_never_written_into(self, app: ScratchPackage, path: str) -> None:
        app.write({path: "mine"})
        before = _files(app)
        with pytest.raises(CommandError, match="is there already, and nothing is overwritten"):
            _create(app)
        assert _files(app) == before

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (f"{IMPORT}ACTIONS = enrich_actions('', {{'resource': 'x'}}, [])", "has no action_list. Write, above"),
            (
                f"{IMPORT}action_list = []\nACTIONS = enrich_actions('', {{'resource': 'x'}}, action_list)",
                'has not the lines "## -- START ACTION REGISTRY -- ##" and',
            ),
            ("action_list = []", "makes no registry. Write: ACTIONS = enrich_actions"),
            ("action_list = [", "cannot be imported: SyntaxError"),
            ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero. Correct it first."),
        ],
    )
    def test_a_registry_that_cannot_take_an_action_stays_as_it_is(
        self, app: ScratchPackage, text: str, expected: str
    ) -> None:
        app.write({"actions/__init__.py": "", "actions/action_registry.py": text})
        before = _files(app)
        with pytest.raises(CommandError) as caught:
            _create(app)
        assert expected in str(caught.value)
        assert _files(app) == before

    def test_the_path_of_a_registry_that_is_there_is_not_changed(self, app: ScratchPackage) -> None:
        _start(app)
        with pytest.raises(CommandError, match="--basepath is for a new registry"):
            _create(app, basepath="/x/")

    def test_urls_that_cannot_be_imported_are_named(self, app: ScratchPackage) -> None:
        app.write({"urls.py": "import nothing_of_this_name"})
        with pytest.raises(CommandError, match="The URL configuration cannot be imported: ModuleNotFoundError"):
            _create(app)

    def test_what_was_written_before_an_error_is_removed(
        self, app: ScratchPackage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _create(app, "first")
        before = _files(app)

        def refuse(self: Path, target: Path) -> Path:
            raise PermissionError(13, "Permission denied", str(target))

        monkeypatch.setattr(Path, "replace", refuse)
        with pytest.raises(CommandError, match=r"Nothing was made: Permission denied: .*action_registry\.py"):
            _create(app, "second")
        assert _files(app) == before
        assert not (app.folder / "actions/second").exists()


class TestQuestions:
    @pytest.fixture
    def answers(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What somebody at the terminal types."""
        typed: list[str] = []

        def read() -> str:
            if not typed:
                raise EOFError
            return typed.pop(0)

        monkeypatch.setattr(Questions, "are_possible", staticmethod(lambda: True))
        monkeypatch.setattr("builtins.input", read)
        return typed

    def _ask(self, **options: Any) -> str:
        out = StringIO()
        call_command("create_action", stdout=out, **options)
        return out.getvalue()

    def test_everything_is_asked_for_and_confirmed(self, app: ScratchPackage, answers: list[str]) -> None:
        answers += [app.name, "todo", "/things/", "mark_done", "bulk", "beta", "Mark as done", "form", "y"]
        said = self._ask()
        assert "Resource, if the app has several [none]: URL path [/todos/]: " in said
        assert 'Write them? "y" writes them, anything else exits: ' in said
        registry = app.load("actions.todo.action_registry").ACTIONS
        assert (registry["basepath"], registry.definitions["mark_done"].title) == ("/things/", "Mark as done")
        assert not answers

    def test_an_empty_answer_is_the_default(self, app: ScratchPackage, answers: list[str]) -> None:
        answers += [app.name, "", "", "mark_done", "", "", "", "", "y"]
        self._ask()
        action = app.load("actions.action_registry").ACTIONS.definitions["mark_done"]
        assert (action.type, action.status, action.title) == ("instance", "beta", "Mark done")

    def test_only_what_is_not_given_is_asked_for(self, app: ScratchPackage, answers: list[str]) -> None:
        answers += ["mark_done", "y"]
        given = {"resource": "", "basepath": "", "type": "bulk", "status": "todo", "title": "x", "style": "form"}
        self._ask(app=app.name, **given)
        assert not answers

    def test_a_wrong_answer_is_explained_and_asked_for_again(self, app: ScratchPackage, answers: list[str]) -> None:
        answers += ["nothing_like_it", app.name, "", "", "Mark", "list", "mark_done", "both", "bulk", "", "", "", "y"]
        said = self._ask()
        assert 'There is no app "nothing_like_it"' in said
        assert 'Write "mark".' in said
        assert 'The id "list" is taken' in said
        assert '"both" is none of instance, bulk.' in said
        assert app.load("actions.action_registry").ACTIONS.definitions["mark_done"].type == "bulk"

    @pytest.mark.parametrize("answer", ["", "n", "no", "yes please", "q", "ye"])
    def test_anything_but_y_writes_nothing(self, app: ScratchPackage, answers: list[str], answer: str) -> None:
        answers += [answer]
        before = _files(app)
        said = self._ask(
            app=app.name, resource="", basepath="", id="x", type="bulk", status="beta", title="x", style="form"
        )
        assert said.endswith("Nothing was written.\n")
        assert _files(app) == before

    def test_an_end_of_the_input_writes_nothing(self, app: ScratchPackage, answers: list[str]) -> None:
        before = _files(app)
        with pytest.raises(CommandError, match="Nothing was made: there was no answer"):
            self._ask(app=app.name)
        assert not answers
        assert _files(app) == before

    def test_no_input_asks_nothing(self, app: ScratchPackage, answers: list[str]) -> None:
        answers += ["untouched"]
        call_command("create_action", f"--app={app.name}", "--id=x", "--type=bulk", "--no-input", stdout=StringIO())
        assert answers == ["untouched"]
        assert "actions/x/action.py" in _files(app)


def _run(folder: Path, *arguments: str) -> str:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "site_.settings"}
    finished = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


def _manage(folder: Path, *arguments: str) -> str:
    return _run(folder, "manage.py", *arguments)


def _in_terminal(folder: Path, answers: list[str]) -> str:
    """Run create_action in a pseudo-terminal and type the answers."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    environ["DJANGO_SETTINGS_MODULE"] = "site_.settings"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "create_action"],
        cwd=folder,
        env=environ,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.close(theirs)
    os.write(ours, "".join(f"{answer}\n" for answer in [*answers, END_OF_INPUT]).encode())
    try:
        said, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(ours)
    return said.decode()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an app of one model, four actions, and a resource with one more."""
    folder = tmp_path_factory.mktemp("project")
    call_command("startproject", "site_", str(folder))
    (folder / "shop").mkdir()
    call_command("startapp", "shop", str(folder / "shop"))
    settings = folder / "site_/settings.py"
    apps = '["rest_framework", "actions", "shop", "django.contrib.auth", "django.contrib.contenttypes"]'
    settings.write_text(f"{settings.read_text()}\nINSTALLED_APPS = {apps}\n")
    write_files(
        folder,
        {
            "shop/models.py": """
                from django.db import models


                class Todo(models.Model):
                    title = models.CharField(max_length=100)
            """,
            "site_/urls.py": "urlpatterns = []\n",
        },
    )
    long = "close_everything_that_has_been_open_for_a_very_long_time"
    _manage(folder, "start_actions", "shop")
    made = [
        arguments
        for style in ("function", "form")
        for arguments in (
            ["--app=shop", f"--id=one_{style}", "--type=instance", f"--style={style}"],
            ["--app=shop", f"--id={long}_{style[:3]}", "--type=bulk", f"--style={style}"],
        )
    ]
    made.append(["--app=shop", "--resource=order", "--id=ship", "--type=instance", '--title=Say "hi"'])
    # In one process, as if they were typed in one after the other.
    _run(folder, "-c", CREATE, json.dumps(made))
    return folder


class TestInAProject:
    """As a user would: a project made by Django, its own processes, its own tests."""

    def test_check_finds_no_problem(self, project: Path) -> None:
        assert "no issues" in _manage(project, "check", "--fail-level", "WARNING")

    def test_its_own_tests_pass_at_once_and_those_of_the_api_as_soon_as_it_is_served(self, project: Path) -> None:
        said = _manage(project, "test")
        assert "Ran 20 tests" in said
        assert "OK (skipped=5)" in said
        write_files(project, {"site_/urls.py": SERVED})
        _manage(project, "makemigrations", "shop")
        assert "OK\n" in _manage(project, "test")

    def test_its_test_can_hold_an_action_that_saves(self, project: Path) -> None:
        file = project / "shop/actions/order/ship/action.py"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("    by = ", "    order.save(update_fields=[])\n    by = "), encoding="utf-8")
        try:
            assert "OK" in _manage(project, "test", "shop.actions.order.ship")
        finally:
            file.write_text(text, encoding="utf-8")

    @pytest.mark.skipif(find_spec("ruff") is None, reason="ruff is not installed")
    @pytest.mark.parametrize("length", [88, 100, 120, 200])
    def test_what_is_written_is_formatted_whatever_the_line_length(self, project: Path, length: int) -> None:
        _run(project, "-m", "ruff", "format", "--isolated", "--check", f"--line-length={length}", "shop/actions")

    @pytest.mark.skipif(find_spec("ruff") is None, reason="ruff is not installed")
    def test_what_is_written_has_nothing_that_a_linter_would_find(self, project: Path) -> None:
        rules = "--select=E4,E7,E9,F,I,B,UP,W,SIM,RET,N"
        _run(project, "-m", "ruff", "check", "--isolated", rules, "shop/actions")

    def test_a_terminal_is_asked_and_anything_but_y_writes_nothing(self, project: Path) -> None:
        said = _in_terminal(project, ["shop", "", "in_terminal", "", "", "", "", "no"])
        assert "Nothing was written." in said
        assert not (project / "shop/actions/in_terminal").exists()
