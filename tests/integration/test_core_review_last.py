"""What a second look at the execution has found: who undoes and how often, what is counted and what is named."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, models, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from rest_framework import routers, serializers, viewsets
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.test import APIClient

import actions
from actions import Action, ActionRegistry, resource, selection, single
from actions.context import ActionContext
from actions.exceptions import ActionError
from actions.mixins import ActionMixin
from actions.models import EventAction
from actions.registry import catalogue
from actions.terms import Terms
from example_app.urls import urlpatterns as example_urlpatterns
from tests.app.models import Article, Invoice
from tests.threads import Call
from tests.undoing import newest, refused

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

with_row_locks = pytest.mark.skipif(
    not connection.features.has_select_for_update, reason="where one transaction waits for another one's row"
)


def like(article: Article) -> dict[str, Any]:
    """Like it, past the object, so that only the inverse knows how to take it back."""
    Article.objects.filter(pk=article.pk).update(likes=F("likes") + 1)
    return {}


def unlike(article: Article) -> dict[str, Any]:
    """Like it less."""
    article.likes -= 1
    article.save(update_fields=["likes"])
    return {"likes": article.likes}


def rename(article: Article, *, title: str) -> dict[str, Any]:
    """Give it another title."""
    article.title = title
    article.save(update_fields=["title"])
    return {"title": title}


def like_all(articles: models.QuerySet[Article]) -> dict[str, int]:
    """Like the selection, in one statement."""
    return {"liked": articles.update(likes=F("likes") + 1)}


class IsAuthor(BasePermission):
    """Nobody else, whatever else they may do."""

    def has_object_permission(self, request: Any, view: Any, found: Any) -> bool:
        return bool(found.author_id == request.user.pk)


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "likes"]


class Articles(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = [IsAuthenticated]
    filterset_fields = ["title"]
    action_registry = ActionRegistry(
        "last_article",
        actions=[
            Action(id="like", function=like, undo="unlike"),
            Action(id="unlike", function=unlike),
            Action(id="rename", function=rename),
            Action(id="like_all", function=like_all, type="bulk"),
            Action(id="like_few", function=like_all, type="bulk", max_objects=2),
        ],
    )


class OwnArticles(Articles):
    permission_classes = [IsAuthenticated, IsAuthor]
    action_registry = ActionRegistry(
        "last_own_article",
        actions=[
            Action(id="like", function=like, undo="unlike"),
            Action(id="unlike", function=unlike),
            Action(id="rename", function=rename),
        ],
    )


class IsNoStaff(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return not request.user.is_staff


class PrivateArticles(OwnArticles):
    permission_classes = [IsAuthenticated, IsNoStaff]
    action_registry = ActionRegistry(
        "last_private_article",
        actions=[
            Action(id="like", function=like, undo="unlike"),
            Action(id="unlike", function=unlike),
            Action(id="rename", function=rename),
        ],
    )


class DistinctArticles(Articles):
    """Rows of this queryset are locked by no database, but by their keys."""

    queryset = Article.objects.distinct()
    action_registry = ActionRegistry(
        "last_distinct_article",
        actions=[
            Action(id="rename", function=rename),
            Action(id="like_all", function=like_all, type="bulk"),
        ],
    )


class CountedArticles(Articles):
    queryset = Article.objects.annotate(invoices=models.Count("invoice"))
    action_registry = ActionRegistry("last_counted_article", actions=[Action(id="rename", function=rename)])


class NamedArticles(Articles):
    lookup_field = "title"
    lookup_value_regex = "[^/]+"
    action_registry = ActionRegistry(
        "last_named_article",
        actions=[Action(id="like", function=like), Action(id="like_all", function=like_all, type="bulk")],
    )


def number_and_like(invoice: Invoice, *, context: ActionContext) -> dict[str, Any]:
    """Change a second row, which is watched."""
    article = invoice.article
    context.changes.watch(article)
    article.likes += 1
    article.save(update_fields=["likes"])
    invoice.number = "liked"
    invoice.save(update_fields=["number"])
    return {}


def note_facts(invoice: Invoice) -> dict[str, Any]:
    """Note something that is no secret."""
    invoice.facts = {"a": 1}
    invoice.save(update_fields=["facts"])
    return {}


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    class Meta:
        model = Invoice
        fields = ["id", "number"]


class Invoices(ActionMixin, viewsets.ModelViewSet[Invoice]):
    queryset = Invoice.objects.all()
    serializer_class = InvoiceSerializer
    permission_classes = [IsAuthenticated]
    action_registry = ActionRegistry(
        "last_invoice",
        actions=[
            Action(id="number_and_like", function=number_and_like),
            Action(id="note_facts", function=note_facts, sensitive=("colour",)),
        ],
    )


VIEWSETS: dict[str, type[ActionMixin]] = {
    "articles": Articles,
    "own": OwnArticles,
    "private": PrivateArticles,
    "distinct": DistinctArticles,
    "counted": CountedArticles,
    "named": NamedArticles,
    "invoices": Invoices,
}
router = routers.SimpleRouter()
for prefix, viewset in VIEWSETS.items():
    router.register(prefix, viewset, basename=f"last-{prefix}")  # type: ignore[arg-type]
urlpatterns = [*router.urls, *example_urlpatterns]


@pytest.fixture(autouse=True)
def _registries() -> None:
    """Other tests' clean-up may have taken them from the catalogue."""
    for each in VIEWSETS.values():
        catalogue.register(each.action_registry)  # type: ignore[arg-type]


