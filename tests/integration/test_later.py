"""What a worker makes of a call for later: the terms, the selection and the caller of then, and whether it is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.signals import post_delete, pre_delete
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework import routers
from rest_framework.permissions import IsAuthenticated
from rest_framework.test import APIClient

from actions import Action, ActionRegistry, acceptance, later, work
from actions.calls import carry_out_next
from actions.models import Delivery, EventAction, PendingCall
from actions.registry import catalogue
from actions.signals import action_failed
from actions.terms import read_parameters
from tests import keyed
from tests.app.models import Article
from tests.pending import make_calls
from tests.records import make_events

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

EVENTS = "/dj-actions/actionevents/"
LATER = {"Prefer": "respond-async"}


class Articles(keyed.Articles):
    permission_classes = [IsAuthenticated]
    action_registry = ActionRegistry(
        "later_article",
        actions=[
            Action(id="like", function=keyed.like),
            Action(id="like_open", function=keyed.like, conditions=(keyed.open_to_likes,)),
            Action(id="like_loosely", function=keyed.like, atomic=False),
            Action(id="like_all", function=keyed.like_all, type="bulk"),
        ],
    )


router = routers.SimpleRouter()
router.register("later", Articles, basename="later-article")
urlpatterns = [*router.urls, *keyed.urlpatterns]


@pytest.fixture(autouse=True)
def _registry() -> None:
    """Other tests' clean-up may have taken it from the catalogue."""
    catalogue.register(Articles.action_registry)


@pytest.fixture
def article(db: None) -> Article:
    return Article.objects.create(title="Seeds")


def accepted(api: APIClient, path: str, body: Any = None, **headers: str) -> EventAction:
    """The record of a call that is left to a worker."""
    response = api.post(f"/later/{path}", body or {}, format="json", headers={**LATER, **headers})
    assert response.status_code == 202, response.content
    return EventAction.objects.get(pk=response.json()["event"])


def ended(event: EventAction) -> EventAction:
    """The record, when a worker has carried the call out."""
    assert carry_out_next("default")
    assert not PendingCall.objects.filter(event=event).exists()
    event.refresh_from_db()
    return event


def likes(article: Article) -> int:
    article.refresh_from_db()
    return article.likes


class TestTerms:
    @pytest.mark.parametrize(("is_changed", "outcome"), [(False, "succeeded"), (True, "refused")])
    def test_the_version_is_asked_for_again(
        self, is_changed: bool, outcome: str, api: APIClient, article: Article
    ) -> None:
        tag = api.get(f"/later/{article.pk}/")["ETag"]
        event = accepted(api, f"{article.pk}/like/", **{"If-Match": tag})
        if is_changed:
            Article.objects.update(body="meanwhile")

        event = ended(event)
        assert (event.outcome, event.status_code) == (outcome, 412 if is_changed else 200)
        assert likes(article) == int(not is_changed)

    @pytest.mark.parametrize("more", [0, 1])
    def test_the_number_is_asked_for_again(self, more: int, api: APIClient, article: Article) -> None:
        event = accepted(api, "like_all/?title=Seeds&expect_count=1")
        Article.objects.bulk_create([Article(title="Seeds") for _each in range(more)])

        event = ended(event)
        assert event.outcome == ("refused" if more else "succeeded")
        assert event.status_code == (409 if more else 200)
        assert likes(article) == 1 - more

    @pytest.mark.parametrize("is_each", [False, True])
    def test_what_fails_for_one_is_done_for_the_others_where_that_was_said(
        self, is_each: bool, api: APIClient, article: Article
    ) -> None:
        other = Article.objects.create(title="Soil")
        prefer = "respond-async, continue-on-error" if is_each else "respond-async"
        event = accepted(api, "like_open/", {"ids": [article.pk, other.pk]}, Prefer=prefer)
        Article.objects.filter(pk=other.pk).update(is_published=True)

        event = ended(event)
        assert event.outcome == ("succeeded" if is_each else "refused")
        assert (likes(article), likes(other)) == (int(is_each), 0)


