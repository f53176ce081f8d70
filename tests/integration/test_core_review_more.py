"""What a second review of the execution found: commits, secrets, keys, budgets and several objects at once."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.db import DatabaseError, IntegrityError, OperationalError, models, transaction
from django.db.models import F
from django.http import HttpResponse
from django.utils import timezone
from rest_framework import routers, serializers, viewsets
from rest_framework.authentication import BaseAuthentication
from rest_framework.response import Response
from rest_framework.test import APIClient

from actions import Action, ActionRegistry, Refusal, failures, perform, spending
from actions.calls import carry_out_next
from actions.context import ActionContext
from actions.exceptions import BudgetExceededError, RefusedError
from actions.mixins import ActionMixin
from actions.models import EventAction, ObjectBudget, PendingCall
from actions.plans import SALT
from actions.redaction import MASK
from example_app.urls import urlpatterns as example_urlpatterns
from tests.app.models import Article

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

EACH = {"Prefer": "continue-on-error"}
KEY = {"Idempotency-Key": "8e03978e"}
MADE_UP = "hunter22"
"""A secret that stands in no line of the code that a traceback shows."""

contexts: list[ActionContext] = []
"""Those of functions that note their keys."""
keys_seen: list[str] = []
"""The idempotency keys that functions were given."""
nested: list[Callable[[ActionContext], object]] = []
"""What the functions of nested calls do besides."""


def like(article: Article, *, by: int = 1) -> dict[str, Any]:
    """Like it."""
    Article.objects.filter(pk=article.pk).update(likes=F("likes") + by)
    return {"done": True}


def like_each(articles: models.QuerySet[Article]) -> dict[str, int]:
    """Like the selection."""
    return {"liked": articles.update(likes=F("likes") + 1)}


def break_after_commit(article: Article, *, how: str = "") -> dict[str, Any]:
    """Like it, and leave something for after the commit that breaks as a commit may."""
    transaction.on_commit(lambda: _break(how))
    return like(article)


def _break(how: str) -> None:
    raise {"integrity": IntegrityError, "operational": OperationalError}.get(how, ValueError)("later")


def break_commit(article: Article) -> dict[str, Any]:
    """Like it, and break a constraint that some databases look at when they commit."""
    Article.objects.filter(pk=article.pk).update(author_id=2**30)
    return like(article)


def breaks_later(article: Article, context: ActionContext) -> Refusal | None:
    """A condition that leaves something for after the commit."""
    transaction.on_commit(lambda: _break("integrity"))
    return None


def keep_key(article: Article, *, context: ActionContext) -> None:
    """Note the key for systems elsewhere."""
    contexts.append(context)
    keys_seen.append(context.idempotency_key)
    if article.title == "Busy":
        Article.objects.filter(pk=article.pk).update(title="Free")
    while nested:
        nested.pop()(context)


def write(article: Article, *, body: str) -> dict[str, Any]:
    """Write a text that is a secret."""
    article.body = body
    article.save(update_fields=["body"])
    if article.title == "Bad":
        raise ValueError(f"cannot write {body}")
    return {"body": body}


def write_by(article: Article, *, text: str = MADE_UP, context: ActionContext) -> dict[str, Any]:
    """Write it by the other action, which says that it is a secret."""
    article.likes += 1
    article.save(update_fields=["likes"])
    return dict(perform("more:write", article.pk, {"body": text}, actor=context.actor).body)


def pass_on(article: Article, *, body: str, context: ActionContext) -> dict[str, Any]:
    """Write it by the other action, and not know that it is a secret."""
    return write_by(article, text=body, context=context)


def like_by(article: Article, *, context: ActionContext) -> dict[str, Any]:
    """Like it by another action."""
    perform("more:like", article.pk, {}, actor=context.actor)
    return {"done": True}


def like_twice(article: Article, *, context: ActionContext) -> dict[str, Any]:
    """Like it, and like it by another action."""
    like(article)
    return like_by(article, context=context)


def like_many_times(article: Article, *, context: ActionContext) -> dict[str, Any]:
    """Like it by another action until that is refused."""
    for _time in range(5):
        like_by(article, context=context)
    return {"done": True}


def like_and_refuse(article: Article) -> None:
    """Like it, and have second thoughts where the title says so."""
    like(article)
    if article.title == "Bad":
        raise RefusedError("No.", code="no")


def like_and_break(article: Article) -> None:
    """Like it, and break."""
    like(article)
    raise ValueError("broken")


def like_by_breaking(article: Article, *, context: ActionContext) -> dict[str, Any]:
    """Try another action, which is rolled back, and like it then."""
    with pytest.raises(Exception, match="failed"):
        perform("more:break", article.pk, {}, actor=context.actor)
    return like(article)


def respond(article: Article) -> Response:
    """Like it, and answer with a status of its own."""
    return Response(like(article), status=202)


def export(article: Article) -> HttpResponse:
    """Like it, and answer with a file."""
    like(article)
    return HttpResponse(b"a;b", content_type="text/csv")


def log_in(article: Article, *, password: str) -> None:
    """Quote a secret in an error."""
    like(article)
    raise ValueError(f"cannot log in with {password}")


def contradict(article: Article, *, password: str) -> None:
    """Quote a secret in an error of the database."""
    raise IntegrityError(f"{password} is there")


class ByHeader(BaseAuthentication):
    """Whoever sends `Token: 7` is Alice with her token 7."""

    def authenticate(self, request: Any) -> Any:
        token = request.headers.get("Token")
        return token and (User.objects.get(username="alice"), SimpleNamespace(pk=token))


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "likes"]


class Articles(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = []
    authentication_classes = [ByHeader]
    filterset_fields = ["title"]
    action_registry = ActionRegistry(
        "more",
        actions=[
            Action(id="like", function=like),
            Action(id="like_each", function=like_each, type="bulk"),
            Action(id="break_after_commit", function=break_after_commit),
            Action(id="break_commit", function=break_commit),
            Action(id="accept_and_break", function=like, conditions=(breaks_later,)),
            Action(id="keep_key", function=keep_key),
            Action(id="write", function=write, sensitive=("body",)),
            Action(id="write_by", function=write_by, sensitive=("text",)),
            Action(id="write_loosely", function=write_by),
            Action(id="pass_on", function=pass_on),
            Action(id="like_by", function=like_by),
            Action(id="like_twice", function=like_twice),
            Action(id="like_twice_loosely", function=like_twice, atomic=False),
            Action(id="like_many_times_loosely", function=like_many_times, atomic=False),
            Action(id="like_by_breaking", function=like_by_breaking),
            Action(id="refuse", function=like_and_refuse),
            Action(id="refuse_loosely", function=like_and_refuse, atomic=False),
            Action(id="break", function=like_and_break),
            Action(id="break_loosely", function=like_and_break, atomic=False),
            Action(id="respond", function=respond),
            Action(id="export", function=export),
            Action(id="export_loosely", function=export, atomic=False),
            Action(id="log_in", function=log_in),
            Action(id="contradict", function=contradict),
        ],
    )


router = routers.SimpleRouter()
router.register("articles", Articles, basename="more-article")
urlpatterns = [*router.urls, *example_urlpatterns]


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    yield
    contexts.clear()
    keys_seen.clear()
    nested.clear()


@pytest.fixture
def http(alice: User) -> APIClient:
    """Alice's client, which gets an answer whatever happens."""
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(alice)
    return client


