"""Actions in a project's ModelAdmin: buttons, the list's drop-down, forms, previews, answers."""

from __future__ import annotations

import json
import re
from html import escape, unescape
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.test import Client
from django.urls import include, path
from django.utils import timezone
from rest_framework import routers, serializers, viewsets
from rest_framework.permissions import BasePermission

from actions import Action, ActionRegistry, Refusal
from actions.admin import ActionsAdminMixin
from actions.mixins import ActionMixin
from actions.models import EventAction, WorkerHeartbeat
from example_app.models import Todo, TodoList
from tests.app.models import Article, Parcel

LIST = "/admin/tests_app/article/"
PARCELS = "/admin/tests_app/parcel/"


def publish(article: Article, *, note: str = "", times: int = 1) -> dict[str, Any]:
    """Publish an article.

    Args:
        note: What there is to say.
        times: How often it is liked.
    """
    article.is_published = True
    article.body = note
    article.likes += times
    article.save()
    return {"is_published": True}


def confirm(article: Article) -> None:
    """Nothing to fill in."""
    article.likes += 1
    article.save()


def wipe(article: Article, *, text: str = "") -> None:
    """Lose what it says."""
    article.body = text
    article.save()


def burn(article: Article) -> None:
    """Lose it outside of the database."""
    article.delete()


def fail(article: Article) -> None:
    """Break."""
    raise ValueError("broken")


def publish_all(articles: QuerySet[Article], *, note: str = "") -> dict[str, int]:
    """Publish the selection."""
    return {"published": articles.update(is_published=True, body=note)}


def report(*, day: str) -> dict[str, str]:
    """Take no objects."""
    return {"day": day}


def ship(parcel: Parcel) -> None:
    """Send it off."""
    parcel.label = f"{parcel.label} (shipped)"
    parcel.save()


def unpublished(article: Article, context: Any) -> Refusal | None:
    """The article is not published yet."""
    return Refusal("published", "It is <published> already.", fix=("wipe",)) if article.is_published else None


class NotSecret(BasePermission):
    """An object permission: what is secret is for superusers."""

    message = "This one is secret."

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return request.user.is_superuser or "secret" not in obj.title


class Never(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "is_published"]


class ParcelSerializer(serializers.ModelSerializer[Parcel]):
    class Meta:
        model = Parcel
        fields = ["id", "label"]


FIELDS = {
    "type": "object",
    "required": ["day"],
    "properties": {
        "day": {"type": "string", "format": "date", "title": "The day", "description": "Which day it was."},
        "mood": {"enum": ["good", "bad", 3], "default": "good"},
        "count": {"type": "integer", "minimum": 1, "default": 7},
        "is_loud": {"type": "boolean", "default": True},
        "is_sure": {"type": ["boolean", "null"]},
        "names": {"type": "array", "items": {"type": "string"}},
        "colours": {"type": "array", "items": {"enum": ["red", "blue"]}},
        "more": {"type": "object"},
        "long": {"type": "string", "maxLength": 5000},
        "secret_word": {"type": "string", "format": "password"},
    },
}


def fill(article: Article, **payload: Any) -> dict[str, Any]:
    """Give back what was filled in."""
    article.body = json.dumps(payload, sort_keys=True, default=str)
    article.save()
    return {}


REGISTRY = ActionRegistry(
    "admin-article",
    actions=[
        Action(id="publish", title="Publish it", function=publish, conditions=(unpublished,)),
        Action(id="confirm", title="Confirm it", function=confirm),
        Action(id="wipe", title="Wipe it", function=wipe, destructive=True),
        Action(id="burn", title="Burn it", function=burn, destructive=True, preview=False),
        Action(id="shred", title="Shred it", function=burn, destructive=True),
        Action(id="fail", title="Fail", function=fail),
        Action(id="forbidden", title="Forbidden thing", function=confirm, permissions=(Never,)),
        Action(id="draft", title="Draft thing", function=confirm, status="alpha"),
        Action(id="planned", title="Planned thing", status="todo"),
        Action(id="careful", title="Careful", function=confirm, if_match="required"),
        Action(id="fill", title="Fill in", function=fill, schema=FIELDS),
        Action(id="later", title="Later", function=confirm, background=True),
        Action(id="rarely", title="Rarely", function=confirm, throttle="1/min"),
        Action(id="publish_all", title="Publish 100% of them", function=publish_all, type="bulk", max_objects=3),
        Action(id="report", title="Report", function=report, type="bulk", selection="none"),
    ],
)