@pytest.fixture
def article(alice: User) -> Article:
    return Article.objects.create(title="Seeds", likes=10, author=alice)


@pytest.fixture
def invoice(article: Article) -> Invoice:
    return Invoice.objects.create(number="R-1", article=article, amount=Decimal("10.00"))


@pytest.fixture
def http(alice: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(alice)
    return client


def likes(article: Article) -> int:
    article.refresh_from_db()
    return article.likes


def done(name: str, target: models.Model, actor: User, **data: Any) -> EventAction:
    """The record of an action that is done now."""
    event = actions.perform(name, target, data, actor=actor).event
    assert event is not None
    return event


def undo(event: EventAction, actor: User) -> EventAction:
    """The record of the undo."""
    outcome = actions.perform("actionevent:undo", event.pk, actor=actor)
    assert outcome.event is not None
    return outcome.event


# --- undo


class TestHowOften:
    def test_an_inverse_action_takes_it_back_once(self, article: Article, alice: User) -> None:
        event = done("last_article:like", article, alice)
        first = undo(event, alice)
        assert likes(article) == 10

        error = refused(event, alice)
        assert (error.status, error.code, str(first.pk) in error.detail) == (409, "not_undoable", True)
        with pytest.raises(ActionError):
            actions.perform("actionevent:undo", event.pk, actor=alice, terms=Terms(is_preview=True))
        assert likes(article) == 10

    def test_what_was_done_again_by_undoing_the_undo_is_taken_back_again(self, article: Article, alice: User) -> None:
        event = done("last_article:like", article, alice)
        seen = []
        for _time in range(3):
            first = undo(event, alice)
            seen.append(likes(article))
            assert refused(event, alice).code == "not_undoable"
            undo(first, alice)
            seen.append(likes(article))
        assert seen == [10, 11] * 3

    def test_an_undo_that_failed_is_no_obstacle(self, article: Article, alice: User) -> None:
        event = done("last_article:like", article, alice)
        Article.objects.update(likes=0)
        with pytest.raises(ActionError):
            # There is no number below zero to be saved.
            undo(event, alice)
        assert newest("undo").outcome != "succeeded"
        Article.objects.update(likes=11)
        undo(event, alice)
        assert likes(article) == 10

    def test_an_undo_whose_work_failed_in_a_worker_is_no_obstacle(self, article: Article, alice: User) -> None:
        event = done("last_article:like", article, alice)
        undo(event, alice)
        EventAction.objects.filter(action="unlike").update(outcome="failed")
        undo(event, alice)
        assert likes(article) == 9

    def test_an_undo_of_several_counts_for_each_of_them(self, article: Article, alice: User, staff: User) -> None:
        other = Article.objects.create(title="Soil", likes=5)
        events = [done("last_article:like", each, alice) for each in (article, other)]
        several = actions.perform("actionevent:undo", ids=[event.pk for event in events], actor=staff)
        assert several.body["counts"]["succeeded"] == 2

        for event in events:
            assert refused(event, staff).code == "not_undoable"
        assert (likes(article), likes(other)) == (10, 5)
        # Of one of them the undo is taken back.
        undo(newest("unlike"), staff)
        assert (likes(article), likes(other)) == (10, 6)
        assert refused(events[0], staff).code == "not_undoable"
        undo(events[1], staff)
        assert (likes(article), likes(other)) == (10, 5)

    def test_an_action_on_several_objects_is_taken_back_once(self, article: Article, alice: User) -> None:
        other = Article.objects.create(title="Soil", likes=5)
        event = actions.perform("last_article:like", ids=[article.pk, other.pk], actor=alice).event
        assert event is not None
        undo(event, alice)
        assert refused(event, alice).code == "not_undoable"
        assert (likes(article), likes(other)) == (10, 5)


class TestWhoMay:
    @pytest.mark.parametrize("kind", ["own", "private"])
    @pytest.mark.parametrize(("name", "data"), [("rename", {"title": "Soil"}), ("like", {})])
    def test_staff_are_refused_whom_the_viewset_refuses(
        self, name: str, data: dict[str, Any], kind: str, article: Article, alice: User, staff: User
    ) -> None:
        event = done(f"last_{kind}_article:{name}", article, alice, **data)
        before = Article.objects.values().get()

        assert refused(event, staff).status == 403
        assert Article.objects.values().get() == before
        undo(event, alice)
        assert Article.objects.values().get() != before


def test_an_undo_shows_no_secret_that_others_have_put_there(invoice: Invoice, alice: User) -> None:
    event = done("last_invoice:note_facts", invoice, alice)
    Invoice.objects.update(facts={"colour": "4711-0815", "b": 2})

    error = refused(event, alice)
    assert error.code == "changed_since"
    assert error.extra["changed"][0]["now"] == {"colour": "********", "b": 2}


# --- at the same time as others


def wait_for_lock(call: Call) -> None:
    """Until the call waits for a row that this thread's transaction has changed; it has then read what it reads."""
    for _ in range(500 if connection.vendor == "postgresql" else 50):
        time.sleep(0.02)
        assert call.is_running, call.answer()
        if connection.vendor == "postgresql" and _somebody_waits():
            return
    # Other databases do not tell everybody.
    assert connection.vendor != "postgresql", "it does not wait"


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
        return cursor.fetchone() is not None


@with_row_locks
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["articles", "distinct", "counted"])
def test_the_version_is_the_one_that_the_row_has_when_it_is_locked(
    kind: str, article: Article, alice: User, http: APIClient
) -> None:
    tag = http.get(f"/{kind}/{article.pk}/")["ETag"]

    def send() -> Any:
        client = APIClient()
        client.force_authenticate(alice)
        body = {"title": "Overwritten"}
        return client.post(f"/{kind}/{article.pk}/rename/", body, format="json", headers={"If-Match": tag})

    with transaction.atomic():
        Article.objects.filter(pk=article.pk).update(title="Meanwhile")
        call = Call(send)
        wait_for_lock(call)
    response = call.answer()
    assert (response.status_code, response.json()["code"]) == (412, "version_changed")
    assert Article.objects.get().title == "Meanwhile"