@pytest.fixture
def article(db: None) -> Article:
    return Article.objects.create(title="T")


def post(http: APIClient, path: str, data: Any = None, **headers: str) -> Any:
    return http.post(f"/articles/{path}", data or {}, format="json", headers=headers)


def on(article: Article, action: str) -> str:
    return f"{article.pk}/{action}/"


def likes(article: Article) -> int:
    article.refresh_from_db()
    return article.likes


def make_due() -> None:
    PendingCall.objects.update(due_at=timezone.now() - timedelta(minutes=1))


# --- the commit -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["integrity", "operational", "value"])
def test_what_breaks_after_the_commit_takes_nothing_back(http: APIClient, article: Article, how: str) -> None:
    response = post(http, on(article, "break_after_commit"), {"how": how}, **KEY)

    assert (response.status_code, response.json()["code"]) == (500, "failed_after_commit")
    assert "Nothing" not in response.json()["detail"]
    assert EventAction.objects.get().outcome == "succeeded"
    # The key is kept: the call is not done again.
    again = post(http, on(article, "break_after_commit"), {"how": how}, **KEY)
    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
    assert likes(article) == 1


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_fails_itself_takes_everything_back(http: APIClient, article: Article) -> None:
    response = post(http, on(article, "break_commit"), **KEY)
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert likes(article) == 0
    assert EventAction.objects.get().outcome == "refused"


