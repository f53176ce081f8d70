"""ETag and If-Match: which version of an object a caller means, and whether it is still that one."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.db import models
from django.test.utils import isolate_apps
from rest_framework import routers
from rest_framework.response import Response
from rest_framework.test import APIClient

from actions import Action, ActionRegistry
from actions.models import EventAction
from actions.versions import etag_of, is_loaded
from tests import keyed
from tests.app.models import Article
from tests.threads import together

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

CONDITIONAL_GET = "django.middleware.http.ConditionalGetMiddleware"


class ByLikes(keyed.Articles):
    """Whose version is a counter."""

    version_field = "likes"
    action_registry = ActionRegistry("keyed_bylikes", actions=[Action(id="like", function=keyed.like)])


class WithoutBody(keyed.Articles):
    """Leaves a field in the database."""

    queryset = Article.objects.defer("body")
    action_registry = ActionRegistry("keyed_withoutbody", actions=[Action(id="like", function=keyed.like)])


class WithoutBodyByLikes(WithoutBody):
    version_field = "likes"
    action_registry = ActionRegistry("keyed_withoutbodybylikes", actions=[Action(id="like", function=keyed.like)])


class ByItself(keyed.Articles):
    """Finds its objects by itself."""

    action_registry = ActionRegistry("keyed_byitself", actions=[Action(id="like", function=keyed.like)])

    def get_object(self) -> Article:
        return Article.objects.get(pk=self.kwargs["pk"])


class WithTag(keyed.Articles):
    """Has a tag of its own."""

    action_registry = ActionRegistry("keyed_withtag", actions=[Action(id="like", function=keyed.like)])

    def retrieve(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        response = super().retrieve(request, *args, **kwargs)
        response["ETag"] = '"own"'
        return response


router = routers.SimpleRouter()
router.register("by-likes", ByLikes, basename="by-likes")
router.register("without-body", WithoutBody, basename="without-body")
router.register("without-body-by-likes", WithoutBodyByLikes, basename="without-body-by-likes")
router.register("by-itself", ByItself, basename="by-itself")
router.register("with-tag", WithTag, basename="with-tag")
urlpatterns = [*router.urls, *keyed.urlpatterns]


@pytest.fixture
def article(db: None) -> Article:
    return Article.objects.create(title="News")


def tag(client: APIClient, article: Article, resource: str = "articles") -> str:
    """The object's ETag, as a caller reads it."""
    return str(client.get(f"/{resource}/{article.pk}/")["ETag"])


def like(client: APIClient, article: Article, if_match: str, action: str = "like", **headers: str) -> Any:
    return client.post(f"/articles/{article.pk}/{action}/", headers={"If-Match": if_match, **headers})


def likes(article: Article) -> int:
    article.refresh_from_db()
    return article.likes


# --- ETag


def test_an_object_that_is_read_says_its_version_wherever_it_is(api: APIClient, article: Article) -> None:
    url = f"/articles/{article.pk}/"
    read = tag(api, article)
    assert read.startswith('"')
    assert len(read) == 34
    assert api.head(url)["ETag"] == read
    assert api.get(f"{url}actions/")["ETag"] == read
    assert api.get(f"/articles/actions/?ids={article.pk}").json()[0]["etag"] == read


def test_other_answers_have_none(api: APIClient, article: Article) -> None:
    url = f"/articles/{article.pk}/"
    for response in (
        api.get("/articles/"),
        api.get("/articles/0/"),
        api.options(url),
        api.patch(url, {"title": "Old"}, format="json"),
        api.get(f"{url}like/"),
        api.get("/articles/actions/"),
        api.post(f"{url}like/"),
    ):
        assert "ETag" not in response, response.request


def test_the_version_is_another_after_a_change_of_any_field_and_only_then(api: APIClient, article: Article) -> None:
    tags = [tag(api, article)]
    for change in ({"body": "x"}, {"likes": 5}, {"author_id": User.objects.get().pk}):
        Article.objects.update(**change)
        tags.append(tag(api, article))
        assert tag(api, article) == tags[-1]
    assert len(set(tags)) == 4
    other = Article.objects.create(title=article.title)
    same = Article.objects.create(title=article.title)
    assert tag(api, other) != tag(api, same)


def test_the_version_costs_no_statement(api: APIClient, article: Article, django_assert_num_queries: Any) -> None:
    for resource in ("articles", "without-body"):
        # The serializer does not read what was left out.
        with django_assert_num_queries(1):
            api.get(f"/{resource}/{article.pk}/")


def test_what_was_not_read_has_no_version_unless_that_is_in_another_field(api: APIClient, article: Article) -> None:
    assert "ETag" not in api.get(f"/without-body/{article.pk}/")
    assert "ETag" in api.get(f"/without-body-by-likes/{article.pk}/")


