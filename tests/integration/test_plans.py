"""A plan is carried out only as long as it would do exactly what the preview showed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework.utils.encoders import JSONEncoder

from actions.models import EventAction
from actions.plans import Effect
from example_app.models import Todo
from tests.app.models import Article

from .trials import SENT, WORK, later, post, preview

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.integration.trials")]


@pytest.fixture
def http(alice: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(alice)
    return client


@pytest.fixture
def article(alice: User) -> Article:
    return Article.objects.create(title="Title", author=alice)


@pytest.fixture
def now() -> Iterator[time_machine.Traveller]:
    """A clock that goes on and can be moved."""
    with time_machine.travel(datetime(2026, 5, 1, 12, tzinfo=UTC)) as traveller:
        yield traveller


def act(article: Article) -> str:
    return f"/articles/{article.pk}/act/"


def plan_of(http: APIClient, path: str, data: Any) -> str:
    response = preview(http, path, data)
    assert response.status_code == 200, response.json()
    return str(response.json()["plan"])


def carry_out(http: APIClient, path: str, data: Any, plan: str, **headers: str) -> Any:
    return post(http, path, data, If_Plan=plan, **headers)


def test_a_plan_is_carried_out_though_the_time_has_gone_on(
    http: APIClient, article: Article, now: time_machine.Traveller
) -> None:
    plan = plan_of(http, act(article), {"kind": "publish"})
    now.shift(timedelta(minutes=5))
    response = carry_out(http, act(article), {"kind": "publish"}, plan)

    assert response.status_code == 200, response.json()
    assert Article.objects.get().is_published
    assert EventAction.objects.get().outcome == "succeeded"


def test_an_object_that_was_saved_a_moment_before_makes_no_difference(
    api: APIClient, todo: Todo, settings: Any, now: time_machine.Traveller
) -> None:
    settings.ROOT_URLCONF = "tests.urls"
    todo.save()
    plan = plan_of(api, f"/todos/{todo.pk}/mark_done/", {"note": "x"})
    now.shift(timedelta(minutes=5))

    assert carry_out(api, f"/todos/{todo.pk}/mark_done/", {"note": "x"}, plan).status_code == 200


@pytest.mark.parametrize(
    ("path", "data", "user"),
    [
        ("/articles/{0}/act/", {"kind": "like"}, "alice"),
        ("/articles/{0}/loose/", {"kind": "publish"}, "alice"),
        ("/articles/{1}/act/", {"kind": "publish"}, "alice"),
        ("/articles/{0}/act/", {"kind": "publish"}, "bob"),
    ],
)
def test_a_plan_is_for_one_call_of_one_caller(
    http: APIClient, article: Article, bob: User, path: str, data: Any, user: str
) -> None:
    other = Article.objects.create(title="Title", author=article.author)
    plan = plan_of(http, act(article), {"kind": "publish"})
    http.force_authenticate(User.objects.get(username=user))
    response = carry_out(http, path.format(article.pk, other.pk), data, plan)

    expected = (501, "preview_not_possible") if "loose" in path else (412, "plan_of_another_call")
    assert (response.status_code, response.json()["code"]) == expected
    assert not Article.objects.filter(is_published=True).exists()
    assert not Article.objects.filter(likes__gt=0).exists()


def test_an_object_that_has_changed_is_told_with_the_difference(http: APIClient, article: Article) -> None:
    plan = plan_of(http, act(article), {"kind": "like"})
    Article.objects.update(likes=5)
    response = carry_out(http, act(article), {"kind": "like"}, plan)

    assert (response.status_code, response.json()["code"]) == (412, "plan_changed")
    difference = response.json()["difference"]
    assert difference["changes"]["planned"][0]["after"] == 1
    assert difference["changes"]["now"][0]["after"] == 6
    versions = difference["versions"]
    assert versions["planned"].keys() == versions["now"].keys() == {str(article.pk)}
    assert versions["planned"] != versions["now"]
    assert Article.objects.get().likes == 5
    assert EventAction.objects.get().status_code == 412


def test_a_field_that_the_action_leaves_alone_counts_too(http: APIClient, article: Article) -> None:
    plan = plan_of(http, act(article), {"kind": "publish"})
    Article.objects.update(body="Something else")

    assert list(carry_out(http, act(article), {"kind": "publish"}, plan).json()["difference"]) == ["versions"]


def test_a_plan_is_too_old_after_its_time(
    http: APIClient, article: Article, settings: Any, now: time_machine.Traveller
) -> None:
    settings.DJACTION_PLAN_SECONDS = 60
    plan = plan_of(http, act(article), {"kind": "publish"})
    now.shift(timedelta(seconds=61))
    response = carry_out(http, act(article), {"kind": "publish"}, plan)

    assert (response.status_code, response.json()["code"]) == (412, "plan_expired")
    assert not Article.objects.get().is_published


def test_a_plan_that_was_changed_is_none(http: APIClient, article: Article) -> None:
    plan = plan_of(http, act(article), {"kind": "publish"})
    for wrong in (plan[:-2] + ("AA" if plan[-2:] != "AA" else "BB"), "x" + plan, "no-plan", "!"):
        response = carry_out(http, act(article), {"kind": "publish"}, wrong)
        assert (response.status_code, list(response.json()["errors"])) == (400, ["If-Plan"])
    assert not Article.objects.get().is_published


def test_what_is_random_is_a_difference(http: APIClient, article: Article, monkeypatch: Any) -> None:
    def number(article: Article, context: Any) -> None:
        article.body = str(random.random())  # noqa: S311
        article.save(update_fields=["body"])

    monkeypatch.setitem(WORK, "number", number)
    plan = plan_of(http, act(article), {"kind": "number"})

    assert list(carry_out(http, act(article), {"kind": "number"}, plan).json()["difference"]) == ["changes"]


def test_the_key_of_a_row_that_is_made_is_none(http: APIClient, article: Article) -> None:
    plan = plan_of(http, act(article), {"kind": "create_watched"})

    assert carry_out(http, act(article), {"kind": "create_watched"}, plan).json() == {"made": True}


def test_other_rows_than_planned_are_a_difference(http: APIClient, article: Article) -> None:
    plan = plan_of(http, act(article), {"kind": "raw"})
    Article.objects.create(title="One more")

    difference = carry_out(http, act(article), {"kind": "raw"}, plan).json()["difference"]
    assert difference["others"]["now"] == [{"table": "tests_app_article", "operation": "update", "rows": 1}]


@pytest.mark.django_db(transaction=True)
def test_what_would_be_sent_is_part_of_a_plan(http: APIClient, article: Article, monkeypatch: Any) -> None:
    SENT.clear()
    plan = plan_of(http, act(article), {"kind": "leave_work"})
    assert carry_out(http, act(article), {"kind": "leave_work"}, plan).status_code == 200
    assert len(SENT) == 3

    Article.objects.update(is_published=False, published_at=None)
    plan = plan_of(http, act(article), {"kind": "leave_work"})
    monkeypatch.setitem(WORK, "leave_work", lambda article, context: context.mails or WORK["publish"](article, context))
    response = carry_out(http, act(article), {"kind": "leave_work"}, plan)
    assert list(response.json()["difference"]) == ["would_send"]
    assert response.json()["difference"]["would_send"]["planned"][0]["function"].endswith(later.__name__)
    assert len(SENT) == 3


def test_a_secret_that_would_be_another_one_is_a_difference_and_is_not_told(
    http: APIClient, article: Article, monkeypatch: Any
) -> None:
    path = f"/articles/{article.pk}/keep_secret/"
    plan = plan_of(http, path, {"body": "hunter22"})
    assert carry_out(http, path, {"body": "hunter22"}, plan).status_code == 200

    plan = plan_of(http, path, {"body": "hunter33"})
    Article.objects.update(body="swordfish")
    response = carry_out(http, path, {"body": "hunter33"}, plan)
    assert "changes" in response.json()["difference"]
    for secret in ("swordfish", "hunter22", "hunter33"):
        assert secret not in response.content.decode()


def test_a_large_plan_fits_into_a_header_and_still_tells_a_difference(http: APIClient) -> None:
    articles = Article.objects.bulk_create([Article(title=f"Article {number}") for number in range(500)])
    path = "/articles/publish_all/?likes=0"
    plan = plan_of(http, path, {})
    assert len(plan) < 4000

    Article.objects.filter(pk=articles[250].pk).update(body="x")
    response = carry_out(http, path, {}, plan)
    assert (response.status_code, list(response.json()["difference"])) == (412, ["versions"])
    assert not Article.objects.filter(is_published=True).exists()
    assert carry_out(http, path, {}, plan_of(http, path, {})).json() == {"published": 500}


def test_a_set_that_has_moved_is_a_difference(http: APIClient, article: Article) -> None:
    path = "/articles/publish_all/?likes=0"
    plan = plan_of(http, path, {})
    Article.objects.create(title="Came in")
    response = carry_out(http, path, {}, plan)

    assert response.status_code == 412
    assert set(response.json()["difference"]) == {"changes", "versions"}
    assert not Article.objects.filter(is_published=True).exists()


def test_a_plan_can_be_tried_again(http: APIClient, article: Article) -> None:
    plan = plan_of(http, act(article), {"kind": "like"})
    response = carry_out(http, act(article), {"kind": "like"}, plan, Prefer="dry-run")
    assert (response.status_code, response["Dry-Run-Applied"]) == (200, "true")

    Article.objects.update(likes=5)
    assert carry_out(http, act(article), {"kind": "like"}, plan, Prefer="dry-run").status_code == 412
    assert not EventAction.objects.exists()


def test_a_plan_is_for_now(http: APIClient, article: Article) -> None:
    plan = plan_of(http, act(article), {"kind": "like"})
    response = carry_out(http, act(article), {"kind": "like"}, plan, Prefer="respond-async")

    assert (response.status_code, list(response.json()["errors"])) == (400, ["If-Plan"])
    assert Article.objects.get().likes == 0


@pytest.mark.parametrize("use_tz", [True, False])
def test_a_moment_of_the_call_is_now_in_every_form(use_tz: bool, settings: Any) -> None:
    settings.USE_TZ = use_tz
    settings.TIME_ZONE = "America/New_York"
    timezone.get_default_timezone.cache_clear()
    begin = timezone.now()

    def after(moment: datetime) -> Any:
        about = {"model": "tests_app.article", "key": "1", "field": "published_at"}
        effect = Effect([{**about, "before": moment, "after": moment}], [], [], {}, begin, timezone.now())
        [change] = effect.normal()["changes"]
        assert change["before"] == JSONEncoder().default(moment)
        return change["after"]

    try:
        assert after(timezone.now()) == "now"
        assert after(begin - timedelta(minutes=1)) != "now"
        assert after(begin + timedelta(hours=4)) != "now"
    finally:
        timezone.get_default_timezone.cache_clear()
