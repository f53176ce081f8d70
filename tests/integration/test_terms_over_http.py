"""What is wrong in a header or parameter is refused by its name, and nothing is done."""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import time_machine
from django.utils import timezone
from django_filters import CharFilter
from django_filters.rest_framework import FilterSet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import routers
from rest_framework.test import APIClient

from actions import Action, ActionRegistry, calls
from actions.models import EventAction, PendingCall
from tests import keyed
from tests.app.models import Article

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

HEADERS = ["Prefer", "Idempotency-Key", "If-Match", "If-Plan"]
PARAMETERS = ["dry_run", "scheduled_time", "cron", "expect_count"]


class ArticleFilter(FilterSet):
    """Filters with names that look like a slip of ours."""

    dryrun = CharFilter(field_name="title")
    crons = CharFilter(field_name="title")

    class Meta:
        model = Article
        fields: list[str] = []


class Filtered(keyed.Articles):
    filterset_fields = None
    filterset_class = ArticleFilter
    action_registry = ActionRegistry(
        "keyed_filtered",
        actions=[
            Action(id="like", function=keyed.like),
            Action(id="like_all", function=keyed.like_all, type="bulk"),
        ],
    )


def ping() -> dict[str, bool]:
    """Take no objects."""
    return {"pong": True}


def scheduled(article: Article, *, scheduled_time: str) -> dict[str, Any]:
    """Has a field of its own with the name of a term."""
    return {"scheduled_time": scheduled_time}


class Odd(keyed.Articles):
    action_registry = ActionRegistry(
        "keyed_odd",
        actions=[
            Action(id="ping", function=ping, type="bulk", selection="none"),
            Action(id="scheduled", function=scheduled),
        ],
    )


router = routers.SimpleRouter()
router.register("filtered", Filtered, basename="filtered-article")
router.register("odd", Odd, basename="odd-article")
urlpatterns = [*router.urls, *keyed.urlpatterns]


@pytest.fixture
def article(db: None) -> Article:
    return Article.objects.create(title="News")


def assert_refused(response: Any, name: str) -> None:
    """It is named, with the form that it should have, and nothing was done."""
    assert response.status_code == 400, response.content
    assert name in response.json()["errors"], response.json()
    assert all(sentence.endswith((".", "?")) for sentence in response.json()["errors"][name])
    assert_nothing_done()


def assert_nothing_done() -> None:
    assert not Article.objects.filter(likes__gt=0).exists()
    assert not PendingCall.objects.exists()
    assert set(EventAction.objects.values_list("outcome", flat=True)) <= {"refused"}


WRONG_HEADERS = [
    ("Prefer", ""),
    ("Prefer", "dry_run"),
    ("Prefer", "dry-run=true"),
    ("Prefer", '"dry-run'),
    ("Prefer", "respond-async; dry-run"),
    ("Prefer", "handling=strict, dryness"),
    ("Prefer", "continue-on-error"),
    ("Idempotency-Key", '""'),
    ("Idempotency-Key", "a b"),
    ("If-Match", "abc"),
    ("If-Plan", "a b"),
    ("If-Plan", "no:such:plan"),
    ("If-Plan", "ü"),
]
ATOMIC = ["like", "like_once", "like_version"]
WRONG_CALLS = [
    (action, name, text)
    for name, text in WRONG_HEADERS
    # What has no transaction has no plan.
    for action in (ATOMIC if name == "If-Plan" else [*ATOMIC, "like_loosely"])
]


@pytest.mark.parametrize(("action", "name", "text"), WRONG_CALLS)
def test_a_header(api: APIClient, article: Article, action: str, name: str, text: str) -> None:
    usual = {"Idempotency-Key": '"k"', "If-Match": "*"}
    assert_refused(api.post(f"/articles/{article.pk}/{action}/", headers={**usual, name: text}), name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dry_run", ""),
        ("dry_run", "yes"),
        ("dryrun", "true"),
        ("preview", "true"),
        ("expect_count", "many"),
        ("expect_count", "1"),
        ("scheduled_time", "tomorrow"),
        ("scheduled_time", "9999-12-31T23:59:59-14:00"),
        ("scheduled_time", "2026-05-01T08:00Z"),
        ("scheduled_at", "2026-05-01T08:00Z"),
        ("cron", "every day"),
        ("cron", "0 0 31 2 *"),
        ("cron", "99 * * * *"),
    ],
)
def test_a_parameter(api: APIClient, article: Article, name: str, text: str) -> None:
    assert_refused(api.post(f"/articles/{article.pk}/like/?{name}={quote(text)}"), name)
    if name not in ("preview", "expect_count"):
        assert_refused(api.post(f"/articles/like_all/?all=true&{name}={quote(text)}"), name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scheduled_time", "tomorrow"),
        ("scheduled_time", None),
        ("scheduled_time", 5),
        ("cron", ["*"]),
        ("expect_count", "x"),
        ("expect_count", -1),
        ("expect_count", True),
        ("expect_count", 1.5),
    ],
)
def test_a_member_of_the_body(api: APIClient, article: Article, name: str, value: Any) -> None:
    assert_refused(api.post("/articles/like/", {"ids": [article.pk], name: value}, format="json"), name)


def test_a_moment_that_is_over(api: APIClient, article: Article) -> None:
    url, past = f"/articles/{article.pk}/like/", "2020-05-01T08:00:00Z"
    for response in (
        api.post(url, {"scheduled_time": past}, format="json"),
        api.post(f"{url}?cron=0 8 * * *&scheduled_time={past}"),
        api.post(f"{url}?dry_run=true&scheduled_time={past}"),
        api.post(f"{url}?dry_run=true", {"scheduled_time": past}, format="json"),
    ):
        assert_refused(response, "scheduled_time")
        assert response.json()["errors"]["scheduled_time"][0].startswith(f"{past} is over: it is ")