def test_a_view_that_finds_its_objects_by_itself_has_none(api: APIClient, article: Article) -> None:
    assert "ETag" not in api.get(f"/by-itself/{article.pk}/")
    # But its actions know the version.
    response = api.post(f"/by-itself/{article.pk}/like/", headers={"If-Match": '"old"'})
    assert api.post(f"/by-itself/{article.pk}/like/", headers={"If-Match": response["ETag"]}).status_code == 200


def test_a_view_s_own_tag_stays(api: APIClient, article: Article) -> None:
    assert tag(api, article, "with-tag") == '"own"'


def test_where_a_middleware_answers_from_tags_only_a_declared_version_is_told(
    alice: User, client_of: Any, api: APIClient, article: Article, settings: Any
) -> None:
    ours = tag(api, article, "by-likes")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, CONDITIONAL_GET]
    # A client keeps the middleware that there was at its first request.
    api = client_of(alice)

    def of(url: str) -> Any:
        return api.get(url).headers.get("ETag")

    with patch("actions.etags.etag_of", side_effect=AssertionError):
        # The middleware makes one of the whole answer.
        assert of(f"/articles/{article.pk}/") not in (None, ours)
        assert of(f"/by-likes/{article.pk}/actions/") not in (None, ours)
    assert of(f"/by-likes/{article.pk}/") == ours
    assert api.get(f"/by-likes/{article.pk}/", headers={"If-None-Match": ours}).status_code == 304


def test_a_declared_version_is_all_that_counts(api: APIClient, article: Article) -> None:
    before = tag(api, article, "by-likes")
    Article.objects.update(body="x")
    assert tag(api, article, "by-likes") == before
    Article.objects.update(likes=5)
    assert tag(api, article, "by-likes") != before


def test_a_version_tells_nothing_of_hidden_fields_to_who_can_count(article: Article, settings: Any) -> None:
    before = etag_of(None, article)
    settings.SECRET_KEY = "another"
    assert etag_of(None, article) != before


@isolate_apps("tests.app")
def test_fields_of_every_kind_have_one_version() -> None:
    class Odd(models.Model):
        data = models.BinaryField()
        options = models.JSONField()
        price = models.DecimalField(max_digits=5, decimal_places=2)
        file = models.FileField()

        class Meta:
            app_label = "app"

        def __str__(self) -> str:
            return "odd"

    def odd(**values: Any) -> Any:
        usual = {"id": 1, "data": b"\x00\xff", "options": {"a": 1, "b": 2}, "price": "1.00", "file": "a.txt"}
        return Odd(**{**usual, **values})

    same = {"data": memoryview(b"\x00\xff"), "options": {"b": 2, "a": 1}}
    assert etag_of(None, odd(**same)) == etag_of(None, odd())
    for other in ({"data": b"\x00"}, {"options": {"a": 2}}, {"price": "2.00"}, {"file": "b.txt"}):
        assert etag_of(None, odd(**other)) != etag_of(None, odd())
    assert is_loaded(None, odd())


# --- If-Match


def test_the_version_that_is_meant(api: APIClient, article: Article) -> None:
    assert like(api, article, tag(api, article)).status_code == 200


def test_another_version_is_refused_with_the_current_one(api: APIClient, article: Article) -> None:
    before = tag(api, article)
    Article.objects.update(body="x")
    response = like(api, article, before)
    assert (response.status_code, response.json()["code"]) == (412, "version_changed")
    assert response["ETag"] == response.json()["etag"] == tag(api, article) != before
    assert likes(article) == 0
    assert like(api, article, response["ETag"]).status_code == 200


@pytest.mark.parametrize("form", ["{}", '"a", {}', '{}, W/"a"', ' {},"a",', "*"])
def test_one_of_several_versions_and_any(api: APIClient, article: Article, form: str) -> None:
    assert like(api, article, form.format(tag(api, article))).status_code == 200


def test_a_weak_tag_matches_nothing(api: APIClient, article: Article) -> None:
    assert like(api, article, f"W/{tag(api, article)}").status_code == 412


def test_any_version_of_what_is_not_there(api: APIClient, article: Article) -> None:
    article_pk, article.pk = article.pk, 0
    assert like(api, article, "*").status_code == 404
    assert article_pk


@pytest.mark.parametrize("text", ["", "abc", '"abc', '*, "a"', '"a" "b"'])
def test_what_is_no_tag_does_nothing(api: APIClient, article: Article, text: str) -> None:
    response = like(api, article, text)
    assert (response.status_code, list(response.json()["errors"])) == (400, ["If-Match"])
    assert likes(article) == 0


def test_a_preview_is_of_the_version_that_is_meant_as_well(api: APIClient, article: Article) -> None:
    assert like(api, article, '"old"', prefer="dry-run").status_code == 412
    assert like(api, article, tag(api, article), prefer="dry-run").status_code == 200


