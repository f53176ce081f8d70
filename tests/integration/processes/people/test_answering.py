"""Who may answer, and how those find it: asked again at each access, by an index however much waits for others."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.checks import run_checks
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from actions.exceptions import RefusedError
from actions.processes import services
from actions.processes.authoring.yaml_document import compile_yaml
from actions.processes.discovery import ProjectNames
from actions.processes.expressions import call, literal, path
from actions.processes.graph import Who
from actions.processes.models import OpenTask, TaskCandidate
from actions.processes.services.answering import get_users_concerned
from actions.processes.store import close_tasks, open_task
from tests.processes import registered

from .asking import asking, fresh, group, member, start

pytestmark = pytest.mark.django_db


def permit(user: User, codename: str) -> User:
    user.user_permissions.add(Permission.objects.get(codename=codename))
    return fresh(user)


def agree(task: OpenTask, user: User) -> bool:
    """What the three questions say, which have to say the same."""
    user = fresh(user)
    may = services.may_answer(task, user)
    assert services.get_open_tasks(fresh(user)).filter(pk=task.pk).exists() is may
    assert services.get_users_with_permission(task).filter(pk=user.pk).exists() is may
    return may


WHOS = {
    "anybody": Who(),
    "user by name": Who(users=(literal("ada"),)),
    "user and group": Who(users=(literal("ada"), literal("bob")), groups=(literal("a"),)),
    "group": group("a"),
    "two groups": group("a", "b"),
    "permission": Who(permissions=("auth.view_user",)),
    "two permissions": Who(permissions=("auth.view_user", "auth.change_user")),
    "group and permission": Who(groups=(literal("a"),), permissions=("auth.view_user",)),
    "user filter": Who(user_filter={"is_staff": True}),
    "group filter": Who(group_filter={"name__startswith": "a"}),
    "filters and group": Who(groups=(literal("b"),), group_filter={"name": "a"}, user_filter={"is_staff": True}),
}


@pytest.mark.parametrize("name", WHOS)
def test_three_questions_agree_on_who_may_answer(name: str) -> None:
    with registered(asking(WHOS[name])):
        task = start(asking(WHOS[name]))
    users = [
        member("ada", "a", is_staff=True),
        member("bob", "a", "b"),
        permit(member("cyd", "b", is_staff=True), "view_user"),
        permit(permit(member("dan", "a", "b", is_staff=True), "view_user"), "change_user"),
        member("eve"),
    ]
    expected = {
        "anybody": "abcde",
        "user by name": "a",
        "user and group": "ab",
        "group": "abd",
        "two groups": "bd",
        "permission": "cd",
        "two permissions": "d",
        "group and permission": "d",
        "user filter": "acd",
        "group filter": "abd",
        "filters and group": "d",
    }
    assert "".join(user.username[0] for user in users if agree(task, user)) == expected[name]
    assert not services.may_answer(task, member("off", "a", "b", is_active=False))
    assert agree(task, User.objects.create_superuser("root"))


FILE = """
name: Asks
tasks:
  - id: ask
    input:
      fields: [{key: is_fine, type: boolean}]
      user_filter: {is_staff: true}
      group_filter: {name__startswith: a}
      escalate: {after: 1 day, user_filter: {username: eve}}