@pytest.mark.parametrize("is_in_body", [True, False])
def test_a_worker_may_be_late_and_a_call_may_be_repeated_late(
    api: APIClient, article: Article, is_in_body: bool
) -> None:
    now = timezone.now()
    said = {"scheduled_time": (now + timedelta(hours=1)).isoformat()}

    def call() -> Any:
        url = f"/articles/{article.pk}/like/" + ("" if is_in_body else f"?{urlencode(said)}")
        return api.post(url, said if is_in_body else {}, format="json", headers={"Idempotency-Key": '"k"'})

    with time_machine.travel(now):
        assert call().status_code == 202
    with time_machine.travel(now + timedelta(hours=2)):
        repeated = call()
        assert (repeated.status_code, repeated["Idempotent-Replayed"]) == (202, "true")
        assert calls.carry_out_next("default")
    article.refresh_from_db()
    assert (article.likes, EventAction.objects.get().outcome) == (1, "succeeded")


def test_without_the_library_for_it_an_expression_is_501_and_one_line_in_the_log(
    api: APIClient, article: Article, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "cronsim", None)
    response = api.post(f"/articles/{article.pk}/like/?cron=@daily")
    assert (response.status_code, response.json()["code"]) == (501, "missing_extra")
    logged = [record for record in caplog.records if record.levelno >= logging.WARNING and record.name[:7] == "actions"]
    assert [record.getMessage() for record in logged] == [response.json()["detail"]]
    assert logged[0].exc_info is None


def test_what_is_said_twice(api: APIClient, article: Article) -> None:
    sent = {"ids": [article.pk], "expect_count": 1}
    assert_refused(api.post("/articles/like/?expect_count=1", sent, format="json"), "expect_count")
    assert_refused(api.post(f"/articles/{article.pk}/like/?dry_run=true&dry_run=false"), "dry_run")


def test_what_means_nothing_there(api: APIClient, article: Article) -> None:
    for url, name, headers in (
        (f"/articles/{article.pk}/like/", "Prefer", {"Prefer": "continue-on-error"}),
        (f"/articles/{article.pk}/like/?expect_count=1", "expect_count", {}),
        ("/odd/ping/", "Prefer", {"Prefer": "continue-on-error"}),
        ("/odd/ping/?expect_count=1", "expect_count", {}),
        ("/odd/ping/", "If-Match", {"If-Match": "*"}),
    ):
        assert_refused(api.post(url, headers=headers), name)


def test_a_filter_of_the_view_s_own_that_looks_like_a_slip(api: APIClient, article: Article) -> None:
    other = Article.objects.create(title="Other")
    assert api.post("/filtered/like_all/?dryrun=News").json() == {"liked": 1}
    assert api.post(f"/filtered/{article.pk}/like/?crons=News").json() == {"likes": 2}
    other.refresh_from_db()
    assert other.likes == 0


def test_a_field_of_the_payload_keeps_the_name_of_a_term(api: APIClient, article: Article) -> None:
    url = f"/odd/{article.pk}/scheduled/"
    response = api.post(url, {"scheduled_time": "at noon"}, format="json")
    assert response.json() == {"scheduled_time": "at noon"}


def test_a_refusal_is_recorded(api: APIClient, article: Article) -> None:
    api.post(f"/articles/{article.pk}/like/", headers={"Prefer": "dryrun"})
    event = EventAction.objects.get()
    assert (event.outcome, event.status_code, event.error["code"]) == ("refused", 400, "invalid_term")
    assert event.object_id == str(article.pk)


# --- whatever is sent

texts = st.text(st.characters(max_codepoint=0xFF, blacklist_categories=["Cc"]), max_size=30) | st.lists(
    st.sampled_from(
        ["dry-run", "respond-async", "foo", '"', ",", ";", "=", " ", "*", "W/", '"a"', "\\", "true", "1:2"]
    ),
    max_size=6,
).map("".join)
bounded = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))


@bounded
@given(headers=st.dictionaries(st.sampled_from(HEADERS), texts, min_size=1), is_bulk=st.booleans())
def test_whatever_headers_hold_there_is_no_500(
    api: APIClient, article: Article, is_bulk: bool, headers: dict[str, str]
) -> None:
    EventAction.objects.all().delete()
    Article.objects.update(likes=0)
    url = "/articles/like_all/?title=News" if is_bulk else f"/articles/{article.pk}/like_again/"
    response = api.post(url, headers=headers)
    assert response.status_code in {200, 202, 400, 412}, response.content
    if response.status_code in (400, 412):
        assert_nothing_done()
    if response.status_code == 400:
        assert set(response.json()["errors"]) & set(headers)
    if response.status_code == 200:
        assert ("Dry-Run-Applied" in response) is (not Article.objects.filter(likes=1).exists())


@bounded
@given(
    parameters=st.dictionaries(st.sampled_from(PARAMETERS), st.text(max_size=20) | texts, min_size=1),
    is_bulk=st.booleans(),
)
def test_whatever_parameters_hold_there_is_no_500(
    api: APIClient, article: Article, is_bulk: bool, parameters: dict[str, str]
) -> None:
    EventAction.objects.all().delete()
    Article.objects.update(likes=0)
    query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in parameters.items())
    url = f"/articles/like_all/?title=News&{query}" if is_bulk else f"/articles/{article.pk}/like_again/?{query}"
    response = api.post(url)
    assert response.status_code in {200, 202, 400, 409}, response.content
    if response.status_code in (400, 409):
        assert_nothing_done()