class TestSelection:
    @pytest.mark.parametrize("form", ["filter", "ids", "ids in the query"])
    def test_it_is_the_same_as_when_it_was_called(self, form: str, api: APIClient, article: Article) -> None:
        other = Article.objects.create(title="Soil")
        if form == "filter":
            event = accepted(api, "like_all/?title=Seeds")
        elif form == "ids":
            event = accepted(api, "like_all/", {"ids": [article.pk]})
        else:
            event = accepted(api, f"like_all/?ids={article.pk}")

        assert ended(event).outcome == "succeeded"
        assert (likes(article), likes(other)) == (1, 0)

    def test_so_is_that_of_a_call_that_repeats(self, api: APIClient, article: Article) -> None:
        other = Article.objects.create(title="Soil")
        response = api.post("/later/like_all/?title=Seeds", {"cron": "0 8 * * 1"}, format="json")
        assert response.status_code == 202
        for _time in range(2):
            PendingCall.objects.update(due_at=timezone.now())
            assert carry_out_next("default")
        assert (likes(article), likes(other)) == (2, 0)


class TestCaller:
    @pytest.mark.parametrize("what", ["inactive", "deleted"])
    def test_a_call_of_somebody_who_may_not_log_in_any_more_is_refused(
        self, what: str, api: APIClient, alice: User, article: Article
    ) -> None:
        event = accepted(api, f"{article.pk}/like/")
        if what == "inactive":
            User.objects.filter(pk=alice.pk).update(is_active=False)
        else:
            alice.delete()

        event = ended(event)
        assert (event.outcome, event.status_code, event.error["code"]) == ("refused", 403, "actor_gone")
        assert likes(article) == 0


class TestCancelling:
    def test_what_waits_is_taken_back(self, api: APIClient, article: Article) -> None:
        event = accepted(api, f"{article.pk}/like/")
        assert api.delete(f"{EVENTS}{event.pk}/").status_code == 204
        event.refresh_from_db()
        assert event.outcome == "cancelled"
        assert not carry_out_next("default")
        assert likes(article) == 0

    @pytest.mark.parametrize("outcome", ["running", "succeeded", "failed", "refused", "cancelled"])
    def test_what_does_not_wait_is_not(self, outcome: str, api: APIClient, article: Article) -> None:
        event = accepted(api, f"{article.pk}/like/")
        EventAction.objects.filter(pk=event.pk).update(outcome=outcome)
        event.refresh_from_db()

        assert not later.cancel(event)
        event.refresh_from_db()
        assert event.outcome == outcome

    def test_what_a_worker_has_taken_is_not(self, api: APIClient, article: Article) -> None:
        event = accepted(api, f"{article.pk}/like/")
        assert work.claim(PendingCall, using="default")

        response = api.delete(f"{EVENTS}{event.pk}/")
        assert (response.status_code, response.json()["code"]) == (409, "not_cancellable")
        event.refresh_from_db()
        assert (event.outcome, PendingCall.objects.count()) == ("pending", 1)

    @pytest.mark.parametrize("action", ["like", "like_loosely"])
    @pytest.mark.parametrize("cron", [None, "0 8 * * 1"])
    def test_what_was_cancelled_while_it_was_taken_is_not_carried_out_nor_repeated(
        self, cron: str | None, action: str, api: APIClient, article: Article
    ) -> None:
        event = accepted(api, f"{article.pk}/{action}/", {"cron": cron} if cron else {})
        PendingCall.objects.update(due_at=timezone.now())
        EventAction.objects.update(outcome="cancelled")

        assert ended(event).outcome == "cancelled"
        assert likes(article) == 0
        assert (EventAction.objects.count(), PendingCall.objects.count()) == (1, 0)


class DiedError(BaseException):
    """What no code catches: as if the process had died."""


