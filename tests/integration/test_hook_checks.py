"""`manage.py check` says what is wrong with hooks, and the project starts all the same."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework import viewsets

from actions import Action, ActionRegistry
from actions.exceptions import ConfigurationError
from actions.hooks import all_hooks, find_hook, is_named
from actions.mixins import ActionMixin
from actions.setting_checks import check_settings
from tests.app.models import Article

pytestmark = pytest.mark.once

SECRET = "whsec_" + "A" * 43 + "="
WEBHOOK = {"type": "webhook", "url": "https://crm.example.com/in", "secret": SECRET}


class Sender:
    """A sender of the project's own."""

    def check(self, options: Any) -> list[Any]:
        return []

    def send(self, parcel: Any) -> Any:
        raise NotImplementedError


def said(settings: Any, hooks: Any) -> list[tuple[str | None, str]]:
    settings.DJACTION_HOOKS = hooks
    found = [(message.id, message.msg) for message in check_settings()]
    # Other modules' registries name hooks that are not here.
    return [each for each in found if each[0] == "actions.E014" or "hooked_like" in each[1]]


def registry_with(*hooks: Any) -> ActionRegistry:
    """A ViewSet's registry with one action that names hooks."""

    def like(article: Article) -> None:
        """Do nothing."""

    registry = ActionRegistry("hooked", actions=[Action(id="hooked_like", function=like, hooks=hooks)])
    type(
        "Hooked",
        (ActionMixin, viewsets.ModelViewSet),
        {"queryset": Article.objects.all(), "action_registry": registry, "permission_classes": []},
    )
    return registry


def test_good_hooks_have_no_problems(settings: Any) -> None:
    hooks = {
        "crm": {**WEBHOOK, "actions": ["todo:*"], "outcomes": ["failed"], "ordered": True, "timeout": 3},
        "all": {"type": "endpoints"},
        "own": {"type": "tests.integration.test_hook_checks.Sender"},
        "etl": {"type": "airflow", "url": "https://airflow.example.com", "token": "x", "actions": []},
    }

    assert said(settings, hooks) == []


@pytest.mark.parametrize(
    ("hooks", "expected"),
    [
        (["crm"], "DJACTION_HOOKS is list."),
        ({"crm": "webhook"}, 'DJACTION_HOOKS["crm"] is no dict.'),
        ({"": WEBHOOK}, 'DJACTION_HOOKS[""] is no name for a hook.'),
        ({"a:b": WEBHOOK}, 'DJACTION_HOOKS["a:b"] is no name for a hook.'),
        ({"crm": {"url": "https://x"}}, 'DJACTION_HOOKS["crm"]: type is missing.'),
        ({"crm": {**WEBHOOK, "actions": "todo"}}, 'DJACTION_HOOKS["crm"]: actions is no list of names.'),
        ({"crm": {**WEBHOOK, "outcomes": ["done"]}}, "DJACTION_HOOKS[\"crm\"]: outcomes is ['done']."),
        ({"crm": {**WEBHOOK, "ordered": 1}}, 'DJACTION_HOOKS["crm"]: ordered is neither True nor False.'),
        ({"crm": {**WEBHOOK, "message": 7}}, 'DJACTION_HOOKS["crm"]: message is no path.'),
        ({"crm": {**WEBHOOK, "message": "no.such"}}, 'DJACTION_HOOKS["crm"]: message cannot be imported: No module'),
        ({"crm": {"type": "webhook"}}, 'DJACTION_HOOKS["crm"]: url is missing.'),
        ({"crm": {**WEBHOOK, "secrets": "x"}}, 'DJACTION_HOOKS["crm"]: secrets is no option of a webhook.'),
        ({"crm": {"type": "webhok"}}, 'DJACTION_HOOKS["crm"]: type is \'webhok\': There is no sender "webhok"'),
        ({"etl": {"type": "airflow", "url": "https://a", "token": "x"}}, 'DJACTION_HOOKS["etl"]: dag_id is missing.'),
    ],
)
def test_each_slip_is_said_with_its_place(settings: Any, hooks: Any, expected: str) -> None:
    found = said(settings, hooks)

    assert any(number == "actions.E014" and message.startswith(expected) for number, message in found), found


