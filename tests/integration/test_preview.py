"""A preview does everything, shows all of it, and nothing stays or leaves."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import connection, connections, transaction
from rest_framework.test import APIClient

from actions import perform
from actions.exceptions import NotPossibleError
from actions.models import EventAction
from actions.redaction import MASK
from actions.terms import Terms
from tests.app.models import Article, Parcel

from .trials import SENT, WORK, post, preview

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.integration.trials")]

ARTICLES = "tests_app_article"


@pytest.fixture(autouse=True)
def _nothing_sent() -> None:
    SENT.clear()


@pytest.fixture
def http(alice: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(alice)
    return client


@pytest.fixture
def article(alice: User) -> Article:
    return Article.objects.create(title="Title", author=alice)


def everything() -> list[Any]:
    """All rows that the functions of these tests can reach."""
    models = (Article, Parcel, Group, User.groups.through, User, EventAction)
    return [list(model.objects.order_by("pk").values()) for model in models]


def act(article: Article) -> str:
    return f"/articles/{article.pk}/act/"


# --- what it shows ----------------------------------------------------------------------------------------------------


def test_a_preview_answers_as_the_call_and_says_what_would_change(http: APIClient, article: Article) -> None:
    before = everything()
    tried = preview(http, act(article), {"kind": "publish"})
    assert everything() == before

    done = post(http, act(article), {"kind": "publish"})
    members = {"changes", "changes_complete", "other_writes", "would_send", "plan"}
    assert tried.status_code == done.status_code == 200
    assert {name: value for name, value in tried.json().items() if name not in members} == done.json()
    assert (tried["Dry-Run-Applied"], tried["Preference-Applied"]) == ("true", "dry-run")
    assert "Dry-Run-Applied" not in done
    assert (tried.json()["changes_complete"], tried.json()["other_writes"], tried.json()["would_send"]) == (
        True,
        [],
        [],
    )
    [first, second] = tried.json()["changes"]
    about = {"model": "tests_app.article", "key": str(article.pk)}
    assert first == {**about, "field": "is_published", "before": False, "after": True}
    assert (second["field"], second["before"]) == ("published_at", None)


def test_the_query_asks_for_a_preview_too(http: APIClient, article: Article) -> None:
    assert post(http, f"{act(article)}?dry_run=true", {"kind": "publish"})["Dry-Run-Applied"] == "true"
    assert not Article.objects.get().is_published


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("create_one", [("insert", "tests_app_parcel", 1)]),
        ("create_article", [("insert", ARTICLES, 1)]),
        ("create_several", [("insert", "tests_app_parcel", 3)]),
        ("create_several_articles", [("insert", ARTICLES, 4)]),
        ("change_unwatched", [("update", ARTICLES, 1)]),
        ("add_groups", [("insert", "auth_user_groups", 2)]),
        ("raw", [("update", ARTICLES, 1)]),
        ("raw_many", [("insert", ARTICLES, 3)]),
        ("delete_author", [("delete", "auth_user", 1)]),
        ("only_read", []),
        ("make_and_delete", []),
        ("change_watched", []),
        ("delete_watched", []),
        ("create_watched", []),
    ],
)
def test_what_is_written_besides_is_listed_by_table_operation_and_rows(
    http: APIClient, article: Article, kind: str, expected: list[tuple[str, str, int]]
) -> None:
    Article.objects.create(title="Other")
    Group.objects.bulk_create([Group(name="a"), Group(name="b")])
    before = everything()
    answer = preview(http, act(article), {"kind": kind}).json()

    assert [(each["operation"], each["table"], each["rows"]) for each in answer["other_writes"]] == expected
    assert answer["changes_complete"] is not bool(expected)
    assert everything() == before


def test_rows_of_an_update_are_exact_where_they_are_the_actions_own(http: APIClient, article: Article) -> None:
    others = [Article.objects.create(title=f"Article {number}", likes=number) for number in range(3)]
    answer = preview(http, "/articles/publish_all/", {"ids": [article.pk, others[0].pk]}).json()

    assert [(change["key"], change["field"]) for change in answer["changes"]] == [
        (str(article.pk), "is_published"),
        (str(others[0].pk), "is_published"),
    ]
    assert (answer["published"], answer["changes_complete"]) == (2, True)
    assert not Article.objects.filter(is_published=True).exists()


@pytest.mark.parametrize(
    ("kind", "field", "before", "after"),
    [
        ("create_watched", None, None, "Another"),
        ("delete_watched", None, "Other", None),
        ("change_watched", "title", "Other", "Changed"),
    ],
)
def test_rows_that_the_function_watches_are_shown(
    http: APIClient, article: Article, kind: str, field: str | None, before: str | None, after: str | None
) -> None:
    Article.objects.create(title="Other")
    [change] = preview(http, act(article), {"kind": kind}).json()["changes"]

    assert change["field"] == field
    if field is None:
        change = {**change, **{side: change[side] and change[side]["title"] for side in ("before", "after")}}
    assert (change["before"], change["after"]) == (before, after)


def test_an_expression_is_shown_as_what_came_of_it(http: APIClient, article: Article) -> None:
    [change] = preview(http, act(article), {"kind": "like"}).json()["changes"]

    assert (change["field"], change["before"], change["after"]) == ("likes", 0, 1)


def test_what_was_rolled_back_inside_is_not_shown(http: APIClient, article: Article) -> None:
    answer = preview(http, act(article), {"kind": "fail_inside"}).json()

    assert [(change["field"], change["after"]) for change in answer["changes"]] == [("title", "Kept")]
    assert (answer["changes_complete"], answer["would_send"]) == (True, [])


@pytest.mark.parametrize("name", ["rename_by_form", "rename_by_serializer", "rename_by_pydantic"])
def test_every_kind_of_action_can_be_tried(http: APIClient, article: Article, name: str) -> None:
    answer = preview(http, f"/articles/{article.pk}/{name}/", {"title": "New"}).json()

    [change] = answer["changes"]
    assert (change["field"], change["before"], change["after"]) == ("title", "Title", "New")
    assert answer["changes_complete"] is True
    assert Article.objects.get().title == "Title"


def test_a_secret_stands_neither_in_the_changes_nor_in_the_plan(http: APIClient, article: Article) -> None:
    from django.core import signing

    answer = preview(http, f"/articles/{article.pk}/keep_secret/", {"body": "hunter22"})
    [change] = answer.json()["changes"]

    assert (change["before"], change["after"]) == (MASK, MASK)
    assert "hunter22" not in answer.content.decode()
    assert "hunter22" not in str(signing.loads(answer.json()["plan"], salt="actions.plan"))


@pytest.mark.parametrize(
    ("kind", "status"), [("answer_file", 200), ("answer_stream", 201), ("answer_text", 200), ("answer_nothing", 200)]
)
def test_an_answer_that_is_no_json_becomes_the_preview(
    http: APIClient, article: Article, kind: str, status: int
) -> None:
    response = preview(http, act(article), {"kind": kind})

    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    assert "changes" in response.json()
    assert not Article.objects.get().is_published


def test_a_list_stands_beside_the_preview_with_its_status_and_headers(http: APIClient, article: Article) -> None:
    response = preview(http, act(article), {"kind": "answer_list"})

    assert (response.status_code, response["X-Job"], response.json()["result"]) == (201, "7", [1, 2])
    assert response["Dry-Run-Applied"] == "true"


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        ({"kind": "publish", "no": 1}, {}, 400),
        ({"kind": "publish"}, {"If_Match": '"another"'}, 412),
        ({"kind": "fail"}, {}, 500),
    ],
)
def test_all_checks_hold_and_leave_no_record(
    http: APIClient, article: Article, data: Any, headers: dict[str, str], status: int
) -> None:
    tried = preview(http, act(article), data, **headers)
    assert not EventAction.objects.exists()
    done = post(http, act(article), data, **headers)

    assert tried.status_code == done.status_code == status
    assert tried.json() == done.json()
    assert not Article.objects.get().is_published


def test_a_condition_and_a_missing_object_answer_as_in_the_call(http: APIClient, article: Article) -> None:
    Article.objects.update(title="Closed")

    assert preview(http, act(article), {"kind": "publish"}).status_code == 409
    assert preview(http, "/articles/4711/act/", {"kind": "publish"}).status_code == 404
    assert not EventAction.objects.exists()


@pytest.mark.urls("tests.urls")
def test_whoever_may_not_call_may_not_try(client_of: Any, todo: Any, bob: User) -> None:
    todo.list.is_shared = True
    todo.list.save()

    assert preview(client_of(bob), f"/todos/{todo.pk}/mark_done/").status_code == 403
    assert not EventAction.objects.exists()


@pytest.mark.parametrize(("name", "data"), [("charge", {}), ("loose", {"kind": "publish"})])
def test_what_cannot_be_rolled_back_cannot_be_tried(
    http: APIClient, article: Article, name: str, data: dict[str, Any]
) -> None:
    response = preview(http, f"/articles/{article.pk}/{name}/", data)

    assert (response.status_code, response.json()["code"]) == (501, "preview_not_possible")
    assert SENT == []
    assert not Article.objects.get().is_published


def test_nor_can_it_below_a_call_that_is_tried(http: APIClient, article: Article) -> None:
    assert preview(http, act(article), {"kind": "call_outside"}).status_code == 501
    assert SENT == []
    assert post(http, act(article), {"kind": "call_outside"}).status_code == 200
    assert SENT == ["charged"]


@pytest.mark.django_db(databases=["default", "other"])
def test_a_second_database_may_be_read_and_not_written(http: APIClient, article: Article) -> None:
    assert preview(http, act(article), {"kind": "read_elsewhere"}).json()["count"] == 0
    response = preview(http, act(article), {"kind": "write_elsewhere"})

    assert (response.status_code, response.json()["code"]) == (501, "preview_not_possible")
    assert not Article.objects.using("other").exists()
    assert not Article.objects.get().is_published
    assert connections["other"].execute_wrappers == []


@pytest.mark.django_db(transaction=True)
def test_a_change_of_tables_is_refused_where_it_cannot_be_rolled_back(
    http: APIClient, article: Article, monkeypatch: Any
) -> None:
    def change_tables(article: Article, context: Any) -> None:
        WORK["publish"](article, context)
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE made_by_a_preview (id int)")

    monkeypatch.setitem(WORK, "change_tables", change_tables)
    response = preview(http, act(article), {"kind": "change_tables"})

    assert response.status_code == (200 if connection.features.can_rollback_ddl else 501)
    assert "made_by_a_preview" not in connection.introspection.table_names()
    assert not Article.objects.get().is_published


# --- nothing leaves ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_nothing_leaves_and_all_of_it_is_listed(http: APIClient, article: Article) -> None:
    answer = preview(http, act(article), {"kind": "leave_work"}).json()

    function = {"kind": "on_commit", "function": "tests.integration.trials.later"}
    letter = {"kind": "mail", "to": ["alice@example.com"], "subject": "Published"}
    assert answer["would_send"] == [function, function, function, letter]
    assert (SENT, mail.outbox) == ([], [])
    post(http, act(article), {"kind": "leave_work"})
    assert (len(SENT), len(mail.outbox)) == (3, 1)


@pytest.mark.django_db(transaction=True)
def test_what_a_call_below_it_would_send_is_listed_and_its_record_does_not_stay(
    http: APIClient, article: Article
) -> None:
    answer = preview(http, act(article), {"kind": "call_another"}).json()

    assert [each["kind"] for each in answer["would_send"]] == ["on_commit", "on_commit", "on_commit", "mail"]
    assert answer["changes_complete"] is True
    assert {change["field"] for change in answer["changes"]} == {"is_published", "published_at"}
    assert (SENT, mail.outbox, EventAction.objects.count()) == ([], [], 0)


@pytest.mark.django_db(transaction=True)
def test_a_block_around_it_goes_on_as_if_nothing_had_been(article: Article, alice: User) -> None:
    with transaction.atomic():
        Article.objects.create(title="Before")
        transaction.on_commit(lambda: SENT.append("caller"))
        perform("tried:act", article.pk, {"kind": "leave_work"}, actor=alice, terms=Terms(is_preview=True))
        with pytest.raises(NotPossibleError):
            perform("tried:charge", article.pk, actor=alice, terms=Terms(is_preview=True))
        assert not connection.needs_rollback
        Article.objects.create(title="After")

    assert sorted(Article.objects.values_list("title", "is_published")) == [
        ("After", False),
        ("Before", False),
        ("Title", False),
    ]
    assert SENT == ["caller"]


@pytest.mark.django_db(transaction=True)
def test_no_lock_is_left(http: APIClient, article: Article) -> None:
    preview(http, act(article), {"kind": "publish"})

    assert not connection.in_atomic_block
    assert connection.execute_wrappers == []
    if connection.features.has_select_for_update_nowait:
        second = connection.copy()
        try:
            with second.cursor() as cursor:
                cursor.execute("SELECT id FROM tests_app_article WHERE id = %s FOR UPDATE NOWAIT", [article.pk])
        finally:
            second.close()