@with_row_locks
@pytest.mark.django_db(transaction=True)
def test_a_second_row_that_somebody_is_just_changing_is_waited_for(
    invoice: Invoice, article: Article, alice: User
) -> None:
    event = done("last_invoice:number_and_like", invoice, alice)

    with transaction.atomic():
        Article.objects.update(likes=F("likes") + 5)
        call = Call(lambda: undo(event, alice))
        wait_for_lock(call)
    error = call.answer()
    assert isinstance(error, ActionError)
    assert (error.status, error.code) == (409, "changed_since")
    assert likes(article) == 16
    invoice.refresh_from_db()
    assert invoice.number == "liked"


# --- which objects


@pytest.fixture
def one_comes_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], None]:
    """Has one object more of the same kind come in when a function of a module is called, after the counting."""

    def prepare(module: Any, name: str) -> None:
        usual = getattr(module, name)

        def check(*arguments: Any) -> Any:
            Article.objects.create(title="Seeds")
            return usual(*arguments)

        monkeypatch.setattr(module, name, check)

    return prepare


def liked(http: APIClient, action: str, query: str) -> Any:
    response = http.post(f"/{action}/?{query}", {}, format="json")
    assert response.status_code == 200, response.content
    return response.json()["liked"]


class TestCounted:
    @pytest.fixture(autouse=True)
    def _two(self, article: Article) -> None:
        Article.objects.create(title="Seeds")
        Article.objects.create(title="Other")

    @pytest.mark.parametrize("kind", ["articles", "distinct"])
    @pytest.mark.parametrize(("query", "count"), [("title=Seeds", 2), ("all=true", 3)])
    def test_what_comes_after_the_counting_is_left_out(
        self, kind: str, query: str, count: int, http: APIClient, one_comes_in: Any
    ) -> None:
        one_comes_in(single, "check_count")
        assert liked(http, f"{kind}/like_all", f"{query}&expect_count={count}") == count

    def test_so_it_is_of_the_most_objects_that_a_definition_allows(self, http: APIClient, one_comes_in: Any) -> None:
        one_comes_in(resource, "refuse_too_many")
        assert liked(http, "articles/like_few", "title=Seeds") == 2

    @pytest.mark.parametrize("expected", [0, 1, 3, 10_000, 100_000])
    def test_another_number_is_refused_with_the_right_one(self, expected: int, http: APIClient) -> None:
        response = http.post(f"/articles/like_all/?title=Seeds&expect_count={expected}", {}, format="json")
        assert (response.status_code, response.json()["code"]) == (409, "count_changed")
        assert (response.json()["count"], response.json()["expected"]) == (2, expected)

    def test_too_many_are_refused_with_their_number(self, http: APIClient) -> None:
        response = http.post("/articles/like_few/?all=true", {}, format="json")
        assert (response.status_code, response.json()["code"]) == (400, "too_many_objects")
        assert "3 objects" in response.json()["detail"]

    def test_more_than_can_be_named_may_be_meant(self, http: APIClient, settings: Any) -> None:
        settings.DJACTION_MAX_IDS = 1
        assert liked(http, "articles/like_all", "title=Seeds&expect_count=2") == 2

    def test_of_none_none_are_taken(self, http: APIClient, one_comes_in: Any) -> None:
        Article.objects.all().delete()
        one_comes_in(single, "check_count")
        assert liked(http, "articles/like_all", "all=true&expect_count=0") == 0

    def test_what_takes_no_filter_is_only_counted(self) -> None:
        articles = Article.objects.order_by()
        for rows in (articles[:2], articles.filter(title="Seeds").union(articles.filter(title="nothing"))):
            kept, count = selection.counted(rows, 5)
            assert (kept is rows, count) == (True, 2)

    def test_nor_are_more_named_to_the_database_than_can_be_named_at_once(self, settings: Any) -> None:
        settings.DJACTION_MAX_IDS = 2
        rows = Article.objects.all()
        kept, count = selection.counted(rows, 3)
        assert (kept is rows, count) == (True, 3)

    def test_it_costs_one_statement(self, http: APIClient) -> None:
        queries = []
        for query in ("title=Seeds", "title=Seeds&expect_count=2"):
            with CaptureQueriesContext(connection) as statements:
                liked(http, "articles/like_all", query)
            queries.append(len(statements))
        assert queries[1] == queries[0] + 1


