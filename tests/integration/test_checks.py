"""What `manage.py check` says, and how registries are found when Django starts."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.apps import AppConfig
from django.contrib.auth.models import Group, User
from django.core.checks import CheckMessage
from django.db.models import Count, QuerySet
from django.forms import CharField, Form
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from actions import checks, discovery
from actions.conf import setting_names
from actions.definitions import Action
from actions.exceptions import DefinitionError
from actions.mixins import ActionMixin
from actions.registry import ActionRegistry, catalogue
from actions.setting_checks import check_settings
from example_app.models import Todo
from tests.app.models import Parcel
from tests.files import ScratchPackage, scratch_package

pytestmark = pytest.mark.once

REGISTRY = """
    from pathlib import Path
    from actions.util import enrich_actions
    ACTIONS = enrich_actions(Path(__file__).parent, {"resource": "%s"}, [("mark_done", "instance", "alpha")])
"""
PAID = {
    "type": "object",
    "properties": {
        "account": {"type": "object", "properties": {"iban": {"type": "string"}}},
        "paid": {"type": "number"},
    },
}
SENDER_EXPECTED = 'an address, "Shop <shop@example.com>", or None'
NO_SENDERS = ("", "shop", "Shop <>", "@example.com", "a@b.org, c@d.org", "a@b.org\nBcc: c@d.org", ["a@b.org"])
BUDGETS_EXPECTED = 'rows and time by scope, such as {"*": "500/day", "todo": "100/hour"}'


@pytest.fixture(autouse=True)
def app(tmp_path: Path, settings: Any) -> Iterator[ScratchPackage]:
    """An empty package, no other registries, and an empty URL configuration."""
    with scratch_package(tmp_path) as package:
        package.write({"urls.py": "urlpatterns = []"})
        settings.ROOT_URLCONF = f"{package.name}.urls"
        yield package


def mark_done(todo: Any, *, note: str = "") -> None: ...


def archive_all(todos: Any) -> None: ...


def _messages(found: list[CheckMessage]) -> list[str]:
    return [f"{message.id} {message.msg} {message.hint or ''}".strip() for message in found]


def _viewset(
    *definitions: Action, queryset: QuerySet[Any] | None = None, resource: str = "todo", **attributes: Any
) -> Any:
    """A ViewSet with a registry of these actions."""
    registry = ActionRegistry(resource, actions=definitions, source=f"{resource}.py")
    members = {"queryset": Todo.objects.all() if queryset is None else queryset, "action_registry": registry}
    return type("TodoViewSet", (ActionMixin, ModelViewSet), {**members, **attributes})


def _bulk(name: str) -> Action:
    return Action(id=name, type="bulk", function=archive_all)


class TestRegistries:
    def test_a_right_one_is_not_mentioned(self) -> None:
        registry = ActionRegistry("todo", actions=[Action(id="mark_done", function=mark_done)])
        assert registry.bound
        assert not checks.check_registries()

    def test_e001_shows_every_problem_with_its_place_and_remedy(self, app: ScratchPackage, settings: Any) -> None:
        settings.DJACTION_STRICT = False
        app.write({"actions/mark_done/definition.yaml": "titel: x\natomic: 5"})
        app.write({"actions/action_registry.py": REGISTRY % "todo"})
        registry = app.load("actions.action_registry").ACTIONS
        settings.DJACTION_STRICT = True
        first, second = _messages(checks.check_registries())
        assert registry.problems
        assert first.startswith("actions.E001 ")
        assert "mark_done/definition.yaml:1:1: titel: " in first
        assert first.endswith('Did you mean "title"?')
        assert "definition.yaml:2:9: atomic: 5 is not true or false. With true, " in second

    def test_w001_is_the_same_where_the_project_is_lenient(self, settings: Any) -> None:
        settings.DJACTION_STRICT = False
        registry = ActionRegistry("todo", actions=[Action(id="nothing")], source="todo.py")
        [message] = checks.check_registries()
        assert registry.problems
        assert (message.id, message.is_serious()) == ("actions.W001", False)

    def test_problems_that_a_check_shows_are_not_logged_besides(self, caplog: pytest.LogCaptureFixture) -> None:
        registry = ActionRegistry("todo", actions=[Action(id="nothing")])
        with caplog.at_level(logging.ERROR, logger="actions"):
            assert checks.check_registries()
        assert not registry.bound
        assert not caplog.records

    def test_e002_two_registries_of_one_resource(self) -> None:
        registries = [ActionRegistry("todo", source=source) for source in ("one.py", "two.py")]
        [message] = _messages(checks.check_registries())
        assert message == (
            'actions.E002 The resource "todo" has 2 registries: one.py, two.py. '
            "Give each registry a resource of its own."
        )
        assert len(registries) == 2

    def test_registries_that_only_the_url_configuration_makes_are_looked_at(self, app: ScratchPackage) -> None:
        app.write(
            {
                "views.py": """
                    from actions.definitions import Action
                    from actions.registry import ActionRegistry
                    ACTIONS = ActionRegistry("parcel", actions=[Action(id="nothing")])
                """,
                "urls.py": "from {package} import views\nurlpatterns = []",
            }
        )
        [message] = _messages(checks.check_registries())
        assert "nothing to run" in message


class TestSettings:
    def test_no_setting_is_wrong_by_itself(self) -> None:
        assert not check_settings()

    def test_e003_a_setting_that_does_not_exist(self, settings: Any) -> None:
        settings.DJACTION_TTL_MINUTE = 5
        assert _messages(check_settings()) == [
            "actions.E003 DJACTION_TTL_MINUTE is not a setting of this package. Did you mean DJACTION_TTL_MINUTES?"
        ]

    def test_e003_a_setting_like_no_other_is_answered_with_all_of_them(self, settings: Any) -> None:
        settings.DJACTION_SOMETHING_ELSE_ALTOGETHER = 5
        [message] = _messages(check_settings())
        assert all(name in message for name in setting_names())

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("TRACK_ACTIONS", "yes", "True or False"),
            ("STRICT", 1, "True, False or None"),
            ("TTL_MINUTES", 0, "a number above 0"),
            ("TTL_MINUTES", "1440", "a number above 0"),
            ("ARCHIVE", "tabel", "'table' or 'files' or 'nowhere'"),
            ("ARCHIVE_BATCH_SIZE", -1, "a number above 0"),
            ("ARCHIVE_INTERVAL_MINUTES", True, "a number above 0"),
            ("MAX_IDS", None, "a number above 0"),
            ("PLAN_SECONDS", "900", "a number above 0"),
            ("KEY_WAIT_SECONDS", 0, "a number above 0"),
            ("KEY_WAIT_SECONDS", float("inf"), "a number above 0"),
            ("LEASE_SECONDS", -1, "a number above 0"),
            ("MAX_ATTEMPTS", True, "a number above 0"),
            ("WORKER_TIMEOUT_SECONDS", None, "a number above 0"),
            ("POLL_SECONDS", float("nan"), "a number above 0"),
            ("STOP_SECONDS", 0, "a number above 0"),
            ("NOTIFY", "yes", "True or False"),
            ("SHOW_ALPHA", "yes", "True or False"),
            *(("TASK_MAIL_FROM", value, SENDER_EXPECTED) for value in NO_SENDERS),
            ("BUDGETS", ["500/day"], BUDGETS_EXPECTED),
            ("BUDGETS", {"*": "500"}, BUDGETS_EXPECTED),
            ("BUDGETS", {"*": 500}, BUDGETS_EXPECTED),
            ("BUDGETS", {"*": "9999999999/day"}, BUDGETS_EXPECTED),
            ("RETENTION", {"running": 5}, "minutes by outcome (succeeded, refused, failed, cancelled)"),
            ("RETENTION", {"crashed": 5}, "minutes by outcome (succeeded, refused, failed, cancelled)"),
            ("RETENTION", {"failed": "5"}, "minutes by outcome (succeeded, refused, failed, cancelled)"),
            ("RETENTION", 5, "minutes by outcome (succeeded, refused, failed, cancelled)"),
            ("SENSITIVE_FIELDS", "password", "a list of names"),
            ("SENSITIVE_FIELDS", [5], "a list of names"),
        ],
    )
    def test_e007_a_value_that_a_setting_cannot_have(self, settings: Any, name: str, value: Any, expected: str) -> None:
        setattr(settings, f"DJACTION_{name}", value)
        assert _messages(check_settings()) == [f"actions.E007 DJACTION_{name} is {value!r}. Set it to {expected}."]

    @pytest.mark.parametrize("sender", [None, "shop@localhost", "shop@example.com", '"Shop, Inc." <shop@example.com>'])
    def test_a_sender_of_mails_is_an_address(self, settings: Any, sender: str | None) -> None:
        settings.DJACTION_TASK_MAIL_FROM = sender
        assert not check_settings()

    def test_e007_files_need_a_storage(self, settings: Any) -> None:
        settings.DJACTION_ARCHIVE = "files"
        settings.DJACTION_ARCHIVE_STORAGE = "archive"
        [message] = _messages(check_settings())
        assert message.startswith("actions.E007 DJACTION_ARCHIVE_STORAGE is 'archive'. Set it to an alias of STORAGES")

    def test_e007_the_storage_of_files_has_no_default(self, settings: Any) -> None:
        settings.DJACTION_ARCHIVE = "files"
        [message] = _messages(check_settings())
        assert "DJACTION_ARCHIVE_STORAGE is None" in message
        assert "not the one that serves media" in message

    def test_the_storage_that_serves_media_may_be_named(self, settings: Any) -> None:
        settings.DJACTION_ARCHIVE = "files"
        settings.DJACTION_ARCHIVE_STORAGE = "default"
        assert not check_settings()

    def test_w013_budgets_that_nothing_spends(self, settings: Any) -> None:
        registry = ActionRegistry("todo", actions=[Action(id="mark_done", function=mark_done)])
        settings.DJACTION_BUDGETS = {"*": "5/s", "todo": "5/m", "todo:mark_done": "5/h", "todo:mark_don": "5/d"}
        [message] = _messages(check_settings())
        assert message == (
            'actions.W013 DJACTION_BUDGETS has a budget for "todo:mark_don", which is no resource and no action. '
            'Did you mean "todo:mark_done"?'
        )
        settings.DJACTION_BUDGETS = {"elsewhere": "5/day"}
        [message] = _messages(check_settings())
        assert message.endswith("Known are *, todo, todo:mark_done.")
        assert registry.bound


class TestDefinitions:
    @staticmethod
    def _found(**keys: Any) -> list[str]:
        registry = ActionRegistry("todo", actions=[Action(id="mark_done", function=mark_done, **keys)])
        found = _messages(checks.check_definitions())
        assert registry.bound
        return found

    def test_w009_a_permission_that_no_model_has(self) -> None:
        [message] = self._found(permissions=("auth.change_user", "auth.change_usr"))
        assert message.startswith(
            'actions.W009 mark_done: permissions > 1: no model has the permission "auth.change_usr". '
            'Did you mean "auth.change_user"?'
        )

    def test_w009_permissions_of_a_model_s_meta_are_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert len(self._found(permissions=("auth.lock_user",))) == 1
        monkeypatch.setattr(User._meta, "permissions", [("lock_user", "Can lock")])
        assert not self._found(permissions=("auth.lock_user",))

    def test_e011_an_action_that_is_undone_by_none(self) -> None:
        others = [Action(id="reopen", function=mark_done), Action(id="archive_all", type="bulk", function=archive_all)]
        for undo in ("reopn", "archive_all", "mark_done"):
            marked = Action(id="mark_done", function=mark_done, undo=undo)
            registry = ActionRegistry("todo", actions=[marked, *others])
            [message] = _messages(checks.check_definitions())
            assert message.startswith(f'actions.E011 mark_done: undo: todo has no other instance action "{undo}".')
            assert message.endswith('Did you mean "reopen"?' if undo == "reopn" else "There are: reopen.")
            assert registry.bound
            catalogue._registries.discard(registry)

    def test_e011_where_there_is_no_other_action(self) -> None:
        [message] = self._found(undo="reopen")
        assert message.endswith("There is no other instance action.")

    @pytest.mark.parametrize(
        ("name", "hint"),
        [("ibann", 'Did you mean "iban"?'), ("nte", 'Did you mean "note"?'), ("zzz", "Nothing is masked by it.")],
    )
    def test_w016_a_sensitive_field_that_the_action_does_not_have(self, name: str, hint: str) -> None:
        [message] = self._found(sensitive=("note", name), result=PAID)
        place = f'actions.W016 mark_done: sensitive > 1: the action neither takes nor answers "{name}".'
        assert message == f"{place} {hint}"

    def test_sensitive_fields_are_those_of_payload_answer_and_changes(self) -> None:
        own = Action(id="mark_done", function=mark_done, sensitive=("note", "IBAN", "done_at"), result=PAID)
        viewset = _viewset(own)
        assert not checks.check_definitions()
        assert viewset.action_registry.bound

    @pytest.mark.parametrize(
        "keys",
        [
            {},
            {"result": {"type": "object"}},
            {"result": {"type": "object", "properties": {"facts": {}}}},
            {"result": PAID, "schema": {"type": "object", "additionalProperties": True}},
        ],
    )
    def test_sensitive_fields_are_left_alone_where_not_all_are_known(self, keys: Any) -> None:
        assert not self._found(sensitive=("ibann",), **keys)

    def test_names_that_are_masked_in_any_case_may_be_repeated(self) -> None:
        assert not self._found(sensitive=("password", "api_key"), result=PAID)

    def test_an_action_that_is_undone_by_another_is_right(self) -> None:
        undone = Action(id="mark_done", function=mark_done, undo="reopen")
        registry = ActionRegistry("todo", actions=[undone, Action(id="reopen", function=mark_done)])
        assert not checks.check_definitions()
        assert registry.bound

    def test_w010_an_example_that_would_be_refused(self) -> None:
        [message] = self._found(examples=({"payload": {"note": "x"}}, {"payload": {"note": 5}}))
        assert message.startswith(
            "actions.W010 mark_done: examples > 1 > payload: this example would be refused: note:"
        )

    def test_w010_an_example_payload_that_would_be_refused(self) -> None:
        [message] = self._found(example_payload={"nte": "x"})
        assert "mark_done: example_payload: this example would be refused: nte:" in message

    def test_an_example_of_a_bulk_action_may_name_its_objects(self) -> None:
        registry = ActionRegistry("todo", actions=[replace(_bulk("archive_all"), example_payload={"ids": [1]})])
        assert not checks.check_definitions()
        assert registry.bound

    def test_w010_of_a_form_its_names_are_compared_without_the_database(self) -> None:
        form = type("NoteForm", (Form,), {"note": CharField()})
        [message] = self._found(form=form, example_payload={"note": "x", "nte": "x"})
        assert "refused: nte: There is no such field." in message


class TestNames:
    @pytest.mark.parametrize(
        "name", ["list", "get_queryset", "serializer_class", "actions", "list_actions", "name", "request", "basename"]
    )
    def test_e004_a_name_that_the_viewset_has(self, name: str) -> None:
        viewset = _viewset(Action(id=name, function=mark_done))
        [message] = _messages(checks.check_viewsets())
        assert viewset.action_registry.viewset is viewset
        assert message.startswith(f'actions.E004 todo.py: the name of the action "{name}" is taken by ')
        assert message.endswith("Rename the action; it has no route now.")

    @pytest.mark.parametrize("url_path", ["mark_done", r"(?P<anything>\w+)"])
    def test_e004_a_route_that_comes_first(self, url_path: str) -> None:
        @action(detail=True, url_path=url_path)
        def finish(self: ModelViewSet[Any], request: Request, pk: Any = None) -> Response:
            return Response()

        viewset = _viewset(Action(id="mark_done", function=mark_done), finish=finish)
        [message] = _messages(checks.check_viewsets())
        assert viewset.action_registry.viewset is viewset
        assert "is taken by the route of TodoViewSet.finish." in message

    def test_a_route_of_the_list_is_no_route_of_the_object(self) -> None:
        @action(detail=False, url_path="mark_done")
        def finish(self: ModelViewSet[Any], request: Request) -> Response:
            return Response()

        viewset = _viewset(Action(id="mark_done", function=mark_done), finish=finish)
        assert not checks.check_viewsets()
        assert viewset.action_registry.bound

    def test_e004_an_action_that_would_be_performed_where_another_is_read(self) -> None:
        viewset = _viewset(Action(id="note", function=mark_done), Action(id="note_documentation", function=mark_done))
        viewset.get_extra_actions()
        [message] = _messages(checks.check_viewsets())
        assert '"note_documentation" is taken by TodoViewSet.note_documentation' in message

    def test_a_viewset_that_inherits_another_s_actions_is_right(self) -> None:
        viewset = _viewset(Action(id="mark_done", function=mark_done))
        viewset.get_extra_actions()
        registry = ActionRegistry("other", actions=[Action(id="mark_done", function=mark_done)])
        inherited: Any = type("OtherViewSet", (viewset,), {"action_registry": registry})
        inherited.get_extra_actions()
        assert not checks.check_viewsets()

    def test_w008_a_key_that_may_be_the_name_of_an_action(self) -> None:
        viewset = _viewset(_bulk("archive_all"), queryset=User.objects.all(), lookup_field="username")
        [message] = _messages(checks.check_viewsets())
        assert viewset.action_registry.viewset is viewset
        assert message.startswith(
            'actions.W008 TodoViewSet: an object whose username is "actions" or "archive_all" would have no URL'
        )

    def test_w008_is_mended_by_what_a_key_looks_like(self) -> None:
        attributes = {"lookup_field": "username", "lookup_value_regex": "@[^/]+"}
        viewset = _viewset(_bulk("archive_all"), queryset=User.objects.all(), **attributes)
        assert not checks.check_viewsets()
        assert viewset.action_registry.bound

    @pytest.mark.parametrize("queryset", [Todo.objects.all(), Parcel._default_manager.all()], ids=["number", "uuid"])
    def test_keys_of_another_kind_are_no_names(self, queryset: QuerySet[Any]) -> None:
        viewset = _viewset(_bulk("archive_all"), queryset=queryset)
        assert not checks.check_viewsets()
        assert viewset.action_registry.bound


class _Elsewhere:
    """A router that keeps users and groups on another database."""

    def db_for_write(self, model: type, **hints: Any) -> str | None:
        return "other" if model in (User, Group) else None

    db_for_read = db_for_write


class TestDatabases:
    def test_w005_effect_and_record_on_two_databases(self, settings: Any) -> None:
        settings.DATABASE_ROUTERS = [_Elsewhere()]
        viewset = _viewset(_bulk("archive_all"), queryset=Group.objects.all())
        [message] = _messages(checks.check_viewsets())
        assert viewset.action_registry.viewset is viewset
        assert message.startswith("actions.W005 todo.py: auth.Group is written to 'other'")

    def test_w005_is_of_no_interest_where_nothing_is_recorded(self, settings: Any) -> None:
        settings.DATABASE_ROUTERS = [_Elsewhere()]
        settings.DJACTION_TRACK_ACTIONS = False
        viewset = _viewset(_bulk("archive_all"), queryset=Group.objects.all())
        assert not checks.check_viewsets()
        assert viewset.action_registry.bound

    @pytest.mark.parametrize(
        "queryset",
        [Todo.objects.distinct(), Todo.objects.annotate(others=Count("list__todos"))],
        ids=["distinct", "aggregate"],
    )
    def test_w006_rows_that_cannot_be_locked(self, queryset: QuerySet[Any]) -> None:
        viewset = _viewset(_bulk("archive_all"), queryset=queryset)
        [message] = _messages(checks.check_viewsets())
        assert viewset.action_registry.viewset is viewset
        assert message.startswith("actions.W006 TodoViewSet: the database cannot lock rows of this queryset")

    @pytest.mark.parametrize("name", ["updated", "list", "todos"])
    def test_e012_a_version_field_that_is_none(self, name: str) -> None:
        viewset = _viewset(_bulk("archive_all"), version_field=name)
        [message] = _messages(checks.check_viewsets())
        assert viewset.action_registry.viewset is viewset
        expected = f"actions.E012 TodoViewSet: example_app.Todo has no field '{name}' that could be its version_field."
        assert message.startswith(expected)

    def test_a_version_field_is_any_field_of_the_row(self) -> None:
        viewset = _viewset(_bulk("archive_all"), version_field="updated_at")
        assert not checks.check_viewsets()
        assert viewset.action_registry.bound

    def test_a_viewset_without_a_queryset_is_left_alone(self) -> None:
        viewset = _viewset(_bulk("archive_all"))
        viewset.queryset = None
        assert not checks.check_viewsets()


class _Apps:
    """The apps that Django would have."""

    def __init__(self, *packages: ScratchPackage) -> None:
        self._packages = packages

    def get_app_configs(self) -> list[AppConfig]:
        return [AppConfig(package.name, self._module(package)) for package in self._packages]

    @staticmethod
    def _module(package: ScratchPackage) -> ModuleType:
        __import__(package.name)
        return sys.modules[package.name]


class TestDiscovery:
    @pytest.fixture(autouse=True)
    def _only_this_app(self, app: ScratchPackage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(discovery, "apps", _Apps(app))

    @staticmethod
    def _write(app: ScratchPackage, folder: str, resource: str, *, definition: str = "title: x") -> None:
        app.write(
            {
                "actions/__init__.py": "",
                f"{folder}/__init__.py": "",
                f"{folder}/action_registry.py": REGISTRY % resource,
                f"{folder}/mark_done/__init__.py": "",
                f"{folder}/mark_done/definition.yaml": definition,
                f"{folder}/mark_done/action.py": "def mark_done(todo): ...",
            }
        )

    def test_registries_of_an_app_and_of_its_resources_are_found(self, app: ScratchPackage) -> None:
        self._write(app, "actions", "app")
        self._write(app, "actions/todo", "todo")
        self._write(app, "actions/parcel", "parcel")
        discovery.load_registries()
        assert [registry.resource for registry in catalogue] == ["app", "parcel", "todo"]

    def test_an_app_without_actions_is_left_alone(self) -> None:
        discovery.load_registries()
        assert not list(catalogue)

    def test_a_strict_project_does_not_start_and_names_the_problems_of_all_registries(
        self, app: ScratchPackage, settings: Any
    ) -> None:
        settings.DJACTION_STRICT = True
        self._write(app, "actions/todo", "todo", definition="titel: x")
        self._write(app, "actions/parcel", "parcel", definition="form: no.such.Form")
        with pytest.raises(DefinitionError) as caught:
            discovery.load_registries()
        assert any(problem.path == ("titel",) for problem in caught.value.problems)
        assert any("no.such.Form" in problem.message for problem in caught.value.problems)

    def test_debug_decides_where_strict_is_not_set(self, app: ScratchPackage, settings: Any) -> None:
        self._write(app, "actions", "todo", definition="titel: x")
        settings.DEBUG = False
        with pytest.raises(DefinitionError):
            discovery.load_registries()

    def test_a_lenient_project_starts_and_logs(
        self, app: ScratchPackage, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.DEBUG = True
        self._write(app, "actions/todo", "todo", definition="titel: x")
        self._write(app, "actions/parcel", "parcel")
        with caplog.at_level(logging.ERROR, logger="actions"):
            discovery.load_registries()
            catalogue.use()
        assert caplog.text.count('Did you mean "title"?') == 1
        assert [registry.resource for registry in catalogue if registry.bound] == ["parcel"]

    def test_a_registry_that_cannot_be_imported_does_not_take_the_others_down(
        self, app: ScratchPackage, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.DJACTION_STRICT = False
        self._write(app, "actions/parcel", "parcel")
        app.write({"actions/todo/__init__.py": "", "actions/todo/action_registry.py": "1 / 0"})
        with caplog.at_level(logging.ERROR, logger="actions"):
            discovery.load_registries()
        assert [registry.resource for registry in catalogue] == ["parcel"]
        assert "Traceback" in caplog.text
        [message] = _messages(checks.check_registries())
        assert f"{app.name}.actions.todo.action_registry: cannot be imported: ZeroDivisionError" in message

    def test_a_registry_that_cannot_be_imported_stops_a_strict_project(
        self, app: ScratchPackage, settings: Any
    ) -> None:
        settings.DJACTION_STRICT = True
        app.write({"actions/__init__.py": "", "actions/action_registry.py": "import nothing_of_this_name"})
        with pytest.raises(DefinitionError, match="No module named 'nothing_of_this_name'"):
            discovery.load_registries()

    def test_an_action_that_is_wrong_in_python_is_a_problem_among_others(
        self, app: ScratchPackage, settings: Any
    ) -> None:
        settings.DJACTION_STRICT = False
        app.write(
            {
                "actions/__init__.py": "",
                "actions/action_registry.py": """
                    from actions.definitions import Action
                    from actions.registry import ActionRegistry
                    ACTIONS = ActionRegistry("todo", actions=[Action(id="no-name")])
                """,
            }
        )
        discovery.load_registries()
        assert "'no-name' is not an identifier" in _messages(checks.check_registries())[0]