@pytest.mark.django_db(transaction=True)
def test_what_breaks_after_a_call_was_accepted_leaves_it_accepted(http: APIClient, article: Article) -> None:
    response = post(http, on(article, "accept_and_break"), Prefer="respond-async", **KEY)
    assert (response.status_code, response.json()["code"]) == (500, "failed_after_commit")
    assert (EventAction.objects.get().outcome, PendingCall.objects.count()) == ("pending", 1)


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_of_the_callers_own_nothing_is_committed_yet(alice: User, article: Article) -> None:
    def rolled_back() -> None:
        with transaction.atomic():
            perform("more:break_after_commit", article.pk, {}, actor=alice)
            raise LookupError

    with pytest.raises(LookupError):
        rolled_back()
    assert likes(article) == 0


# --- secrets of nested actions ----------------------------------------------------------------------------------------


def test_a_record_masks_what_an_action_within_it_says_is_secret(http: APIClient, article: Article) -> None:
    post(http, on(article, "write_by"))

    outer, inner = EventAction.objects.get(action="write_by"), EventAction.objects.get(action="write")
    fields = {change["field"]: change["after"] for change in outer.changes}
    assert fields == {"likes": 1, "body": MASK}
    assert outer.response_data == {"body": MASK}
    assert not outer.is_complete
    assert [change["after"] for change in inner.changes] == [MASK]
    article.refresh_from_db()
    assert article.body == MADE_UP


@pytest.mark.parametrize("headers", [{}, KEY])
def test_also_where_it_was_sent_to_the_outer_one(http: APIClient, article: Article, headers: dict[str, str]) -> None:
    post(http, on(article, "pass_on"), {"body": MADE_UP}, **headers)
    outer = EventAction.objects.get(action="pass_on")
    assert outer.request_data == {"body": MASK}
    assert MADE_UP not in json.dumps([outer.changes, outer.response_data])


def test_a_preview_and_its_plan_mask_it(http: APIClient, article: Article) -> None:
    answer = post(http, on(article, "write_by"), Prefer="dry-run").json()
    assert [change["after"] for change in answer["changes"] if change["field"] == "body"] == [MASK]
    assert [entry for entry in answer["would_send"] if entry["kind"] == "on_commit" and "setattr" in str(entry)] == []
    plan = signing.loads(answer["plan"], salt=SALT)
    assert MADE_UP not in json.dumps(plan)
    assert "digest" in json.dumps(plan)
    # And that can be carried out.
    assert post(http, on(article, "write_by"), **{"If-Plan": answer["plan"]}).status_code == 200


def test_what_is_secret_within_one_call_is_none_in_the_next(http: APIClient, article: Article) -> None:
    post(http, on(article, "write_by"))
    post(http, on(article, "like_by"))
    last = EventAction.objects.get(action="like_by")
    assert MASK not in json.dumps([last.changes, last.response_data])