"""


def test_a_file_says_by_filters_who_may_answer(client_of: Any) -> None:
    process = compile_yaml(FILE, file="asks.yml", names=ProjectNames([])).process
    assert process is not None
    with registered(process):
        task = start(process)
        users = [
            member("ada", "a", is_staff=True),
            member("bob", "a"),
            member("cyd", "b", is_staff=True),
            member("eve"),
        ]
        assert [agree(task, user) for user in users] == [True, False, False, False]
        services.escalate(task)
        task.refresh_from_db()
        assert [agree(task, user) for user in users] == [True, False, False, True]
        shown = client_of(users[0]).get(f"/inputs/{task.pk}/").json()
        (step, _end) = client_of(users[0]).get("/processes/asks/").json()["steps"]
    said = {"user_filter": {"is_staff": True}, "group_filter": {"name__startswith": "a"}}
    assert {name: shown[name] for name in said} == step["who"] == said


def test_it_is_asked_again_at_each_access() -> None:
    ada = member("ada", "approvers")
    with registered(asking(group("approvers"))):
        task = start(asking(group("approvers")))
        ada.groups.clear()
        assert not agree(task, ada)
        with pytest.raises(RefusedError, match="may not answer"):
            services.provide_input(task.run_id, {"is_fine": True}, actor=fresh(ada))
        Group.objects.get(name="approvers").user_set.add(ada)
        assert agree(task, ada)
        assert services.provide_input(task.run_id, {"is_fine": True}, actor=fresh(ada)).status == "succeeded"
    assert not OpenTask.objects.exists()
    assert not TaskCandidate.objects.exists()


KEYS: dict[str, tuple[Any, Any]] = {
    "a number": (call("boss"), lambda ada: ada.pk),
    "a user": (call("boss"), lambda ada: ada),
    "a text that is said to be a key": ({"map": {"pk": call("boss")}}, lambda ada: str(ada.pk)),
    "a user that is said to be a key": ({"map": {"pk": call("boss")}}, lambda ada: ada),
    "a name": (call("boss"), lambda ada: "ada"),
    "a user said by name": ({"map": {"username": call("boss")}}, lambda ada: ada),
    "several": (call("boss"), lambda ada: [None, "", [ada.pk]]),
}


@pytest.mark.parametrize("name", KEYS)
def test_whoever_is_called_as_somebody_s_key_is_somebody_else(name: str) -> None:
    expression, value = KEYS[name]
    ada = member("ada")
    eve = member(str(ada.pk))
    process = asking(Who(users=(expression,)), bodies={"boss": lambda *given: value(ada)})
    with registered(process):
        task = start(process)
        assert (agree(task, ada), agree(task, eve)) == (True, False)
        assert list(get_users_concerned(task)) == [ada]
        with pytest.raises(RefusedError, match="may not answer"):
            services.provide_input(task.run_id, {"is_fine": True}, actor=eve)


@pytest.mark.parametrize(("expression", "kind"), [(call("boss"), str), ({"map": {"username": call("boss")}}, int)])
def test_a_name_is_no_key(expression: Any, kind: type) -> None:
    ada = member("ada")
    eve = member(str(ada.pk))
    process = asking(Who(users=(expression,)), bodies={"boss": lambda *given: kind(ada.pk)})
    with registered(process):
        task = start(process)
    assert (agree(task, ada), agree(task, eve)) == (False, True)


def test_an_assigned_task_is_not_shown_to_whoever_is_called_as_its_users_key() -> None:
    ada = member("ada")
    eve = member(str(ada.pk))
    with registered(asking()):
        task = start(asking())
    services.reassign(task, ada)
    task.refresh_from_db()
    assert (agree(task, ada), agree(task, eve)) == (True, False)


@pytest.mark.parametrize(
    ("who", "boss", "told"),
    [
        (Who(users=(call("boss"),)), None, "nobody could answer it"),
        (Who(users=(call("boss"),)), "", "nobody could answer it"),
        (Who(users=(call("boss"),)), [], "nobody could answer it"),
        (Who(groups=(literal("a"), call("boss"))), None, "nobody could answer it"),
        (Who(groups=(call("boss"),)), [], "nobody could answer it"),
        (Who(users=(call("boss"),)), True, "no user's key"),
        (Who(users=(call("boss"),)), 1.0, "no user's key"),
        (Who(users=({"map": {"pk": call("boss")}},)), "9" * 30, "no user's key"),
        (Who(users=({"map": {"pk": call("boss")}},)), "ada", "no user's key"),
        (Who(users=(call("boss"),)), {"name": "ada"}, "names no user"),
        (Who(users=(call("boss"),)), "group", "no user that is saved"),
    ],
)
def test_where_nobody_is_named_the_step_fails_with_a_reason(who: Who, boss: Any, told: str) -> None:
    process = asking(who, bodies={"boss": lambda *given: boss})
    member("ada", "a")
    if boss == "group":
        boss = Group.objects.get(name="a")
    with registered(process):
        run = services.start("asks")
    assert run.status == "failed"
    assert told in (run.error or {})["detail"]
    assert not OpenTask.objects.exists()


KEYED = """
name: Asks
payload: [{{key: boss, type: {type}}}]
tasks:
  - id: ask
    input:
      fields: [{{key: is_fine, type: boolean}}]
      users: [{users}]
