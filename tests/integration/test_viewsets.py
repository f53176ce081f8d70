"""Any ViewSet with a queryset: other keys, other databases, querysets that cannot be locked, methods of its own."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.db.models import Count
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from rest_framework import routers, serializers, viewsets
from rest_framework.authentication import BasicAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.test import APIClient, APIRequestFactory

from actions import Action, ActionRegistry, Refusal, perform
from actions.exceptions import ActionError
from actions.mixins import ActionMixin
from actions.models import EventAction
from tests.app.models import Article, Parcel


def publish(article: Article) -> dict[str, bool]:
    """Publish an article."""
    article.is_published = True
    article.save(update_fields=["is_published"])
    return {"is_published": True}


def publish_and_fail(article: Article) -> None:
    """Publish it, and then break."""
    publish(article)
    raise ValueError("broken")


def publish_all(articles: Any) -> dict[str, int]:
    """Publish the selection."""
    return {"published": articles.update(is_published=True)}


def ship(parcel: Parcel) -> None:
    """Send it off."""
    parcel.label = f"{parcel.label} (shipped)"
    parcel.save()


def in_transaction(article: Article) -> dict[str, bool]:
    """Tell whether there is a transaction."""
    return {"in_transaction": connection.in_atomic_block}


def closed(article: Article, context: Any) -> Refusal | None:
    """The article is not published yet."""
    return Refusal("published", "Too late.") if article.is_published else None


def count_titles(articles: Any) -> list[Article]:
    """Answer with the objects themselves."""
    return list(articles)


def daily_report() -> dict[str, str]:
    """Take no objects at all."""
    return {"report": "none"}


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "is_published"]


class ParcelSerializer(serializers.ModelSerializer[Parcel]):
    class Meta:
        model = Parcel
        fields = ["id", "label"]


class Never(BasePermission):
    message = "Never."

    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class NotThisOne(BasePermission):
    message = "Not this one."

    def has_object_permission(self, request: Any, view: Any, article: Article) -> bool:
        return False


class Articles(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = []
    search_fields = ["title"]
    filterset_fields = {"title": ["exact", "icontains"], "published_at": ["range"], "likes": ["gt"]}
    action_registry = [
        Action(id="publish", function=publish, conditions=(closed,)),
        Action(id="publish_and_fail", function=publish_and_fail),
        Action(id="forbidden", function=publish, permissions=(Never,)),
        Action(id="not_this_one", function=publish, permissions=(NotThisOne,)),
        Action(id="unlocked", function=publish, lock=False),
        Action(id="loose", function=in_transaction, atomic=False),
        Action(id="strict", function=in_transaction),
        Action(id="slow_down", function=in_transaction, throttle="2/min"),
        Action(id="planned", status="todo"),
        Action(id="ending", function=publish, deprecated="2026-01-01", sunset="2999-12-31"),
        Action(id="ended", function=publish, sunset="2020-01-01"),
        Action(id="publish_all", function=publish_all, type="bulk", max_objects=2),
        Action(id="publish_everything", function=publish_all, type="bulk", selection="all"),
        Action(id="count_titles", function=count_titles, type="bulk"),
        Action(id="daily_report", function=daily_report, type="bulk", selection="none"),
    ]


class Authors(Articles):
    """Aggregates: the database refuses to lock these rows."""

    queryset = Article.objects.annotate(authors=Count("author")).distinct()
    action_registry = [
        Action(id="publish", function=publish),
        Action(id="publish_all", function=publish_all, type="bulk"),
    ]


class ByTitle(Articles):
    lookup_field = "title"
    lookup_url_kwarg = "name"
    action_registry = [
        Action(id="publish", function=publish),
        Action(id="publish_all", function=publish_all, type="bulk"),
    ]


class OwnGetObject(Articles):
    action_registry = [Action(id="publish", function=publish)]

    def get_object(self) -> Article:
        found = Article.objects.filter(title=f"Title {self.kwargs['pk']}").first()
        if found is None:
            raise Http404
        return found


class Parcels(ActionMixin, viewsets.ReadOnlyModelViewSet[Parcel]):
    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer
    permission_classes = []
    action_registry = [Action(id="ship", function=ship)]


router = routers.SimpleRouter()
for name, viewset in {
    "articles": Articles,
    "authors": Authors,
    "by-title": ByTitle,
    "own": OwnGetObject,
    "parcels": Parcels,
}.items():
    router.register(name, viewset, basename=name)
urlpatterns = router.urls

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def http() -> APIClient:
    return APIClient(raise_request_exception=False)


@pytest.fixture
def article() -> Article:
    return Article.objects.create(title="Title 1")


def statements(http: APIClient, path: str) -> list[str]:
    """What a call asks the database, savepoints left out."""
    with CaptureQueriesContext(connection) as queries:
        response = http.post(path, {}, format="json")
    assert response.status_code == 200, response.content
    return [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]


locks = pytest.mark.skipif(not connection.features.has_select_for_update, reason="this database has no row locks")


@locks
def test_the_object_is_locked_in_the_one_statement_that_reads_it(http: APIClient, article: Article) -> None:
    first, *_rest = statements(http, f"/articles/{article.pk}/publish/")

    assert "FOR UPDATE" in first


@locks
@pytest.mark.parametrize("path", ["/authors/{}/publish/", "/own/1/publish/"])
def test_a_row_that_the_views_queryset_cannot_lock_is_locked_by_its_key(
    http: APIClient, article: Article, path: str
) -> None:
    found = statements(http, path.format(article.pk))

    assert ["FOR UPDATE" in statement for statement in found[:3]] == [False, True, False]


@locks
def test_a_list_that_cannot_be_locked_is_locked_by_its_keys(http: APIClient, article: Article) -> None:
    response = http.post("/authors/publish_all/?all=true", {}, format="json")

    assert response.json() == {"published": 1}


def test_lock_false_reads_without_a_lock(http: APIClient, article: Article) -> None:
    assert not any("FOR UPDATE" in statement for statement in statements(http, f"/articles/{article.pk}/unlocked/"))


def test_the_look_up_field_of_the_view_names_its_objects(http: APIClient, article: Article) -> None:
    assert http.post("/by-title/Title 1/publish/", {}, format="json").status_code == 200
    Article.objects.create(title="Other")
    response = http.post("/by-title/publish_all/", {"ids": ["Title 1"]}, format="json")
    assert response.json() == {"published": 1}


def test_a_get_object_of_the_views_own_is_asked(http: APIClient, article: Article) -> None:
    assert http.post("/own/1/publish/", {}, format="json").status_code == 200
    assert http.post("/own/2/publish/", {}, format="json").status_code == 404


def test_keys_may_be_uuids_and_none_means_the_object(http: APIClient) -> None:
    parcel = Parcel.objects.create(label="Books")

    response = http.post(f"/parcels/{parcel.pk}/ship/", {}, format="json")

    assert response.json() == {"id": str(parcel.pk), "label": "Books (shipped)"}
    assert http.post("/parcels/7/ship/", {}, format="json").status_code == 404
    assert EventAction.objects.filter(object_id=str(parcel.pk)).count() == 1


@pytest.fixture
def elsewhere() -> Any:
    """A ViewSet on another database."""

    class Elsewhere(Articles):
        queryset = Article.objects.using("other")
        action_registry = [
            Action(id="publish", function=publish),
            Action(id="publish_and_fail", function=publish_and_fail),
        ]

    return Elsewhere


@pytest.mark.django_db(databases=["default", "other"])
def test_effect_and_record_are_on_the_objects_database(elsewhere: Any) -> None:
    article = Article.objects.using("other").create(title="There")

    for name in ("publish", "publish_and_fail"):
        view = elsewhere.as_view({"post": name}, detail=True, action_name=name)
        view(APIRequestFactory().post("/"), pk=article.pk)

    outcomes = EventAction.objects.using("other").order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["succeeded", "failed"]
    assert Article.objects.using("other").get().is_published
    assert not EventAction.objects.exists()


class IntruderComes(BasePermission):
    """Looks at an object, and meanwhile somebody else writes another one."""

    def has_object_permission(self, request: Any, view: Any, article: Article) -> bool:
        Article.objects.get_or_create(title="Intruder")
        return True


@locks
def test_what_comes_into_the_selection_after_the_check_is_left_alone(
    http: APIClient, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Articles, "permission_classes", [IntruderComes])

    response = http.post("/articles/publish_everything/")

    assert response.json() == {"published": 1}
    assert not Article.objects.get(title="Intruder").is_published


@locks
def test_more_objects_than_can_be_looked_at_are_refused(
    http: APIClient, article: Article, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.DJACTION_MAX_IDS = 1
    monkeypatch.setattr(Articles, "permission_classes", [IntruderComes])
    Article.objects.create(title="Title 2")

    assert http.post("/articles/publish_everything/").json()["code"] == "too_many_objects"


class Replica:
    """Reads go to a copy that lags behind."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "other"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, *objects: Any, **hints: Any) -> bool:
        return True


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.parametrize("path", ["{}/publish/", "{}/unlocked/", "publish_all/?ids={}"])
def test_what_is_changed_is_read_where_it_is_written_and_not_from_a_replica(
    http: APIClient, settings: Any, path: str
) -> None:
    article = Article.objects.using("default").create(title="Only on the primary")
    settings.DATABASE_ROUTERS = [Replica()]

    response = http.post("/articles/" + path.format(article.pk), {}, format="json")

    assert response.status_code == 200, response.content
    assert Article.objects.using("default").get().is_published