class Articles(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = [NotSecret]
    action_registry = REGISTRY

    def get_queryset(self) -> QuerySet[Article]:
        """The admin shows hidden ones, REST does not."""
        return Article.objects.exclude(title="hidden")


class Parcels(ActionMixin, viewsets.ModelViewSet[Parcel]):
    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer
    permission_classes = []
    action_registry = ActionRegistry("admin-parcel", actions=[Action(id="ship", title="Ship it", function=ship)])


class ArticleAdmin(ActionsAdminMixin, admin.ModelAdmin):
    action_registry = REGISTRY
    list_filter = ["is_published"]
    list_per_page = 2


class ParcelAdmin(ActionsAdminMixin, admin.ModelAdmin):
    action_registry = Parcels.action_registry


class Found(ActionsAdminMixin, admin.ModelAdmin):
    """Names no registry."""


site = admin.AdminSite()
site.register(Article, ArticleAdmin)
site.register(Parcel, ParcelAdmin)
site.register(EventAction)

router = routers.SimpleRouter()
router.register("articles", Articles)
router.register("parcels", Parcels)
urlpatterns = [path("admin/", site.urls), path("dj-actions/", include("actions.urls")), *router.urls]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def editor(db: None) -> User:
    """May see articles in the admin, and is no superuser."""
    user = User.objects.create_user("editor", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_article", "view_eventaction"]))
    return user


@pytest.fixture
def page(client: Client, editor: User) -> Client:
    client.force_login(editor)
    return client


@pytest.fixture
def article() -> Article:
    return Article.objects.create(title="Title 1", body="text")


def place(article: Article, action: str) -> str:
    return f"{LIST}{article.pk}/_actions/{action}/"


def text_of(response: Any) -> str:
    """What a person reads."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode())))


def hidden(response: Any, name: str) -> str:
    """The value of a hidden input."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found is not None, name
    return unescape(found[1])


def run(client: Client, article: Article, action: str, step: str = "run", **data: Any) -> Any:
    return client.post(place(article, action), {"djaction-step": step, **data})


def choose(client: Client, name: str, *articles: Any, url: str = LIST, **data: Any) -> Any:
    """Select rows in the list and an action in its drop-down."""
    keys = [str(each.pk) for each in articles]
    return client.post(url, {"action": name, "index": "0", "_selected_action": keys, **data}, follow=True)


class TestOffers:
    """What the change page and the list show."""

    def test_the_change_page_has_a_button_for_each_action_that_the_user_may_call(
        self, page: Client, article: Article
    ) -> None:
        content = page.get(f"{LIST}{article.pk}/change/").content.decode()

        assert f'href="{place(article, "publish")}">Publish it</a>' in content
        assert "Forbidden thing" not in content
        assert "Publish 100%" not in content

    def test_an_unavailable_one_is_disabled_and_says_why_and_what_would_mend_it(
        self, page: Client, article: Article
    ) -> None:
        Article.objects.update(is_published=True)
        response = page.get(f"{LIST}{article.pk}/change/")

        assert place(article, "publish") not in response.content.decode()
        assert 'disabled aria-describedby="djaction-why-publish">Publish it</button>' in response.content.decode()
        assert "It is <published> already. Possible after: Wipe it." in text_of(response)
        assert "Planned thing" in text_of(response)

    def test_alpha_ones_are_hidden_unless_the_project_shows_them(
        self, page: Client, article: Article, settings: Any
    ) -> None:
        url = f"{LIST}{article.pk}/change/"
        assert "Draft thing" not in text_of(page.get(url))

        settings.DJACTION_SHOW_ALPHA = True
        assert "Draft thing" in text_of(page.get(url))

    @pytest.mark.parametrize("title", ["hidden", "secret"])
    def test_nothing_is_offered_for_what_the_viewset_keeps_from_the_user(self, title: str, page: Client) -> None:
        article = Article.objects.create(title=title)

        assert "djaction-offers" not in page.get(f"{LIST}{article.pk}/change/").content.decode()

    def test_a_page_to_add_an_object_offers_nothing(self, client: Client, staff: User) -> None:
        client.force_login(staff)

        assert "djaction-offers" not in client.get(f"{LIST}add/").content.decode()

    def test_a_viewset_that_breaks_leaves_the_change_page_as_it_is(
        self, page: Client, article: Article, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def get_queryset(self: Any) -> Any:
            raise KeyError("list_pk")

        monkeypatch.setattr(Articles, "get_queryset", get_queryset)
        response = page.get(f"{LIST}{article.pk}/change/")

        assert response.status_code == 200
        assert "Publish it" not in text_of(response)
        assert "admin-article" in caplog.text

    def test_the_drop_down_has_bulk_and_instance_actions_and_the_page_those_without_objects(
        self, page: Client, article: Article
    ) -> None:
        content = page.get(LIST).content.decode()

        assert '<option value="admin-article:publish_all">Publish 100% of them</option>' in content
        assert '<option value="admin-article:publish">Publish it</option>' in content
        assert "admin-article:report" not in content
        assert f'href="{LIST}_actions/report/">Report</a>' in content
        assert "Forbidden thing" not in content
        assert "Planned thing" not in content


class TestOneObject:
    """The page of an instance action."""

    def test_a_get_shows_a_form_and_does_nothing(self, page: Client, article: Article) -> None:
        response = page.get(place(article, "publish"), {"note": "x", "djaction-step": "run"})

        assert response.status_code == 200
        assert 'name="times"' in response.content.decode()
        assert "How often it is liked." in text_of(response)
        article.refresh_from_db()
        assert not article.is_published
        assert not EventAction.objects.exists()

    def test_permitted(self, page: Client, article: Article, editor: User) -> None:
        response = run(page, article, "publish", note="said", times="2")

        assert response.status_code == 302, text_of(response)
        assert response["Location"] == f"{LIST}{article.pk}/change/"
        article.refresh_from_db()
        assert (article.is_published, article.body, article.likes) == (True, "said", 2)
        event = EventAction.objects.get()
        assert (event.door, event.actor_name, event.outcome) == ("admin", "editor", "succeeded")
        after = page.get(response["Location"])
        assert "Publish it: done." in text_of(after)
        assert f"/admin/actions/eventaction/{event.pk}/change/" in after.content.decode()

    def test_the_button_pressed_twice_does_it_once(self, page: Client, article: Article) -> None:
        data = {"djaction-key": hidden(page.get(place(article, "confirm")), "djaction-key")}
        for _time in range(2):
            assert run(page, article, "confirm", **data).status_code == 302

        article.refresh_from_db()
        assert article.likes == 1

    def test_an_action_without_fields_asks_before_it_is_done(self, page: Client, article: Article) -> None:
        response = page.get(place(article, "confirm"))

        assert "There is nothing to fill in. Are you sure?" in text_of(response)
        assert "<fieldset" not in response.content.decode()

    @pytest.mark.parametrize("action", ["forbidden", "confirm"])
    def test_refused_by_permission(self, action: str, page: Client) -> None:
        article = Article.objects.create(title="secret")
        response = run(page, article, action)

        assert response.status_code == 403
        assert 'role="alert"' in response.content.decode()
        article.refresh_from_db()
        assert article.likes == 0

    def test_refused_by_condition(self, page: Client, article: Article) -> None:
        Article.objects.update(is_published=True)
        response = run(page, article, "publish", note="kept", times="2")

        assert response.status_code == 409
        assert "It is <published> already." in text_of(response)
        assert 'value="kept"' in response.content.decode()

    def test_a_page_of_what_is_not_possible_now_says_so_and_has_no_button(self, page: Client, article: Article) -> None:
        Article.objects.update(is_published=True)
        response = page.get(place(article, "publish"))

        assert response.status_code == 200
        assert "It is <published> already." in text_of(response)
        assert "djaction-step" not in response.content.decode()

    def test_invalid_input_comes_back_at_its_field_and_is_kept(self, page: Client, article: Article) -> None:
        response = run(page, article, "publish", note="kept", times="many")

        content = response.content.decode()
        assert response.status_code == 400
        assert 'value="kept"' in content
        assert 'value="many"' in content
        assert re.search(r'(?s)field-times">(?:(?!field-).)*<ul class="errorlist"', content), content
        assert not Article.objects.filter(is_published=True).exists()

    def test_what_breaks_is_said_on_the_page(self, page: Client, article: Article) -> None:
        response = run(page, article, "fail")

        assert response.status_code == 500
        assert "The action failed. Nothing was changed." in text_of(response)

    def test_an_object_that_only_the_admin_shows_is_refused_with_a_sentence(self, page: Client) -> None:
        article = Article.objects.create(title="hidden")
        for response in (page.get(place(article, "confirm")), run(page, article, "confirm")):
            assert response.status_code == 404
            assert "Not found." in text_of(response)
            assert "djaction-step" not in response.content.decode()

    def test_what_a_worker_will_do_is_accepted_with_a_link_to_its_record(self, page: Client, article: Article) -> None:
        WorkerHeartbeat.objects.create(uid=uuid4(), name="worker", seen_at=timezone.now())
        response = page.post(place(article, "later"), {"djaction-step": "run"}, follow=True)

        event = EventAction.objects.get()
        assert event.outcome == "pending"
        assert "Later: accepted. A worker will do it. Record" in text_of(response)
        assert f"/admin/actions/eventaction/{event.pk}/change/" in response.content.decode()

    def test_without_a_worker_it_is_refused_on_the_page(self, page: Client, article: Article) -> None:
        response = run(page, article, "later")

        assert response.status_code == 503
        assert 'role="alert"' in response.content.decode()

    def test_who_comes_too_often_is_told_when_to_come_back(self, page: Client, article: Article) -> None:
        run(page, article, "rarely")
        response = run(page, article, "rarely")

        assert response.status_code == 429
        assert "Retry-After" in response

    @pytest.mark.parametrize("action", ["nothing", "report"])
    def test_what_is_no_instance_action_is_not_found(self, action: str, page: Client, article: Article) -> None:
        assert page.get(place(article, action)).status_code == 404

    def test_the_version_that_was_looked_at_is_the_one_that_is_meant(self, page: Client, article: Article) -> None:
        data = {"djaction-version": hidden(page.get(place(article, "careful")), "djaction-version")}
        Article.objects.update(title="Another")

        stale = run(page, article, "careful", **data)
        assert stale.status_code == 412
        assert (
            run(page, article, "careful", **{"djaction-version": hidden(stale, "djaction-version")}).status_code == 302
        )

    def test_the_filters_of_the_list_are_remembered(self, page: Client, article: Article) -> None:
        query = "?_changelist_filters=is_published__exact%3D0"
        response = page.post(place(article, "confirm") + query, {"djaction-step": "run"})

        assert response["Location"] == f"{LIST}{article.pk}/change/{query}"

    def test_an_object_that_is_gone_leads_back_to_the_list(self, page: Client, article: Article) -> None:
        response = run(page, article, "burn", "confirm")

        assert response["Location"] == LIST
        assert not Article.objects.exists()

    def test_keys_that_are_no_numbers_work(self, client: Client, staff: User) -> None:
        client.force_login(staff)
        parcel = Parcel.objects.create(label="Box")
        assert client.post(f"{PARCELS}{parcel.pk}/_actions/ship/", {"djaction-step": "run"}).status_code == 302

        parcel.refresh_from_db()
        assert parcel.label == "Box (shipped)"


class TestPreviews:
    """What is shown before it is done."""

    def test_previewed(self, page: Client, article: Article) -> None:
        response = run(page, article, "publish", "preview", note="said", times="2")

        assert response.status_code == 200
        assert f"article 1 {article} is published no yes" in text_of(response).replace(
            f"article {article.pk}", "article 1"
        )
        assert 'value="said"' in response.content.decode()
        article.refresh_from_db()
        assert not article.is_published
        assert not EventAction.objects.exists()

    def test_a_destructive_action_is_shown_first_and_then_done_exactly_so(self, page: Client, article: Article) -> None:
        assert 'value="run"' not in page.get(place(article, "wipe")).content.decode()

        shown = run(page, article, "wipe", "run", text="gone")
        assert shown.status_code == 200
        article.refresh_from_db()
        assert article.body == "text"

        plan = {"djaction-plan": hidden(shown, "djaction-plan")}
        assert run(page, article, "wipe", "confirm", text="gone", **plan).status_code == 302
        article.refresh_from_db()
        assert article.body == "gone"

    def test_without_a_plan_nothing_destructive_is_done(self, page: Client, article: Article) -> None:
        assert run(page, article, "wipe", "confirm", text="gone").status_code == 200

        article.refresh_from_db()
        assert article.body == "text"

    def test_an_object_is_named_and_one_that_would_be_deleted_is_shown_whole(
        self, page: Client, article: Article
    ) -> None:
        response = run(page, article, "shred", "preview")
        content = response.content.decode()
        [row] = response.context["state"].effects.changes
        assert (row.thing, row.title, row.name, row.after) == (f"article {article.pk}", str(article), "is deleted", "-")
        assert f"title: {article.title}" in row.before.splitlines()
        assert f'<span class="djaction-title">{escape(str(article))}</span>' in content
        assert Article.objects.filter(pk=article.pk).exists()

    def test_what_is_different_now_is_said_with_a_new_preview(self, page: Client, article: Article) -> None:
        shown = run(page, article, "wipe", text="gone")
        Article.objects.update(body="other")
        stale = run(page, article, "wipe", "confirm", text="gone", **{"djaction-plan": hidden(shown, "djaction-plan")})

        assert stale.status_code == 412
        assert "text → gone" in text_of(stale)
        assert "other → gone" in text_of(stale)
        plan = {"djaction-plan": hidden(stale, "djaction-plan")}
        assert run(page, article, "wipe", "confirm", text="gone", **plan).status_code == 302

    def test_another_input_than_the_one_that_was_shown_is_shown_first(self, page: Client, article: Article) -> None:
        plan = {"djaction-plan": hidden(run(page, article, "wipe", text="gone"), "djaction-plan")}
        response = run(page, article, "wipe", "confirm", text="another", **plan)

        assert response.status_code == 412
        article.refresh_from_db()
        assert article.body == "text"

    def test_a_plan_that_was_made_up_is_refused(self, page: Client, article: Article) -> None:
        response = run(page, article, "wipe", "confirm", text="gone", **{"djaction-plan": "made:up"})

        assert response.status_code == 400
        article.refresh_from_db()
        assert article.body == "text"

    def test_what_cannot_be_shown_beforehand_is_asked_twice(self, page: Client, article: Article) -> None:
        assert 'value="preview"' not in page.get(place(article, "burn")).content.decode()

        asked = run(page, article, "burn")
        assert "something is lost for good. Are you sure?" in text_of(asked)
        assert Article.objects.exists()
        assert run(page, article, "burn", "confirm").status_code == 302
        assert not Article.objects.exists()


class TestSeveral:
    """Objects that were selected in the list."""

    @pytest.fixture
    def articles(self) -> list[Article]:
        return [Article.objects.create(title=f"Title {number}") for number in range(3)]

    def confirm(self, client: Client, chosen: Any, action: str, **data: Any) -> Any:
        """Send the page's form."""
        sent = {"djaction-step": "run", "djaction-ids": hidden(chosen, "djaction-ids"), **data}
        return client.post(f"{LIST}_actions/{action}/", sent, follow=True)

    def test_a_bulk_action_is_for_the_selected_rows(self, page: Client, articles: list[Article]) -> None:
        chosen = choose(page, "admin-article:publish_all", *articles[:2])
        assert "2 selected objects Title 0 Title 1" in text_of(chosen)
        assert not Article.objects.filter(is_published=True).exists()

        done = self.confirm(page, chosen, "publish_all", note="all")
        assert "Publish 100% of them: done." in text_of(done)
        assert Article.objects.filter(is_published=True, body="all").count() == 2

    def test_an_instance_action_is_done_to_each_of_them(self, page: Client, articles: list[Article]) -> None:
        chosen = choose(page, "admin-article:publish", *articles)
        self.confirm(page, chosen, "publish", note="each")

        assert Article.objects.filter(is_published=True, body="each").count() == 3
        assert EventAction.objects.get().door == "admin"

    def test_all_or_none_by_default(self, page: Client, articles: list[Article]) -> None:
        Article.objects.filter(pk=articles[1].pk).update(is_published=True)
        chosen = choose(page, "admin-article:publish", *articles)
        refused = self.confirm(page, chosen, "publish", note="kept")

        assert refused.status_code == 400
        assert "Title 1: It is <published> already." in text_of(refused)
        assert 'value="kept"' in refused.content.decode()
        assert Article.objects.filter(is_published=True).count() == 1

    def test_or_as_far_as_it_goes(self, page: Client, articles: list[Article]) -> None:
        Article.objects.filter(pk=articles[1].pk).update(is_published=True)
        chosen = choose(page, "admin-article:publish", *articles)
        done = self.confirm(page, chosen, "publish", **{"djaction-each": "on"})

        assert "Publish it: done with 2 of 3." in text_of(done)
        assert "Title 1: It is <published> already." in text_of(done)
        assert Article.objects.filter(is_published=True).count() == 3

    def test_wrong_input_is_said_once_at_its_field(self, page: Client, articles: list[Article]) -> None:
        refused = self.confirm(page, choose(page, "admin-article:publish", *articles), "publish", times="many")

        assert refused.status_code == 400
        assert len(re.findall(r'class="errorlist"', refused.content.decode())) == 1

    def test_a_destructive_one_is_shown_first(self, page: Client, articles: list[Article]) -> None:
        chosen = choose(page, "admin-article:wipe", *articles)
        shown = self.confirm(page, chosen, "wipe", text="gone")
        assert not Article.objects.filter(body="gone").exists()

        plan = {"djaction-plan": hidden(shown, "djaction-plan"), "djaction-step": "confirm"}
        self.confirm(page, shown, "wipe", text="gone", **plan)
        assert Article.objects.filter(body="gone").count() == 3

    def test_versions_are_carried_along(self, page: Client, articles: list[Article]) -> None:
        chosen = choose(page, "admin-article:careful", *articles)
        Article.objects.filter(pk=articles[0].pk).update(body="other")
        assert self.confirm(page, chosen, "careful").status_code == 400

        self.confirm(page, choose(page, "admin-article:careful", *articles), "careful")
        assert Article.objects.filter(likes=1).count() == 3

    def test_select_all_passes_all_of_the_list_and_no_more(self, page: Client, articles: list[Article]) -> None:
        Article.objects.create(title="Out", is_published=True)
        chosen = choose(
            page, "admin-article:publish_all", articles[0], url=f"{LIST}?is_published__exact=0", select_across="1"
        )

        assert set(json.loads(hidden(chosen, "djaction-ids"))) == {str(each.pk) for each in articles}

    def test_more_than_may_be_taken_are_refused_with_the_number(self, page: Client, articles: list[Article]) -> None:
        Article.objects.create(title="One more")
        response = choose(page, "admin-article:publish_all", articles[0], select_across="1")

        assert "at most 3 objects can be taken at once" in text_of(response)
        assert "djaction-step" not in response.content.decode()

    def test_rows_that_the_viewset_keeps_from_the_user_are_refused(self, page: Client, articles: list[Article]) -> None:
        Article.objects.filter(pk=articles[0].pk).update(title="hidden")
        refused = self.confirm(page, choose(page, "admin-article:publish_all", *articles), "publish_all")

        assert refused.status_code == 404
        assert not Article.objects.filter(is_published=True).exists()

    @pytest.mark.parametrize("ids", [None, "", "[]", "{}", "7", "[", "[[1]]"])
    def test_without_a_selection_nothing_is_done(self, ids: str | None, page: Client, articles: list[Article]) -> None:
        data = {"djaction-step": "run"} | ({} if ids is None else {"djaction-ids": ids})
        response = page.post(f"{LIST}_actions/publish_all/", data)

        assert response.status_code in (302, 400)
        assert not Article.objects.filter(is_published=True).exists()

    def test_a_get_leads_to_the_list(self, page: Client) -> None:
        response = page.get(f"{LIST}_actions/publish_all/")

        assert (response.status_code, response["Location"]) == (302, LIST)

    def test_an_action_that_takes_no_objects_has_a_page_of_its_own(self, page: Client) -> None:
        assert 'name="day"' in page.get(f"{LIST}_actions/report/").content.decode()

        assert page.post(f"{LIST}_actions/report/", {"djaction-step": "run", "day": ""}).status_code == 302
        done = page.post(f"{LIST}_actions/report/", {"djaction-step": "run", "day": "Monday"}, follow=True)
        assert "Report: done." in text_of(done)


class TestForms:
    """Payloads of every kind."""

    def test_each_kind_of_field_has_its_input_and_its_default(self, page: Client, article: Article) -> None:
        content = page.get(place(article, "fill")).content.decode()

        for tag in (
            r'type="date" name="day"',
            r'<select name="mood"',
            r'<option value="good" selected>',
            r'type="number" name="count" value="7" min="1"',
            r'type="checkbox" name="is_loud" [^>]*checked',
            r'<select name="is_sure"',
            r'<textarea name="names"',
            r'type="checkbox" name="colours" value="red"',
            r'<textarea name="more"',
            r'<textarea name="long"',
            r'type="password" name="secret_word"',
        ):
            assert re.search(tag.replace(" name", "[^>]* name").replace(" min", "[^>]* min"), content), tag
        assert 'class="required" for="id_day">The day:' in content
        assert "Which day it was." in content

    def test_what_is_filled_in_is_sent_as_json_values(self, page: Client, article: Article) -> None:
        sent = {
            "day": "2026-05-01",
            "mood": "3",
            "count": "5",
            "is_sure": "true",
            "names": "a\r\n\r\nb c",
            "more": '{"x": [1]}',
        }
        response = run(page, article, "fill", colours=["red", "blue"], **sent)

        assert response.status_code == 302, text_of(response)
        article.refresh_from_db()
        assert json.loads(article.body) == {
            "day": "2026-05-01",
            "mood": 3,
            "count": 5,
            "is_loud": False,
            "is_sure": True,
            "names": ["a", "b c"],
            "colours": ["red", "blue"],
            "more": {"x": [1]},
        }

    def test_what_is_left_empty_is_left_out(self, page: Client, article: Article) -> None:
        run(
            page,
            article,
            "fill",
            day="2026-05-01",
            is_loud="on",
            count="",
            mood="",
            names="",
            more="",
            is_sure="unknown",
        )

        article.refresh_from_db()
        assert json.loads(article.body) == {"day": "2026-05-01", "mood": "good", "count": 7, "is_loud": True}

    def test_errors_of_all_fields_are_shown_and_json_has_to_be_json(self, page: Client, article: Article) -> None:
        response = run(page, article, "fill", day="", more="{", mood="good")
        assert response.status_code == 400
        assert "JSON was expected" in text_of(response)

        response = run(page, article, "fill", day="yesterday", count="0", mood="none")
        assert response.status_code == 400
        assert len(re.findall(r'<ul class="errorlist', response.content.decode())) == 3


class TestDoors:
    """Who gets in."""

    @pytest.mark.parametrize("is_known", [False, True])
    def test_nobody_but_staff_gets_in(self, is_known: bool, client: Client, article: Article) -> None:
        if is_known:
            client.force_login(User.objects.create_user("guest"))
        for response in (client.get(place(article, "confirm")), run(client, article, "confirm")):
            assert response.status_code == 302
            assert response["Location"].startswith("/admin/login/")
        article.refresh_from_db()
        assert article.likes == 0

    def test_the_admin_has_to_show_the_object(self, client: Client, article: Article) -> None:
        client.force_login(User.objects.create_user("clerk", is_staff=True))

        assert run(client, article, "confirm").status_code == 403
        assert client.post(f"{LIST}_actions/report/", {"djaction-step": "run"}).status_code == 403

    def test_a_post_needs_its_token(self, editor: User, article: Article) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(editor)

        assert run(client, article, "confirm").status_code == 403
        article.refresh_from_db()
        assert article.likes == 0

    def test_no_page_has_scripts_or_styles_of_its_own(self, page: Client, article: Article) -> None:
        for url in (place(article, "fill"), place(article, "wipe"), f"{LIST}{article.pk}/change/"):
            content = page.get(url).content.decode()
            assert not re.search(r"<script(?![^>]*\bsrc=)", content)
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=", content)

    def test_a_failure_is_recorded_where_requests_are_transactions(
        self, page: Client, article: Article, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from django.db import connection

        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        assert run(page, article, "fail").status_code == 500

        assert EventAction.objects.get().outcome == "failed"


class TestRegistries:
    """Whose actions a ModelAdmin offers."""

    def test_the_registry_is_found_by_the_model(self) -> None:
        class Groups(ActionMixin, viewsets.ModelViewSet[Group]):
            queryset = Group.objects.all()
            action_registry = ActionRegistry("admin-group", actions=[Action(id="confirm", function=confirm)])

        assert Found(Group, site).get_action_registry() is Groups.action_registry
        assert Found(Session, site).get_action_registry() is None

    def test_of_several_one_has_to_be_named(self) -> None:
        class Groups(ActionMixin, viewsets.ModelViewSet[Group]):
            queryset = Group.objects.all()
            action_registry = ActionRegistry("admin-group-a", actions=[Action(id="confirm", function=confirm)])

        class Others(Groups):
            action_registry = ActionRegistry("admin-group-b", actions=[Action(id="confirm", function=confirm)])

        (error,) = Found(Group, site).check()
        assert error.id == "actions.E030"
        assert "admin-group-a, admin-group-b" in error.msg


@pytest.mark.urls("tests.urls")
class TestExample:
    """The example project, whose payloads are a form and a serializer, too."""

    @pytest.fixture(autouse=True)
    def _alpha(self, settings: Any) -> None:
        settings.DJACTION_SHOW_ALPHA = True

    @pytest.fixture
    def admin_page(self, client: Client, staff: User) -> Client:
        client.force_login(staff)
        return client

    def test_a_django_form_is_shown_and_read_as_it_is(self, admin_page: Client, todo: Todo, bob: User) -> None:
        url = f"/admin/example_app/todo/{todo.pk}/_actions/assign/"
        assert '<option value="bob">bob</option>' in admin_page.get(url).content.decode()

        refused = admin_page.post(url, {"djaction-step": "run", "owner": ""})
        assert refused.status_code == 400
        assert "This field is required." in text_of(refused)
        assert admin_page.post(url, {"djaction-step": "run", "owner": "bob"}).status_code == 302
        todo.refresh_from_db()
        assert todo.owner == bob

    def test_a_serializer_s_field_offers_the_objects_that_the_caller_sees(
        self, admin_page: Client, todo: Todo, alice: User
    ) -> None:
        other = TodoList.objects.create(name="Work", owner=alice)
        chosen = choose(admin_page, "todo:move", todo, url="/admin/example_app/todo/")
        assert f'<option value="{other.pk}">Work</option>' in chosen.content.decode()

        sent = {"djaction-step": "run", "djaction-ids": hidden(chosen, "djaction-ids"), "to": str(other.pk)}
        assert admin_page.post("/admin/example_app/todo/_actions/move/", sent).status_code == 302
        todo.refresh_from_db()
        assert todo.list == other

    def test_records_have_the_package_s_own_actions(self, admin_page: Client) -> None:
        assert (
            "/admin/actions/eventaction/_actions/archive_actions/"
            in admin_page.get("/admin/actions/eventaction/").content.decode()
        )