def test_an_error_of_an_action_within_it_quotes_no_secret(http: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    bad = Article.objects.create(title="Bad")
    response = post(http, on(bad, "write_loosely"))
    assert response.status_code == 500
    for event in EventAction.objects.all():
        assert "cannot write" in event.error["traceback"]
        assert MADE_UP not in json.dumps(event.error)
    assert "cannot write" in caplog.text
    assert MADE_UP not in caplog.text


# --- keys for systems elsewhere ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, KEY, EACH, {**KEY, **EACH}])
def test_each_of_several_objects_has_a_key_of_its_own(
    http: APIClient, article: Article, headers: dict[str, str]
) -> None:
    other = Article.objects.create(title="U")
    assert post(http, "keep_key/", {"ids": [article.pk, other.pk]}, **headers).status_code == 200
    first, second = keys_seen
    base = first.removesuffix(f":{article.pk}")
    assert (first, second) == (f"{base}:{article.pk}", f"{base}:{other.pk}")
    assert base
    # What follows from all of them has the key of the call.
    assert {context.idempotency_key for context in contexts} == {base}


def test_one_key_of_two_callers_is_two(http: APIClient, article: Article, bob: User) -> None:
    post(http, on(article, "keep_key"), **KEY)
    http.force_authenticate(bob)
    post(http, on(article, "keep_key"), **KEY)
    first, second = keys_seen
    assert first != second
    assert KEY["Idempotency-Key"] not in keys_seen


def test_the_key_is_the_same_for_each_attempt(http: APIClient, article: Article) -> None:
    def fail(context: ActionContext) -> None:
        raise ValueError

    nested.append(fail)
    with transaction.atomic():
        post(http, on(article, "keep_key"), **KEY)
        # As if the process had died: nothing is known of the first attempt.
        transaction.set_rollback(True)
    post(http, on(article, "keep_key"), **KEY)
    first, second = keys_seen
    assert first == second


def test_the_key_is_the_same_for_each_attempt_of_a_worker(http: APIClient, article: Article) -> None:
    def busy(context: ActionContext) -> None:
        raise OperationalError("database is locked")

    post(http, "keep_key/", {"ids": [article.pk]}, Prefer="respond-async", **KEY)
    nested.append(busy)
    for _attempt in range(2):
        make_due()
        carry_out_next("default")
    event = EventAction.objects.get()
    assert event.outcome == "succeeded"
    assert keys_seen == [f"{event.uid}:{article.pk}"] * 2


# --- several objects --------------------------------------------------------------------------------------------------


def test_without_a_transaction_nobody_is_told_that_nothing_was_done(http: APIClient, article: Article) -> None:
    bad = Article.objects.create(title="Bad")
    response = post(http, "refuse_loosely/", {"ids": [article.pk, bad.pk]})

    body = response.json()
    assert (response.status_code, body["code"]) == (400, "items_refused")
    assert "Nothing" not in body["detail"]
    assert "may have been done" in body["detail"]
    assert [result["index"] for result in body["results"]] == [1]
    assert (likes(article), likes(bad)) == (1, 1)


def test_what_was_refused_before_the_work_was_not_done(http: APIClient, article: Article) -> None:
    response = post(http, "refuse_loosely/", {"ids": [article.pk, 2**30]})
    assert response.json()["detail"].startswith("Nothing was done")
    assert likes(article) == 0


def test_with_a_transaction_nothing_was_done(http: APIClient, article: Article) -> None:
    bad = Article.objects.create(title="Bad")
    response = post(http, "refuse/", {"ids": [article.pk, bad.pk]})
    assert response.json()["detail"].startswith("Nothing was done")
    assert likes(article) == 0


@pytest.mark.parametrize("headers", [{}, EACH, KEY])
def test_a_response_is_one_of_several_answers(http: APIClient, article: Article, headers: dict[str, str]) -> None:
    response = post(http, "respond/", {"ids": [article.pk]}, **headers)
    assert response.status_code == 200
    [result] = response.json()["results"]
    assert (result["ok"], result["status"], result["result"]) == (True, 202, {"done": True})
    assert likes(article) == 1
    assert EventAction.objects.get().response_data == response.json()


def test_a_response_is_previewed_for_several(http: APIClient, article: Article) -> None:
    response = post(http, "respond/", {"ids": [article.pk]}, Prefer="dry-run")
    assert response.status_code == 200
    assert response.json()["results"][0]["result"] == {"done": True}


def test_a_file_cannot_be_one_of_several_answers(http: APIClient, article: Article) -> None:
    response = post(http, "export/", {"ids": [article.pk]})
    assert (response.status_code, response.json()["code"]) == (501, "answer_not_for_several")
    assert "Call it for each." in response.json()["detail"]
    assert likes(article) == 0


def test_a_file_is_refused_for_each_by_itself(http: APIClient, article: Article) -> None:
    response = post(http, "export/", {"ids": [article.pk]}, **EACH)
    assert response.status_code == 200
    [result] = response.json()["results"]
    assert (result["status"], result["error"]["code"]) == (501, "answer_not_for_several")
    assert likes(article) == 0


def test_where_a_file_was_made_without_a_transaction_it_says_so(http: APIClient, article: Article) -> None:
    response = post(http, "export_loosely/", {"ids": [article.pk]})
    assert (response.status_code, response.json()["code"]) == (501, "answer_not_for_several")
    assert "it was done to the first" in response.json()["detail"]
    assert likes(article) == 1


def test_objects_that_are_not_there_are_not_counted(http: APIClient, article: Article) -> None:
    body = {"ids": [article.pk, 2**30]}
    assert post(http, "like/", {**body, "expect_count": 2}, **EACH).json()["code"] == "count_changed"
    response = post(http, "like/", {**body, "expect_count": 1}, **EACH)
    assert (response.status_code, response.json()["counts"]["succeeded"]) == (200, 1)


# --- budgets ----------------------------------------------------------------------------------------------------------


def used() -> dict[str, int]:
    """What was spent, by scope."""
    return {row.key.partition("|")[0]: row.used for row in ObjectBudget.objects.all()}


def test_without_a_transaction_what_breaks_is_spent_too(http: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "2/day"}
    statuses = [post(http, on(article, "break_loosely")).status_code for _time in range(4)]
    assert statuses == [500, 500, 429, 429]
    assert (likes(article), used()) == (2, {"*": 2})


def test_with_a_transaction_what_breaks_is_not_spent(http: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "2/day"}
    assert post(http, on(article, "break")).status_code == 500
    assert used() == {}


def test_the_error_is_told_also_where_nothing_can_be_spent(
    http: APIClient, article: Article, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **options: Any) -> None:
        raise DatabaseError("gone")

    settings.DJACTION_BUDGETS = {"*": "2/day"}
    monkeypatch.setattr(spending, "spend", broken)
    response = post(http, on(article, "break_loosely"))
    assert (response.status_code, response.json()["code"]) == (500, "failed")
    assert EventAction.objects.get().error["exception"] == "ValueError: broken"


@pytest.mark.parametrize(
    ("budgets", "expected"),
    [
        ({"*": "9/day"}, {"*": 1}),
        ({"*": "9/day", "more": "9/day", "more:like": "9/day"}, {"*": 1, "more": 1, "more:like": 1}),
        ({"more:like_by": "9/day", "more:like": "9/day"}, {"more:like_by": 1, "more:like": 1}),
    ],
)
def test_rows_of_an_action_within_another_one_are_spent_once(
    http: APIClient, article: Article, settings: Any, budgets: Any, expected: dict[str, int]
) -> None:
    settings.DJACTION_BUDGETS = budgets
    assert post(http, on(article, "like_by")).status_code == 200
    assert used() == expected


@pytest.mark.parametrize("action", ["like_twice", "like_twice_loosely"])
def test_its_own_rows_are_spent_besides(http: APIClient, article: Article, settings: Any, action: str) -> None:
    settings.DJACTION_BUDGETS = {"*": "2/day"}
    assert post(http, on(article, action)).status_code == 200
    assert (likes(article), used()) == (2, {"*": 2})
    assert post(http, on(article, action)).status_code == 429
    assert likes(article) == 2


def test_without_a_transaction_those_within_it_are_refused(http: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "3/day"}
    assert post(http, on(article, "like_many_times_loosely")).status_code == BudgetExceededError.status
    assert (likes(article), used()) == (3, {"*": 3})


def test_what_was_rolled_back_within_it_is_not_spent(http: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "9/day"}
    assert post(http, on(article, "like_by_breaking")).status_code == 200
    assert used() == {"*": 1}


def test_a_job_spends_what_its_caller_has(alice: User, article: Article, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {"*": "9/day"}
    client = APIClient()
    post(client, on(article, "like"), Token="7")
    [by_token] = ObjectBudget.objects.values_list("key", flat=True)
    assert "|token:" in by_token
    assert post(client, on(article, "like"), Token="7", Prefer="respond-async").status_code == 202
    assert carry_out_next("default")
    assert list(ObjectBudget.objects.values_list("key", "used")) == [(by_token, 2)]


# --- the log ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "several"), [("log_in", False), ("log_in", True), ("contradict", False)])
def test_no_secret_is_logged(
    http: APIClient, article: Article, caplog: pytest.LogCaptureFixture, action: str, several: bool
) -> None:
    path, ids = (f"{action}/", {"ids": [article.pk]}) if several else (on(article, action), {})
    post(http, path, {"password": "hunter33", **ids}, **(EACH if several else {}))

    [record] = [
        record for record in caplog.records if record.name == "actions.failures" and record.levelno > logging.INFO
    ]
    assert record.exc_info is None
    assert "hunter33" not in caplog.text
    # But where it happened, and in what.
    assert f"in {action}" in record.getMessage()
    assert record.action == f"more:{action}"  # type: ignore[attr-defined]


def test_nor_is_one_where_the_record_cannot_be_written(
    http: APIClient, article: Article, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **columns: Any) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(failures, "record_error", broken)
    response = post(http, on(article, "log_in"), {"password": "hunter33"})
    assert (response.status_code, response.json()["code"]) == (500, "failed")
    assert "could not be written" in caplog.text
    assert "gone" in caplog.text
    assert "hunter33" not in caplog.text


def test_a_missing_extra_is_logged_in_one_line(
    http: APIClient, article: Article, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cronsim", None)
    response = post(http, on(article, "like"), {"cron": "0 8 * * 1"})
    assert (response.status_code, response.json()["code"]) == (501, "missing_extra")
    [record] = [record for record in caplog.records if record.name[:7] == "actions" and record.levelno > logging.INFO]
    assert "pip install" in record.getMessage()
    assert "\n" not in record.getMessage()
    assert record.exc_info is None


# --- what a record says of the selection ------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, KEY, {"Prefer": "respond-async"}, {"Prefer": "respond-async", **KEY}])
@pytest.mark.parametrize("action", ["like_each", "like"])
def test_a_record_keeps_its_selection(http: APIClient, article: Article, action: str, headers: dict[str, str]) -> None:
    assert post(http, f"{action}/", {"ids": [article.pk]}, **headers).status_code in (200, 202)
    assert EventAction.objects.get().selection == {"ids": [article.pk]}
    if "Prefer" in headers:
        assert carry_out_next("default")
        event = EventAction.objects.get()
        assert (event.outcome, event.selection) == ("succeeded", {"ids": [article.pk]})


@pytest.mark.parametrize("headers", [{}, KEY, {"Prefer": "respond-async", **KEY}])
def test_its_selection_is_redacted(http: APIClient, article: Article, settings: Any, headers: dict[str, str]) -> None:
    settings.DJACTION_SENSITIVE_FIELDS = ("title",)
    assert post(http, "like_each/?title=T", **headers).status_code in (200, 202)
    selection = EventAction.objects.get().selection
    assert "T" not in json.dumps(selection["filter"]).replace('"title"', "")
    assert MASK in json.dumps(selection)


def test_another_way_of_doing_it_is_another_request(http: APIClient, article: Article) -> None:
    body = {"ids": [article.pk]}
    assert post(http, "like/", body, **KEY).status_code == 200
    response = post(http, "like/", body, **KEY, **EACH)
    assert (response.status_code, response.json()["code"]) == (422, "key_reused")


# --- calls for later --------------------------------------------------------------------------------------------------


def test_a_cron_expression_that_never_comes_any_more(http: APIClient, article: Article) -> None:
    body = {"scheduled_time": "9998-12-31T23:59:00Z", "cron": "0 0 29 2 *"}
    response = post(http, on(article, "like"), body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_term")
    assert "cron" in response.json()["errors"]


@pytest.mark.parametrize(
    "body", [{"scheduled_time": "2999-05-01T08:00:00Z"}, {"scheduled_time": "2999-05-01T08:00"}, {"cron": "0 8 * * 1"}]
)
@pytest.mark.parametrize("use_tz", [False, True])
def test_calls_for_later_with_and_without_time_zones(
    http: APIClient, article: Article, settings: Any, body: Any, use_tz: bool
) -> None:
    settings.USE_TZ = use_tz
    assert post(http, on(article, "like"), body).status_code == 202
    call = PendingCall.objects.get()
    assert timezone.is_aware(call.due_at) == use_tz
    assert (call.due_at.hour, call.due_at.minute) == (8, 0)
    make_due()
    assert carry_out_next("default")
    assert likes(article) == 1


@pytest.mark.parametrize("use_tz", [False, True])
def test_budgets_with_and_without_time_zones(http: APIClient, article: Article, settings: Any, use_tz: bool) -> None:
    settings.USE_TZ = use_tz
    settings.DJACTION_BUDGETS = {"*": "2/day"}
    statuses = [post(http, on(article, "like")).status_code for _time in range(3)]
    assert statuses == [200, 200, 429]
    response = post(http, on(article, "break_loosely"))
    assert (response.status_code, response.json()["left"]) == (429, 0)
    assert response.json()["resets_at"].endswith("T00:00:00Z")


@pytest.mark.parametrize(("title", "outcome"), [("T", "succeeded"), ("Bad", "refused")])
def test_what_repeats_does_so_whatever_came_of_it(http: APIClient, title: str, outcome: str) -> None:
    article = Article.objects.create(title=title)
    assert post(http, on(article, "refuse"), {"cron": "0 8 * * 1"}).status_code == 202
    first = EventAction.objects.get()
    make_due()
    assert carry_out_next("default")

    first.refresh_from_db()
    following = EventAction.objects.exclude(pk=first.pk).get()
    assert (first.outcome, following.outcome, following.parent_uid) == (outcome, "pending", first.uid)
    call = PendingCall.objects.get()
    assert (call.event_id, call.cron, call.attempts) == (following.pk, "0 8 * * 1", 0)
    assert call.due_at > timezone.now()


def test_what_does_not_repeat_is_over_when_it_failed(http: APIClient, article: Article) -> None:
    post(http, on(article, "break"), Prefer="respond-async")
    assert carry_out_next("default")
    assert (EventAction.objects.get().outcome, PendingCall.objects.count()) == ("failed", 0)


def test_a_job_that_somebody_else_has_by_now_leaves_no_refusal(
    http: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = failures.record_error

    def overtaken(*args: Any, **columns: Any) -> Any:
        PendingCall.objects.update(fence=F("fence") + 1)
        return real(*args, **columns)

    bad = Article.objects.create(title="Bad")
    post(http, on(bad, "refuse"), {"cron": "0 8 * * 1"})
    make_due()
    monkeypatch.setattr(failures, "record_error", overtaken)
    assert carry_out_next("default")
    assert (EventAction.objects.get().outcome, PendingCall.objects.count()) == ("running", 1)