def test_an_action_without_a_transaction_has_none(http: APIClient, article: Article, monkeypatch: Any) -> None:
    seen = []
    monkeypatch.setattr(
        transaction, "atomic", lambda using: seen.append(using) or transaction.Atomic(using, True, False)
    )

    http.post(f"/articles/{article.pk}/loose/", {}, format="json")
    http.post(f"/articles/{article.pk}/strict/", {}, format="json")

    assert seen == ["default"]


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_recorded_under_atomic_requests_too(http: APIClient, article: Article) -> None:
    connections["default"].settings_dict["ATOMIC_REQUESTS"] = True
    try:
        response = http.post(f"/articles/{article.pk}/publish_and_fail/", {}, format="json")
    finally:
        connections["default"].settings_dict["ATOMIC_REQUESTS"] = False

    assert response.status_code == 500
    assert not Article.objects.get().is_published
    assert EventAction.objects.get().outcome == "failed"


@pytest.mark.django_db(transaction=True)
def test_an_action_is_in_no_transaction_but_its_own_under_atomic_requests(http: APIClient, article: Article) -> None:
    connections["default"].settings_dict["ATOMIC_REQUESTS"] = True
    try:
        response = http.post(f"/articles/{article.pk}/loose/", {}, format="json")
    finally:
        connections["default"].settings_dict["ATOMIC_REQUESTS"] = False

    assert response.json() == {"in_transaction": False}


