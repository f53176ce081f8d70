"""Doing again what failed, with the request as it is recorded."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db.models import QuerySet
from rest_framework import routers, serializers, viewsets
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate

import actions
from actions import Action, ActionRegistry
from actions.exceptions import ActionError
from actions.mixins import ActionMixin
from actions.models import EventAction
from actions.registry import catalogue
from actions.terms import Terms
from tests.app.models import Article
from tests.records import make_events
from tests.undoing import EVENTS, newest

pytestmark = pytest.mark.django_db

BROKEN = ["broken"]
"""What the actions below fail with; empty when they are mended."""
CALLS: list[Any] = []
"""What they were called with."""


@pytest.fixture(autouse=True)
def _as_at_first() -> None:
    BROKEN[:] = ["broken"]
    CALLS.clear()
    MayLike.allowed = True
    # Other tests' clean-up may have taken it from the catalogue.
    catalogue.register(ArticleViewSet.action_registry)


def mend() -> None:
    BROKEN.clear()


def _call(*said: Any) -> dict[str, Any]:
    CALLS.append(said)
    if BROKEN:
        raise ValueError(*BROKEN)
    return {"calls": len(CALLS)}


def like(article: Article, *, times: int = 1, tags: list[str] | None = None) -> dict[str, Any]:
    """Count."""
    article.likes += times
    article.save(update_fields=["likes"])
    return _call(article.pk, times, tags)


def log_in(article: Article, *, password: str) -> dict[str, Any]:
    """Take a secret."""
    return _call(article.pk)


def attach(article: Article, *, file: UploadedFile) -> dict[str, Any]:
    """Take a file."""
    return _call(article.pk)


def describe(article: Article, *, file: dict[str, Any]) -> dict[str, Any]:
    """Take what only looks like a file."""
    return _call(file)


def nest(article: Article, *, deep: dict[str, Any]) -> dict[str, Any]:
    """Take anything."""
    return _call(article.pk)


def give_token(article: Article) -> dict[str, Any]:
    """Answer with a secret."""
    return {**_call(article.pk), "pin": "4711"}


def like_all(articles: QuerySet[Article], *, times: int = 1) -> dict[str, Any]:
    """Count for each."""
    return _call(sorted(articles.values_list("title", flat=True)), times)


def sweep(*, note: str = "") -> dict[str, Any]:
    """Take no objects."""
    return _call(note)


class MayLike(BasePermission):
    """What a test allows."""

    allowed = True

    def has_permission(self, request: Any, view: Any) -> bool:
        return MayLike.allowed


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = "__all__"


class ArticleViewSet(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = [IsAuthenticated]
    filterset_fields = ["title", "likes"]
    action_registry = ActionRegistry(
        "replayed",
        actions=[
            Action(id="like", function=like, permissions=(MayLike,)),
            Action(id="like_once", function=like, idempotency_key="required"),
            Action(id="like_version", function=like, if_match="required"),
            Action(id="like_loosely", function=like, atomic=False),
            Action(id="log_in", function=log_in),
            Action(id="attach", function=attach),
            Action(id="describe", function=describe),
            Action(id="nest", function=nest),
            Action(id="give_token", function=give_token, sensitive=("pin",)),
            Action(id="like_all", type="bulk", function=like_all),
            Action(id="sweep", type="bulk", function=sweep, selection="none"),
        ],
    )


@pytest.fixture
def articles(db: None) -> list[Article]:
    return [Article.objects.create(title=title) for title in ("a", "b", "c")]


@pytest.fixture
def article(articles: list[Article]) -> Article:
    return articles[0]


def failed(name: str, actor: User, target: Any = None, data: Any = None, **how: Any) -> EventAction:
    """Have an action fail: its record."""
    with pytest.raises(ActionError):
        actions.perform(f"replayed:{name}", target, data, actor=actor, **how)
    event = newest(name)
    assert event.outcome == "failed"
    return event


def sent(path: str, actor: User, body: Any = None, format: str = "json") -> EventAction:
    """Have an action fail over REST: its record."""
    router = routers.SimpleRouter()
    router.register("replayed", ArticleViewSet, basename="replayed")
    request = APIRequestFactory().post(f"/{path}", body or {}, format=format)
    force_authenticate(request, actor)
    for pattern in router.urls:
        if match := pattern.resolve(path.partition("?")[0]):
            match.func(request, *match.args, **match.kwargs).render()
            return EventAction.objects.latest("pk")
    raise AssertionError(path)


def replayed(event: EventAction, actor: User, **how: Any) -> Any:
    return actions.perform("actionevent:replay", event.pk, actor=actor, **how)


def refused(event: EventAction, actor: User) -> ActionError:
    """What a replay is refused with."""
    with pytest.raises(ActionError) as caught:
        replayed(event, actor)
    return caught.value


def test_the_same_is_done_to_the_same_object(article: Article, alice: User) -> None:
    event = failed("like", alice, article, {"times": 3, "tags": ["x", ""]})
    mend()
    outcome = replayed(event, alice, door="admin")

    article.refresh_from_db()
    assert (article.likes, outcome.body) == (3, {"calls": 2})
    assert [(article.pk, 3, ["x", ""])] * 2 == CALLS
    again = newest("like")
    assert (again.parent_uid, again.request_data, again.door) == (outcome.event.uid, event.request_data, "admin")
    assert (again.outcome, outcome.event.outcome) == ("succeeded", "succeeded")


def test_over_rest(article: Article, alice: User, api: APIClient) -> None:
    event = failed("like", alice, article)
    mend()
    response = api.post(f"{EVENTS}{event.pk}/replay/")
    assert (response.status_code, response.json()) == (200, {"calls": 2})
    assert api.post(f"{EVENTS}{event.pk}/replay/").json()["code"] == "not_replayable"


def test_a_failure_again_is_the_answer_and_may_be_replayed_again(article: Article, alice: User) -> None:
    event = failed("like", alice, article)
    error = refused(event, alice)
    assert (error.status, error.code) == (500, "failed")
    article.refresh_from_db()
    assert article.likes == 0
    mend()
    # The replay failed as well, and is done again like any other.
    assert replayed(newest("replay"), alice).body == {"calls": 3}


def test_what_was_replayed_well_is_not_done_twice(article: Article, alice: User) -> None:
    event = failed("like", alice, article)
    mend()
    replayed(event, alice)
    error = refused(event, alice)
    assert (error.status, error.code) == (409, "not_replayable")
    article.refresh_from_db()
    assert article.likes == 1


def test_a_preview_shows_what_it_would_change(article: Article, alice: User) -> None:
    event = failed("like", alice, article)
    mend()
    preview = replayed(event, alice, terms=Terms(is_preview=True)).preview
    assert [(change["field"], change["after"]) for change in preview.changes] == [("likes", 1)]
    article.refresh_from_db()
    assert article.likes == 0
    assert replayed(event, alice).status == 200


def test_permissions_are_asked_anew(article: Article, alice: User, bob: User, staff: User) -> None:
    event = failed("like", alice, article)
    mend()
    assert refused(event, bob).status == 404
    MayLike.allowed = False
    assert refused(event, alice).status == 403
    MayLike.allowed = True
    assert replayed(event, staff).event.actor_name == "staff"


def test_an_object_that_is_gone_is_not_found(article: Article, alice: User) -> None:
    event = failed("like", alice, article)
    article.delete()
    assert refused(event, alice).status == 404


def test_a_key_that_is_demanded_is_the_replay_s(article: Article, alice: User) -> None:
    event = failed("like_once", alice, article, terms=Terms(key="one"))
    mend()
    assert replayed(event, alice).body == {"calls": 2}


def test_secrets_of_the_answer_reach_the_caller_and_no_record(article: Article, alice: User) -> None:
    event = failed("give_token", alice, article)
    mend()
    assert b"4711" in replayed(event, alice).body.content
    assert not any("4711" in str(each.response_data) for each in EventAction.objects.all())


@pytest.mark.parametrize("times", ["4", 4])
@pytest.mark.parametrize("format", ["json", "multipart"])
def test_a_form_is_read_as_a_form_again(times: Any, format: str, article: Article, alice: User) -> None:
    event = sent(f"replayed/{article.pk}/like/", alice, {"times": times, "tags": ["x", "y"]}, format)
    if format == "json" and times == "4":
        assert event.outcome == "refused"
        return
    mend()
    replayed(event, alice)
    assert [(article.pk, 4, ["x", "y"])] * 2 == CALLS


class TestSeveral:
    @pytest.mark.parametrize("how", ["body", "query", "form"])
    def test_ids(self, how: str, articles: list[Article], alice: User) -> None:
        keys = [article.pk for article in articles[:2]]
        text = ",".join(map(str, keys))
        if how == "query":
            event = sent(f"replayed/like_all/?ids={text}", alice, {"times": 2})
        elif how == "form":
            event = sent("replayed/like_all/", alice, {"ids": text, "times": "2"}, "multipart")
        else:
            event = sent("replayed/like_all/", alice, {"ids": keys, "times": 2})
        mend()
        replayed(event, alice)
        assert CALLS == [(["a", "b"], 2)] * 2
        assert newest("like_all").selection["ids"] == event.selection["ids"]

    def test_a_filter(self, articles: list[Article], alice: User) -> None:
        event = sent("replayed/like_all/?title=b", alice)
        mend()
        replayed(event, alice)
        assert CALLS == [(["b"], 1)] * 2
        assert newest("like_all").selection == {"filter": {"title": "b"}}

    def test_all(self, articles: list[Article], alice: User) -> None:
        event = failed("like_all", alice, is_all=True)
        mend()
        replayed(event, alice)
        assert CALLS == [(["a", "b", "c"], 1)] * 2
        assert newest("like_all").selection == {"all": True}

    def test_an_instance_action(self, articles: list[Article], alice: User) -> None:
        event = failed("like", alice, data={"times": 2}, ids=[article.pk for article in articles])
        mend()
        CALLS.clear()
        assert replayed(event, alice).body["counts"]["succeeded"] == 3
        assert set(Article.objects.values_list("likes", flat=True)) == {2}

    def test_items_with_versions(self, articles: list[Article], alice: User) -> None:
        items = [{"id": each.pk, "params": {"times": number}} for number, each in enumerate(articles, 5)]
        event = failed("like", alice, items=items)
        mend()
        assert replayed(event, alice).body["counts"]["succeeded"] == 3
        assert list(Article.objects.values_list("likes", flat=True)) == [5, 6, 7]

    def test_no_objects(self, alice: User) -> None:
        event = failed("sweep", alice, data={"note": "x"})
        mend()
        replayed(event, alice)
        assert CALLS == [("x",)] * 2

    def test_the_number_that_was_expected_is_expected_again(self, articles: list[Article], alice: User) -> None:
        event = failed("like_all", alice, data={"expect_count": 3}, is_all=True)
        mend()
        Article.objects.create(title="d")
        assert refused(event, alice).code == "count_changed"

    def test_when_it_was_to_be_done_is_no_part_of_it(self, article: Article, alice: User) -> None:
        event = make_events(
            resource="replayed", action="like", object_id=str(article.pk), actor_id=str(alice.pk),
            outcome="failed", status_code=500,
            request_data={"times": 2, "scheduled_time": "2026-05-01T08:00:00Z", "cron": "0 8 * * 1"},
        )[0]  # fmt: skip
        mend()
        assert replayed(event, alice).status == 200
        assert [(article.pk, 2, None)] == CALLS

    def test_nobody_knows_which_objects_were_meant(self, articles: list[Article], alice: User) -> None:
        event = failed("like_all", alice, is_all=True)
        EventAction.objects.update(selection=None)
        mend()
        assert refused(event, alice).code == "not_replayable"


class TestNotReplayable:
    @pytest.mark.parametrize(
        ("outcome", "detail"),
        [
            ("pending", "It has not begun yet."),
            ("running", "It has not ended yet."),
            ("cancelled", "It was cancelled, and did not fail: call the action itself."),
            ("refused", "It was refused, and did not fail: call the action itself, as it should have been."),
            ("succeeded", "It succeeded: there is nothing to be done again."),
        ],
    )
    def test_what_did_not_fail(self, outcome: str, detail: str, article: Article, alice: User) -> None:
        event = failed("like", alice, article)
        EventAction.objects.update(outcome=outcome)
        error = refused(event, alice)
        assert (error.status, error.code, error.detail) == (409, "not_replayable", detail)

    def test_secrets(self, article: Article, alice: User) -> None:
        event = failed("log_in", alice, article, {"password": "4711-0815"})
        assert "secrets" in refused(event, alice).detail
        event = failed("nest", alice, article, {"deep": {"list": [{"password": "4711-0815"}]}})
        assert "secrets" in refused(event, alice).detail

    def test_a_file(self, article: Article, alice: User) -> None:
        file = SimpleUploadedFile("x.txt", b"x")
        event = sent(f"replayed/{article.pk}/attach/", alice, {"file": file}, "multipart")
        assert refused(event, alice).detail == "Files are not recorded: file."

    def test_what_only_looks_like_a_file_is_replayed(self, article: Article, alice: User) -> None:
        event = failed("describe", alice, article, {"file": {"name": "x", "size": 1, "content_type": None}})
        mend()
        replayed(event, alice)
        assert CALLS[0] == CALLS[1]

    def test_what_is_nested_too_deeply(self, article: Article, alice: User) -> None:
        deep: dict[str, Any] = {}
        for _level in range(40):
            deep = {"in": deep}
        assert "in full" in refused(failed("nest", alice, article, {"deep": deep}), alice).detail

    @pytest.mark.parametrize(
        ("name", "reason"), [("like_loosely", "no transaction"), ("like_version", "version that the caller names")]
    )
    def test_what_needs_a_caller_who_looks(self, name: str, reason: str, article: Article, alice: User) -> None:
        terms = Terms(if_match=("*",)) if name == "like_version" else Terms()
        assert reason in refused(failed(name, alice, article, terms=terms), alice).detail

    @pytest.mark.parametrize("columns", [{"action": "gone"}, {"resource": "gone"}, {"request_data": None}])
    def test_what_is_not_there_any_more(self, columns: dict[str, Any], article: Article, alice: User) -> None:
        event = failed("like", alice, article)
        EventAction.objects.update(**columns)
        assert refused(event, alice).code == "not_replayable"