def test_a_hook_that_is_wrong_is_left_out_and_the_others_stay(settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": WEBHOOK, "bad": {"type": 7}}

    assert list(all_hooks()) == ["crm"]
    with pytest.raises(ConfigurationError, match=r'DJACTION_HOOKS\["bad"\]: type is missing'):
        find_hook("bad")
    with pytest.raises(ConfigurationError, match='DJACTION_HOOKS has no hook "feed"'):
        find_hook("feed")


def test_no_secret_is_said(settings: Any) -> None:
    secret = "hunter2-hunter2"

    found = said(settings, {"crm": {"type": "webhook", "url": f"ftp://a:{secret}@b", "secret": secret}})

    assert found
    assert secret not in str(found)


@pytest.mark.parametrize(
    ("hook", "number", "expected"),
    [
        ("cmr", "actions.E015", 'DJACTION_HOOKS has no hook "cmr".'),
        ({"hook": "etl", "options": {"dag": "x"}}, "actions.E015", "etl: dag_id is missing."),
        ({"hook": "etl", "options": {"dag_id": "x"}, "when": "before"}, "actions.E016", '"etl" is asked before'),
        ({"hook": "all", "when": "before"}, "actions.E016", '"all" is asked before'),
    ],
)
def test_a_definition_s_hooks_are_checked(settings: Any, hook: Any, number: str, expected: str) -> None:
    registry = registry_with(hook)
    etl = {"type": "airflow", "url": "https://airflow.example.com", "token": "x", "actions": []}

    found = said(settings, {"crm": WEBHOOK, "etl": etl, "all": {"type": "endpoints"}})

    assert registry.definitions
    assert any(each == number and expected in message for each, message in found), found


def test_what_a_definition_adds_may_be_what_the_settings_leave_out(settings: Any) -> None:
    registry = registry_with({"hook": "etl", "options": {"dag_id": "x"}}, {"hook": "crm", "when": "before"}, "all")
    etl = {"type": "airflow", "url": "https://airflow.example.com", "token": "x", "actions": []}

    assert said(settings, {"crm": WEBHOOK, "etl": etl, "all": {"type": "endpoints"}}) == []
    assert registry.definitions


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DELIVER", "now"),
        ("DELIVERY_TIMEOUT_SECONDS", 0),
        ("DELIVERY_RETRY_MINUTES", -1),
        ("DELIVERY_TTL_MINUTES", "a week"),
        ("PRIVATE_HOSTS", "127.0.0.1"),
        ("PRIVATE_HOSTS", ["10.0.0.0/99"]),
        ("TELEMETRY", 1),
    ],
)
def test_values_that_a_setting_cannot_have_are_said(settings: Any, name: str, value: Any) -> None:
    setattr(settings, f"DJACTION_{name}", value)

    found = [message for message in check_settings() if message.id == "actions.E007"]

    assert [message.msg.partition(" ")[0] for message in found] == [f"DJACTION_{name}"]


@pytest.mark.parametrize(
    ("patterns", "meant"),
    [
        (["*"], ["todo:mark_done", "actionevent:undo"]),
        (["todo:*"], ["todo:mark_done"]),
        (["todo:mark_don"], []),
        (["delivery:*", "webhook:test"], ["delivery:retry", "webhook:test"]),
        ([], []),
    ],
)
def test_a_star_is_for_what_the_project_does(patterns: list[str], meant: list[str]) -> None:
    names = ["todo:mark_done", "actionevent:undo", "delivery:retry", "webhook:test"]

    assert [name for name in names if is_named(name, patterns)] == meant