def test_an_object_permission_of_the_action_holds_and_is_told_beforehand(http: APIClient, article: Article) -> None:
    response = http.post(f"/articles/{article.pk}/not_this_one/")
    entries = {entry["name"]: entry for entry in http.get(f"/articles/{article.pk}/actions/").json()}

    assert response.status_code == 403
    assert not Article.objects.get().is_published
    assert [reason["kind"] for reason in entries["not_this_one"]["reasons"]] == ["permission"]
    assert entries["unlocked"]["available"]


class PlainParser(BaseParser):
    """A parser of the project's own, which reads whatever comes."""

    media_type = "text/plain"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, str]:
        return {"text": stream.read().decode()}


def test_a_body_that_is_too_large_is_refused_whichever_parser_reads_it(
    http: APIClient, article: Article, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    monkeypatch.setattr(Articles, "parser_classes", [PlainParser])

    response = http.generic("POST", f"/articles/{article.pk}/publish/", b"x" * 11, "text/plain")

    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")
    assert response.json()["detail"] == "The request body has 11 bytes; 10 are allowed."


def test_a_permission_of_the_action_comes_on_top_of_the_views(http: APIClient, article: Article, alice: User) -> None:
    nobody = http.post(f"/articles/{article.pk}/forbidden/", {}, format="json")
    http.force_authenticate(alice)
    response = http.post(f"/articles/{article.pk}/forbidden/", {}, format="json")

    assert (nobody.status_code, response.status_code) == (403, 403)
    assert (nobody.json()["code"], response.json()["detail"]) == ("not_authenticated", "Never.")
    assert [event.actor_name for event in EventAction.objects.order_by("id")] == ["", "alice"]
    assert not Article.objects.get().is_published


def test_nobody_is_told_how_to_log_in_and_leaves_no_record(
    http: APIClient, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Articles, "authentication_classes", [BasicAuthentication])

    for name in ("forbidden", "not_this_one"):
        response = http.post(f"/articles/{article.pk}/{name}/", {}, format="json")
        assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Basic realm="api"')
    assert not EventAction.objects.exists()


def test_a_condition_sees_the_object_that_the_function_gets(http: APIClient, article: Article) -> None:
    assert http.post(f"/articles/{article.pk}/publish/", {}, format="json").status_code == 200
    assert http.post(f"/articles/{article.pk}/publish/", {}, format="json").json()["code"] == "published"


def test_a_throttle_counts_the_calls_of_one_action(http: APIClient, article: Article) -> None:
    statuses = [http.post(f"/articles/{article.pk}/slow_down/").status_code for _ in range(3)]
    last = http.post(f"/articles/{article.pk}/slow_down/")

    assert statuses == [200, 200, 429]
    assert int(last["Retry-After"]) > 0
    assert last["Content-Type"] == "application/problem+json"
    assert http.post(f"/articles/{article.pk}/strict/").status_code == 200


def test_a_promised_action_is_documented_and_answers_501(http: APIClient, article: Article) -> None:
    assert http.get(f"/articles/{article.pk}/planned/").json()["status"] == "todo"
    assert http.post(f"/articles/{article.pk}/planned/").json()["code"] == "not_implemented"


def test_an_action_that_ends_says_when_and_then_is_gone(http: APIClient, article: Article) -> None:
    ending = http.post(f"/articles/{article.pk}/ending/")
    ended = http.post(f"/articles/{article.pk}/ended/")

    assert (ending["Deprecation"], ending["Sunset"]) == ("@1767225600", "Tue, 31 Dec 2999 00:00:00 GMT")
    assert (ended.status_code, ended.json()["code"]) == (410, "retired")


def test_more_than_max_objects_are_refused(http: APIClient, article: Article) -> None:
    Article.objects.bulk_create([Article(title="x"), Article(title="y")])

    response = http.post("/articles/publish_all/?all=true")

    assert (response.status_code, response.json()["code"]) == (400, "too_many_objects")


def test_an_action_that_means_all_needs_no_word(http: APIClient, article: Article) -> None:
    assert http.post("/articles/publish_everything/").json() == {"published": 1}


def test_an_action_without_objects_takes_no_query(http: APIClient) -> None:
    assert http.post("/articles/daily_report/").json() == {"report": "none"}
    assert http.post("/articles/daily_report/?title=x").status_code == 400


def test_objects_that_are_returned_go_through_the_views_serializer(http: APIClient, article: Article) -> None:
    response = http.post("/articles/count_titles/", {"ids": [article.pk]}, format="json")

    assert response.json() == {
        "meta": {},
        "results": [{"id": article.pk, "title": "Title 1", "is_published": False}],
    }


@pytest.mark.parametrize("query", ["title__icontains=itle", "likes__gt=-1", "title=Title 1", "search=itle"])
def test_filters_of_every_backend_are_known(http: APIClient, article: Article, query: str) -> None:
    Article.objects.create(title="Another", likes=0)

    response = http.post(f"/articles/publish_all/?{query}")

    assert response.status_code == 200, response.content


def test_python_and_rest_share_one_resource() -> None:
    parcel = Parcel.objects.create(label="Books")

    assert perform("parcel:ship", parcel).body == {"id": str(parcel.pk), "label": "Books (shipped)"}


def test_every_door_goes_through_the_viewset_that_is_served(article: Article) -> None:
    class Declaring(Articles):
        action_registry = ActionRegistry("served", actions=[Action(id="publish", function=publish)])

    class Serving(Declaring):
        def get_queryset(self) -> Any:
            return Article.objects.none()

    own = routers.SimpleRouter()
    own.register("serving", Serving)
    assert own.urls

    with pytest.raises(ActionError) as refused:
        perform("served:publish", article)
    assert refused.value.status == 404
