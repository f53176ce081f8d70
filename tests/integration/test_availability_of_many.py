"""`GET /todos/actions/?ids=7,8,9`: what this caller may do with each of these objects now, and why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from rest_framework import routers, serializers, viewsets
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.test import APIClient

from actions import Action, ActionContext, Refusal
from actions.conditions import condition, refusals_of_many
from actions.exceptions import ConfigurationError
from actions.mixins import ActionMixin
from actions.models import EventAction
from actions.registry import ActionRegistry
from actions.versions import etag_of
from example_app.models import Todo, TodoList
from example_app.urls import urlpatterns as example_urlpatterns
from example_app.views import TodoViewSet
from tests.app.models import Article, Parcel

ASKED: list[str] = []
"""Titles of the objects that a condition's function was asked about."""


@condition(passes=lambda articles, context: articles.filter(is_published=False))
def unpublished(article: Article, context: ActionContext) -> Refusal | None:
    """The article is not published yet."""
    ASKED.append(article.title)
    return Refusal("published", "Too late.", fix=("retract",)) if article.is_published else None


@condition(passes=lambda articles, context: articles.filter(fans__gte=1))
def liked(article: Any, context: ActionContext) -> Refusal | None:
    """Somebody likes it; the queryset's annotation is there in both forms."""
    return None if article.fans else Refusal("unliked", "Nobody likes it.")


@condition(passes=lambda articles, context: articles.exclude(title="Title 1"))
def contradictory(article: Article, context: ActionContext) -> Refusal | None:
    """What it says of one object is not what it says of many."""
    return None


