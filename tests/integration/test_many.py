"""One call for several objects: all or none, or each by itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework import routers, viewsets
from rest_framework.permissions import BasePermission
from rest_framework.test import APIClient

from actions import Action, ActionRegistry, perform
from actions.context import ActionContext, Refusal
from actions.exceptions import ActionError
from actions.mixins import ActionMixin
from actions.models import EventAction
from actions.redaction import MASK
from actions.terms import Terms
from actions.versions import etag_of
from actions.work import LeaseLostError
from example_app.models import Todo, TodoList
from tests.app.models import Article, Parcel

from .trials import ArticleSerializer, BodyForm, post

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

CONTINUE = {"Prefer": "continue-on-error"}


def break_at(article: Article, *, how: str = "", context: ActionContext) -> dict[str, Any]:
    """Publish, and break where the title says so."""
    article.is_published = True
    article.save(update_fields=["is_published"])
    context.mail(EmailMessage(article.title, "", None, ["alice@example.com"]))
    context.progress(50, 100, article.title)
    if article.title == "Bad":
        _break(article, how)
    return {"published": article.title}


def _break(article: Article, how: str) -> None:
    if how == "refuse":
        raise ActionError("No.", status=409, code="no")
    if how == "validate":
        raise ValidationError({"title": ["Wrong."]})
    if how == "database":
        Article.objects.filter(pk=article.pk).update(title=None)
    if how == "worker":
        raise LeaseLostError
    raise ValueError("broken")


def add(article: Article, *, number: int) -> dict[str, int]:
    """Like it."""
    article.likes += number
    article.save(update_fields=["likes"])
    return {"likes": article.likes}


def unlock(article: Article, *, pin: str) -> None:
    """Refuse in words that quote what was sent."""
    raise ActionError(f"{pin} is not the pin.", status=409, code="wrong")


def publish_all(articles: Any, *, how: str = "") -> dict[str, int]:
    """Publish the set."""
    if how and articles.filter(title="Bad").exists():
        raise ActionError("No.", status=409, code="no")
    return {"published": articles.update(is_published=True)}


def count(*, how: str = "") -> dict[str, bool]:
    """Do something to no object."""
    return {"done": True}


def not_closed(article: Article, context: ActionContext) -> Refusal | None:
    """It is open."""
    return Refusal("closed", "It is closed.", fix=("open", "unlock")) if article.title == "Closed" else None


class NotHidden(BasePermission):
    def has_object_permission(self, request: Any, view: Any, article: Any) -> bool:
        return bool(article.title != "Hidden")


class Several(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.exclude(title="Foreign")
    serializer_class = ArticleSerializer
    permission_classes = [NotHidden]
    filterset_fields = ["likes"]
    action_registry = ActionRegistry(
        "several",
        actions=[
            Action(id="break_at", function=break_at, conditions=(not_closed,)),
            Action(id="add", function=add),
            Action(id="add_few", function=add, max_objects=2),
            Action(id="add_to", function=add, if_match="required"),
            Action(id="rename", form=BodyForm),
            Action(id="unlock", function=unlock),
            Action(id="publish_all", function=publish_all, type="bulk"),
            Action(id="count", function=count, type="bulk", selection="none"),
        ],
    )


class ByAuthor(Several):
    lookup_field = "author__username"
    action_registry = ActionRegistry("several_by_author", actions=[Action(id="add", function=add)])


def ship(parcel: Parcel) -> dict[str, str]:
    """Answer with its label."""
    return {"label": parcel.label}


class Parcels(ActionMixin, viewsets.ModelViewSet[Parcel]):
    queryset = Parcel.objects.all()
    permission_classes = []
    action_registry = ActionRegistry("several_parcels", actions=[Action(id="ship", function=ship)])


router = routers.DefaultRouter()
router.register("articles", Several, basename="several")
router.register("by-author", ByAuthor, basename="by-author")
router.register("parcels", Parcels, basename="several-parcels")
urlpatterns = router.urls


@pytest.fixture
def http(alice: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(alice)
    return client


def make(*titles: str, **fields: Any) -> list[Article]:
    return [Article.objects.create(title=title, **fields) for title in titles]


def published() -> list[str]:
    return list(Article.objects.filter(is_published=True).values_list("title", flat=True))


def keys(articles: list[Article]) -> list[int]:
    return [article.pk for article in articles]


# --- all or none ------------------------------------------------------------------------------------------------------


def test_an_instance_action_is_done_to_several(http: APIClient) -> None:
    articles = make("A", "B")
    response = post(http, "/articles/break_at/", {"ids": keys(articles)})

    assert response.status_code == 200
    assert response.json() == {
        "status": "success",
        "counts": {"total": 2, "succeeded": 2, "failed": 0},
        "results": [
            {"index": 0, "id": articles[0].pk, "ok": True, "status": 200, "result": {"published": "A"}},
            {"index": 1, "id": articles[1].pk, "ok": True, "status": 200, "result": {"published": "B"}},
        ],
    }
    assert published() == ["A", "B"]


@pytest.mark.parametrize(
    ("titles", "errors"),
    [
        (("A", "Closed"), {"1": ["It is closed."]}),
        (("A", "Foreign"), {"1": ["Not found."]}),
        (("Hidden", "A", "Closed"), {"0": ["You may not do this with this object."], "2": ["It is closed."]}),
    ],
)
def test_what_can_be_checked_before_is_refused_for_all_by_index(
    http: APIClient, titles: tuple[str, ...], errors: dict[str, list[str]]
) -> None:
    response = post(http, "/articles/break_at/", {"ids": keys(make(*titles))})

    assert (response.status_code, response.json()["code"]) == (400, "items_refused")
    assert response.json()["errors"] == errors
    assert published() == []
    assert EventAction.objects.get().outcome == "refused"


@pytest.mark.parametrize(
    ("how", "errors"), [("refuse", {"1": ["No."]}), ("validate", {"1.title": ["Wrong."]}), ("database", None)]
)
def test_a_function_that_refuses_half_way_undoes_all(
    http: APIClient, how: str, errors: dict[str, list[str]] | None
) -> None:
    response = post(http, "/articles/break_at/", {"ids": keys(make("A", "Bad", "C")), "how": how})

    assert response.status_code == 400
    assert errors is None or response.json()["errors"] == errors
    assert [result["index"] for result in response.json()["results"]] == [1]
    assert published() == []


def test_a_function_that_fails_half_way_undoes_all(http: APIClient) -> None:
    response = post(http, "/articles/break_at/", {"ids": keys(make("A", "Bad"))})

    assert (response.status_code, response.json()["code"]) == (500, "failed")
    assert published() == []
    assert EventAction.objects.get().outcome == "failed"


# --- each by itself ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [("refuse", 409, "no"), ("validate", 400, "invalid_payload"), ("database", 409, "conflict"), ("", 500, "failed")],
)
def test_what_fails_for_one_is_done_for_the_others(http: APIClient, how: str, status: int, code: str) -> None:
    articles = make("A", "Bad", "Closed", "Hidden", "Foreign", "F")
    response = post(http, "/articles/break_at/", {"ids": keys(articles), "how": how}, **CONTINUE)

    body = response.json()
    assert (response.status_code, body["status"]) == (200, "partial_success")
    assert body["counts"] == {"total": 6, "succeeded": 2, "failed": 4}
    assert [result["status"] for result in body["results"]] == [200, status, 409, 403, 404, 200]
    assert body["results"][1]["error"]["code"] == code
    assert body["results"][2]["error"] == {"code": "closed", "detail": "It is closed.", "fix": ["unlock"]}
    # The condition names an action besides that there is not.
    assert published() == ["A", "F"]
    assert "broken" not in response.content.decode()


def test_nothing_of_one_that_failed_is_recorded_or_sent(
    http: APIClient, django_capture_on_commit_callbacks: Any
) -> None:
    articles = make("A", "Bad")
    with django_capture_on_commit_callbacks() as callbacks:
        post(http, "/articles/break_at/", {"ids": keys(articles), "how": "refuse"}, **CONTINUE)

    event = EventAction.objects.get()
    assert [change["key"] for change in event.changes] == [str(articles[0].pk)]
    assert event.is_complete
    assert len(callbacks) == 1


def test_a_preview_of_it_shows_only_what_would_go_well(http: APIClient) -> None:
    articles = make("A", "Bad")
    body = {"ids": keys(articles), "how": "refuse"}
    answer = post(http, "/articles/break_at/", body, Prefer="continue-on-error, dry-run").json()

    assert answer["status"] == "partial_success"
    assert [change["key"] for change in answer["changes"]] == [str(articles[0].pk)]
    assert answer["changes_complete"] is True
    assert [each["subject"] for each in answer["would_send"]] == ["A"]
    assert published() == []


def test_none_that_went_well_is_an_error_in_the_body(http: APIClient) -> None:
    response = post(http, "/articles/break_at/", {"ids": keys(make("Closed", "Closed"))}, **CONTINUE)

    assert (response.status_code, response.json()["status"]) == (200, "error")


def test_a_worker_that_has_lost_its_call_does_not_go_on(alice: User) -> None:
    with pytest.raises(LeaseLostError):
        perform(
            "several:break_at",
            ids=keys(make("Bad", "A")),
            data={"how": "worker"},
            actor=alice,
            terms=Terms(is_each=True),
        )
    assert published() == []


@pytest.mark.parametrize("body", [{"ids": True}, {"items": True}])
def test_a_function_for_a_set_gets_each_as_a_set_of_one(http: APIClient, body: dict[str, Any]) -> None:
    articles = make("A", "Bad")
    if "ids" in body:
        sent: dict[str, Any] = {"ids": keys(articles), "how": "x"}
    else:
        sent = {"items": [{"id": key, "params": {"how": "x"}} for key in keys(articles)]}
    response = post(http, "/articles/publish_all/", sent, **CONTINUE)

    assert [result["ok"] for result in response.json()["results"]] == [True, False]
    assert response.json()["results"][0]["result"] == {"published": 1}
    assert published() == ["A"]


# --- which are meant --------------------------------------------------------------------------------------------------


def test_items_have_a_payload_and_a_version_each(http: APIClient) -> None:
    first, second = make("A", "B")
    items = [
        {"id": first.pk, "params": {"number": 1}, "etag": etag_of(Several(), first)},
        {"id": second.pk, "params": {"number": 2}, "etag": '"another"'},
    ]
    assert post(http, "/articles/add/", {"items": items}).status_code == 400
    response = post(http, "/articles/add/", {"items": items}, **CONTINUE)

    assert [result["status"] for result in response.json()["results"]] == [200, 412]
    assert response.json()["results"][1]["error"]["etag"] == etag_of(Several(), second)
    assert list(Article.objects.values_list("likes", flat=True)) == [1, 0]


def test_a_version_may_be_demanded_of_each(http: APIClient) -> None:
    items = [{"id": article.pk, "params": {"number": 1}} for article in make("A")]
    response = post(http, "/articles/add_to/", {"items": items}, **CONTINUE)

    assert response.json()["results"][0]["status"] == 428


@pytest.mark.parametrize(("query", "expected"), [("likes=3", ["B"]), ("all=true", ["A", "B", "Closed"])])
def test_a_filter_or_all_says_which(http: APIClient, query: str, expected: list[str]) -> None:
    make("A", "Closed", "Foreign")
    make("B", likes=3)
    response = post(http, f"/articles/break_at/?{query}", {}, **CONTINUE)

    assert response.json()["counts"]["total"] == len(expected)
    assert set(published()) == set(expected) - {"Closed"}


def test_a_call_that_says_nothing_is_told_where_the_action_is(http: APIClient) -> None:
    make("A")
    response = post(http, "/articles/break_at/", {})

    assert response.status_code == 404
    assert "POST …/<id>/break_at/" in response.json()["detail"]
    assert published() == []


def test_one_that_is_named_twice_is_done_once(http: APIClient) -> None:
    (article,) = make("A")
    ids = [article.pk, str(article.pk), f"0{article.pk}"]

    assert post(http, "/articles/add/", {"ids": ids, "number": 1}).json()["counts"]["total"] == 1
    assert Article.objects.get().likes == 1


def test_an_item_that_is_named_twice_is_refused(http: APIClient) -> None:
    (article,) = make("A")
    items = [{"id": key, "params": {"number": 1}} for key in (article.pk, f"0{article.pk}")]
    response = post(http, "/articles/add/", {"items": items})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["items.1.id"])
    assert Article.objects.get().likes == 0


def test_a_key_is_the_same_however_it_is_written(http: APIClient) -> None:
    parcel = Parcel.objects.create(label="x")
    response = post(http, "/parcels/ship/", {"ids": [str(parcel.pk).upper(), parcel.pk.hex]})

    assert response.json()["counts"] == {"total": 1, "succeeded": 1, "failed": 0}


def test_objects_may_be_named_by_a_field_of_another_table(http: APIClient, alice: User) -> None:
    make("A", author=alice)

    assert post(http, "/by-author/add/", {"ids": ["alice"], "number": 2}).json()["results"][0]["result"] == {"likes": 2}


@pytest.mark.parametrize("key", [4711, "x", "", 10**30, -1])
def test_a_key_that_is_none_or_unknown_is_not_found(http: APIClient, key: Any) -> None:
    make("A")
    ids = [Article.objects.get().pk, key]
    assert post(http, "/articles/add/", {"ids": ids, "number": 1}).json()["errors"] == {"1": ["Not found."]}
    response = post(http, "/articles/add/", {"ids": ids, "number": 1}, **CONTINUE)

    assert [result["status"] for result in response.json()["results"]] == [200, 404]


@pytest.mark.parametrize(
    "body",
    [
        {"ids": []},
        {"ids": "x"},
        {"ids": [None]},
        {"ids": [[1]]},
        {"items": []},
        {"items": {}},
        {"items": [1]},
        {"items": [{}]},
        {"items": [{"id": 1, "no": 1}]},
        {"items": [{"id": 1, "params": []}]},
        {"items": [{"id": 1, "etag": "x"}]},
        {"items": [{"id": 1}, {"id": 1}]},
        {"items": [{"id": 1}], "number": 1},
        {"items": [{"id": 1}], "ids": [1]},
    ],
)
def test_what_is_malformed_is_refused(http: APIClient, body: dict[str, Any]) -> None:
    make("A")
    response = post(http, "/articles/add/", body)

    assert response.status_code == 400
    assert response.json()["errors"]
    assert Article.objects.get().likes == 0


def test_an_action_for_no_object_takes_no_items(http: APIClient) -> None:
    (article,) = make("A")
    response = post(http, "/articles/count/", {"items": [{"id": article.pk}]})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["items"])


def test_not_more_than_the_definition_allows(http: APIClient, settings: Any) -> None:
    articles = make("A", "B", "C")
    too_many = {"ids": keys(articles), "number": 1}
    assert post(http, "/articles/add_few/", {**too_many, "ids": keys(articles)[:2]}).status_code == 200
    for path, body in (("add_few/", too_many), ("add_few/?all=true", {"number": 1})):
        assert post(http, f"/articles/{path}", body).json()["code"] == "too_many_objects"

    settings.DJACTION_MAX_IDS = 2
    items = {"items": [{"id": key, "params": {"number": 1}} for key in keys(articles)]}
    for path, sent in (("add/", too_many), ("add/?all=true", {"number": 1}), ("add/", items)):
        assert post(http, f"/articles/{path}", sent).json()["code"] == "too_many_objects"
    assert list(Article.objects.values_list("likes", flat=True)) == [1, 1, 0]


def test_a_set_that_has_moved_is_a_conflict(http: APIClient) -> None:
    make("A", "B")
    response = post(http, "/articles/add/?all=true&expect_count=3", {"number": 1})

    assert (response.status_code, response.json()["code"], response.json()["count"]) == (409, "count_changed", 2)
    assert post(http, "/articles/add/?all=true", {"number": 1, "expect_count": 2}).status_code == 200


def test_a_form_may_name_them(http: APIClient) -> None:
    articles = make("A", "B")
    response = http.post("/articles/add/", {"ids": ",".join(map(str, keys(articles))), "number": "2"})

    assert response.json()["counts"]["succeeded"] == 2


def test_the_url_of_the_list_documents_the_action(http: APIClient) -> None:
    response = http.get("/articles/add/")

    assert (response.status_code, response.json()["id"], response.json()["type"]) == (200, "add", "instance")


# --- record, locks, progress ------------------------------------------------------------------------------------------


def test_one_record_holds_all_of_it(http: APIClient) -> None:
    articles = make("A", "B")
    post(http, "/articles/rename/", {"ids": keys(articles), "title": "New"})

    event = EventAction.objects.get()
    assert (event.action_type, event.object_id, event.outcome) == ("bulk", None, "succeeded")
    assert event.selection == {"ids": keys(articles)}
    assert [(change["key"], change["before"]) for change in event.changes] == [
        (str(article.pk), article.title) for article in articles
    ]
    assert event.is_complete


def test_all_are_read_and_locked_by_one_statement(http: APIClient) -> None:
    counts = []
    for number in (2, 6):
        Article.objects.all().delete()
        ids = keys(make(*"ABCDEF"[:number]))
        with CaptureQueriesContext(connection) as queries:
            post(http, "/articles/add/", {"ids": ids, "number": 1})
        reads = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
        counts.append((len(reads), sum("FOR UPDATE" in sql for sql in reads)))

    assert counts == [(1, int(connection.features.has_select_for_update))] * 2


def test_progress_is_that_of_the_whole_call(alice: User) -> None:
    told: list[tuple[int, int | None, str]] = []
    perform(
        "several:break_at",
        ids=keys(make("A", "B")),
        actor=alice,
        on_progress=lambda *report: told.append(report),
    )

    assert told == [(0, 2, "A"), (1, 2, ""), (1, 2, "B"), (2, 2, "")]


@pytest.mark.django_db(transaction=True)
def test_an_error_in_one_savepoint_does_not_break_the_transaction(http: APIClient) -> None:
    ids = keys(make("Bad", "B", "C"))
    response = post(http, "/articles/break_at/", {"ids": ids, "how": "database"}, **CONTINUE)

    assert [result["ok"] for result in response.json()["results"]] == [False, True, True]
    assert published() == ["B", "C"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.update(title=None)


@pytest.mark.urls("tests.urls")
def test_the_views_own_permission_is_asked_for_each(
    client_of: Any, todos: list[Todo], todo_list: TodoList, bob: User
) -> None:
    todo_list.is_shared = True
    todo_list.save()
    own = Todo.objects.create(title="Own", list=todo_list, owner=bob)
    ids = [todos[0].pk, own.pk]

    assert post(client_of(bob), "/todos/mark_done/", {"ids": ids}).status_code == 400
    results = post(client_of(bob), "/todos/mark_done/", {"ids": ids}, **CONTINUE).json()["results"]
    assert [result["status"] for result in results] == [403, 200]


@pytest.mark.parametrize("headers", [{}, {"Prefer": "continue-on-error"}])
def test_a_secret_that_the_error_of_one_object_quotes_stays_out_of_the_record(
    http: APIClient, headers: dict[str, str]
) -> None:
    article = Article.objects.create(title="News", author=User.objects.get())

    response = http.post("/articles/unlock/", {"ids": [article.pk], "pin": "4711-0815"}, format="json", headers=headers)

    event = EventAction.objects.get()
    assert "4711-0815" in response.content.decode()
    assert "4711-0815" not in f"{event.request_data} {event.response_data} {event.error}"
    assert MASK in f"{event.response_data} {event.error}"
