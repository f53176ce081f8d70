"""What a record says was changed, and whether that was all."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext, isolate_apps
from rest_framework.test import APIClient

from actions.changes import ChangeTracker
from actions.models import EventAction
from actions.redaction import MASK
from tests.app.models import Article, Parcel

from .trials import post

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.integration.trials")]


@pytest.fixture
def http(alice: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(alice)
    return client


@pytest.fixture
def article(alice: User) -> Article:
    return Article.objects.create(title="Title", author=alice)


def event_of(http: APIClient, article: Article, kind: str) -> EventAction:
    """The record of the one call that the test makes itself."""
    response = post(http, f"/articles/{article.pk}/act/", {"kind": kind})
    assert response.status_code < 300, response.json()
    return EventAction.objects.get(pk=response["Action-Event"])


def _last() -> EventAction:
    event = EventAction.objects.first()
    assert event is not None
    return event


def fields(event: EventAction) -> list[tuple[Any, Any, Any]]:
    return [(change["field"], change["before"], change["after"]) for change in event.changes or []]


def test_what_was_saved_is_complete(http: APIClient, article: Article) -> None:
    event = event_of(http, article, "publish")

    assert [change[0] for change in fields(event)] == ["is_published", "published_at"]
    assert (event.changes[0]["model"], event.changes[0]["key"]) == ("tests_app.article", str(article.pk))
    assert event.is_complete


def test_what_was_set_and_not_saved_has_not_changed(http: APIClient, article: Article) -> None:
    event = event_of(http, article, "set_only")

    assert (event.changes, event.is_complete) == (None, True)


@pytest.mark.parametrize(
    ("kind", "is_complete"),
    [
        ("only_read", True),
        ("change_watched", True),
        ("make_and_delete", True),
        ("change_unwatched", False),
        ("raw", False),
        ("create_one", False),
        ("create_article", False),
        ("add_groups", False),
        # Rows that were made or deleted cannot be written back field by field.
        ("create_watched", False),
        ("delete_watched", False),
    ],
)
def test_changes_are_complete_where_nothing_else_was_written(
    http: APIClient, article: Article, kind: str, is_complete: bool
) -> None:
    Article.objects.create(title="Other")
    Group.objects.create(name="a")

    assert event_of(http, article, kind).is_complete is is_complete


@pytest.mark.parametrize(
    ("kind", "before", "after"), [("create_watched", None, "Another"), ("delete_watched", "Other", None)]
)
def test_a_row_that_was_made_or_deleted_is_one_change(
    http: APIClient, article: Article, kind: str, before: str | None, after: str | None
) -> None:
    other = Article.objects.create(title="Other")
    [change] = event_of(http, article, kind).changes

    assert change["field"] is None
    assert [change[side] and change[side]["title"] for side in ("before", "after")] == [before, after]
    assert int(change["key"]) == other.pk if before else int(change["key"]) > other.pk


def test_an_expression_is_recorded_as_what_came_of_it(http: APIClient, article: Article) -> None:
    event = event_of(http, article, "like")

    assert (fields(event), event.is_complete) == ([("likes", 0, 1)], True)


def test_what_was_rolled_back_inside_was_not_changed(http: APIClient, article: Article) -> None:
    event = event_of(http, article, "fail_inside")

    assert (fields(event), event.is_complete) == ([("title", "Title", "Kept")], True)
    assert list(Article.objects.values_list("title", "body")) == [("Kept", "")]
    assert (event_of(http, article, "delete_inside").changes, EventAction.objects.count()) == (None, 2)


def test_a_masked_value_cannot_be_written_back(http: APIClient, article: Article) -> None:
    post(http, f"/articles/{article.pk}/keep_secret/", {"body": "hunter22"})

    assert (fields(_last()), _last().is_complete) == ([("body", MASK, MASK)], False)


@pytest.mark.parametrize("name", ["rename_by_form", "rename_by_serializer", "rename_by_pydantic"])
def test_a_form_that_changes_its_object_while_it_checks_it_is_seen(
    http: APIClient, article: Article, name: str
) -> None:
    post(http, f"/articles/{article.pk}/{name}/", {"title": "New"})

    assert (fields(_last()), _last().is_complete) == ([("title", "Title", "New")], True)


def test_a_field_that_was_not_loaded_leaves_the_changes_incomplete(http: APIClient, article: Article) -> None:
    assert post(http, f"/deferred/{article.pk}/rename/", {"title": "New"}).status_code == 200

    assert (_last().changes, _last().is_complete) == (None, False)


def test_a_call_below_it_counts_as_its_own(http: APIClient, article: Article) -> None:
    Article.objects.create(title="Other")
    post(http, f"/articles/{article.pk}/act/", {"kind": "call_another"})
    outer, inner = EventAction.objects.order_by("parent_uid")
    if outer.parent_uid is not None:
        outer, inner = inner, outer
    assert [change[0] for change in fields(inner)] == [change[0] for change in fields(outer)]
    assert (inner.is_complete, outer.is_complete) == (True, True)


def test_a_call_below_it_for_another_object_leaves_the_outer_one_incomplete(http: APIClient, article: Article) -> None:
    Article.objects.create(title="Other")
    post(http, f"/articles/{article.pk}/act/", {"kind": "call_another_of_another"})
    events = {event.parent_uid is None: event for event in EventAction.objects.all()}

    assert (events[False].is_complete, events[True].is_complete) == (True, False)
    assert events[True].changes is None


@pytest.mark.django_db(databases=["default", "other"])
def test_a_second_database_that_was_written_leaves_the_changes_incomplete(http: APIClient, article: Article) -> None:
    assert event_of(http, article, "read_elsewhere").is_complete
    assert not event_of(http, article, "write_elsewhere").is_complete


def test_an_exception_leaves_no_tracker_behind(http: APIClient, article: Article) -> None:
    assert post(http, f"/articles/{article.pk}/act/", {"kind": "fail"}).status_code == 500

    assert connection.execute_wrappers == []
    assert (_last().changes, _last().is_complete) == (None, False)
    assert event_of(http, Article.objects.get(), "publish").is_complete


def test_to_track_costs_no_statement(http: APIClient, article: Article, settings: Any) -> None:
    path, counts = f"/articles/{article.pk}/act/", []
    for is_tracked in (True, False):
        settings.DJACTION_TRACK_ACTIONS = is_tracked
        with CaptureQueriesContext(connection) as queries:
            post(http, path, {"kind": "publish"})
        counts.append(len(queries))

    assert counts[0] == counts[1] + 1


@pytest.mark.django_db(transaction=True)
def test_threads_do_not_see_each_others_changes(article: Article) -> None:
    other = Article.objects.create(title="Other")

    def elsewhere() -> None:
        with ChangeTracker("default", Article.objects.get(pk=other.pk)) as inner:
            Article.objects.filter(pk=other.pk).update(title="Elsewhere")
        results.append((inner.found(), inner.others()))
        connection.close()

    results: list[Any] = []
    with ChangeTracker("default", article) as tracker:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        Article.objects.get(pk=article.pk).save()

    assert results == [([], [{"table": "tests_app_article", "operation": "update", "rows": 1}])]
    assert (tracker.found(), tracker.others()) == ([], [])


def test_an_object_that_only_lost_its_key_was_not_deleted(article: Article) -> None:
    Article.objects.create(title="Other").delete()
    with ChangeTracker("default", article) as tracker:
        article.pk = None

    assert (tracker.found(), tracker.others()) == ([], [])


def test_a_copy_is_an_insert_among_the_others(article: Article) -> None:
    with ChangeTracker("default", article) as tracker:
        article.pk = None
        article._state.adding = True
        article.save()

    assert tracker.found() == []
    assert tracker.others() == [{"table": "tests_app_article", "operation": "insert", "rows": 1}]


def test_an_update_is_not_taken_for_a_delete(article: Article) -> None:
    other = Article.objects.create(title="Other")
    with ChangeTracker("default", article) as tracker:
        article.title = "New"
        article.save()
        Article.objects.filter(pk=other.pk).delete()

    assert len(tracker.found()) == 1
    assert tracker.others() == [{"table": "tests_app_article", "operation": "delete", "rows": 1}]


def test_a_save_in_another_database_accounts_for_nothing_in_this_one(article: Article) -> None:
    with ChangeTracker("default", article) as tracker:
        tracker.saved(article, None, False, "other")
        Article.objects.update(likes=3)

    assert tracker.others() == [{"table": "tests_app_article", "operation": "update", "rows": 1}]


def test_what_is_prefetched_is_not_copied(article: Article) -> None:
    class Uncopied:
        def __deepcopy__(self, memo: Any) -> Any:
            raise AssertionError

    article.__dict__["prefetched"] = [Uncopied()]

    assert ChangeTracker("default", article).found() == []


def test_a_row_whose_key_is_known_before_it_is_made(article: Article) -> None:
    parcel = Parcel(label="x")
    with ChangeTracker("default", article) as tracker:
        tracker.watch(parcel)
        parcel.save()
        tracker.watch(parcel)

    [change] = tracker.found()
    assert (change["key"], change["before"], change["after"]["label"]) == (str(parcel.pk), None, "x")
    assert tracker.others() == []


def test_rows_of_a_block_that_was_rolled_back_are_not_watched_any_more(article: Article) -> None:
    with ChangeTracker("default") as tracker, transaction.atomic():
        sid = connection.savepoint()
        Article.objects.update(title="Lost")
        tracker.watch(Article.objects.get())
        connection.savepoint_rollback(sid)

    assert (tracker.settled(), tracker.others()) == ([], [])


@pytest.mark.django_db(transaction=True)
@isolate_apps("tests.app")
def test_a_row_in_two_tables_is_one_row() -> None:
    class Place(models.Model):  # noqa: DJ008 - nobody reads it
        name = models.CharField(max_length=10)

        class Meta:
            app_label = "tests_app"

    class Restaurant(Place):  # noqa: DJ008 - nobody reads it
        stars = models.IntegerField(default=0)

        class Meta:
            app_label = "tests_app"

    class Proxy(Restaurant):  # noqa: DJ008 - nobody reads it
        class Meta:
            app_label = "tests_app"
            proxy = True

    with connection.schema_editor() as editor:
        editor.create_model(Place)
        editor.create_model(Restaurant)
    try:
        _check_two_tables(Restaurant)
        _check_two_tables(Proxy)
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Restaurant)
            editor.delete_model(Place)


def _check_two_tables(model: Any) -> None:
    one, other = model.objects.create(name="One"), model.objects.create(name="Other")
    with ChangeTracker("default", one) as tracker:
        one.name, one.stars = "New", 1
        one.save()
    assert [change["field"] for change in tracker.found()] == ["name", "stars"]
    assert tracker.others() == []

    with ChangeTracker("default", one) as tracker:
        one.stars = 2
        one.save(update_fields=["stars"])
        model.objects.filter(pk=other.pk).update(stars=3)
    assert tracker.others() == [{"table": model._meta.db_table, "operation": "update", "rows": 1}]

    with ChangeTracker("default", one) as tracker:
        tracker.watch(other)
        model.objects.filter(pk=one.pk).update(name="Again")
        other.delete()
    assert [change["field"] for change in tracker.settled()] == ["name", None]
    assert tracker.others() == []