@condition(passes=lambda articles, context: articles.none() if 1 // 0 else articles)
def breaking(article: Article, context: ActionContext) -> Refusal | None:
    """Only the form over a queryset is broken."""
    return None


@condition(passes=lambda articles, context: [])  # type: ignore[arg-type, return-value]
def shapeless(article: Article, context: ActionContext) -> Refusal | None:
    """Its form over a queryset gives none."""
    return None


def titled(article: Article, context: ActionContext) -> Refusal | None:
    """A condition without a form over a queryset."""
    ASKED.append(article.title)
    return Refusal("untitled", "It has no title.") if not article.title else None


def act(article: Any) -> None:
    """A function that is never called here."""


class NotTheFirst(BasePermission):
    """Reading it is for nobody, either."""

    def has_object_permission(self, request: Any, view: Any, obj: Article) -> bool:
        return obj.title != "Title 1"


class Counting(BasePermission):
    """Counts how often it is asked."""

    asked: list[tuple[str, str, str]] = []

    def has_permission(self, request: Any, view: Any) -> bool:
        if request.method not in SAFE_METHODS:
            self.asked.append(("caller", request.method, view.action))
        return True

    def has_object_permission(self, request: Any, view: Any, obj: Article) -> bool:
        if request.method not in SAFE_METHODS:
            self.asked.append((obj.title, request.method, view.action))
        return True


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title"]


class Articles(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.annotate(fans=Count("author"))
    serializer_class = ArticleSerializer
    permission_classes = [Counting]
    filter_backends = []
    action_registry = [
        Action(id="publish", status="prod", function=act, conditions=(unpublished, titled)),
        Action(id="retract", status="alpha", function=act, conditions=(liked,)),
    ]


class Hidden(Articles):
    permission_classes = [NotTheFirst]
    action_registry = [Action(id="act", function=act)]


class Contradictory(Articles):
    action_registry = [Action(id="act", function=act, conditions=(contradictory,))]


class Shapeless(Articles):
    action_registry = [Action(id="act", function=act, conditions=(shapeless,))]


class Breaking(Articles):
    action_registry = [Action(id="act", function=act, conditions=(breaking,)), Action(id="other", function=act)]


class ByTitle(Articles):
    lookup_field = "title"
    lookup_url_kwarg = "name"
    lookup_value_regex = "[^/]+"
    action_registry = [Action(id="act", function=act)]


class Parcels(ActionMixin, viewsets.ReadOnlyModelViewSet[Parcel]):
    queryset = Parcel.objects.all()
    permission_classes = []
    action_registry = ActionRegistry("parcels_of_many", actions=[Action(id="act", function=act)])


router = routers.SimpleRouter()
for name, viewset in {
    "articles": Articles,
    "hidden": Hidden,
    "contradictory": Contradictory,
    "shapeless": Shapeless,
    "breaking": Breaking,
    "titles": ByTitle,
    "parcels": Parcels,
}.items():
    router.register(name, viewset, basename=name)
urlpatterns = [path("shop/", include(router.urls)), *example_urlpatterns]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture(autouse=True)
def _nobody_asked_yet() -> None:
    ASKED.clear()
    Counting.asked.clear()


@pytest.fixture
def articles() -> list[Article]:
    return [Article.objects.create(title=f"Title {number}") for number in (1, 2, 3)]


def available(client: APIClient, url: str, objects: Any) -> list[dict[str, Any]]:
    """The answer for these objects, or keys."""
    ids = ",".join(str(getattr(each, "pk", each)) for each in objects)
    response = client.get(url, {"ids": ids, "alpha": "true"})
    assert response.status_code == 200, response.content
    answer: list[dict[str, Any]] = response.json()
    return answer


def codes(answer: list[dict[str, Any]], name: str) -> list[list[str]]:
    """The reasons against one action, object by object."""
    entries = [{entry["name"]: entry for entry in each["actions"]} for each in answer]
    return [[reason["code"] for reason in each[name]["reasons"]] for each in entries]


def statements(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as queries:
        ask()
    return len(queries)


def test_each_object_gets_what_its_own_route_answers(api: APIClient, todos: list[Todo]) -> None:
    Todo.objects.filter(pk=todos[1].pk).update(is_done=True)
    answer = available(api, "/todos/actions/", todos)

    for todo, each in zip(todos, answer, strict=True):
        todo.refresh_from_db()
        alone = api.get(f"/todos/{todo.pk}/actions/", {"alpha": "true"}).json()
        assert each == {"id": todo.pk, "etag": etag_of(TodoViewSet, todo), "actions": alone}
    assert codes(answer, "reopen") == [["not_done"], [], ["not_done"]]


def test_the_order_is_that_of_the_ids_and_each_is_answered_once(api: APIClient, todos: list[Todo]) -> None:
    first, second, third = (todo.pk for todo in todos)

    answer = available(api, "/todos/actions/", [third, first, third, second])

    assert [each["id"] for each in answer] == [third, first, second]


def test_ids_may_be_repeated_instead_of_separated_by_commas(api: APIClient, todos: list[Todo]) -> None:
    response = api.get(f"/todos/actions/?ids={todos[1].pk}&ids={todos[0].pk}")

    assert [each["id"] for each in response.json()] == [todos[1].pk, todos[0].pk]


def test_without_ids_the_registry_is_answered(api: APIClient) -> None:
    assert api.get("/todos/actions/", {"alpha": "true"}).json()["resource"] == "todo"


def test_the_older_route_answers_the_same(api: APIClient, todos: list[Todo]) -> None:
    main, older = (available(api, url, todos) for url in ("/todos/actions/", "/todos/actions/list/"))

    assert older == main


def test_one_that_the_caller_does_not_see_is_refused_like_one_that_is_not_there(
    api: APIClient, todos: list[Todo], bob: User
) -> None:
    theirs = Todo.objects.create(title="Bob's", owner=bob, list=TodoList.objects.create(name="Bob's", owner=bob))
    answers = [api.get("/todos/actions/", {"ids": f"{todos[0].pk},{pk}"}) for pk in (theirs.pk, 999_999)]

    for response, pk in zip(answers, (theirs.pk, 999_999), strict=True):
        assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
        assert response.json()["code"] == "objects_not_found"
        assert response.json()["errors"] == {"ids": [f"Not found: {pk}."]}


def test_one_that_an_object_permission_hides_is_refused_in_the_same_way(
    api: APIClient, articles: list[Article]
) -> None:
    response = api.get("/shop/hidden/actions/", {"ids": ",".join(str(article.pk) for article in articles)})

    assert (response.status_code, response.json()["code"]) == (404, "objects_not_found")
    assert len(available(api, "/shop/hidden/actions/", articles[1:])) == 2


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("ids=7,x", "invalid_selection", "ids.1"),
        ("ids=", "invalid_selection", "ids"),
        ("ids=,", "invalid_selection", "ids"),
        ("ids=99999999999999999999999", "invalid_selection", "ids.0"),
        ("ids=7&is_done=true", "unknown_parameter", "is_done"),
        ("ids=7&dry_run=true", "unknown_parameter", "dry_run"),
        ("ids=7&alfa=true", "unknown_parameter", "alfa"),
    ],
)
def test_what_cannot_be_understood_is_refused(api: APIClient, query: str, code: str, field: str) -> None:
    response = api.get(f"/todos/actions/?{query}")

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert (response.json()["code"], list(response.json()["errors"])) == (code, [field])


@override_settings(DJACTION_MAX_IDS=2)
def test_no_more_than_the_setting_says(api: APIClient, todos: list[Todo]) -> None:
    response = api.get("/todos/actions/", {"ids": ",".join(str(todo.pk) for todo in todos)})

    assert (response.status_code, response.json()["code"]) == (400, "too_many_objects")


def test_nobody_who_is_not_logged_in_is_told_anything(client_of: Any, todos: list[Todo]) -> None:
    assert client_of(None).get("/todos/actions/", {"ids": todos[0].pk}).status_code in (401, 403)


def test_a_missing_permission_is_asked_of_each_object_and_is_the_only_reason(
    api: APIClient, todos: list[Todo], alice: User, bob: User, client_of: Any
) -> None:
    TodoList.objects.update(is_shared=True)
    Todo.objects.filter(pk=todos[1].pk).update(owner=bob)

    answer = available(client_of(bob), "/todos/actions/", todos)

    assert codes(answer, "reopen") == [["permission_denied"], ["not_done"], ["permission_denied"]]


def test_the_number_of_statements_is_the_same_for_3_objects_and_for_30(
    api: APIClient, todo_list: TodoList, alice: User
) -> None:
    todos = [
        Todo.objects.create(title=f"Todo {number}", list=todo_list, owner=alice, is_done=number % 2 == 0)
        for number in range(30)
    ]

    three = statements(lambda: available(api, "/todos/actions/", todos[:3]))
    thirty = statements(lambda: available(api, "/todos/actions/", todos))

    # Which of them there are, the objects, and one for each condition of reopen, postpone, assign, remind (two) and
    # swap_dates.
    assert (three, thirty) == (8, 8)


def test_asking_changes_and_records_nothing(api: APIClient, todos: list[Todo]) -> None:
    with CaptureQueriesContext(connection) as queries:
        available(api, "/todos/actions/", todos)

    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
    assert not EventAction.objects.exists()


def test_the_function_is_asked_only_about_those_that_do_not_pass(api: APIClient, articles: list[Article]) -> None:
    Article.objects.filter(pk=articles[1].pk).update(is_published=True)

    answer = available(api, "/shop/articles/actions/", articles)

    assert codes(answer, "publish") == [[], ["published"], []]
    # The other condition has no form over a queryset, and is asked about each.
    assert ASKED == ["Title 1", "Title 2", "Title 2", "Title 3"]


def test_both_forms_may_use_what_the_viewsets_queryset_has(
    api: APIClient, articles: list[Article], alice: User
) -> None:
    Article.objects.filter(pk=articles[2].pk).update(author=alice)

    assert codes(available(api, "/shop/articles/actions/", articles), "retract") == [["unliked"], ["unliked"], []]


def test_the_callers_permissions_are_asked_once_for_each_action_as_in_a_call(
    api: APIClient, articles: list[Article]
) -> None:
    available(api, "/shop/articles/actions/", articles)

    assert Counting.asked == [
        (who, "POST", action)
        for action in ("publish", "retract")
        for who in ("caller", "Title 1", "Title 2", "Title 3")
    ]


def test_two_forms_that_contradict_each_other_are_never_passed_over(api: APIClient, articles: list[Article]) -> None:
    with pytest.raises(ConfigurationError, match=r"article:act: condition contradictory contradicts itself"):
        available(api, "/shop/contradictory/actions/", articles)


def test_a_form_that_gives_no_queryset_is_a_mistake_of_the_project(api: APIClient, articles: list[Article]) -> None:
    with pytest.raises(ConfigurationError, match="passes of condition shapeless returned list"):
        available(api, "/shop/shapeless/actions/", articles)


def test_a_form_that_breaks_makes_its_action_unavailable_and_is_logged_once(
    api: APIClient, articles: list[Article], caplog: pytest.LogCaptureFixture
) -> None:
    answer = available(api, "/shop/breaking/actions/", articles)

    assert codes(answer, "act") == [["failed"]] * 3
    assert codes(answer, "other") == [[]] * 3
    assert len([record for record in caplog.records if "article:act" in record.message]) == 1


def test_a_row_that_changed_since_it_was_read_is_no_contradiction(articles: list[Article]) -> None:
    bound = Articles.action_registry.bound["publish"]
    context: Any = None
    Article.objects.filter(pk=articles[0].pk).update(is_published=True)

    found = refusals_of_many(bound, articles, Article.objects.all(), context)

    assert [refusal.code for refusal in found[articles[0].pk]] == ["published"]
    assert found[articles[1].pk] == []


def test_a_row_that_is_gone_is_no_contradiction(articles: list[Article]) -> None:
    bound = Articles.action_registry.bound["publish"]
    context: Any = None
    Article.objects.filter(pk=articles[0].pk).delete()

    assert refusals_of_many(bound, articles[:1], Article.objects.all(), context) == {articles[0].pk: []}


def test_keys_of_any_kind_name_objects(api: APIClient, articles: list[Article]) -> None:
    parcels = [Parcel.objects.create(label=label) for label in "ba"]

    answer = available(api, "/shop/parcels/actions/", [parcels[0].pk.hex, parcels[1].pk])

    assert [each["id"] for each in answer] == [str(parcel.pk) for parcel in parcels]
    assert answer[0]["actions"][0]["href"] == f"/shop/parcels/{parcels[0].pk}/act/"


def test_a_link_leads_where_it_says_also_where_the_key_has_spaces(api: APIClient, articles: list[Article]) -> None:
    [entry] = available(api, "/shop/titles/actions/", ["Title 2"])

    assert (entry["id"], entry["actions"][0]["href"]) == ("Title 2", "/shop/titles/Title%202/act/")
    assert api.post(entry["actions"][0]["href"], {}, format="json").status_code == 200


@override_settings(DJACTION_SHOW_ALPHA=False)
def test_alpha_actions_are_there_for_those_who_ask_for_them(api: APIClient, articles: list[Article]) -> None:
    url = f"/shop/articles/actions/?ids={articles[0].pk}"

    names = [[entry["name"] for entry in api.get(f"{url}{more}").json()[0]["actions"]] for more in ("", "&alpha=true")]

    assert names == [["publish"], ["publish", "retract"]]
