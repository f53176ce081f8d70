"""What a ViewSet, a database or a function may do that is less usual, and what becomes of the call and its record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, models, transaction
from django.db.models.functions import RowNumber
from django.template.response import TemplateResponse
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django_filters.rest_framework import BooleanFilter, DjangoFilterBackend, FilterSet, OrderingFilter
from rest_framework import exceptions, routers, serializers, viewsets
from rest_framework.filters import BaseFilterBackend
from rest_framework.permissions import BasePermission, IsAdminUser, IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory

from actions import Action, ActionRegistry
from actions.exceptions import ConfigurationError
from actions.mixins import ActionMixin
from actions.models import EventAction
from actions.redaction import MASK, redact, secret_names
from actions.routes import collision
from tests.app.models import Article

OPEN: dict[str, Any] = {"type": "object", "additionalProperties": True}


def publish(article: Article) -> None:
    """Publish an article."""
    article.is_published = True
    article.save(update_fields=["is_published"])


def publish_all(articles: models.QuerySet[Article]) -> dict[str, int]:
    """Publish the selection."""
    return {"published": articles.update(is_published=True)}


def answer_themselves(articles: models.QuerySet[Article]) -> Iterator[Article]:
    """Answer with objects that can be read once."""
    return (article for article in articles)


def number_them(articles: models.QuerySet[Any]) -> dict[str, list[int]]:
    """Answer with what the view's queryset computes."""
    return {"rows": [article.row for article in articles]}


def accept(article: Article) -> Response:
    """Answer with a status and a header of its own."""
    return Response({"title": article.title, "token": "hidden"}, status=202, headers={"X-Job": "7"})


def answer_object(article: Article) -> Response:
    """Answer with what JSON has no word for, in DRF's response."""
    publish(article)
    return Response({"it": object()})


def show_page(article: Article) -> TemplateResponse:
    """Answer with a page that is rendered later."""
    return TemplateResponse(None, "rest_framework/base.html", {})  # type: ignore[arg-type]


def read_once(article: Article) -> dict[str, Any]:
    """Answer with what is gone when it has been read."""
    publish(article)
    return {"letters": (letter for letter in "abc")}


def fail_after_commit(article: Article) -> None:
    """Leave something to be done after the commit that breaks."""
    publish(article)
    transaction.on_commit(lambda: exec("raise ValueError('too late')"))  # noqa: S102


def fail_with_secret(article: Article, *, password: str, options: dict[str, Any] | None = None) -> None:
    """Quote a secret in an error."""
    raise ValueError(f"cannot log in with {password}")


def fail_halfway(article: Article) -> None:
    """Change something, and break."""
    publish(article)
    raise ValueError("broken")


def take_all(article: Article, **fields: Any) -> dict[str, Any]:
    """Take whatever comes."""
    return fields


def take_payload(article: Article, **payload: Any) -> dict[str, Any]:
    """Take whatever comes, under the name that a single parameter would have."""
    return payload


class Choosy(BasePermission):
    """Keeps what it found on itself, as DRF's own documentation does."""

    def has_permission(self, request: Any, view: Any) -> bool:
        if request.user.username == "alice":
            self.message = "Not for alice."
        return False


class Never(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "is_published"]


def registry(resource: str, *actions: Action) -> ActionRegistry:
    """The usual two, and `actions`."""
    usual = (
        Action(id="publish", function=publish),
        Action(id="publish_all", function=publish_all, type="bulk"),
    )
    return ActionRegistry(resource, actions=[*usual, *actions])


