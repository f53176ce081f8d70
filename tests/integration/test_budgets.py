"""Budgets: how many rows a caller may change, and what they are told when that is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.test import RequestFactory
from rest_framework import routers
from rest_framework.authentication import BaseAuthentication
from rest_framework.test import APIClient

from actions import Action, ActionRegistry, perform
from actions.budgets import MAX_LIMIT, Budget, caller_of, parse_budget, spend
from actions.exceptions import BudgetExceededError, ConfigurationError
from actions.models import EventAction, ObjectBudget
from actions.terms import Terms
from tests import keyed
from tests.app.models import Article
from tests.threads import together

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class ByHeader(BaseAuthentication):
    """Whoever sends `Token: 7` is Alice with her token 7."""

    def authenticate(self, request: Any) -> Any:
        token = request.headers.get("Token")
        return token and (User.objects.get(username="alice"), SimpleNamespace(pk=token))

    def authenticate_header(self, request: Any) -> str:
        return "Token"


class Tokens(keyed.Articles):
    authentication_classes = [ByHeader]
    action_registry = ActionRegistry("keyed_tokens", actions=[Action(id="like", function=keyed.like)])


router = routers.SimpleRouter()
router.register("tokens", Tokens, basename="token-article")
urlpatterns = [*router.urls, *keyed.urlpatterns]


@pytest.fixture
def articles(db: None) -> list[Article]:
    return [Article.objects.create(title=title) for title in ("a", "b", "c")]


@pytest.fixture
def article(articles: list[Article]) -> Article:
    return articles[0]


def like(client: APIClient, article: Article, action: str = "like", **headers: str) -> Any:
    return client.post(f"/articles/{article.pk}/{action}/", headers=headers)


def likes() -> int:
    return sum(Article.objects.values_list("likes", flat=True))


def test_up_to_the_limit_and_not_one_more(api: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "3/day"}
    assert [like(api, article).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert likes() == 3


@time_machine.travel(NOON, tick=False)
def test_who_has_no_more_is_told_what_is_left_and_until_when(api: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "2/day"}
    like(api, article)
    response = api.post("/articles/like_all/?all=true")
    assert (response.status_code, response.json()["code"]) == (429, "budget_exceeded")
    told = {name: response.json()[name] for name in ("scope", "rows", "limit", "left", "resets_at")}
    assert told == {"scope": "*", "rows": 3, "limit": 2, "left": 1, "resets_at": "2026-05-02T00:00:00Z"}
    assert response["Retry-After"] == str(12 * 3600 + 1)
    assert response["Content-Type"] == "application/problem+json"
    # What is left can be spent.
    assert like(api, article).status_code == 200
    assert likes() == 2
    # Too many calls leave no record: anybody could fill the table.
    assert set(EventAction.objects.values_list("outcome", flat=True)) == {"succeeded"}


def test_a_statement_counts_the_rows_that_it_changes(api: APIClient, articles: list[Article], settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "10/day"}
    assert api.post("/articles/like_all/?all=true").json() == {"liked": 3}
    assert ObjectBudget.objects.get().used == 3
    ids = [each.pk for each in articles]
    assert api.post("/articles/like/", {"ids": ids}, format="json").status_code == 200
    assert ObjectBudget.objects.get().used == 6


@pytest.mark.parametrize(
    ("budgets", "expected"),
    [
        ({"keyed": "1/day"}, [200, 429, 429]),
        ({"keyed:like": "1/day"}, [200, 429, 200]),
        ({"*": "5/day", "keyed": "5/day", "keyed:like_again": "1/day"}, [200, 200, 200]),
        ({"todo": "1/day", "todo:like": "1/day"}, [200, 200, 200]),
    ],
)
def test_scopes(api: APIClient, article: Article, settings: Any, budgets: Any, expected: list[int]) -> None:
    settings.DJACTION_BUDGETS = budgets
    assert [like(api, article, action).status_code for action in ("like", "like", "like_again")] == expected


def test_of_several_budgets_none_is_spent_where_one_is_exceeded(
    api: APIClient, article: Article, settings: Any
) -> None:
    settings.DJACTION_BUDGETS = {"*": "5/day", "keyed:like": "1/day"}
    for _ in range(3):
        like(api, article)
    assert {row.key.partition("|")[0]: row.used for row in ObjectBudget.objects.all()} == {"*": 1, "keyed:like": 1}


# --- who spends


def test_each_user_and_each_address_by_itself(
    api: APIClient, bob: User, client_of: Any, article: Article, settings: Any
) -> None:
    settings.DJACTION_BUDGETS = {"*": "1/day"}
    nobody = client_of(None)
    statuses = [like(client, article).status_code for client in (api, client_of(bob), nobody, nobody)]
    assert statuses == [200, 200, 200, 429]
    assert nobody.post(f"/articles/{article.pk}/like/", REMOTE_ADDR="10.0.0.9").status_code == 200


def test_each_token_by_itself(client_of: Any, alice: User, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "1/day"}
    client = client_of(None)

    def send(token: str) -> int:
        return int(client.post(f"/tokens/{article.pk}/like/", headers={"Token": token}).status_code)

    assert [send("7"), send("8"), send("7")] == [200, 200, 429]
    assert like(client_of(alice), article).status_code == 200
    assert not ObjectBudget.objects.filter(key__contains="|7").exists()


def test_a_token_that_is_issued_anew_brings_no_new_budget(alice: User) -> None:
    def of(user: Any, auth: Any) -> str:
        request: Any = RequestFactory().post("/")
        request.user, request.auth = user, auth
        return caller_of(request)

    assert of(alice, "eyJ.1") == of(alice, "eyJ.2") == of(alice, None) == f"user:{alice.pk}"
    # A key that stands for nobody is all that there is.
    assert of(AnonymousUser(), "key-1") != of(AnonymousUser(), "key-2")
    assert of(AnonymousUser(), "key-1").startswith("token:")


def test_an_address_as_long_as_a_header(client_of: Any, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "1/day"}
    client, long = client_of(None), "1.2.3.4, " * 100
    statuses = [like(client, article, **{"X-Forwarded-For": long + end}).status_code for end in ("5", "5", "6")]
    assert statuses == [200, 429, 200]


def test_every_door_spends(alice: User, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "1/day"}
    perform("keyed:like", article.pk, actor=alice)
    with pytest.raises(BudgetExceededError) as caught:
        perform("keyed:like", article.pk, actor=alice)
    assert caught.value.extra["left"] == 0


# --- what spends nothing


def test_what_is_rolled_back_spends_nothing(api: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "1/day"}
    api.raise_request_exception = False
    assert like(api, article, "fail").status_code == 500
    assert like(api, article, "refuse").status_code == 409
    assert like(api, article, prefer="dry-run").status_code == 200
    assert not ObjectBudget.objects.exists()
    assert like(api, article).status_code == 200


def test_a_call_that_is_answered_again_spends_nothing(api: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "1/day"}
    key = {"Idempotency-Key": '"k"'}
    assert [like(api, article, **key).status_code for _ in range(3)] == [200] * 3
    assert like(api, article, "like_again", **key).status_code == 429
    settings.DJACTION_BUDGETS = {"*": "2/day"}
    # What was over the budget has not used its key up.
    assert like(api, article, "like_again", **key).status_code == 200


def test_a_preview_is_refused_as_the_call_would_be(api: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "1/day"}
    like(api, article)
    assert like(api, article, prefer="dry-run").status_code == 429


def test_what_fails_for_one_of_several_spends_nothing(api: APIClient, articles: list[Article], settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "2/day"}
    ids = [each.pk for each in articles]
    headers = {"Prefer": "continue-on-error"}
    failed = api.post("/articles/refuse/", {"ids": ids}, format="json", headers=headers)
    assert failed.json()["counts"]["failed"] == 3
    assert not ObjectBudget.objects.exists()


def test_what_the_caller_s_transaction_takes_back_spends_nothing(alice: User, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "1/day"}
    with transaction.atomic():
        perform("keyed:like", article.pk, actor=alice)
        transaction.set_rollback(True)
    assert perform("keyed:like", article.pk, actor=alice).status == 200


def test_this_package_s_own_rows_do_not_count(api: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "1/day"}
    headers = {"Idempotency-Key": '"k"', "Prefer": "respond-async"}
    assert like(api, article, **headers).status_code == 202
    assert not ObjectBudget.objects.exists()


def test_without_a_transaction_what_was_done_is_counted_and_then_it_is_over(
    api: APIClient, article: Article, settings: Any
) -> None:
    settings.DJACTION_BUDGETS = {"*": "2/day"}
    like(api, article)
    keyed.meanwhile.append(lambda: Article.objects.update(likes=10))
    assert like(api, article, "like_loosely").status_code == 200
    assert ObjectBudget.objects.get().used == 5
    assert like(api, article, "like_loosely").status_code == 429
    assert ObjectBudget.objects.get().used == 5


# --- windows


@pytest.mark.parametrize(
    ("rate", "step"),
    [("1/s", 1), ("1/sec", 1), ("1/min", 60), ("1/m", 60), ("1/h", 3600), ("1/hour", 3600), ("1/day", 86400)],
)
def test_a_new_window_brings_a_new_budget(
    api: APIClient, article: Article, settings: Any, rate: str, step: int
) -> None:
    settings.DJACTION_BUDGETS = {"*": rate}
    midnight = NOON.replace(hour=0)
    with time_machine.travel(midnight, tick=False) as now:
        assert [like(api, article).status_code for _ in range(2)] == [200, 429]
        now.move_to(midnight + timedelta(seconds=step) - timedelta(milliseconds=1))
        refused = like(api, article)
        assert (refused.status_code, refused["Retry-After"]) == (429, "1")
        now.move_to(midnight + timedelta(seconds=step))
        assert [like(api, article).status_code for _ in range(2)] == [200, 429]
    assert ObjectBudget.objects.count() == 1


def test_clocks_of_two_processes_that_do_not_agree(settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "2/day"}
    midnight = NOON.replace(hour=0)
    with time_machine.travel(midnight, tick=False) as now:
        spend("keyed", "like", "user:1", 1, "default")
        now.move_to(midnight - timedelta(seconds=1))
        spend("keyed", "like", "user:1", 1, "default")
        now.move_to(midnight)
        with pytest.raises(BudgetExceededError):
            spend("keyed", "like", "user:1", 1, "default")


def test_another_window_in_the_settings_needs_no_migration(settings: Any) -> None:
    with time_machine.travel(NOON, tick=False):
        for rate in ("1/day", "2/hour", "3/day"):
            settings.DJACTION_BUDGETS = {"*": rate}
            spend("keyed", "like", "user:1", 1, "default")
        with pytest.raises(BudgetExceededError):
            spend("keyed", "like", "user:1", 2, "default")


# --- the setting


def test_a_rate_as_a_budget() -> None:
    assert parse_budget("*", "500/day") == Budget("*", 500, timedelta(days=1))
    assert parse_budget("todo", f"{MAX_LIMIT}/minute").limit == MAX_LIMIT


@pytest.mark.parametrize("rate", ["", "500", "0/day", "-1/day", "5/week", "5 / day", 500, None, f"{MAX_LIMIT + 1}/day"])
def test_what_is_no_budget(rate: Any) -> None:
    with pytest.raises(ConfigurationError, match='Write, for example, "500/day"'):
        parse_budget("*", rate)


def test_a_setting_that_is_wrong_lets_nothing_be_done(api: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "many"}
    api.raise_request_exception = False
    assert like(api, article).status_code == 500
    assert likes() == 0


# --- at the same time


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_new", [True, False], ids=["the first window", "another window"])
def test_calls_at_once_cannot_spend_the_same(alice: User, settings: Any, is_new: bool) -> None:
    settings.DJACTION_BUDGETS = {"*": "2/day", "keyed": "3/day"}
    articles = [Article.objects.create(title=str(number)) for number in range(5)]
    if not is_new:
        for scope in ("*", "keyed"):
            key = f"{scope}|user:{alice.pk}"
            ObjectBudget.objects.create(key=key, started_at=NOON - timedelta(days=9), used=2)
    left = iter(articles)

    def send() -> int:
        client = APIClient()
        client.force_authenticate(alice)
        return int(like(client, next(left)).status_code)

    assert sorted(together(5, send)) == [200, 200, 429, 429, 429]
    assert likes() == 2
    assert set(ObjectBudget.objects.values_list("used", flat=True)) == {2}


def test_a_plan_spends_once(api: APIClient, article: Article, alice: User, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "1/day"}
    plan = like(api, article, prefer="dry-run").json()["plan"]
    assert perform("keyed:like", article.pk, actor=alice, terms=Terms(plan=plan)).body == {"likes": 1}
    assert ObjectBudget.objects.get().used == 1