@pytest.mark.parametrize("sent", [{"ids": [1]}, {"items": [{"id": 1}]}])
def test_of_several_objects_the_header_can_mean_none(api: APIClient, article: Article, sent: dict[str, Any]) -> None:
    response = api.post("/articles/like/", sent, format="json", headers={"If-Match": "*"})
    assert (response.status_code, list(response.json()["errors"])) == (400, ["If-Match"])
    response = api.post("/articles/like_all/?title=News", headers={"If-Match": '"a"'})
    assert (response.status_code, list(response.json()["errors"])) == (400, ["If-Match"])
    assert likes(article) == 0


# --- several


@pytest.fixture
def articles(article: Article) -> list[Article]:
    return [article, Article.objects.create(title="Other")]


@pytest.mark.parametrize("action", ["like", "like_version", "like_all", "like_all_versions"])
def test_a_version_per_item(api: APIClient, articles: list[Article], action: str) -> None:
    items = [{"id": each.pk, "etag": tag(api, each)} for each in articles]
    response = api.post(f"/articles/{action}/", {"items": items}, format="json")
    assert (response.status_code, response.json()["counts"]["succeeded"]) == (200, 2)
    refused = api.post(f"/articles/{action}/", {"items": items}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (400, "items_refused")
    results = refused.json()["results"]
    assert [(each["status"], each["error"]["etag"]) for each in results] == [(412, tag(api, each)) for each in articles]
    assert [likes(each) for each in articles] == [1, 1]


def test_the_items_that_are_still_so_are_done(api: APIClient, articles: list[Article]) -> None:
    items = [{"id": each.pk, "etag": tag(api, each)} for each in articles]
    Article.objects.filter(pk=articles[1].pk).update(body="x")
    headers = {"Prefer": "continue-on-error"}
    response = api.post("/articles/like/", {"items": items}, format="json", headers=headers)
    assert [each["status"] for each in response.json()["results"]] == [200, 412]
    assert [likes(each) for each in articles] == [1, 0]


@pytest.mark.parametrize("etag", ["abc", "", 5, ["a"], '"a'])
def test_an_item_s_malformed_version_is_named(api: APIClient, article: Article, etag: Any) -> None:
    response = api.post("/articles/like/", {"items": [{"id": article.pk, "etag": etag}]}, format="json")
    assert (response.status_code, list(response.json()["errors"])) == (400, ["items.0.etag"])
    assert likes(article) == 0


# --- demanded


def test_a_version_that_is_demanded_and_missing(api: APIClient, article: Article) -> None:
    url = f"/articles/{article.pk}/like_version/"
    for headers in ({}, {"Prefer": "dry-run"}):
        response = api.post(url, headers=headers)
        assert (response.status_code, response.json()["code"]) == (428, "version_required")
        assert list(response.json()["errors"]) == ["If-Match"]
    assert api.post(url, headers={"If-Match": tag(api, article)}).status_code == 200


@pytest.mark.parametrize("action", ["like_version", "like_all_versions"])
def test_a_version_that_is_demanded_of_each_item(api: APIClient, articles: list[Article], action: str) -> None:
    items = [{"id": articles[0].pk, "etag": tag(api, articles[0])}, {"id": articles[1].pk}]
    response = api.post(f"/articles/{action}/", {"items": items}, format="json")
    assert response.status_code == 400
    assert [(each["index"], each["status"]) for each in response.json()["results"]] == [(1, 428)]
    assert [likes(each) for each in articles] == [0, 0]


def test_a_set_has_no_version_that_could_be_demanded(api: APIClient, article: Article) -> None:
    for url, sent in (
        ("/articles/like_all_versions/", {"ids": [article.pk]}),
        ("/articles/like_all_versions/?title=News", {}),
        ("/articles/like_all_versions/?all=true", {}),
    ):
        response = api.post(url, sent, format="json")
        assert (response.status_code, list(response.json()["errors"])) == (428, ["items"]), url
    assert likes(article) == 0


# --- at the same time


@pytest.mark.django_db(transaction=True)
def test_of_several_who_mean_the_same_version_one_wins(alice: User, article: Article) -> None:
    def send() -> Any:
        client = APIClient()
        client.force_authenticate(alice)
        return like(client, article, current)

    client = APIClient()
    client.force_authenticate(alice)
    current = tag(client, article)
    responses = together(4, send)
    assert sorted(response.status_code for response in responses) == [200, 412, 412, 412]
    after = tag(client, article)
    assert {response["ETag"] for response in responses if response.status_code == 412} == {after}
    assert likes(article) == 1
    assert EventAction.objects.filter(outcome="succeeded").count() == 1