class Articles(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = []
    filterset_fields = {"title": ["exact", "in"]}
    action_registry = registry(
        "reviewed",
        Action(id="accept", function=accept),
        Action(id="answer_object", function=answer_object),
        Action(id="show_page", function=show_page),
        Action(id="read_once", function=read_once),
        Action(id="answer_themselves", function=answer_themselves, type="bulk"),
        Action(id="fail_after_commit", function=fail_after_commit),
        Action(id="fail_with_secret", function=fail_with_secret),
        Action(id="fail_halfway", function=fail_halfway),
        Action(id="fail_loosely", function=fail_halfway, atomic=False),
        Action(id="take_all", function=take_all, schema=OPEN),
        Action(id="take_payload", function=take_payload, schema=OPEN),
        Action(id="choosy", function=publish, permissions=(Choosy,)),
        Action(id="never", function=publish, permissions=(Never,)),
    )


class Guarded(Articles):
    """Looks at objects by itself, and not in a permission class."""

    action_registry = registry("guarded")

    def check_object_permissions(self, request: Any, obj: Article) -> None:
        super().check_object_permissions(request, obj)
        if obj.title == "Hidden":
            raise exceptions.PermissionDenied


class Numbered(Articles):
    """Window functions: the database refuses to lock these rows."""

    queryset = Article.objects.annotate(row=models.Window(RowNumber(), order_by="id"))
    action_registry = registry("numbered", Action(id="number_them", function=number_them, type="bulk"))


class Own(Articles):
    """Counts on a caller who is logged in."""

    permission_classes = [IsAuthenticated]
    action_registry = registry("own")

    def get_queryset(self) -> models.QuerySet[Article]:
        return Article.objects.filter(author=self.request.user)


class ForAdmins(Articles):
    permission_classes = [IsAdminUser]
    action_registry = registry("for_admins")


class ArticleFilter(FilterSet):
    mine = BooleanFilter(method="filter_mine")
    sort = OrderingFilter(fields=["title"])

    def filter_mine(self, articles: Any, name: str, value: bool) -> Any:
        """Leave the list as it is for "no"."""
        return articles.filter(author__isnull=True) if value else articles

    class Meta:
        model = Article
        fields = ["title"]


class WithoutHidden(BaseFilterBackend):
    """Narrows whatever the query says."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        return queryset.exclude(title="Hidden")


class Filtered(Articles):
    filter_backends = [DjangoFilterBackend, WithoutHidden]
    filterset_class = ArticleFilter
    filterset_fields = None
    action_registry = registry("filtered")


class ByTitle(Articles):
    lookup_field = "title"
    action_registry = registry("by_title")


class ByAuthor(Articles):
    lookup_field = "author__id"
    action_registry = registry("by_author")


class WithoutRegistry(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = []


router = routers.DefaultRouter()
for name, viewset in {
    "articles": Articles,
    "transactions": Articles,
    "guarded": Guarded,
    "numbered": Numbered,
    "own": Own,
    "for-admins": ForAdmins,
    "by-title": ByTitle,
    "by-author": ByAuthor,
    "filtered": Filtered,
    "without": WithoutRegistry,
}.items():
    router.register(name, viewset, basename=name)
without_slash = routers.DefaultRouter(trailing_slash=False)
without_slash.register("articles", Articles, basename="without-slash")
urlpatterns = [
    path("plain/", include(without_slash.urls)),
    path("by-hand/<int:pk>/publish/", ForAdmins.as_view({"post": "publish"})),
    *router.urls,
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def http() -> APIClient:
    return APIClient(raise_request_exception=False)


@pytest.fixture
def article() -> Article:
    return Article.objects.create(title="Title")


def post(http: APIClient, path: str, data: Any = None) -> Any:
    return http.post(path, data or {}, format="json")


# --- answers ----------------------------------------------------------------------------------------------------------


def test_a_response_of_rest_framework_is_passed_through_and_its_data_recorded(
    http: APIClient, article: Article
) -> None:
    response = post(http, f"/articles/{article.pk}/accept/")

    assert (response.status_code, response["X-Job"], response.json()["title"]) == (202, "7", "Title")
    event = EventAction.objects.get()
    assert (event.status_code, event.response_data) == (202, {"title": "Title", "token": MASK})


def test_a_response_that_json_cannot_hold_changes_nothing(http: APIClient, article: Article) -> None:
    response = post(http, f"/articles/{article.pk}/answer_object/")

    assert (response.status_code, response.json()["code"]) == (500, "result_not_json")
    assert not Article.objects.get().is_published


def test_a_page_that_is_not_rendered_yet_is_described_in_the_record(http: APIClient, article: Article) -> None:
    post(http, f"/articles/{article.pk}/show_page/")

    assert EventAction.objects.get().response_content == "text/html; charset=utf-8, from a template"


def test_what_can_be_read_once_is_refused_rather_than_answered_empty(http: APIClient, article: Article) -> None:
    response = post(http, f"/articles/{article.pk}/read_once/")

    assert (response.status_code, response.json()["code"]) == (500, "result_not_json")
    assert not Article.objects.get().is_published


def test_an_iterator_of_objects_is_a_list_of_them(http: APIClient, article: Article) -> None:
    response = post(http, "/articles/answer_themselves/?all=true")

    assert [row["title"] for row in response.json()["results"]] == ["Title"]


# --- what is told of a failure ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_fails_after_the_commit_is_not_told_as_nothing_changed(http: APIClient, article: Article) -> None:
    response = post(http, f"/articles/{article.pk}/fail_after_commit/")

    assert (response.status_code, response.json()["code"]) == (500, "failed_after_commit")
    assert Article.objects.get().is_published
    assert [event.outcome for event in EventAction.objects.all()] == ["succeeded"]


def test_a_failure_without_a_transaction_does_not_promise_that_nothing_was_changed(
    http: APIClient, article: Article
) -> None:
    loose = post(http, f"/articles/{article.pk}/fail_loosely/").json()["detail"]
    assert Article.objects.get().is_published

    assert "Nothing was changed" not in loose
    assert "Nothing was changed" in post(http, f"/articles/{article.pk}/fail_halfway/").json()["detail"]


def test_a_secret_that_an_error_quotes_does_not_reach_the_record(http: APIClient, article: Article) -> None:
    payload = {"password": "hunter22", "options": {"clientSecret": "deeper-still"}}
    post(http, f"/articles/{article.pk}/fail_with_secret/", payload)

    event = EventAction.objects.get()
    assert event.error["exception"] == f"ValueError: cannot log in with {MASK}"
    assert "hunter22" not in str(event.error)
    assert event.request_data["options"] == {"clientSecret": MASK}


@pytest.mark.parametrize("key", ["api_key", "api-key", "apiKey", "API_KEY", "own-secret", "OwnSecret"])
def test_a_secret_is_masked_however_its_name_is_spelt(key: str) -> None:
    assert redact({key: "x"}, secret_names({"own-secret"})) == {key: MASK}


def test_a_value_that_no_json_holds_is_recorded_as_its_text() -> None:
    class Money:
        def __str__(self) -> str:
            return "EUR 3\x00"

    values = {"money": Money(), "binary": b"\xff\xfe", "set": {1}, "time": time(3, tzinfo=UTC)}

    assert redact(values, ()) == {
        "money": "EUR 3\N{REPLACEMENT CHARACTER}",
        "binary": "2 bytes",
        "set": [1],
        "time": "03:00:00+00:00",
    }


# --- the order of checks, and their records ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "content_type", "status"), [("{", "application/json", 400), ("<a/>", "text/xml", 415)]
)
def test_a_body_that_cannot_be_read_is_refused_on_record(
    http: APIClient, article: Article, body: str, content_type: str, status: int
) -> None:
    response = http.post(f"/articles/{article.pk}/publish/", body, content_type=content_type)

    assert response.status_code == status
    assert (EventAction.objects.get().status_code, EventAction.objects.get().object_id) == (status, str(article.pk))


def test_whoever_may_not_call_is_told_that_before_the_body_is_read(http: APIClient, article: Article) -> None:
    response = http.post(f"/articles/{article.pk}/never/", "{", content_type="application/json")

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("body", "status"), [(b"a=" + b"b" * 3_000_000, 413), (b"&".join(b"a%d=1" % n for n in range(2000)), 400)]
)
def test_a_form_that_session_authentication_cannot_read_is_a_problem_document(
    article: Article, alice: User, body: bytes, status: int
) -> None:
    http = APIClient(enforce_csrf_checks=True, raise_request_exception=False)
    http.force_login(alice)
    http.cookies["csrftoken"] = "a" * 32

    response = http.post(
        f"/articles/{article.pk}/publish/",
        body,
        content_type="application/x-www-form-urlencoded",
        headers={"X-CSRFToken": "a" * 32},
    )

    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")


def test_what_a_permission_says_of_one_caller_is_not_told_to_another(
    http: APIClient, article: Article, alice: User, bob: User
) -> None:
    details = []
    for user in (alice, bob):
        http.force_authenticate(user)
        details.append(post(http, f"/articles/{article.pk}/choosy/").json()["detail"])

    assert details[0] == "Not for alice."
    assert "alice" not in details[1]
    [bound] = [each for each in Articles.action_registry.bound.values() if each.id == "choosy"]
    assert bound.permissions[0] is not bound.permissions[0]


def test_a_view_that_checks_objects_by_itself_is_asked_for_every_object_of_a_list(
    http: APIClient, article: Article
) -> None:
    hidden = Article.objects.create(title="Hidden")

    response = post(http, "/guarded/publish_all/?all=true")

    assert response.status_code == 403
    assert str(hidden.pk) in response.json()["detail"]
    assert not Article.objects.filter(is_published=True).exists()


def test_a_refused_stranger_is_recorded_where_the_views_queryset_needs_a_user(
    http: APIClient, article: Article
) -> None:
    response = post(http, f"/own/{article.pk}/publish/")

    assert (response.status_code, response.json()["code"]) == (403, "not_authenticated")
    assert EventAction.objects.get().outcome == "refused"


@pytest.fixture
def elsewhere() -> Any:
    """A ViewSet on another database."""

    class Elsewhere(Articles):
        queryset = Article.objects.using("other")
        action_registry = registry("elsewhere", Action(id="never", function=publish, permissions=(Never,)))

    return Elsewhere.as_view({"post": "never"}, detail=True)


@pytest.mark.django_db(databases=["default", "other"])
def test_a_call_that_the_action_does_not_permit_is_recorded_on_the_objects_database(elsewhere: Any) -> None:
    article = Article.objects.using("other").create(title="There")

    assert elsewhere(APIRequestFactory().post("/"), pk=article.pk).status_code == 403
    assert EventAction.objects.using("other").get().outcome == "refused"
    assert not EventAction.objects.exists()


def test_a_refusal_leaves_the_transaction_around_it_alone(http: APIClient, article: Article) -> None:
    connections["default"].settings_dict["ATOMIC_REQUESTS"] = True
    try:
        response = post(http, f"/for-admins/{article.pk}/publish/")
    finally:
        connections["default"].settings_dict["ATOMIC_REQUESTS"] = False

    assert response.status_code == 403
    assert EventAction.objects.get().status_code == 403


def test_a_payload_of_any_depth_is_refused_on_record(http: APIClient, article: Article) -> None:
    body = '{"password": ' * 700 + "1" + "}" * 700
    response = http.post(f"/articles/{article.pk}/fail_with_secret/", body, content_type="application/json")

    assert response.status_code == 400
    assert EventAction.objects.get().outcome == "refused"


# --- selections and payloads ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "ids"),
    [("articles", "[1.5]"), ("articles", "[1e400]"), ("by-title", '["\\ud800"]'), ("by-author", '["x"]')],
)
def test_ids_that_can_be_no_keys_are_refused(http: APIClient, article: Article, path: str, ids: str) -> None:
    response = http.post(f"/{path}/publish_all/", f'{{"ids": {ids}}}', content_type="application/json")

    assert response.status_code == 400, response.content
    assert not Article.objects.get().is_published


def test_every_value_of_a_filter_stands_in_the_record(http: APIClient, article: Article) -> None:
    post(http, "/articles/publish_all/?title__in=A&title__in=Title&title=Title")

    assert EventAction.objects.get().selection == {"filter": {"title": "Title", "title__in": ["A", "Title"]}}


@pytest.mark.parametrize(("query", "code"), [("sort=title", "selection_required"), ("mine=false", "invalid_selection")])
def test_a_query_that_selects_nothing_is_refused_where_the_view_narrows_always(
    http: APIClient, article: Article, query: str, code: str
) -> None:
    response = post(http, f"/filtered/publish_all/?{query}")

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert post(http, "/filtered/publish_all/?mine=true&sort=title").json() == {"published": 1}


def test_a_field_with_the_name_of_the_functions_object_is_refused(http: APIClient, article: Article) -> None:
    response = post(http, f"/articles/{article.pk}/take_all/", {"article": 1})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["article"])


@pytest.mark.parametrize("action", ["take_all", "take_payload"])
def test_a_function_that_takes_everything_gets_the_fields_and_nothing_else(
    http: APIClient, article: Article, action: str
) -> None:
    assert post(http, f"/articles/{article.pk}/{action}/", {"a": 1}).json() == {"a": 1}


# --- locks ------------------------------------------------------------------------------------------------------------


def test_a_queryset_with_window_functions_works_on_every_database(http: APIClient, article: Article) -> None:
    assert post(http, f"/numbered/{article.pk}/publish/").status_code == 200
    with CaptureQueriesContext(connection) as queries:
        response = post(http, "/numbered/number_them/?all=true")

    assert response.json() == {"rows": [1]}
    is_locked = any("FOR UPDATE" in query["sql"] for query in queries)
    assert is_locked == connection.features.has_select_for_update


# --- routes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "url"),
    [
        ("/transactions/actions/", "/transactions/publish_all/"),
        ("/transactions/actions/list/", "/transactions/publish_all/"),
        ("/transactions/actions.json", "/transactions/publish_all.json"),
        ("/transactions/actions/list.json", "/transactions/publish_all.json"),
        ("/plain/articles/actions", "/plain/articles/publish_all"),
    ],
)
def test_the_list_of_actions_gives_urls_that_lead_to_them(http: APIClient, asked: str, url: str) -> None:
    assert http.get(asked).json()["bulk_actions"][0]["url"] == url
    assert http.get(url).status_code == 200


@pytest.mark.parametrize("asked", ["/transactions/publish_all/", "/transactions/actions/publish_all/"])
def test_a_resource_whose_name_ends_with_actions_documents_the_right_url(http: APIClient, asked: str) -> None:
    assert http.get(asked).json()["url"] == "/transactions/publish_all/"


def test_a_route_that_was_written_by_hand_is_an_action_s(http: APIClient, article: Article) -> None:
    response = post(http, f"/by-hand/{article.pk}/publish/")

    assert (response.status_code, response["Content-Type"]) == (403, "application/problem+json")
    assert EventAction.objects.get().outcome == "refused"


def test_a_viewset_without_a_registry_is_an_ordinary_one(http: APIClient, article: Article) -> None:
    assert http.options("/without/").status_code == 200
    assert http.options(f"/without/{article.pk}/").status_code == 200
    assert http.post(f"/without/{article.pk}/").status_code == 405


@pytest.mark.parametrize("name", ["list", "retrieve", "destroy"])
def test_an_action_named_like_a_route_of_the_routers_has_none(name: str) -> None:
    one = Action(id=name, function=publish)
    view = type("Few", (ActionMixin, viewsets.GenericViewSet), {"action_registry": ActionRegistry(name, actions=[one])})

    assert collision(view, name) == f"Few.{name}"
    routers.SimpleRouter().get_routes(view)


def test_a_plain_dict_is_no_registry() -> None:
    with pytest.raises(ConfigurationError, match="Give it what enrich_actions returned"):
        type("Mistaken", (ActionMixin, viewsets.ModelViewSet), {"action_registry": {"resource": "x", "actions": {}}})
