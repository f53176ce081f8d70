"""The pages: what a browser without JavaScript sees and sends."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from actions.django_payloads import FormPayload
from actions.exceptions import InvalidPayloadError
from actions.processes import services
from actions.processes.expressions import condition
from actions.processes.graph import Edge, Graph, Kind
from actions.processes.models import OpenTask, Run, StepRun
from actions.processes.pages import Page
from actions.processes.registry import processes
from actions.processes.values import reference
from tests.processes import node, registered
from tests.threads import together

from .asking import asking, fresh, group, member, start

pytestmark = pytest.mark.django_db


class Decision(forms.Form):
    is_fine = forms.BooleanField(required=False)
    how = forms.ChoiceField(choices=[("post", "By post"), ("mail", "By mail")])
    note = forms.CharField(max_length=10, required=False, help_text="For the <b>company</b>.")

    def clean_note(self) -> str:
        if self.cleaned_data["note"] == "no":
            raise forms.ValidationError("Say more than that.")
        return str(self.cleaned_data["note"])


def decide(context: Any) -> Any:
    """Another form for each run."""
    kind = context.payload.get("kind", "text")
    field = forms.IntegerField() if kind == "number" else forms.CharField()
    return type("Dynamic", (forms.Form,), {"value": field})


@pytest.fixture
def ada() -> User:
    return member("ada", "approvers")


@pytest.fixture
def browser(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def step_of(client: Client, task: OpenTask) -> str:
    """What the form says of which step it is for."""
    found = re.search(r'name="djaction-step" value="([^"]+)"', client.get(f"/tasks/{task.pk}/").content.decode())
    assert found
    return found[1]


def with_form(form: Any = Decision, **page: Any) -> Any:
    """A process whose input is shown by a Django form."""
    made = asking(group("approvers"), form=None)
    return replace(made, pages={"ask": Page(form, **page)})


@pytest.fixture
def asks() -> Any:
    process = asking(group("approvers"))
    with registered(process):
        yield process


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_shows_ones_own_tasks_with_what_they_are(asks: Any, browser: Client) -> None:
    mine = start(asks)
    OpenTask.objects.filter(pk=mine.pk).update(wanted_at=timezone.now() - timedelta(hours=1))
    other = asking(group("others"), name="other", title="Not for Ada")
    with registered(other):
        start(other)
        text = browser.get("/tasks/").content.decode()
    assert "Is it fine?" in text
    assert "Look at it well." in text
    assert "overdue since" in text
    assert "Not for Ada" not in text
    assert f'href="/tasks/{mine.pk}/"' in text
    assert "<script" not in text
    assert " style=" not in text


def test_without_tasks_the_list_says_so(browser: Client) -> None:
    assert "Currently no tasks for you" in browser.get("/tasks/").content.decode()


@pytest.mark.parametrize("path", ["/tasks/", "/tasks/1/", "/tasks/dashboard/", "/tasks/errors/", "/tasks/dashboard/1/"])
def test_whoever_is_not_logged_in_is_sent_there(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/api-auth/login/?next=")
    assert Client().post(path, {}).status_code in (302, 405)


def test_a_list_that_is_asked_for_wrongly_says_what_is_wrong(browser: Client) -> None:
    answer = browser.get("/tasks/?order=name")
    assert answer.status_code == 400
    assert "order is not understood" in answer.content.decode()


# --- a task -----------------------------------------------------------------------------------------------------------


def test_the_form_of_a_schema_is_answered_and_the_run_goes_on(asks: Any, browser: Client) -> None:
    task = start(asks)
    text = browser.get(f"/tasks/{task.pk}/").content.decode()
    assert 'type="checkbox" name="is_fine"' in text
    assert '<label for="id_note">' in text
    answer = browser.post(f"/tasks/{task.pk}/", {"is_fine": "on", "note": "ok", "djaction-step": "x"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/tasks/?done=")
    run = Run.objects.get(pk=task.run_id)
    assert (run.status, run.state["answer"]) == ("succeeded", {"is_fine": True, "note": "ok"})
    assert StepRun.objects.get(node="ask").input["by"]["name"] == "ada"
    assert "Your answer was taken" in browser.get(answer["Location"]).content.decode()


def test_what_is_paused_says_so_and_is_answered_when_it_goes_on(asks: Any, browser: Client) -> None:
    task = start(asks)
    services.pause(task.run_id)
    page = browser.get(f"/tasks/{task.pk}/").content.decode()
    assert "The process is paused" in page
    assert 'name="is_fine"' not in page
    refused = browser.post(f"/tasks/{task.pk}/", {"is_fine": "on"})
    assert refused.status_code == 409
    assert "is paused" in refused.content.decode()
    services.resume(task.run_id)
    browser.post(f"/tasks/{task.pk}/", {"is_fine": "on"})
    assert Run.objects.get(pk=task.run_id).status == "succeeded"


class JsonForm(forms.Form):
    facts = forms.JSONField(required=False)


@pytest.mark.parametrize("depth", [400, 900, 950, 1000, 5000])
def test_json_that_cannot_be_read_is_refused_at_its_field_and_shown_again(depth: int, browser: Client) -> None:
    with registered(made := asking(form=FormPayload(JsonForm), name="json")):
        for text in ("[" * depth + "]" * depth, "9" * 5 * depth):
            task = start(made)
            answer = browser.post(f"/tasks/{task.pk}/", {"facts": text})
            assert answer.status_code == 200
            assert text in answer.content.decode()
            assert 'aria-invalid="true"' in answer.content.decode()
            refused = browser.post(f"/runs/{task.run_id}/provide_input/", {"facts": text})
            assert refused.status_code == 400
            assert all(name.startswith("facts") for name in refused.json()["errors"])


def test_only_whoever_has_answered_is_told_what_became_of_the_run(asks: Any, browser: Client) -> None:
    task = start(asks)
    told = browser.post(f"/tasks/{task.pk}/", {"is_fine": "on"})["Location"]
    assert "Your answer was taken" in browser.get(told).content.decode()
    assert "Your answer was taken" not in browser.get(f"/tasks/?done={task.root_id}").content.decode()
    other = Client()
    other.force_login(member("eve"))
    shown = other.get(told)
    assert shown.status_code == 200
    assert "Your answer was taken" not in shown.content.decode()


def test_an_answer_that_does_not_fit_is_shown_again_with_what_is_wrong(asks: Any, browser: Client) -> None:
    task = start(asks)
    answer = browser.post(f"/tasks/{task.pk}/", {"is_fine": "on", "note": "much too long for it <b>"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "much too long for it &lt;b&gt;" in text
    assert 'aria-invalid="true"' in text
    described = re.search(r'name="note"[^>]*aria-describedby="([^"]+)"', text)
    assert described
    assert all(f'id="{each}"' in text for each in described[1].split())
    assert Run.objects.get(pk=task.run_id).status == "waiting"


def test_a_django_form_is_shown_and_checked_as_it_says(browser: Client) -> None:
    process = with_form()
    with registered(process):
        task = start(process)
        text = browser.get(f"/tasks/{task.pk}/").content.decode()
        assert "By post" in text
        assert "For the <b>company</b>." in text
        wrong = browser.post(f"/tasks/{task.pk}/", {"how": "fax", "note": "no"})
        assert wrong.status_code == 200
        assert "fax is not one of the available choices" in wrong.content.decode()
        assert "Say more than that." in wrong.content.decode()
        right = browser.post(f"/tasks/{task.pk}/", {"how": "post", "note": "yes"})
    assert right.status_code == 302
    assert Run.objects.get().state["answer"] == {"is_fine": False, "how": "post", "note": "yes"}


def test_a_form_may_depend_on_the_run(browser: Client, client_of: Any, ada: User) -> None:
    process = with_form(decide)
    with registered(process):
        number = start(process, payload={"kind": "number"})
        text = start(process)
        assert 'type="number"' in browser.get(f"/tasks/{number.pk}/").content.decode()
        assert 'type="text"' in browser.get(f"/tasks/{text.pk}/").content.decode()
        schema = client_of(fresh(ada)).get(f"/inputs/{number.pk}/").json()["schema"]
        assert schema["properties"]["value"]["type"] == "integer"
        assert browser.post(f"/tasks/{number.pk}/", {"value": "many"}).status_code == 200
        assert browser.post(f"/tasks/{number.pk}/", {"value": "7"}).status_code == 302
    assert Run.objects.get(pk=number.run_id).state["answer"] == {"value": 7}


def test_a_page_may_save_the_form_by_itself(browser: Client, ada: User) -> None:
    class Rename(forms.ModelForm):
        class Meta:
            model = User
            fields = ["first_name"]

    def save(context: Any, form: Any) -> Any:
        return {"user": form.save().pk, "by": context.actor.username}

    page = {"instance": lambda context: User.objects.get(username=context.payload["name"]), "save": save}
    process = with_form(Rename, **page)
    eve = member("eve", first_name="Eve")
    with registered(process):
        task = start(process, payload={"name": "eve"})
        assert 'value="Eve"' in browser.get(f"/tasks/{task.pk}/").content.decode()
        assert browser.post(f"/tasks/{task.pk}/", {"first_name": "Eva"}).status_code == 302
    assert fresh(eve).first_name == "Eva"
    assert Run.objects.get().state["answer"] == {"user": eve.pk, "by": "ada"}


def test_a_file_that_nobody_saves_is_refused(browser: Client) -> None:
    class Upload(forms.Form):
        scan = forms.FileField()

    for process in (with_form(Upload), asking(group("approvers"), form=FormPayload(Upload))):
        with registered(process):
            task = start(process)
            answer = browser.post(f"/tasks/{task.pk}/", {"scan": SimpleUploadedFile("scan.txt", b"x")})
        assert answer.status_code == 200
        assert "A run keeps no files" in answer.content.decode()
        assert Run.objects.get(pk=task.run_id).status == "waiting"


def test_texts_look_up_what_the_task_is_about(browser: Client) -> None:
    made = asking(group("approvers"), title="Let {{ payload.name }} in?")
    ask = replace(made.graph.nodes["ask"], description="{{ payload.name }} has <{{ payload.size }}> people.")
    process = replace(made, graph=replace(made.graph, nodes={**made.graph.nodes, "ask": ask}))
    with registered(process):
        task = start(process, payload={"name": "ACME", "size": 80})
        assert "Let ACME in?" in browser.get("/tasks/").content.decode()
        assert "ACME has &lt;80&gt; people." in browser.get(f"/tasks/{task.pk}/").content.decode()
        other = start(process, payload={"name": "ACME"})
        assert browser.get(f"/tasks/{other.pk}/").status_code == 200
        # What is not there stands as it was written.
        described = [each["description"] for each in browser.get("/inputs/").json()["results"]]
    assert described == ["ACME has <80> people.", ask.description]


def test_a_text_may_look_for_an_object_that_is_gone(browser: Client) -> None:
    made = asking(group("approvers"), title="Let {{ state.who.username }} in?")
    ask = replace(made.graph.nodes["ask"], description="It is {{ state.who.username }}.")
    process = replace(made, graph=replace(made.graph, nodes={**made.graph.nodes, "ask": ask}))
    gone = member("gone")
    with registered(process):
        task = start(process, state={"who": reference(gone)})
        assert browser.get("/inputs/").json()["results"][0]["description"] == "It is gone."
        gone.delete()
        assert browser.get("/inputs/").json()["results"][0]["description"] == ask.description
        assert browser.get(f"/tasks/{task.pk}/").status_code == 200


def test_a_confirmation_asks_nothing(browser: Client) -> None:
    process = asking(group("approvers"), form=None)
    with registered(process):
        task = start(process)
        assert "Nothing is asked" in browser.get(f"/tasks/{task.pk}/").content.decode()
        assert browser.post(f"/tasks/{task.pk}/", {}).status_code == 302
    assert Run.objects.get().state["answer"] == {}


# --- who may, and what is gone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_may_not_answer_is_refused_by_every_method(asks: Any, method: str) -> None:
    task = start(asks)
    answer = getattr(of(member("eve")), method)(f"/tasks/{task.pk}/", {"is_fine": "on"})
    assert answer.status_code == 403
    assert Run.objects.get().status == "waiting"


def test_a_second_answer_is_409_and_no_second_step(asks: Any, browser: Client) -> None:
    task = start(asks)
    step = step_of(browser, task)
    sent = {"is_fine": "on", "djaction-step": step}
    assert browser.post(f"/tasks/{task.pk}/", sent).status_code == 302
    again = browser.post(f"/tasks/{task.pk}/", sent)
    assert again.status_code == 409
    assert "answered already" in again.content.decode()
    assert browser.get(f"/tasks/{task.pk}/").status_code == 404
    assert StepRun.objects.filter(node="ask").count() == 1


@pytest.mark.parametrize("step", ["", "1", "x.y", "99999999.1", "1.99999999999999999999"])
def test_an_answer_to_what_never_was_is_404(step: str, browser: Client) -> None:
    assert browser.post("/tasks/123456/", {"djaction-step": step}).status_code == 404
    assert browser.get("/tasks/99999999999999999999/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_that_submit_at_once_one_is_409(asks: Any, ada: User) -> None:
    task = start(asks)
    sent = {"is_fine": "on", "djaction-step": step_of(of(ada), task)}
    found = together(2, lambda: of(ada).post(f"/tasks/{task.pk}/", sent).status_code)
    assert sorted(found) == [302, 409]
    assert StepRun.objects.filter(node="ask").count() == 1


def test_forms_are_protected_against_other_sites(asks: Any, ada: User) -> None:
    task = start(asks)
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.post(f"/tasks/{task.pk}/", {"is_fine": "on"}).status_code == 403
    assert client.post(f"/tasks/{task.pk}/claim/").status_code == 403
    assert "csrfmiddlewaretoken" in client.get(f"/tasks/{task.pk}/").content.decode()


def test_a_task_whose_process_is_gone_says_so(asks: Any, browser: Client) -> None:
    task = start(asks)
    processes.remove("asks")
    try:
        assert "asks" in browser.get("/tasks/").content.decode()
        answer = browser.get(f"/tasks/{task.pk}/")
    finally:
        processes.register(asks)
    assert answer.status_code == 409
    assert "There is no process" in answer.content.decode()


# --- where it leads to ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        ("/admin/", "/admin/"),
        ("/tasks/?claimed=me", "/tasks/?claimed=me"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/\\evil.example/", None),
        ("javascript:alert(1)", None),
        ("tasks", None),
    ],
)
def test_back_leads_to_a_path_of_this_site_only(back: str, expected: str | None, asks: Any, browser: Client) -> None:
    task = start(asks)
    page = browser.get(f"/tasks/{task.pk}/", {"back": back}).content.decode()
    assert "evil" not in page
    assert "javascript:" not in page
    answer = browser.post(f"/tasks/{task.pk}/?back={back.replace('?', '%3F').replace('=', '%3D')}", {"is_fine": "on"})
    assert answer["Location"].startswith(expected or "/tasks/?done=")


def test_a_page_may_say_where_it_leads_to(browser: Client) -> None:
    process = with_form(success_url="/admin/")
    with registered(process):
        task = start(process)
        answer = browser.post(f"/tasks/{task.pk}/?back=/tasks/", {"how": "post"})
    assert answer["Location"] == "/admin/"


def test_a_page_that_leads_nowhere_takes_the_answer_and_leads_to_the_list(browser: Client, caplog: Any) -> None:
    process = with_form(success_url="nope:nope")
    with registered(process):
        task = start(process)
        answer = browser.post(f"/tasks/{task.pk}/", {"how": "post"})
    assert answer["Location"].startswith("/tasks/?done=")
    assert "leads nowhere" in caplog.text


def test_a_context_does_not_take_the_place_of_what_the_page_needs(browser: Client) -> None:
    process = with_form(context={"form": 5, "task": 3, "entry": None, "title": "Mine"})
    with registered(process):
        task = start(process)
        page = browser.get(f"/tasks/{task.pk}/").content.decode()
    assert "<select" in page
    assert "Mine" in page


def broken(context: Any) -> Any:
    raise ValueError("the reason")


def refused(context: Any) -> Any:
    raise InvalidPayloadError(errors={"a": ["the reason"]})


def wrong_query(context: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM the_reason")


class ChoicesFail(forms.Form):
    at = forms.ChoiceField(choices=lambda: broken(None))


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "raises": ({"form": broken}, "the reason"),
    "no class": ({"form": lambda context: "the reason"}, "the reason"),
    "an object": ({"form": lambda context: Decision()}, "no form's class"),
    "an action's error": ({"form": refused}, "not valid"),
    "a wrong query": ({"form": wrong_query}, "reason"),
    "no form": ({"form": User}, "no form's class"),
    "no instance": ({"form": Decision, "instance": broken}, "the reason"),
    "no ModelForm": ({"form": Decision, "instance": str, "save": str}, "no ModelForm"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_form_that_cannot_be_made_fails_the_step_with_the_reason(name: str) -> None:
    page, reason = BROKEN[name]
    process = with_form(**page)
    with registered(process):
        run = services.start(process.id)
    assert (run.status, run.node) == ("failed", "ask")
    assert reason in (run.error or {})["detail"]
    assert not OpenTask.objects.exists()


@pytest.mark.parametrize("name", [*BROKEN, "choices", "arguments"])
def test_a_form_that_breaks_while_it_waits_breaks_no_list(name: str, browser: Client, ada: User) -> None:
    late = {"choices": ({"form": ChoicesFail}, "the reason"), "arguments": ({"form_kwargs": broken}, "the reason")}
    page, reason = (BROKEN | late)[name]
    process = with_form()
    with registered(process):
        other, task = start(process, actor=ada), start(process, actor=ada)
    asks = with_form(**page)
    pages = {**asks.pages, "ask": replace(asks.pages["ask"], **page)}
    with registered(replace(asks, pages=pages)):
        listed = browser.get("/inputs/")
        assert listed.status_code == 200
        assert [each["id"] for each in listed.json()["results"]] == [other.pk, task.pk]
        shown = browser.get(f"/inputs/{task.pk}/")
        assert shown.status_code == 200
        if name not in ("no instance", "no ModelForm", "arguments"):
            assert shown.json()["schema"] is None
            assert reason in shown.json()["form_error"]
        assert browser.get("/tasks/").status_code == 200
        assert browser.get(f"/runs/{task.run_id}/").status_code == 200
        if name in ("choices", "no ModelForm", "an action's error"):
            return
        for answer in (browser.get(f"/tasks/{task.pk}/"), browser.post(f"/tasks/{task.pk}/", {"how": "post"})):
            assert answer.status_code == 409
            assert reason in html.unescape(answer.content.decode())
        given = browser.post(f"/runs/{task.run_id}/provide_input/", {"how": "post"}, content_type="application/json")
        assert (given.status_code, given.json()["code"]) == (409, "broken_form")
    assert OpenTask.objects.filter(pk=task.pk).exists()


def test_templates_and_contexts_are_the_projects(browser: Client, tmp_path: Any, settings: Any) -> None:
    (tmp_path / "own.html").write_text("own {{ shade }} {{ size }} {{ form.how }}")
    (tmp_path / "automations").mkdir()
    (tmp_path / "automations" / "base.html").write_text("<title>shop</title>{% block content %}{% endblock %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]
    settings.ATM_FORM_VIEW_CONTEXT = {"shade": "red", "size": "large"}
    process = with_form(template_name="own.html", context={"size": "small"})
    with registered(process):
        task = start(process)
        assert "own red small <select" in browser.get(f"/tasks/{task.pk}/").content.decode()
    assert "<title>shop</title>" in browser.get("/tasks/").content.decode()
    (tmp_path / "automations" / "form_view.html").write_text("all forms")
    with registered(with_form()):
        assert browser.get(f"/tasks/{task.pk}/").content.decode() == "all forms"


# --- buttons ----------------------------------------------------------------------------------------------------------


def test_buttons_claim_release_and_delegate(asks: Any, browser: Client) -> None:
    task = start(asks)
    bob, eve = member("bob", "approvers"), member("eve")
    assert "Claim it" in browser.get(f"/tasks/{task.pk}/").content.decode()
    answer = browser.post(f"/tasks/{task.pk}/claim/", {"stay": "1"})
    assert answer["Location"] == f"/tasks/{task.pk}/"
    assert "Release it" in browser.get(f"/tasks/{task.pk}/").content.decode()
    seen = of(bob).get(f"/tasks/{task.pk}/").content.decode()
    assert "ada has claimed it" in seen
    assert "Submit" not in seen
    assert of(bob).post(f"/tasks/{task.pk}/", {"is_fine": "on"}).status_code == 409
    assert of(bob).post(f"/tasks/{task.pk}/release/").status_code == 403
    assert browser.post(f"/tasks/{task.pk}/release/").status_code == 302
    assert browser.post(f"/tasks/{task.pk}/release/").status_code == 409
    wrong = browser.post(f"/tasks/{task.pk}/delegate/", {"user": "nobody"})
    assert wrong.status_code == 400
    assert "There is no user" in wrong.content.decode()
    assert browser.post(f"/tasks/{task.pk}/delegate/", {"user": "eve"}).status_code == 302
    assert browser.get(f"/tasks/{task.pk}/").status_code == 403
    assert of(eve).post(f"/tasks/{task.pk}/", {"is_fine": "on"}).status_code == 302


def test_a_button_that_there_is_not_is_404(asks: Any, browser: Client) -> None:
    task = start(asks)
    assert browser.post(f"/tasks/{task.pk}/explode/").status_code == 404
    assert browser.get(f"/tasks/{task.pk}/claim/").status_code == 405


def test_managing_is_for_those_who_may(asks: Any, browser: Client) -> None:
    task = start(asks)
    assert browser.post(f"/tasks/{task.pk}/reassign/", {"user": "ada"}).status_code == 403
    boss = member("boss", "approvers", is_staff=True)
    boss.user_permissions.add(Permission.objects.get(codename="change_opentask"))
    assert "Manage" in of(boss).get(f"/tasks/{task.pk}/").content.decode()
    assert "Manage" not in browser.get(f"/tasks/{task.pk}/").content.decode()
    assert of(boss).post(f"/tasks/{task.pk}/reassign/", {"user": "boss"}).status_code == 302
    assert services.get_open_tasks(fresh(boss)).exists()


def test_a_repeated_form_is_shown_again(browser: Client) -> None:
    made = with_form(is_repeated=True)
    ask = replace(made.graph.nodes["ask"], edges=(Edge("again"),))
    enough = Edge("end", "end", condition("state.answer.how == 'mail'"))
    again = node("again", Kind.DECISION, enough, Edge("ask", "ask"))
    graph = Graph("asks", "ask", {"ask": ask, "again": again, "end": made.graph.nodes["end"]})
    with registered(replace(made, graph=graph)):
        task = start(made)
        answer = browser.post(f"/tasks/{task.pk}/?back=/admin/", {"how": "post"})
        following = OpenTask.objects.get()
        assert following.pk != task.pk
        assert answer["Location"] == f"/tasks/{following.pk}/?back=%2Fadmin%2F"
        assert browser.post(answer["Location"], {"how": "mail"})["Location"] == "/admin/"