@pytest.mark.parametrize("prefer", ["", "continue-on-error"])
@pytest.mark.parametrize("action", ["like", "like_all"])
@pytest.mark.parametrize("wrong", ["\ud800", "a\udfffb", "\0", "Seeds\0"])
class TestKeysThatCannotBeWritten:
    def post(self, http: APIClient, action: str, body: Any, prefer: str) -> Any:
        headers = {"Prefer": prefer} if prefer else {}
        return http.post(f"/named/{action}/", json.dumps(body), content_type="application/json", headers=headers)

    @pytest.mark.parametrize("form", ["ids", "items"])
    def test_nothing_is_done(
        self, wrong: str, action: str, prefer: str, form: str, http: APIClient, article: Article
    ) -> None:
        named: list[Any] = ["Seeds", wrong] if form == "ids" else [{"id": "Seeds"}, {"id": wrong}]
        response = self.post(http, action, {form: named}, prefer)

        assert (response.status_code, response.json()["code"]) == (400, "invalid_selection")
        place = "ids.1" if form == "ids" else "items.1.id"
        assert response.json()["errors"] == {place: ["The key of an object was expected."]}
        assert likes(article) == 10

    def test_nor_where_a_member_is_named_so(
        self, wrong: str, action: str, prefer: str, http: APIClient, article: Article
    ) -> None:
        for body in ({"items": [{"id": "Seeds", wrong: 1}]}, {"items": [{"id": "Seeds"}], wrong: 1}):
            response = self.post(http, action, body, prefer)
            assert (response.status_code, response.json()["code"]) == (400, "invalid_selection")
        assert likes(article) == 10


def test_a_key_in_the_query_that_no_database_has(http: APIClient, article: Article) -> None:
    response = http.post("/named/like_all/?ids=Seeds,%00", {}, format="json")
    assert (response.status_code, list(response.json()["errors"])) == (400, ["ids.1"])