"""


@pytest.mark.parametrize(
    ("users", "type", "expected"),
    [
        ("ada, payload.boss", "integer", "ada"),
        ("payload.boss", "string", "eve"),
        ("{pk: payload.boss}", "string", "ada"),
        ("{username: payload.boss}", "integer", "eve"),
        ("{pk: '%s'}", "string", "ada"),
        ("%s", "string", "ada"),
        ("'%s'", "string", "eve"),
    ],
)
def test_a_file_tells_names_from_keys(users: str, type: str, expected: str) -> None:
    ada = member("ada")
    eve = member(str(ada.pk))
    text = KEYED.format(users=users.replace("%s", str(ada.pk)), type=type)
    result = compile_yaml(text, file="asks.yml", names=ProjectNames([]))
    assert result.process is not None, result
    with registered(result.process):
        task = start(result.process, payload={"boss": ada.pk if type == "integer" else str(ada.pk)})
    assert (agree(task, ada), agree(task, eve)) == (expected == "ada", expected == "eve")


def test_groups_may_be_several_at_once() -> None:
    process = asking(Who(groups=(path("payload.groups"),)))
    with registered(process):
        task = start(process, payload={"groups": ["a", "b"]})
    assert [agree(task, each) for each in (member("ada", "a"), member("bob", "a", "b"))] == [False, True]


def test_a_filter_that_the_models_do_not_have_finds_nobody(caplog: Any) -> None:
    process = asking(Who(user_filter={"shoe_size": 42}))
    with registered(process):
        task = start(process)
    assert not agree(task, member("ada"))
    assert "Nobody is found by" in caplog.text
    assert agree(task, User.objects.create_superuser("root"))


def test_what_others_have_costs_no_statement_more() -> None:
    member("ada", "mine", "other")
    mine = asking(Who(groups=(literal("mine"), literal("other"))))
    others = asking(group("theirs"), name="others")

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert (
                len(list(services.get_open_tasks(User.objects.get(username="ada"))[:50]))
                == OpenTask.objects.filter(process="asks").count()
            )
        return len(queries)

    with registered(mine, others):
        start(mine)
        start(others)
        first = cost()
        for _number in range(5):
            start(mine)
            start(others)
        assert cost() == first <= 8


def test_whatever_ends_a_task_removes_those_who_may_answer() -> None:
    process = asking(group("approvers"))
    with registered(process):
        for end in (services.cancel, lambda run: services.move(run) and services.cancel(run), services.remove):
            task = start(process)
            assert TaskCandidate.objects.filter(run_id=task.run_id).exists()
            end(task.run)
            assert not OpenTask.objects.exists()
            assert not TaskCandidate.objects.exists()


def test_closing_none_costs_one_statement_and_no_more() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert close_tasks([1, 2], "default") == 0
    assert len(queries) == 1


def only_ada(task: OpenTask) -> Any:
    return User.objects.filter(username="ada")


def no_form_method(node: Any) -> Any:
    return User.objects.none()


THERE = f"{__name__}.only_ada"


@override_settings(
    ATM_GROUP_MODEL="auth.Group",
    ATM_USER_WITH_PERMISSIONS_FORM_METHOD=f"{__name__}.no_form_method",
    ATM_USER_WITH_PERMISSIONS_MODEL_METHOD=THERE,
)
def test_a_project_may_say_by_a_function_who_may_answer() -> None:
    process = asking(group("nobody is in it"))
    with registered(process):
        task = start(process)
    assert agree(task, member("ada"))
    assert not agree(task, member("bob"))
    assert not [each for each in run_checks(databases=[]) if each.id == "automations.E001"]


@pytest.mark.parametrize(
    "given", [{"ATM_GROUP_MODEL": "auth.Group"}, {"ATM_USER_WITH_PERMISSIONS_MODEL_METHOD": THERE}]
)
def test_the_three_settings_of_swapped_models_belong_together(given: dict[str, str]) -> None:
    with override_settings(**given):
        found = [each for each in run_checks(databases=[]) if each.id == "automations.E001"]
    assert len(found) == 2
    assert any("ATM_USER_WITH_PERMISSIONS_FORM_METHOD" in str(each) for each in found)


def test_a_setting_that_names_nothing_is_found() -> None:
    names = {
        "ATM_GROUP_MODEL": "auth.Crew",
        "ATM_USER_WITH_PERMISSIONS_FORM_METHOD": "nowhere.at_all",
        "ATM_USER_WITH_PERMISSIONS_MODEL_METHOD": THERE,
    }
    with override_settings(**names):
        found = [str(each) for each in run_checks(databases=[]) if each.id == "automations.E001"]
    assert len(found) == 2


def test_candidates_are_found_by_an_index() -> None:
    process = asking(group("mine"))
    with registered(process):
        task = start(process)
    rows = [OpenTask(run_id=10_000 + number, root_id=1, process="x", node="y", due_at=None) for number in range(20)]
    for row in rows:
        row.groups = ["theirs"]
        open_task(row, "default")
    if connection.vendor != "postgresql":
        assert set(services.get_open_tasks(member("ada", "mine")).values_list("pk", flat=True)) == {task.pk}
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = services.get_open_tasks(member("ada", "mine")).explain()
    assert "actions_candidate_value" in plan
