"""Forms of automations on their pages: B45-B50 of what is expected, where an automation says more than others."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from actions.processes import flow
from actions.processes.flow import this
from actions.processes.models import OpenTask
from tests.automations import steps

pytestmark = pytest.mark.django_db


class GroupForm(forms.ModelForm):
    class Meta:
        model = Group
        fields = ["name"]


@pytest.fixture
def ada(client: Client) -> User:
    user = User.objects.create(username="ada")
    client.force_login(user)
    return user


def page() -> str:
    """The address of what is asked."""
    return reverse("people:task", args=[OpenTask.objects.get().pk])


def test_a_model_form_is_shown_with_its_object_and_saved_by_its_page(client: Client, ada: User) -> None:
    class Editing(flow.Automation):
        edit = flow.ModelForm(GroupForm, "group", success_url="/done/", description="Give it a better name")
        end = flow.End()

    group = Group.objects.create(name="before")
    automation = Editing(group=group)
    address = page()
    shown = client.get(address)
    assert b'value="before"' in shown.content
    wrong = client.post(address, {"name": ""})
    assert wrong.status_code == 200
    assert not automation.finished()
    done = client.post(address, {"name": "after"})
    assert (done.status_code, done["Location"]) == (302, "/done/")
    group.refresh_from_db()
    assert (group.name, automation.data["group"]) == ("after", group.pk)
    assert automation.data["_edit_validated"] == ada.pk
    assert client.post(address, {"name": "again"}).status_code in (404, 409)
    assert steps(automation) == [("edit", "OK")]


def test_a_form_that_a_method_chooses_is_shown_and_only_to_those_who_may(client: Client, ada: User) -> None:
    class Choosing(flow.Automation):
        ask = flow.Form(this.form).User(username=this.owner)
        end = flow.End()

        def form(self, task: Any) -> type[forms.Form]:
            return type("Chosen", (forms.Form,), {self.data["field"]: forms.CharField()})

        def owner(self, task: Any) -> str:
            return str(self.data["owner"])

    automation = Choosing(field="colour", owner="ada")
    address = page()
    assert b'name="colour"' in client.get(address).content
    stranger = Client()
    stranger.force_login(User.objects.create(username="bob"))
    assert stranger.get(address).status_code == 403
    assert stranger.post(address, {"colour": "red"}).status_code == 403
    assert Client().post(address, {"colour": "red"}).status_code == 302
    assert not automation.finished()
    client.post(address, {"colour": "red"})
    assert automation.data["ask"] == {"colour": "red"}