def test_what_repeats_goes_on_where_a_worker_died_right_after_the_work(
    api: APIClient, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = accepted(api, f"{article.pk}/like_loosely/", {"cron": "0 8 * * 1"})
    PendingCall.objects.update(due_at=timezone.now())

    def die(job: acceptance.Job) -> None:
        raise DiedError

    with monkeypatch.context() as patched:
        patched.setattr(acceptance.Job, "finish", die)
        with pytest.raises(DiedError):
            carry_out_next("default")
    event.refresh_from_db()
    assert (event.outcome, likes(article)) == ("succeeded", 1)

    PendingCall.objects.update(due_at=timezone.now())
    assert ended(event).outcome == "succeeded"
    assert likes(article) == 1
    following = EventAction.objects.get(outcome="pending")
    assert (following.parent_uid, following.pending_call.cron) == (event.uid, "0 8 * * 1")
    PendingCall.objects.update(due_at=timezone.now())
    assert ended(following).outcome == "succeeded"
    assert likes(article) == 2


# --- the row of a call, where a project listens to all deletions


@pytest.fixture
def deletions() -> Iterator[list[Any]]:
    """What receivers for deletions of all models have been told of."""
    seen: list[Any] = []

    def note(instance: Any, **facts: Any) -> None:
        seen.append(instance)

    for signal in (pre_delete, post_delete):
        signal.connect(note, weak=False)
    yield seen
    for signal in (pre_delete, post_delete):
        signal.disconnect(note)


def deleting(statements: CaptureQueriesContext) -> list[str]:
    """The statements about calls."""
    table = PendingCall._meta.db_table
    return [query["sql"] for query in statements if table in query["sql"]]


def test_a_row_is_removed_in_one_statement_that_asks_whose_it_is(deletions: list[Any]) -> None:
    make_calls(1)
    row = work.claim(PendingCall, using="default")
    assert row is not None
    with CaptureQueriesContext(connection) as statements:
        work.finish(row)

    assert len(deleting(statements)) == 1
    assert "fence" in deleting(statements)[0]
    assert not PendingCall.objects.exists()
    with pytest.raises(work.LeaseLostError):
        work.finish(row)


def test_a_row_that_another_worker_has_stays(deletions: list[Any]) -> None:
    make_calls(1)
    row = work.claim(PendingCall, using="default")
    assert row is not None
    PendingCall.objects.update(fence=row.fence + 1)
    with pytest.raises(work.LeaseLostError):
        work.finish(row)
    assert PendingCall.objects.count() == 1


def test_a_call_is_cancelled_in_one_statement_that_asks_whether_it_has_begun(deletions: list[Any]) -> None:
    [call] = make_calls(1)
    with CaptureQueriesContext(connection) as statements:
        assert later.cancel(call.event)

    assert len(deleting(statements)) == 1
    assert "attempts" in deleting(statements)[0]
    assert not PendingCall.objects.exists()


# --- projects without time zones


class TestWithoutTimeZones:
    @pytest.fixture(autouse=True)
    def _naive(self, settings: Any) -> None:
        settings.TIME_ZONE = "Europe/Berlin"
        settings.USE_TZ = False

    @pytest.mark.parametrize("place", ["query", "body"])
    @pytest.mark.parametrize(
        ("text", "hour"),
        [
            ("2031-01-15T08:00:00", 8),
            ("2031-01-15T08:00:00Z", 9),
            ("2031-01-15T08:00:00+05:00", 4),
            ("2031-07-15T08:00:00Z", 10),
        ],
    )
    def test_a_moment_is_local_time(self, text: str, hour: int, place: str, api: APIClient, article: Article) -> None:
        url = f"/later/{article.pk}/like/"
        said = {"scheduled_time": text}
        response = api.post(url, query_params=said) if place == "query" else api.post(url, said, format="json")

        assert response.status_code == 202, response.content
        event = EventAction.objects.get()
        moment = datetime(2031, 1 if "-01-" in text else 7, 15, hour)  # noqa: DTZ001
        assert read_parameters(said).scheduled_at == event.scheduled_at == event.pending_call.due_at == moment
        assert not carry_out_next("default")
        PendingCall.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        assert ended(event).outcome == "succeeded"
        assert likes(article) == 1

    def test_what_repeats_does_so_in_local_time(self, api: APIClient, article: Article) -> None:
        response = api.post(f"/later/{article.pk}/like/", {"cron": "0 8 * * 1"}, format="json")
        assert response.status_code == 202, response.content
        for count in range(2):
            due_at = PendingCall.objects.get().due_at
            assert due_at is not None
            assert (due_at.tzinfo, due_at.hour, due_at.weekday()) == (None, 8, 0)
            PendingCall.objects.update(due_at=timezone.now() - timedelta(seconds=1))
            assert carry_out_next("default")
            assert likes(article) == count + 1

    @pytest.mark.parametrize("text", ["2031-01-15T11:58:00Z", "2031-01-15T12:58:00", "2031-01-15T13:58:00+02:00"])
    def test_one_that_is_over_is_refused(self, text: str, api: APIClient, article: Article) -> None:
        with time_machine.travel(datetime(2031, 1, 15, 12, tzinfo=UTC)):
            response = api.post(f"/later/{article.pk}/like/", {"scheduled_time": text}, format="json")
        assert (response.status_code, list(response.json()["errors"])) == (400, ["scheduled_time"])
        assert "2031-01-15T11:58:00Z is over" in str(response.json()["errors"])


@pytest.mark.parametrize(
    "text", ["2031-01-15T08:00:00", "2031-01-15T07:00:00Z", "2031-01-16T06:59:00+23:59", "2031-01-14T07:01:00-23:59"]
)
def test_with_time_zones_it_is_that_of_the_project_where_none_is_said(
    text: str, api: APIClient, article: Article, settings: Any
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    response = api.post(f"/later/{article.pk}/like/", {"scheduled_time": text}, format="json")
    assert response.status_code == 202
    assert EventAction.objects.get().scheduled_at == datetime(2031, 1, 15, 7, tzinfo=UTC)


def test_with_time_zones_it_is_that_of_the_caller_where_the_project_knows_it() -> None:
    with timezone.override("Asia/Tokyo"):
        moment = read_parameters({"scheduled_time": "2031-01-15T08:00:00"}).scheduled_at
    assert moment == datetime(2031, 1, 14, 23, tzinfo=UTC)


class TestAbandoned:
    """Executions outside of a transaction whose process died: nobody else will ever end their records."""

    @pytest.fixture
    def events(self, settings: Any) -> list[EventAction]:
        settings.DJACTION_HOOKS = {"crm": {"type": "endpoints", "outcomes": ["failed"]}}
        now = timezone.now()
        running = {"resource": "later_article", "action": "like", "outcome": "running", "status_code": 202}
        old = make_events(2, **running, created_at=now - timedelta(days=2))
        make_calls(1, event=old[1])
        return [*old, *make_events(1, **running, created_at=now - timedelta(hours=23))]

    def test_they_end_as_failed(self, events: list[EventAction]) -> None:
        assert later.fail_abandoned("default") == 1
        assert later.fail_abandoned("default") == 0

        found = EventAction.objects.in_bulk([event.pk for event in events])
        assert [found[event.pk].outcome for event in events] == ["failed", "running", "running"]
        assert found[events[0].pk].status_code == 500
        assert found[events[0].pk].error["code"] == "interrupted"

    def test_whoever_waits_for_failures_is_told(
        self, events: list[EventAction], django_capture_on_commit_callbacks: Any
    ) -> None:
        heard = []

        def hear(**kwargs: Any) -> None:
            heard.append((kwargs["sender"], kwargs["event"], kwargs["error"].code))

        action_failed.connect(hear)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                later.fail_abandoned("default")
        finally:
            action_failed.disconnect(hear)

        assert heard == [(Articles, events[0], "interrupted")]
        assert [row.message["type"] for row in Delivery.objects.all()] == ["later_article.like.failed"]
