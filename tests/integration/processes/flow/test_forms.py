"""Forms that people answer: B42-B48, B52 of what is expected; the pages themselves are tested with the people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import Group, Permission, User

from actions.exceptions import InvalidPayloadError, RefusedError
from actions.processes import flow, services
from actions.processes.exceptions import WrongStateError
from actions.processes.flow import this
from actions.processes.models import OpenTask, Run
from actions.processes.registry import processes
from tests.automations import later, steps, where

pytestmark = pytest.mark.django_db


class Approval(forms.Form):
    """Yes or no."""

    is_fine = forms.BooleanField(required=False)
    at = forms.DateField(required=False)


class GroupForm(forms.ModelForm):
    class Meta:
        model = Group
        fields = ["name"]


@pytest.fixture
def ada() -> User:
    return User.objects.create(username="ada")


@pytest.fixture
def bob() -> User:
    return User.objects.create(username="bob")


def approving(form: Any) -> Any:
    """An automation with that form."""
    asked = form

    class Approving(flow.Automation):
        approve = asked
        end = flow.End()
        owner = "ada"

        def choose(self, task: Any) -> type[forms.Form]:
            return GroupForm if self.data.get("wants_group") else Approval

    return Approving


def may(automation: Any) -> list[str]:
    """Who may answer what an automation asks."""
    task = OpenTask.objects.get(root_id=automation.id)
    return [user.username for user in User.objects.order_by("username") if services.may_answer(task, user)]


@pytest.mark.parametrize(
    "filter",
    [
        lambda ada: {"pk": ada.pk},
        lambda ada: {"pk": ada},
        lambda ada: {"id": str(ada.pk)},
        lambda ada: {"pk": lambda task: str(ada.pk)},
        lambda ada: {"pk": lambda task: ada},
        lambda ada: {"username": lambda task: ada},
    ],
)
def test_a_user_s_key_is_not_the_name_of_another(filter: Any, ada: User) -> None:
    eve = User.objects.create(username=str(ada.pk))
    form = flow.Form(Approval).User(**filter(ada))
    automation = approving(form)()
    assert may(automation) == ["ada"]
    task = OpenTask.objects.get(root_id=automation.id)
    assert list(services.get_users_with_permission(task)) == [ada]
    assert not services.get_open_tasks(eve).exists()


def test_a_user_who_is_nobody_fails_the_step() -> None:
    automation = approving(flow.Form(Approval).User(username=lambda task: None))()
    assert automation.row.status == "failed"
    assert "nobody could answer it" in automation.row.error["detail"]


def test_what_is_entered_is_data_and_so_is_who_did(ada: User) -> None:
    automation = approving(flow.Form(Approval))()
    assert where(automation) == ["approve"]
    services.provide_input(automation.row, {"is_fine": True, "at": "2030-01-01"}, actor=ada)
    automation.refresh()
    assert automation.finished()
    assert dict(automation.data) == {"approve": {"is_fine": True, "at": "2030-01-01"}, "_approve_validated": ada.pk}


def test_wrong_input_leaves_it_waiting_and_a_second_answer_is_refused(ada: User) -> None:
    automation = approving(flow.Form(Approval))()
    with pytest.raises(InvalidPayloadError):
        services.provide_input(automation.row, {"at": "no date"}, actor=ada)
    assert where(automation) == ["approve"]
    services.provide_input(automation.row, {}, actor=ada)
    with pytest.raises(WrongStateError):
        services.provide_input(automation.row, {}, actor=ada)
    assert steps(automation) == [("approve", "OK")]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (lambda: flow.Form(Approval), ["ada", "bob", "root"]),
        (lambda: flow.Form(Approval).User(username="ada"), ["ada", "root"]),
        (lambda: flow.Form(Approval).User(username=this.owner), ["ada", "root"]),
        (lambda: flow.Form(Approval).User(username=lambda task: "bob"), ["bob", "root"]),
        (lambda: flow.Form(Approval).User(email__endswith="@example.com"), ["bob", "root"]),
        (lambda: flow.Form(Approval).Group(name="approvers"), ["ada", "root"]),
        (lambda: flow.Form(Approval).Group(name__startswith="app"), ["ada", "root"]),
        (lambda: flow.Form(Approval).Permission("auth.change_user"), ["bob", "root"]),
        (lambda: flow.Form(Approval).Permission("auth.change_user").Permission("auth.add_user"), ["root"]),
        (lambda: flow.Form(Approval).Group(name="approvers").User(username="bob"), ["root"]),
    ],
)
def test_who_may_answer_is_said_by_user_group_and_permission(
    form: Any, expected: list[str], ada: User, bob: User
) -> None:
    User.objects.create(username="root", is_superuser=True)
    ada.groups.add(Group.objects.create(name="approvers"))
    bob.user_permissions.add(Permission.objects.get(codename="change_user"))
    bob.email = "bob@example.com"
    bob.save()
    automation = approving(form())()
    assert may(automation) == expected
    for user in (ada, bob):
        if user.username not in expected:
            with pytest.raises(RefusedError):
                services.provide_input(automation.row, {}, actor=user)
    assert where(automation) == ["approve"]


def test_a_function_or_method_may_choose_the_form(ada: User) -> None:
    for form in (
        flow.Form(this.choose),
        flow.Form(lambda task: GroupForm if task.data.get("wants_group") else Approval),
    ):
        automation = approving(form)(wants_group=True)
        with pytest.raises(InvalidPayloadError):
            services.provide_input(automation.row, {"is_fine": True}, actor=ada)
        services.provide_input(automation.row, {"name": "ones"}, actor=ada)
        automation.refresh()
        assert automation.data["approve"] == {"name": "ones"}


def test_a_model_form_makes_an_object_and_keeps_its_key(ada: User) -> None:
    automation = approving(flow.ModelForm(GroupForm, "group"))()
    services.provide_input(automation.row, {"name": "ones"}, actor=ada)
    automation.refresh()
    group = Group.objects.get(name="ones")
    assert dict(automation.data) == {"group": group.pk, "_approve_validated": ada.pk}


def test_a_model_form_edits_the_object_that_is_there(ada: User) -> None:
    group = Group.objects.create(name="before")
    automation = approving(flow.ModelForm(GroupForm, "group"))(group=group)
    services.provide_input(automation.row, {"name": "after"}, actor=ada)
    automation.refresh()
    assert automation.data["group"] == group.pk
    group.refresh_from_db()
    assert group.name == "after"
    assert Group.objects.count() == 1


def test_an_object_that_cannot_be_saved_is_refused_and_asked_for_again(ada: User) -> None:
    Group.objects.create(name="taken")
    automation = approving(flow.ModelForm(GroupForm, "group"))()
    with pytest.raises(InvalidPayloadError):
        services.provide_input(automation.row, {"name": "taken"}, actor=ada)
    assert where(automation) == ["approve"]
    assert "group" not in automation.data


def test_a_form_expires_and_is_skipped() -> None:
    automation = approving(flow.Form(Approval).SkipAfter(timedelta(days=2)))()
    assert OpenTask.objects.get().expires_at is not None
    later(automation, days=1)
    assert where(automation) == ["approve"]
    later(automation, days=1, minutes=1)
    assert steps(automation) == [("approve", "skipped")]
    assert not OpenTask.objects.exists()


def test_a_form_that_is_not_wanted_any_more_is_skipped_while_it_waits() -> None:
    automation = approving(flow.Form(Approval).SkipIf(lambda task: task.data.get("done")))()
    assert where(automation) == ["approve"]
    automation.data["done"] = True
    automation.run()
    assert steps(automation) == [("approve", "skipped")]
    assert not OpenTask.objects.exists()


def test_a_form_may_wait_before_it_is_asked() -> None:
    automation = approving(flow.Form(Approval).AfterWaitingFor(timedelta(hours=1)))()
    assert not OpenTask.objects.exists()
    later(automation, hours=1)
    assert OpenTask.objects.get().node == "approve"


def test_a_looping_form_is_asked_anew_each_time(ada: User) -> None:
    class Looping(flow.Automation):
        ask = flow.Form(Approval, repeated_form=True)
        again = flow.If(lambda task: not task.data["ask"]["is_fine"]).Then(this.ask)
        end = flow.End()

    automation = Looping()
    for answer in (False, False, True):
        services.provide_input(automation.row, {"is_fine": answer}, actor=ada)
    assert automation.finished()
    assert [node for node, _message in steps(automation)] == ["ask", "again"] * 3
    process = processes.get("looping")
    assert process is not None
    assert process.pages["ask"].is_repeated


def test_the_page_has_what_the_node_and_its_class_say() -> None:
    class Shown(flow.Automation):
        default_template_name = "shop/form.html"
        context = {"shop": "Ours", "title": "class"}
        first = flow.Form(Approval)
        second = flow.Form(Approval, "shop/other.html", {"title": "node"}, success_url="/done/")
        end = flow.End()

    process = processes.get("shown")
    assert process is not None
    first, second = process.pages["first"], process.pages["second"]
    assert (first.form, first.template_name, first.context) == (
        Approval,
        "shop/form.html",
        {"shop": "Ours", "title": "class"},
    )
    assert (second.template_name, second.success_url) == ("shop/other.html", "/done/")
    assert second.context == {"shop": "Ours", "title": "node"}


def test_the_users_of_a_form_are_those_with_its_permissions(ada: User, bob: User) -> None:
    ada.groups.add(Group.objects.create(name="approvers"))
    for user in (ada, bob):
        user.user_permissions.add(Permission.objects.get(codename="change_user"))
    automation = approving(flow.Form(Approval).Permission("auth.change_user").Group(name="approvers"))
    assert [user.username for user in automation.approve.get_users_with_permission()] == ["ada"]
    assert not approving(flow.Form(Approval).Group(name="approvers")).approve.get_users_with_permission().exists()


def nobody_of(node: Any) -> Any:
    assert node.name == "approve"
    return User.objects.none()


def test_a_project_says_in_its_own_way_who_may_answer_a_form(settings: Any, ada: Any) -> None:
    settings.ATM_USER_WITH_PERMISSIONS_FORM_METHOD = f"{__name__}.nobody_of"
    automation = approving(flow.Form(Approval).Permission("auth.change_group"))
    assert not automation.approve.get_users_with_permission().exists()


def test_an_open_task_knows_who_may_answer_it(ada: User, bob: User) -> None:
    ada.groups.add(Group.objects.create(name="approvers"))
    automation = approving(flow.Form(Approval).Group(name="approvers"))()
    task = automation.tasks.last()
    assert (task.requires_interaction, task.interaction_group, task.finished) == (True, ("approvers",), None)
    assert [user.username for user in task.get_users_with_permission(include_superusers=False)] == ["ada"]
    assert [each.status for each in flow.AutomationTaskModel.get_open_tasks(ada)] == ["approve"]
    assert flow.AutomationTaskModel.get_open_tasks(bob) == []


def test_forms_on_several_ways_wait_for_several_people(ada: User, bob: User) -> None:
    class Two(flow.Automation):
        start = flow.Split().Next(this.one).Next(this.two)
        one = flow.Form(Approval).User(username="ada").Next(this.join)
        two = flow.Form(Approval).User(username="bob").Next(this.join)
        join = flow.Join()
        end = flow.End()

    automation = Two()
    for node, user in (("two", bob), ("one", ada)):
        run = Run.objects.get(root_id=automation.id, node=node)
        services.provide_input(run, {"is_fine": True}, actor=user)
    assert automation.finished()
    assert (automation.data["_one_validated"], automation.data["_two_validated"]) == (ada.pk, bob.pk)


def test_an_object_that_is_chosen_is_kept_by_its_model_and_key(ada: User) -> None:
    class Choice(forms.Form):
        who = forms.ModelChoiceField(User.objects.all())

    class Choosing(flow.Automation):
        ask = flow.Form(Choice)
        end = flow.End()

    automation = Choosing()
    services.provide_input(automation.row, {"who": ada.pk}, actor=ada)
    automation.refresh()
    assert automation.data["ask"] == {"who": {"$model": "auth.user", "pk": ada.pk}}
